//! Which files of a source's folder are read, by their names.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Which files of a folder are content, beside what their form says.
#[derive(Debug, Clone)]
pub struct Files {
    include: Option<Gitignore>,
    exclude: Gitignore,
    section_pages: bool,
    readme: bool,
}

impl Files {
    /// `include` names files, or folders with all that is in them; an empty list means all.
    /// `exclude` names what is not read all the same. Both are patterns as in gitignore(5).
    ///
    /// # Errors
    /// The patterns can't be compiled; each by itself can be, see [`check`].
    pub fn new(
        include: &[String],
        exclude: &[String],
        section_pages: bool,
        readme: bool,
    ) -> Result<Files, ignore::Error> {
        Ok(Files {
            include: if include.is_empty() {
                None
            } else {
                Some(compiled(include)?)
            },
            exclude: compiled(exclude)?,
            section_pages,
            readme,
        })
    }

    /// All files but section pages and `README`: what is read where nothing is configured.
    pub fn usual() -> Files {
        Files {
            include: None,
            exclude: Gitignore::empty(),
            section_pages: false,
            readme: false,
        }
    }

    /// May content be in this folder? `path` is relative to the source, with `/` between folders;
    /// the empty one is the source's own, which no pattern means.
    pub fn admits_folder(&self, path: &str) -> bool {
        path.is_empty() || !self.is_excluded(path, true)
    }

    /// May this file be content?
    pub fn admits_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let is_named = (self.section_pages || stem != "_index")
            && (self.readme || !stem.eq_ignore_ascii_case("readme"));
        is_named && self.is_included(path) && !self.is_excluded(path, false)
    }

    fn is_included(&self, path: &str) -> bool {
        let Some(include) = &self.include else {
            return true;
        };
        // The pattern nearest to the file decides, so that `!` takes back what is wider.
        let matched = include.matched(path, false);
        if !matched.is_none() {
            return matched.is_ignore();
        }
        folders(path)
            .map(|folder| include.matched(folder, true))
            .filter(|matched| !matched.is_none())
            .last()
            .is_some_and(|matched| matched.is_ignore())
    }

    /// Itself, or a folder that it is in: as for git, nothing there can be taken back by `!`.
    fn is_excluded(&self, path: &str, is_folder: bool) -> bool {
        let matches = |path: &str, is_folder| self.exclude.matched(path, is_folder).is_ignore();
        !self.exclude.is_empty()
            && (matches(path, is_folder) || folders(path).any(|folder| matches(folder, true)))
    }
}

/// `a`, `a/b` of `a/b/c`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

/// Can this pattern be used?
///
/// # Errors
/// What is wrong with it, in words that go on after a colon.
pub fn check(pattern: &str) -> Result<(), String> {
    if pattern.trim().is_empty() || matches!(pattern.trim(), "/" | "!") {
        return Err("it matches nothing".to_owned());
    }
    if pattern.starts_with('#') {
        return Err("what begins with `#` is a comment in gitignore(5)".to_owned());
    }
    let mut builder = builder();
    match builder.add_line(None, pattern) {
        Ok(_) => Ok(()),
        Err(ignore::Error::Glob { err, .. }) => Err(err),
        Err(other) => Err(other.to_string()),
    }
}

fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    // To git `[a` matches nothing, without a word.
    builder.allow_unclosed_class(false);
    builder
}

fn compiled(patterns: &[String]) -> Result<Gitignore, ignore::Error> {
    let mut builder = builder();
    for pattern in patterns {
        builder.add_line(None, pattern)?;
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(include: &[&str], exclude: &[&str]) -> Files {
        let owned = |patterns: &[&str]| -> Vec<String> {
            patterns.iter().map(|text| (*text).to_owned()).collect()
        };
        Files::new(&owned(include), &owned(exclude), false, false).expect("fixed patterns")
    }

    #[test]
    fn patterns_mean_what_they_mean_to_git() {
        let files = files(
            &[],
            &["drafts/", "*.tmp.md", "/old", "a/**/z.md", "!a/keep/z.md"],
        );
        for (path, admitted) in [
            ("a.md", true),
            ("drafts/a.md", false),
            ("pl/drafts/x/a.md", false),
            ("drafts.md", true),
            ("x/a.tmp.md", false),
            ("old/a.md", false),
            ("x/old/a.md", true),
            ("a/b/z.md", false),
            ("a/keep/z.md", true),
        ] {
            assert_eq!(files.admits_file(path), admitted, "{path}");
        }
        assert!(!files.admits_folder("pl/drafts") && !files.admits_folder("old/deep"));
        assert!(files.admits_folder("") && files.admits_folder("a/b"));
        let all_but_one = self::files(&[], &["*", "!keep.md"]);
        assert!(all_but_one.admits_folder("") && all_but_one.admits_file("keep.md"));
        assert!(!all_but_one.admits_file("a.md") && !all_but_one.admits_file("a/keep.md"));
    }

    #[test]
    fn what_is_included_is_all_there_is() {
        let files = files(&["news/", "*.txt", "!news/old/"], &["news/private/"]);
        for (path, admitted) in [
            ("news/a.md", true),
            ("news/x/a.md", true),
            ("news/old/a.md", false),
            ("news/private/a.md", false),
            ("a.md", false),
            ("deep/a.txt", true),
        ] {
            assert_eq!(files.admits_file(path), admitted, "{path}");
        }
        assert!(files.admits_folder("deep"));
    }

    #[test]
    fn pages_of_folders_are_read_on_request() {
        for path in ["_index.md", "pl/_index.uk.md", "README.md", "x/readme.txt"] {
            assert!(!Files::usual().admits_file(path), "{path}");
            let all = Files::new(&[], &[], true, true).expect("no patterns");
            assert!(all.admits_file(path), "{path}");
        }
        assert!(Files::usual().admits_file("index.md"));
    }

    #[test]
    fn bad_patterns_are_told_from_good_ones() {
        for good in ["a", "/a/", "**/*.md", "\\#a", "!a", "a b", "ż[ab]"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "#a", "[a", "a{b", "/", "!"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
