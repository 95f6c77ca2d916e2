//! The manifest: what each file in the feeds folder should hold, and what it was made from. A log
//! of JSON lines, one a change, the last for a path counts; it is written anew when it has grown
//! well beyond what it says. Lines that cannot be read are passed over: a file without a line is
//! written again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Document, Lineage};
use crate::domain::Sequence;
use crate::feed::{Format, OPML_MEDIA_TYPE, STYLE_MEDIA_TYPE};

/// The manifest's name in the feeds folder.
pub const FILE: &str = "manifest.jsonl";

/// Superseded lines that are always put up with.
const SLACK: usize = 1_000;

/// What is known of a document besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// BLAKE3 of the bytes, hexadecimal.
    blake3: String,
    /// How many they are.
    length: u64,
    /// As served.
    media_type: String,
    /// The number of the change that brought these bytes.
    sequence: Sequence,
    /// When that was.
    modified: Timestamp,
    /// What it was made from, in the maker's words; equal recipes make equal bytes.
    pub recipe: String,
    /// What it is made up of, and how that came to be.
    #[serde(flatten)]
    pub lineage: Arc<Lineage>,
}

impl Record {
    pub fn of(document: &Document, recipe: String) -> Record {
        Record {
            blake3: document.hash.to_hex().to_string(),
            length: document.length,
            media_type: document.media_type.to_owned(),
            sequence: document.sequence,
            modified: document.modified,
            recipe,
            lineage: Arc::clone(&document.lineage),
        }
    }

    /// What was known of the document; `None`: it is not one that this program makes.
    pub fn document(&self) -> Option<Document> {
        let feeds = Format::ALL.into_iter().map(Format::media_type);
        let media_type = feeds
            .chain([OPML_MEDIA_TYPE, STYLE_MEDIA_TYPE])
            .find(|known| *known == self.media_type)?;
        let hash = blake3::Hash::from_hex(&self.blake3).ok()?;
        let document = Document::new(hash, self.length, media_type, self.sequence, self.modified);
        Some(document.with_lineage(Arc::clone(&self.lineage)))
    }
}

/// A line. Without a record: the document was removed.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    path: std::borrow::Cow<'a, str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    record: Option<std::borrow::Cow<'a, Record>>,
}

#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    records: BTreeMap<String, Record>,
    /// Lines that are not in the file yet.
    pending: Vec<u8>,
    /// How many lines there are, pending ones included; `None`: write it anew.
    lines: Option<usize>,
}

impl Manifest {
    pub fn open(dir: &Path) -> io::Result<Manifest> {
        let path = dir.join(FILE);
        let log = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let mut manifest = Manifest {
            path,
            records: BTreeMap::new(),
            pending: Vec::new(),
            lines: None,
        };
        let whole = manifest.replay(&log);
        manifest.lines = whole.then(|| log.split(|byte| *byte == b'\n').count() - 1);
        Ok(manifest)
    }

    /// Was every line whole, the last one included?
    fn replay(&mut self, log: &[u8]) -> bool {
        let mut whole = log.ends_with(b"\n");
        for line in log.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
            match serde_json::from_slice::<Line<'_>>(line) {
                Ok(Line { path, record }) => match record {
                    Some(record) => {
                        self.records.insert(path.into_owned(), record.into_owned());
                    }
                    None => {
                        self.records.remove(path.as_ref());
                    }
                },
                Err(_) => whole = false,
            }
        }
        whole
    }

    pub fn get(&self, path: &str) -> Option<&Record> {
        self.records.get(path)
    }

    pub fn set(&mut self, path: &str, record: Record) {
        if self.records.get(path) != Some(&record) {
            self.note(path, Some(&record));
            self.records.insert(path.to_owned(), record);
        }
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Record) -> bool) {
        let records = std::mem::take(&mut self.records);
        for (path, record) in records {
            if keep(&path, &record) {
                self.records.insert(path, record);
            } else {
                self.note(&path, None);
            }
        }
    }

    fn note(&mut self, path: &str, record: Option<&Record>) {
        append(&mut self.pending, path, record);
        self.lines = self.lines.map(|lines| lines + 1);
    }

    /// Writes what is pending. A file that is written anew is synced, or else its rename might
    /// reach the disk before its lines.
    pub fn commit(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        match self.lines {
            Some(lines) if lines <= 2 * self.records.len() + SLACK => {
                // Should this fail half-way, the next commit must not continue a torn line.
                self.lines = None;
                let mut file = OpenOptions::new().append(true).open(&self.path)?;
                file.write_all(&self.pending)?;
                self.lines = Some(lines);
            }
            _ => {
                self.rewrite()?;
                self.lines = Some(self.records.len());
            }
        }
        self.pending.clear();
        Ok(())
    }

    fn rewrite(&self) -> io::Result<()> {
        let mut log = Vec::new();
        for (path, record) in &self.records {
            append(&mut log, path, Some(record));
        }
        let temporary = self.path.with_file_name(".manifest.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&log)?;
        file.sync_data()?;
        fs::rename(&temporary, &self.path)
    }
}

fn append(log: &mut Vec<u8>, path: &str, record: Option<&Record>) {
    let line = Line {
        path: path.into(),
        record: record.map(std::borrow::Cow::Borrowed),
    };
    // Text and numbers cannot fail to be JSON; a line that did would be one that is passed over.
    let _ = serde_json::to_writer(&mut *log, &line);
    log.push(b'\n');
}
