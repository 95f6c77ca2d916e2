//! `wici restore`: a state from the file that `wici dump` wrote, where there is none.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use flate2::read::GzDecoder;

use super::dump::bar;
use super::{Failure, configuration, output};
use crate::store::{Dumped, Restoring};

/// Makes the store of a configuration's state folder.
pub(super) fn restore(file: &Path, from: &Path) -> Result<(), Failure> {
    let config = configuration(file)?;
    let unreadable = || format!("can't read {}", from.display());
    let dump = File::open(from).with_context(unreadable)?;
    let bar = bar(Some(dump.metadata().with_context(unreadable)?.len()));
    let dump = GzDecoder::new(bar.wrap_read(BufReader::new(dump)));
    let context = || format!("{} can't be restored", from.display());
    let mut restoring =
        Restoring::begin(&config.state, BufReader::new(dump)).with_context(context)?;
    while restoring.step().with_context(context)? {}
    let Dumped { rows, bodies } = restoring.finish().with_context(context)?;
    bar.finish_and_clear();
    let (rows, bodies) = (output::number(rows, "row"), output::number(bodies, "text"));
    output::say(&format!(
        "{}: {rows} and {bodies}, with the keys, as they were dumped.",
        config.state.display()
    ))
}
