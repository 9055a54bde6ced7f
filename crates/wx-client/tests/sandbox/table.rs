//! The README's table of calls, held to what the client and the sandbox do.

use std::collections::BTreeSet;

use wxgate_sandbox::Endpoint;

const README: &str = include_str!("../../README.md");
const SOURCES: [&str; 10] = [
    include_str!("../../src/client.rs"),
    include_str!("../../src/issuer.rs"),
    include_str!("../../src/wechat.rs"),
    include_str!("../../src/calls/content.rs"),
    include_str!("../../src/calls/diagnosis.rs"),
    include_str!("../../src/calls/link.rs"),
    include_str!("../../src/calls/qr_code.rs"),
    include_str!("../../src/calls/risk.rs"),
    include_str!("../../src/calls/subscribe.rs"),
    include_str!("../../src/calls/user.rs"),
];

/// A row: path, function or nothing, whether the sandbox plays it.
fn rows() -> Vec<(&'static str, &'static str, bool)> {
    let rows = README.lines().filter(|line| line.starts_with("| `GET /") || line.starts_with("| `POST /"));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let path = cells[0].trim_matches('`').split_once(' ').unwrap().1;
        let function = cells[1].split('`').nth(1).unwrap_or_default();
        (path, function, cells[4] == "yes")
    })
    .collect()
}

/// All paths that stand in a text as strings.
fn paths(source: &'static str) -> impl Iterator<Item = &'static str> {
    let is_path = |text: &&str| ["/sns/", "/wxa/", "/cgi-bin/"].iter().any(|start| text.starts_with(start));
    source.split('"').filter(is_path)
}

#[test]
fn the_table_names_what_the_client_calls_and_no_more() {
    let called: BTreeSet<_> = SOURCES.into_iter().flat_map(paths).collect();
    let named: BTreeSet<_> =
        rows().into_iter().filter(|(_, function, _)| !function.is_empty()).map(|(path, ..)| path).collect();
    assert_eq!(called, named);
    for (path, function, _) in rows().into_iter().filter(|(_, function, _)| !function.is_empty()) {
        let defined = format!("async fn {function}(");
        assert!(SOURCES.iter().any(|source| source.contains(&defined)), "{path}: {function}");
    }
}

#[test]
fn the_table_names_what_the_sandbox_plays_and_no_more() {
    let named: BTreeSet<_> = rows().into_iter().filter(|(.., plays)| *plays).map(|(path, ..)| path).collect();
    assert_eq!(named, Endpoint::ALL.map(Endpoint::path).into_iter().collect());
}
