//! Letters as files.

use std::collections::HashSet;

use wici::domain::Outcome::{self, Accepted, Suppressed};
use wici::mail::{Mailer, Outbox};

use super::{AllBut, deliver, letter};

#[tokio::test]
async fn the_outbox_holds_one_whole_file_a_letter() {
    let dir = tempfile::tempdir().expect("a folder");
    let outbox = dir.path().join("made/when/needed");
    let mailer = Mailer::Outbox(Outbox::new(&outbox));
    let gate = AllBut(HashSet::from([2]));
    let letters = || (1..=5).map(letter).collect::<Vec<_>>();
    for _ in 0..2 {
        let outcomes = deliver(&mailer, &gate, letters()).await;
        assert_eq!(
            outcomes,
            [Accepted, Suppressed, Accepted, Accepted, Accepted]
        );
    }
    let files = std::fs::read_dir(&outbox).expect("the folder");
    let mut names: Vec<_> = files.flatten().map(|file| file.file_name()).collect();
    names.sort();
    assert_eq!(names, ["7-1.eml", "7-3.eml", "7-4.eml", "7-5.eml"]);
    let bytes = std::fs::read(outbox.join("7-4.eml")).expect("a letter");
    assert_eq!(bytes, letter(4).text.as_bytes());
}

#[tokio::test]
async fn an_outbox_that_is_no_folder_defers() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mailer = Mailer::Outbox(Outbox::new(file.path()));
    let outcomes = deliver(&mailer, &AllBut(HashSet::new()), vec![letter(1)]).await;
    let expected = format!("can't write to {}: ", file.path().display());
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.starts_with(&expected)),
        "{outcomes:?}"
    );
}
