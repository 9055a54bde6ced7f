//! Broken files: each in `corpus/`, with what must be said about it in its last line.

use std::fs;
use std::path::Path;

use super::{APP, Bench, CANARY};

/// The last line is a comment: how the only complaint begins, and after `…` what else is in it.
#[test]
fn config_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/config/tests/corpus");
    let mut files = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let expected = text.lines().last().and_then(|line| line.strip_prefix("# ")).unwrap();
        let (start, more) = expected.split_once(" … ").unwrap_or((expected, ""));
        let flaws = Bench::new().file(&text).flaws();
        let [flaw] = flaws.as_slice() else { panic!("one flaw of {}, found {flaws:#?}", path.display()) };
        assert!(
            flaw.starts_with(start) && flaw.contains(more),
            "{}\n  said: {flaw}\n  expected: {expected}",
            path.display()
        );
        files += 1;
    }
    assert!(files >= 60, "{files}");
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_in_the_files_order() {
    let text = format!("{APP}appsecret = \"{CANARY}\"\n[phone]\nreply = \"all\"\n[session]\nidle_days = 0\n");
    let bench = Bench::new().file(&text).variable("WXGATE_STORE__QUEUE", CANARY).flag("log.level=loud");
    let flaws = bench.flaws();
    let starts: Vec<&str> = flaws.iter().map(|flaw| flaw.split(": expected").next().unwrap()).collect();
    assert_eq!(
        starts[1..],
        [
            "wxgate.toml:6: phone.reply",
            "wxgate.toml:8: session.idle_days",
            "WXGATE_STORE__QUEUE: store.queue",
            "--set: log.level"
        ]
    );
    assert!(starts[0].starts_with("wxgate.toml:4: app.appsecret: unknown key"));
}

#[test]
fn a_file_that_cannot_be_read_is_refused_by_name() {
    let mut bench = Bench::new();
    bench.sources.file = Some(bench.dir.path().join("none.toml"));
    assert!(bench.flaws()[0].starts_with("none.toml: cannot be read"));
}
