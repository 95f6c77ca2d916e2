use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;
use tempfile::TempDir;

use super::super::engine::{Batch, Engine};
use super::super::record::Record;
use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

/// A folder of bodies, and the rows that say where they lie.
struct Case {
    folder: TempDir,
    rows: Engine,
    bodies: Bodies,
}

impl Case {
    fn new() -> io::Result<Case> {
        let folder = tempfile::tempdir()?;
        let bodies = Bodies::on_disk(folder.path().to_owned())?;
        let rows = Engine::in_memory();
        Ok(Case {
            folder,
            rows,
            bodies,
        })
    }

    /// As a batch does. Returns how many of them were new.
    fn keep(&self, texts: &[&str]) -> Result<usize, StoreError> {
        let bodies = texts.iter().map(|text| (BodyHash::of(text), *text));
        let places = self.bodies.keep(&self.rows, bodies)?;
        let mut batch = Batch::new();
        for (hash, place) in &places {
            batch.insert(keys::body(*hash).into_bytes(), Some(place.encode()?));
        }
        self.rows.commit(batch)?;
        Ok(places.len())
    }

    fn get(&self, text: &str) -> Option<String> {
        self.bodies.get(&self.rows, BodyHash::of(text)).ok()
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.bodies = Bodies::on_disk(self.folder.path().to_owned())?;
        Ok(())
    }

    fn pack(&self) -> PathBuf {
        self.folder.path().join("00000001.pack")
    }
}

#[test]
fn what_is_kept_is_found_and_kept_once() -> Tested {
    let mut case = Case::new()?;
    let long = "<p>Zażółć gęślą jaźń</p>".repeat(100);
    assert_eq!(case.keep(&[&long, "<p>b</p>", &long])?, 2);
    let size = fs::metadata(case.pack())?.len();
    case.reopen()?;
    assert_eq!(case.keep(&["<p>b</p>", &long])?, 0);
    assert_eq!(fs::metadata(case.pack())?.len(), size);
    assert_eq!(case.keep(&["", "<p>c</p>"])?, 2);
    for text in [long.as_str(), "<p>b</p>", "<p>c</p>", ""] {
        assert_eq!(case.get(text).as_deref(), Some(text));
    }
    assert_eq!(case.get("<p>d</p>"), None);
    Ok(())
}

#[test]
fn what_a_crash_left_behind_the_last_row_harms_nobody() -> Tested {
    let mut case = Case::new()?;
    case.keep(&["<p>a</p>"])?;
    let whole = fs::read(case.pack())?;
    fs::write(case.pack(), [whole.as_slice(), b"torn"].concat())?;
    case.reopen()?;
    case.keep(&["<p>b</p>"])?;
    assert_eq!(case.get("<p>a</p>").as_deref(), Some("<p>a</p>"));
    assert_eq!(case.get("<p>b</p>").as_deref(), Some("<p>b</p>"));
    Ok(())
}

#[test]
fn bodies_of_a_pack_that_is_lost_or_cut_are_missed_and_kept_anew() -> Tested {
    for left in [None, Some(0), Some(5)] {
        let mut case = Case::new()?;
        case.keep(&["<p>a</p>", "<p>b</p>"])?;
        match left {
            None => fs::remove_file(case.pack())?,
            Some(bytes) => fs::write(case.pack(), &fs::read(case.pack())?[..bytes])?,
        }
        case.reopen()?;
        assert!(case.get("<p>a</p>").is_none() || case.get("<p>b</p>").is_none());
        case.keep(&["<p>a</p>", "<p>b</p>"])?;
        assert!(case.get("<p>a</p>").is_some() && case.get("<p>b</p>").is_some());
    }
    Ok(())
}

#[test]
fn a_flipped_bit_is_noticed() -> Tested {
    let case = Case::new()?;
    let text = "<p>Zażółć gęślą jaźń</p>";
    case.keep(&[text])?;
    let whole = fs::read(case.pack())?;
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(case.pack(), bytes)?;
        let read = case.bodies.get(&case.rows, BodyHash::of(text));
        // A bit that no decoder looks at changes nothing.
        assert!(
            read.is_err() || read.as_deref().ok() == Some(text),
            "bit {bit}"
        );
    }
    Ok(())
}

#[test]
fn a_full_pack_is_followed_by_another() -> Tested {
    let mut case = Case::new()?;
    case.keep(&["<p>a</p>"])?;
    File::options()
        .write(true)
        .open(case.pack())?
        .set_len(64 << 20)?;
    case.reopen()?;
    case.keep(&["<p>b</p>"])?;
    assert!(case.folder.path().join("00000002.pack").is_file());
    assert_eq!(case.get("<p>a</p>").as_deref(), Some("<p>a</p>"));
    assert_eq!(case.get("<p>b</p>").as_deref(), Some("<p>b</p>"));
    Ok(())
}

/// As former versions kept them.
#[test]
fn a_body_in_a_file_of_its_own_is_found_and_kept_anew_once_it_is_damaged() -> Tested {
    let case = Case::new()?;
    let text = "<p>Zażółć gęślą jaźń</p>".repeat(100);
    let path = path_of(case.folder.path(), BodyHash::of(&text));
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    let mut encoder = DeflateEncoder::new(File::create(&path)?, Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()?;
    assert_eq!(case.get(&text).as_deref(), Some(text.as_str()));
    assert_eq!(case.keep(&[&text])?, 0);
    let whole = fs::read(&path)?;
    fs::write(&path, &whole[..whole.len() / 2])?;
    assert_eq!(case.get(&text), None);
    assert_eq!(case.keep(&[&text])?, 1);
    assert_eq!(case.get(&text).as_deref(), Some(text.as_str()));
    Ok(())
}
