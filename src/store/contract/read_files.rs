//! What is remembered of the files that were read.

use super::*;
use crate::domain::Fingerprint;

fn state(inode: u64) -> Fingerprint {
    Fingerprint {
        size: 10,
        modified: (1, 2),
        changed: (3, 4),
        inode,
    }
}

fn noted(path: &str, inode: u64) -> (String, Fingerprint) {
    (path.to_owned(), state(inode))
}

async fn known(bench: &Bench, way: u64) -> Result<Vec<(String, Fingerprint)>, StoreError> {
    let known = bench.store.known_files("pages", way).await?;
    Ok(known.into_iter().collect())
}

pub(super) async fn a_file_is_known_as_long_as_its_publication_is_there(bench: Bench) -> Test {
    let pages = ["a.md", "b.md", "c.md"].map(|path| file(path, &bench));
    bench.scan(pages.clone(), &[]).await?;
    let files = vec![
        noted("a.md", 1),
        noted("b.md", 2),
        noted("c.md", 3),
        noted("no.md", 4),
    ];
    bench.store.keep_files("pages", 7, files).await?;
    let [a, b, c] = [noted("a.md", 1), noted("b.md", 2), noted("c.md", 3)];
    assert_eq!(known(&bench, 7).await?, [a, b.clone(), c.clone()]);
    // Withdrawn, and another at its place, which may read alike.
    bench.look([], &["a.md"]).await?;
    assert_eq!(known(&bench, 7).await?, [b.clone(), c]);
    let claiming = Found {
        declared_id: Some(PublicationId("urn:wici:1".to_owned())),
        body: "<p>inna</p>".into(),
        ..pages[2].clone()
    };
    bench.look([claiming], &[]).await?;
    assert_eq!(known(&bench, 7).await?, std::slice::from_ref(&b));
    // It goes by its source's new name.
    let sources = [("pages", "strony"), ("strony", "strony")];
    let sources = sources.map(|(name, present)| (name.to_owned(), present.to_owned()));
    let names = crate::domain::Names {
        sources: sources.into(),
        ..Default::default()
    };
    bench.store.adopt_sources(&names, bench.now).await?;
    assert_eq!(known(&bench, 7).await?, []);
    let there = bench.store.known_files("strony", 7).await?;
    assert_eq!(there.into_iter().collect::<Vec<_>>(), [b]);
    // Whoever reads in another way reads all of them.
    assert!(bench.store.known_files("strony", 8).await?.is_empty());
    assert!(bench.store.known_files("strony", 7).await?.is_empty());
    Ok(())
}
