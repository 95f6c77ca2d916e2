//! Which publication a file is, where several files change places in one look.

use super::*;
use crate::domain::ChangeKind::{MinorEdit, Released, Withdrawn};
use crate::domain::Standing;
use crate::store::{Refusal, Refused};

fn body(page: Found, body: &str) -> Found {
    Found {
        body: body.into(),
        ..page
    }
}

fn claiming(page: Found, id: &str) -> Found {
    Found {
        declared_id: Some(PublicationId(id.to_owned())),
        ..page
    }
}

async fn path_of(bench: &Bench, id: &str) -> Result<String, Box<dyn std::error::Error>> {
    Ok(bench.publication(id).await?.path)
}

pub(super) async fn a_new_text_at_a_path_that_was_vacated_in_one_look_is_new(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let old = Found {
        title: "Stary".into(),
        ..file("news.md", &bench)
    };
    bench.look([old.clone()], &[]).await?;
    bench.mail("daily").await?;
    // mv news.md archive.md, and a new news.md: in whichever order the files are told.
    let new = Found {
        title: "Nowy".into(),
        ..body(file("news.md", &bench), "<p>nowy</p>")
    };
    let applied = bench.look([new, old.moved_to("archive.md")], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, true)]);
    assert_eq!(path_of(&bench, &id_of("news.md")).await?, "archive.md");
    assert_eq!(
        bench.run("weekly").await?.counts.total(),
        0,
        "nobody reads it weekly"
    );
    let bench = later(bench);
    assert_eq!(
        bench.mail("daily").await?,
        [("a@example.org".to_owned(), vec!["Nowy".to_owned()])]
    );
    Ok(())
}

fn later(mut bench: Bench) -> Bench {
    bench.wait(SignedDuration::from_hours(24));
    bench
}

pub(super) async fn a_copy_leaves_the_original_what_it_is(bench: Bench) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone()], &[]).await?;
    // The copy has a title of its own.
    let copy = Found {
        title: "Kopia".into(),
        ..page.clone().moved_to("b.md")
    };
    let edited = body(page, "<p>inaczej</p>");
    let applied = bench.look([copy, edited], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, true), (MinorEdit, false)]);
    assert_eq!(path_of(&bench, &id_of("a.md")).await?, "a.md");
    Ok(())
}

pub(super) async fn a_file_renamed_onto_another_takes_its_place(bench: Bench) -> Test {
    let (a, b) = (file("a.md", &bench), file("b.md", &bench));
    bench.scan([a.clone(), b], &[]).await?;
    let applied = bench.look([a.moved_to("b.md")], &["a.md"]).await?;
    assert_eq!(kinds(&applied), [(Withdrawn, false)]);
    let moved = bench.publication(&id_of("a.md")).await?;
    assert_eq!(
        (moved.path.as_str(), moved.standing),
        ("b.md", Standing::Live)
    );
    let gone = bench.publication(&id_of("b.md")).await?;
    assert_eq!(gone.standing, Standing::Withdrawn);
    assert_eq!(
        bench.store.paths("pages").await?,
        BTreeSet::from(["b.md".to_owned()])
    );
    Ok(())
}

pub(super) async fn files_that_swap_names_keep_the_ids_of_their_paths(bench: Bench) -> Test {
    let (a, b) = (file("a.md", &bench), file("b.md", &bench));
    bench.scan([a.clone(), b.clone()], &[]).await?;
    let applied = bench
        .look([a.moved_to("b.md"), b.moved_to("a.md")], &[])
        .await?;
    assert_eq!(kinds(&applied), [(MinorEdit, false), (MinorEdit, false)]);
    assert_eq!(path_of(&bench, &id_of("a.md")).await?, "a.md");
    Ok(())
}

pub(super) async fn files_may_swap_the_ids_they_claim(bench: Bench) -> Test {
    let one = claiming(file("a.md", &bench), "urn:wici:1");
    let two = claiming(file("b.md", &bench), "urn:wici:2");
    bench.scan([one.clone(), two.clone()], &[]).await?;
    let applied = bench
        .look([one.moved_to("b.md"), two.moved_to("a.md")], &[])
        .await?;
    assert_eq!(applied, Applied::default());
    assert_eq!(path_of(&bench, "urn:wici:1").await?, "b.md");
    assert_eq!(path_of(&bench, "urn:wici:2").await?, "a.md");
    assert_eq!(bench.store.totals().await?.live, 2);
    Ok(())
}

pub(super) async fn a_claimed_id_moves_on_while_another_file_takes_the_path(bench: Bench) -> Test {
    let one = claiming(file("a.md", &bench), "urn:wici:1");
    bench.scan([one.clone()], &[]).await?;
    let other = body(file("a.md", &bench), "<p>nowa</p>");
    let applied = bench.look([other, one.moved_to("b.md")], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, true)]);
    assert_eq!(path_of(&bench, "urn:wici:1").await?, "b.md");
    assert_eq!(path_of(&bench, &id_of("a.md")).await?, "a.md");
    Ok(())
}

pub(super) async fn an_id_added_to_a_file_is_a_further_name_of_it(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let page = file("a.md", &bench);
    bench.look([page.clone()], &[]).await?;
    bench.mail("daily").await?;
    let named = claiming(page, "urn:wici:1");
    assert_eq!(bench.look([named.clone()], &[]).await?, Applied::default());
    let publication = bench.publication("urn:wici:1").await?.publication;
    assert_eq!(publication.id.0, id_of("a.md"));
    // By that name it is found again, and its translations are its group.
    let elsewhere = body(named.moved_to("b.md"), "<p>po zmianie</p>");
    let translation = Found {
        translation_of: Some(PublicationId("urn:wici:1".into())),
        ..file("uk.md", &bench)
    };
    let applied = bench.look([elsewhere, translation], &["a.md"]).await?;
    assert_eq!(kinds(&applied), [(MinorEdit, false), (Released, true)]);
    assert_eq!(path_of(&bench, &id_of("a.md")).await?, "b.md");
    assert_eq!(later(bench).mail("daily").await?, []);
    Ok(())
}

pub(super) async fn an_id_changed_together_with_the_text_is_another_publication(
    bench: Bench,
) -> Test {
    let one = claiming(file("a.md", &bench), "urn:wici:1");
    bench.scan([one.clone()], &[]).await?;
    let two = claiming(body(one, "<p>inna</p>"), "urn:wici:2");
    let applied = bench.look([two], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, true), (Withdrawn, false)]);
    Ok(())
}

pub(super) async fn a_place_left_long_ago_is_not_taken_from_who_is_there_now(bench: Bench) -> Test {
    let first = claiming(file("a.md", &bench), "urn:wici:1");
    bench.scan([first.clone()], &[]).await?;
    let second = claiming(body(first.clone(), "<p>druga</p>"), "urn:wici:2");
    bench.look([second], &[]).await?;
    // The first comes back elsewhere; the second stays known where it is.
    bench.look([first.moved_to("b.md")], &[]).await?;
    assert_eq!(
        bench.store.paths("pages").await?,
        BTreeSet::from(["a.md".to_owned(), "b.md".to_owned()])
    );
    Ok(())
}

pub(super) async fn a_file_that_says_too_much_is_refused_and_the_rest_is_taken(
    bench: Bench,
) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone()], &[]).await?;
    let huge = Found {
        summary: "ż".repeat(100_000),
        ..page
    };
    let applied = bench.look([huge, file("b.md", &bench)], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, true)]);
    let refused = Refused {
        path: "a.md".to_owned(),
        why: Refusal::TooLarge,
    };
    assert_eq!(applied.refused, [refused]);
    let state = bench.publication(&id_of("a.md")).await?;
    assert_eq!(state.publication.summary, "W skrócie");
    Ok(())
}
