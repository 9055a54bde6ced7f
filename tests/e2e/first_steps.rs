//! The first steps of the READMEs, run as they stand there.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Process, program, until};

const MARKER: &str = "<!-- tested: first steps -->\n```sh\n";

/// The lines of shell behind the marker.
fn lines(readme: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(readme);
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{readme}: {error}"));
    let (_, rest) = text.split_once(MARKER).unwrap_or_else(|| panic!("{readme} has no lines after {MARKER:?}"));
    let (lines, _) = rest.split_once("\n```").unwrap_or_else(|| panic!("{readme}: the lines have no end"));
    lines.to_owned()
}

/// The addresses that the demo names: public, internal, sandbox.
fn addresses(printed: &str) -> Option<[String; 3]> {
    let mut found = printed.lines().map(|line| {
        line.split_ascii_whitespace().filter_map(|word| word.strip_prefix("http://")).map(str::to_owned).collect()
    });
    found.find_map(|addresses: Vec<String>| addresses.try_into().ok())
}

async fn tried(readme: &str) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program(dir.path());
    command.args(["demo", "--public", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"]);
    let mut demo = Process::spawn(command, "");
    let free = until("the demo's addresses", || {
        assert!(demo.status().is_none(), "the demo ended: {}", demo.stderr());
        addresses(&demo.stdout())
    })
    .await;
    let usual = ["127.0.0.1:8520", "127.0.0.1:8521", "127.0.0.1:8530"];
    let script = usual.iter().zip(&free).fold(lines(readme), |script, (usual, free)| {
        assert!(script.contains(usual), "{readme} does not use {usual}");
        script.replace(usual, free)
    });

    let mut shell = Command::new("sh");
    // Nothing of the environment but where programs are: a proxy that it names would stand in the way.
    shell
        .args(["-euc", &script])
        .current_dir(dir.path())
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)));
    let ran = Process::spawn(shell, "").end().await;
    assert_eq!(ran.code, Some(0), "{readme}: {}", ran.stderr);
    let answers: Vec<Value> = ran.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [session, phone] = &answers[..] else { panic!("{readme}: {}", ran.stdout) };
    let member = session["member"]["id"].as_str().unwrap();
    assert!(session["expires_at"].is_u64(), "{session}");
    assert_eq!(phone["phone_info"]["phoneNumber"], "138****8000");
    let identity = format!("wxgate-member: {member}\r\n");
    assert!(ran.stdout.to_ascii_lowercase().contains(&identity), "{readme}: {}", ran.stdout);
}

#[tokio::test]
async fn the_first_steps_of_the_readme_work_as_printed() {
    tried("README.md").await;
}

#[tokio::test]
async fn the_first_steps_of_the_chinese_readme_work_as_printed() {
    tried("README.zh-CN.md").await;
}
