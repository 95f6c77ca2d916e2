//! What becomes of reading a file.

use super::super::file::read_settled;
use super::*;

#[test]
fn a_file_that_cannot_be_understood_is_neither_missing_nor_tried_again() -> Outcome {
    let mut case = Case::new(&["a.md"])?;
    case.settle()?;
    case.write("a.md", "---\ntitle: T\ndate: 31.02.2013\n---\n")?;
    assert_eq!(case.look()?.changed, ["a.md"]);
    match case.directory.read_one("a.md") {
        Reading::Problems(problems) => {
            assert_eq!(
                (&problems[0].file, problems[0].line),
                (&case.at("a.md"), Some(3))
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(brings_nothing(&case.look()?));
    case.write("a.md", "---\ntitle: T\ndraft: true\n---\n")?;
    assert_eq!(case.look()?.changed, ["a.md"]);
    assert_eq!(case.directory.read_one("a.md"), Reading::Draft);
    Ok(())
}

#[test]
fn reading_what_vanished_says_so() -> Outcome {
    let mut case = Case::new(&["a.md", "b.md"])?;
    case.look()?;
    fs::remove_file(case.at("a.md"))?;
    assert_eq!(case.directory.read_one("a.md"), Reading::Gone);
    assert_eq!(case.look()?.changed, ["b.md"]);
    Ok(())
}

#[test]
fn a_file_that_grows_while_it_is_read_is_read_when_it_rests() -> Outcome {
    let mut case = Case::new(&["a.md"])?;
    let file = case.at("a.md");
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    let grow = || -> io::Result<()> {
        let mut file = File::options().append(true).open(&file)?;
        for line in 1.. {
            if done.load(order) {
                break;
            }
            io::Write::write_all(&mut file, b"More.\n")?;
            // It has to end somewhere.
            if line % 50_000 == 0 {
                file.set_len(100_000)?;
            }
        }
        file.set_len(1_000)
    };
    std::thread::scope(|scope| -> Outcome {
        let writer = scope.spawn(grow);
        while !writer.is_finished() && case.directory.read_one("a.md") != Reading::Unsettled {}
        done.store(true, order);
        writer.join().map_err(|_| "the writer ended badly")??;
        Ok(())
    })?;
    assert_eq!(case.look()?.changed, ["a.md"]);
    case.settle()?;
    assert!(brings_nothing(&case.look()?));
    Ok(())
}

#[test]
fn a_file_of_two_gigabytes_is_reported_and_not_read() -> Outcome {
    let mut case = Case::new(&["a.md", "large.md"])?;
    File::create(case.at("large.md"))?.set_len(2 << 30)?;
    let (contents, _) = read_settled(&case.at("large.md"))?.ok_or("it rests")?;
    assert_eq!(contents, None);
    assert_eq!(case.look()?.changed, ["a.md", "large.md"]);
    match case.directory.read_one("large.md") {
        Reading::Problems(problems) => assert_eq!(problems[0].file, case.at("large.md")),
        other => panic!("{other:?}"),
    }
    assert_eq!(case.look()?.changed, ["a.md"], "it is known by now");
    Ok(())
}

/// As `cp -p` and restored backups do.
#[test]
fn what_takes_a_files_place_before_it_is_read_is_not_waited_for() -> Outcome {
    let mut case = Case::new(&["a.md", "b.md"])?;
    assert_eq!(case.look()?.changed, ["a.md", "b.md"]);
    fs::remove_file(case.at("a.md"))?;
    make_node(&case.at("a.md"), rustix::fs::FileType::Fifo)?;
    assert_eq!(case.directory.read_one("a.md"), Reading::Gone);
    Ok(())
}

#[test]
fn an_enclosure_beside_its_page_is_as_long_as_it_is() -> Outcome {
    let mut case = Case::new(&[])?;
    let front = "---\ntitle: T\nenclosure: [odcinek.mp3, nowy%20plik.pdf, ../x.mp3, /y.mp3, brak.mp3]\n---\n";
    case.write("odcinek/index.md", front)?;
    case.write("odcinek/odcinek.mp3", &"a".repeat(300))?;
    case.write("odcinek/nowy plik.pdf", "tekst")?;
    case.write("x.mp3", "x")?;
    case.look()?;
    match case.directory.read_one("odcinek/index.md") {
        Reading::Found(found) => {
            let lengths = found.enclosures.iter().map(|enclosure| enclosure.length);
            assert_eq!(
                lengths.collect::<Vec<_>>(),
                [Some(300), Some(5), None, None, None]
            );
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}
