//! The rules of the house, read off the sources: which room may import which, who may spawn, who
//! may read the clock, and what the pure rooms may not name. `src/lib.rs` draws the map.
//!
//! One file is looked at at a time, so a function that is passed on under another name can still
//! slip through; clippy's bans (`clippy.toml`) see types and stand behind this.

mod mentions;
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use mentions::{Mention, Mentions, mentions};

/// Rooms that name no clock, file, socket, environment or task.
const PURE: [&str; 5] = ["domain", "text", "token", "feed", "compose"];

const IMPURE: [&str; 15] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "getrandom",
    "hyper",
    "notify",
    "reqwest",
    "sled",
    "tokio",
    "tokio_util",
];

/// Types and functions that start a thread or a task.
const SPAWN: [&str; 11] = [
    "std::thread::Builder",
    "std::thread::scope",
    "std::thread::spawn",
    "tokio::runtime::Handle",
    "tokio::spawn",
    "tokio::task::JoinSet",
    "tokio::task::LocalSet",
    "tokio::task::spawn",
    "tokio::task::spawn_blocking",
    "tokio::task::spawn_local",
    "tokio_util::task",
];

const SPAWN_METHODS: [&str; 5] = [
    "spawn",
    "spawn_blocking",
    "spawn_local",
    "spawn_on",
    "spawn_scoped",
];

/// By their last two names, so that a re-export is no way around.
const CLOCK: [&str; 5] = [
    "Timestamp::now",
    "ZonedDateTime::now",
    "SystemTime::now",
    "Utc::now",
    "Local::now",
];

/// A place that may do what the rule forbids, and why.
struct Exception {
    under: &'static str,
    reason: &'static str,
}

const MAY_SPAWN: [Exception; 2] = [
    Exception {
        under: "src/daemon/",
        reason: "every loop and task starts here, and is waited for here",
    },
    Exception {
        under: "src/store/writer.rs",
        reason: "sled's flush blocks and must not run twice at a time: one writer thread",
    },
];

const MAY_READ_THE_CLOCK: [Exception; 1] = [Exception {
    under: "src/daemon/clock.rs",
    reason: "the edge: everywhere else `now` is an argument",
}];

/// The map of `src/lib.rs`: each room's height, siblings on one height. `domain` is 0.
#[derive(Debug)]
struct Map(BTreeMap<String, usize>);

impl Map {
    fn read(lib: &str) -> Option<Map> {
        let line = lib.lines().find(|line| line.starts_with("//! main ▶"))?;
        let levels = line.trim_start_matches("//!").split('▶').rev().enumerate();
        let rooms = levels.flat_map(|(height, level)| {
            let names = level.split([' ', ',', '{', '}']);
            names
                .filter(|name| !name.is_empty())
                .map(move |name| (name.to_owned(), height))
        });
        Some(Map(rooms.collect()))
    }

    fn forbids(&self, from: &str, to: &str) -> Option<String> {
        let Some((above, below)) = self.0.get(from).zip(self.0.get(to)) else {
            return Some(format!("`{from}` → `{to}` is not on the map of src/lib.rs"));
        };
        let allowed = from == to || above > below;
        (!allowed).then(|| {
            let relation = if above == below { "beside" } else { "above" };
            format!(
                "`{from}` must not import `{to}`, which is {relation} it on the map of src/lib.rs"
            )
        })
    }
}

/// Where, what, and the rule.
#[derive(Debug)]
struct Violation {
    file: String,
    line: usize,
    what: String,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            file,
            line,
            what,
            rule,
        } = self;
        write!(f, "{file}:{line}: `{what}`: {rule}")
    }
}

/// `src/store/sled/writer.rs` → `store`, `sled`, `writer`; `src/main.rs` → `main`.
fn module(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let inside = inside.trim_end_matches("/mod");
    inside.split('/').map(str::to_owned).collect()
}

/// All violations in sources given as (path, text), in their order.
fn violations(map: &Map, sources: &[(String, String)]) -> Vec<Violation> {
    let read = |(file, text): &(String, String)| {
        let module = if file == "src/lib.rs" {
            vec![]
        } else {
            module(file)
        };
        let found = mentions(&module, text).unwrap_or_else(|error| panic!("{file}: {error}"));
        (file.clone(), module, found)
    };
    let files: Vec<(String, Vec<String>, Mentions)> = sources.iter().map(read).collect();
    let tests: Vec<&Vec<String>> = files.iter().flat_map(|file| &file.2.test_modules).collect();
    let in_program = files
        .iter()
        .filter(|(_, module, _)| !tests.iter().any(|test| module.starts_with(test)));
    in_program
        .flat_map(|(file, module, found)| {
            let room = module.first().map_or("lib", String::as_str);
            let paths = found.paths.iter().flat_map(move |mention| {
                let broken = broken_rules(map, file, room, &mention.path);
                broken.into_iter().map(move |rule| (mention, rule))
            });
            let methods = found.methods.iter().filter_map(|mention| {
                let spawns = SPAWN_METHODS.contains(&mention.path[0].as_str());
                (spawns && !excepted(&MAY_SPAWN, file))
                    .then(|| (mention, only(&MAY_SPAWN, "starts tasks and threads")))
            });
            paths
                .chain(methods)
                .map(|(Mention { path, line }, rule)| Violation {
                    file: file.clone(),
                    line: *line,
                    what: path.join("::"),
                    rule,
                })
        })
        .collect()
}

fn broken_rules(map: &Map, file: &str, room: &str, path: &[String]) -> Vec<String> {
    let mut broken = Vec::new();
    if let [first, to, ..] = path
        && first == "crate"
        && room != "lib"
    {
        broken.extend(map.forbids(room, to));
    }
    if PURE.contains(&room) && IMPURE.iter().any(|banned| names(path, banned)) {
        broken.push(format!("`{room}` is pure: no clock, file, socket or task"));
    }
    if SPAWN.iter().any(|banned| names(path, banned)) && !excepted(&MAY_SPAWN, file) {
        broken.push(only(&MAY_SPAWN, "starts tasks and threads"));
    }
    let text = path.join("::");
    if CLOCK.iter().any(|call| text.ends_with(call)) && !excepted(&MAY_READ_THE_CLOCK, file) {
        broken.push(only(&MAY_READ_THE_CLOCK, "reads the clock"));
    }
    if matches!(path, [only] if only == "include!" || only == "#[path]") {
        broken.push("hides from this check in which room the code stands".to_owned());
    }
    broken
}

fn only(places: &[Exception], does: &str) -> String {
    let place = |place: &Exception| format!("{} ({})", place.under, place.reason);
    let places: Vec<String> = places.iter().map(place).collect();
    format!("nothing but this {does}: {}", places.join("; "))
}

fn excepted(places: &[Exception], file: &str) -> bool {
    places.iter().any(|place| file.starts_with(place.under))
}

/// Whether a path is the banned one, lies under it, or takes it in by a glob.
fn names(path: &[String], banned: &str) -> bool {
    let banned: Vec<&str> = banned.split("::").collect();
    match path.split_last() {
        Some((last, above)) if last == "*" => {
            let shared = above.len().min(banned.len());
            above[..shared] == banned[..shared]
        }
        _ => path.len() >= banned.len() && path[..banned.len()] == banned[..],
    }
}

/// All of `src/**/*.rs`, as (path from the repository's root, text).
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                let inside = path.strip_prefix(root).expect("below the root");
                sources.push((inside.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    sources.sort();
    sources
}

fn map() -> Map {
    let lib = include_str!("../../src/lib.rs");
    Map::read(lib).expect("src/lib.rs draws the map, `//! main ▶ …`")
}
