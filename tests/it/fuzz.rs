//! What fuzzing once found (`tests/fuzz`) stays mended.

use std::fs;
use std::path::Path;

#[path = "../fuzz/checks.rs"]
mod checks;

type Check = fn(&[u8]);

#[test]
fn what_fuzzing_found_stays_mended() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let targets: [(&str, Check); 5] = [
        ("page", checks::page),
        ("html", checks::html),
        ("configuration", checks::configuration),
        ("cron", checks::cron),
        ("upstream", checks::upstream),
    ];
    for (target, check) in targets {
        let cases: Vec<_> = fs::read_dir(corpus.join(target))
            .unwrap_or_else(|error| panic!("the corpus of {target}: {error}"))
            .collect();
        assert!(!cases.is_empty(), "no case of {target}");
        for case in cases {
            let path = case.expect("a folder that can be listed").path();
            check(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
}
