//! `wici ids`: ids in the files themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;

use super::access::{Access, unexpected};
use super::{Failure, build, configuration, output};
use crate::config;
use crate::content::Naming;
use crate::content::parse::takes_id;
use crate::control::publications::KnownFile;
use crate::control::{Request, Response};
use crate::domain::{BodyHash, Problem, PublicationId};
use crate::store::StoreError;

/// Files asked about at a time.
const PAGE: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put the id that each publication has into the front matter of its Markdown file
    ///
    /// With an id in it, a file may be moved and edited at once, and the store lost: it stays the
    /// same publication. Without a store, the ids are those that `wici build` gives.
    Write {
        /// Files or folders, of the file system or within a source [default: everything]
        paths: Vec<PathBuf>,
        /// Only show what would be written
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn carry_out(file: &Path, command: Command) -> Result<(), Failure> {
    let Command::Write { paths, dry_run } = command;
    let access = access(file).await?;
    let mut writing = Writing {
        access: &access,
        wanted: paths.into_iter().map(|path| (path, false)).collect(),
        dry_run,
        written: 0,
        others: 0,
        problems: Vec::new(),
    };
    for source in &access.config.sources {
        writing.source(source).await?;
    }
    if let Some((path, _)) = writing.wanted.iter().find(|(_, used)| !used) {
        let refusal = format!("no content file is at {}", path.display());
        writing.problems.push(Problem::of_file(
            path,
            refusal,
            "name a file or folder of a source",
        ));
    }
    let done = if dry_run { "would get" } else { "got" };
    let files = output::number(writing.written, "file");
    output::remark(&format!("{files} {done} an id."));
    if writing.others > 0 {
        let others = output::number(writing.others, "file");
        output::remark(&format!(
            "{others} of other forms than Markdown can't hold one: the store keeps theirs."
        ));
    }
    if writing.problems.is_empty() {
        Ok(())
    } else {
        output::problems(&writing.problems);
        Err(Failure::Said)
    }
}

/// The store, or, for a site that is only ever built, one in memory of what a build would give.
async fn access(file: &Path) -> Result<Access, Failure> {
    match Access::open(file).await {
        Err(Failure::Other(error))
            if matches!(error.downcast_ref(), Some(StoreError::Missing(_))) =>
        {
            let config = Arc::new(configuration(file)?);
            let (store, _) = build::read_all(&config).await?;
            Ok(Access::to(store, config))
        }
        access => access,
    }
}

struct Writing<'a> {
    access: &'a Access,
    /// What was asked for, and whether any file is there.
    wanted: Vec<(PathBuf, bool)>,
    dry_run: bool,
    written: u64,
    /// Files that have no place for an id, and were not asked for by name.
    others: u64,
    problems: Vec<Problem>,
}

impl Writing<'_> {
    async fn source(&mut self, source: &config::Source) -> Result<(), Failure> {
        let config = &self.access.config;
        let mut naming = Naming::new(source, config);
        let mut files = naming.files()?;
        let wanted = self.wanted.iter();
        let wanted: Vec<PathBuf> = wanted.map(|(path, _)| within(&source.path, path)).collect();
        if !wanted.is_empty() {
            files.retain(|path| self.is_wanted(&wanted, path));
        }
        let all = files.len();
        let by_name = |path: &str| wanted.iter().any(|wanted| wanted == Path::new(path));
        files.retain(|path| takes_id(path) || by_name(path));
        self.others += (all - files.len()) as u64;
        for page in files.chunks(PAGE) {
            let request = Request::KnownFiles {
                source: source.name.clone(),
                paths: page.to_vec(),
            };
            let Response::KnownFiles(known) = self.access.ask(&request).await? else {
                return Err(unexpected());
            };
            for (path, known) in page.iter().zip(known) {
                match write(&mut naming, path, known, self.dry_run) {
                    Ok(Some(id)) => {
                        self.written += 1;
                        output::say(&format!("{}: {id}", source.path.join(path).display()))?;
                    }
                    Ok(None) => {}
                    Err(mut problems) => {
                        for problem in &mut problems {
                            if problem.file == Path::new(path) {
                                problem.file = source.path.join(path);
                            }
                        }
                        self.problems.extend(problems);
                    }
                }
            }
        }
        Ok(())
    }

    /// `wanted` is what was asked for, as paths within the source.
    fn is_wanted(&mut self, wanted: &[PathBuf], path: &str) -> bool {
        let mut is_wanted = false;
        for (wanted, (_, used)) in wanted.iter().zip(&mut self.wanted) {
            if Path::new(path).starts_with(wanted) {
                *used = true;
                is_wanted = true;
            }
        }
        is_wanted
    }
}

/// The id that the file got; `None`: it has one of its own, or is a draft.
fn write(
    naming: &mut Naming,
    path: &str,
    known: Option<KnownFile>,
    dry_run: bool,
) -> Result<Option<PublicationId>, Vec<Problem>> {
    let Some(found) = naming.nameless(path)? else {
        return Ok(None);
    };
    // Another file may have come to this path since.
    let body = BodyHash::of(&found.body).to_hex();
    let Some(known) = known.filter(|known| known.body == body) else {
        return Err(vec![Problem::of_file(
            path,
            "the store has not read it as it is now",
            "let the daemon read it, and try again",
        )]);
    };
    let id = PublicationId(known.id);
    naming
        .name(path, &id, dry_run)
        .map_err(|problem| vec![problem])?;
    Ok(Some(id))
}

/// A path of the file system as one of a source; any other is one already.
fn within(root: &Path, path: &Path) -> PathBuf {
    let real = |path: &Path| fs::canonicalize(path).ok();
    match (real(root), real(path)) {
        (Some(root), Some(real)) => match real.strip_prefix(&root) {
            Ok(below) => below.to_owned(),
            Err(_) => path.to_owned(),
        },
        _ => path.to_owned(),
    }
}
