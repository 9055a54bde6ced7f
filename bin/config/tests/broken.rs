//! Broken files: each in `corpus/`, with what must be said about it in its last lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::keys::KEYS;
use super::{APP, Bench, CANARY};

/// What must be said of a file, as its last lines tell: how each complaint begins, and after `…` what else is in it.
fn expected(text: &str) -> Vec<(&str, &str)> {
    let comments = text.lines().rev().map_while(|line| line.strip_prefix("# "));
    let mut expected: Vec<_> = comments.map(|line| line.split_once(" … ").unwrap_or((line, ""))).collect();
    expected.reverse();
    expected
}

#[test]
fn config_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/config/tests/corpus");
    let (mut files, mut complaints) = (0, Vec::new());
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (flaws, expected) = (Bench::new().file(&text).flaws(), expected(&text));
        let is_said = |(flaw, (start, more)): (&String, &(&str, &str))| flaw.starts_with(start) && flaw.contains(more);
        assert!(
            !expected.is_empty() && flaws.len() == expected.len() && flaws.iter().zip(&expected).all(is_said),
            "{}\n  said: {flaws:#?}\n  expected: {expected:#?}",
            path.display()
        );
        files += 1;
        complaints.extend(expected.iter().map(|(start, _)| (*start).to_owned()));
    }
    assert!(files >= 60, "{files}");

    // No section is left out.
    let sections: BTreeSet<&str> = KEYS.iter().filter_map(|key| Some(key.path.rsplit_once('.')?.0)).collect();
    let unsaid = |section: &&&str| !complaints.iter().any(|said| said.contains(&format!(": {section}.")));
    assert_eq!(sections.iter().filter(unsaid).collect::<Vec<_>>(), [&""; 0]);
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
