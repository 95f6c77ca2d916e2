//! One feed on its way from the store to the disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::archive::Archivist;
use crate::domain::{BodyHash, FeedKey, Sequence};
use crate::feed::Format;
use crate::publish::{Publisher, Put, Version};
use crate::render::{Earlier, Made, Refused, Renderer, Shape};

/// What came of a feed.
pub(super) struct Written {
    pub(super) key: FeedKey,
    /// New files.
    pub(super) files: Vec<String>,
    /// Bodies that it should have.
    pub(super) lost: BTreeSet<BodyHash>,
    /// What it should have and no reader would take.
    pub(super) refused: Vec<Refused>,
    /// Its title; `None`: there was never anything in it, or its tag left it to another.
    pub(super) result: anyhow::Result<Option<String>>,
}

/// A feed on its way from the store to the disk, on a thread where blocking hurts nobody.
pub(super) struct Writing {
    pub(super) key: FeedKey,
    pub(super) shape: Option<Shape>,
    pub(super) renderer: Arc<Renderer>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) archivist: Arc<Archivist>,
    pub(super) formats: Vec<Format>,
    pub(super) runtime: Handle,
    pub(super) now: Timestamp,
}

impl Writing {
    pub(super) fn write(self) -> Written {
        let made = self.runtime.block_on(self.renderer.feed(&self.key));
        let mut written = Written {
            key: self.key.clone(),
            files: Vec::new(),
            lost: BTreeSet::new(),
            refused: Vec::new(),
            result: Ok(None),
        };
        match made {
            Ok(None) => {}
            Ok(Some(made)) => {
                let result = self.write_made(&made, &mut written);
                written.result = result.map(|()| Some(made.title().to_owned()));
            }
            Err(error) => written.result = Err(error.into()),
        }
        written
    }

    fn write_made(&self, made: &Made, written: &mut Written) -> anyhow::Result<()> {
        if made.pages > 0 {
            let newest = (self.key.clone(), made.pages);
            let have = self.archivist.have(&newest, self.shape.as_ref(), self.now);
            written.files.extend(self.runtime.block_on(have)?.file);
        }
        let mut formats = self.formats.iter();
        formats.try_for_each(|format| self.write_as(*format, made, written))
    }

    fn write_as(&self, format: Format, made: &Made, written: &mut Written) -> anyhow::Result<()> {
        let path = path_of(&self.key.stem(), format);
        let former = self.publisher.former(&path);
        let shape = self.shape.as_ref();
        let earlier = former
            .as_ref()
            .and_then(|former| Earlier::of(former, shape?));
        let render = self.renderer.render(made, format, earlier.as_ref());
        let rendered = self.runtime.block_on(render);
        let rendered = rendered.with_context(|| path.clone())?;
        let (recipe, parts) = match &self.shape {
            Some(shape) if rendered.lost.is_empty() && rendered.refused.is_empty() => {
                (recipe(shape, made.pages, made.sequence), rendered.parts)
            }
            _ => (String::new(), Vec::new()),
        };
        let fresh = former.map(|former| former.fresh(&parts, &rendered.bytes));
        let version = Version {
            media_type: format.media_type(),
            bytes: rendered.bytes,
            sequence: made.sequence,
            modified: self.now,
            recipe,
            parts,
            fresh,
        };
        written.lost.extend(rendered.lost);
        // The same in each format.
        written.refused = rendered.refused;
        let put = self.publisher.put(&path, version);
        if put.with_context(|| format!("can't write {path}"))? == Put::Written {
            written.files.push(path);
        }
        Ok(())
    }
}

pub(super) fn path_of(stem: &str, format: Format) -> String {
    format!("{stem}.{format}")
}

/// What a feed's files are made from, with so many pages of its archive: feeds of equal recipes have
/// equal bytes.
pub(super) fn recipe(shape: &Shape, pages: u64, sequence: Sequence) -> String {
    format!("{shape}-{pages}-{sequence}")
}
