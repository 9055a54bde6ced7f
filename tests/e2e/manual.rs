//! What a package installs beside the program.

use std::fs;
use std::process::Command;

use crate::support::{Process, program};

#[tokio::test]
async fn completions_are_scripts_that_know_the_commands() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut command = program(dir.path());
        command.args(["completions", shell]);
        let printed = Process::spawn(command, "").end().await;
        assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(printed.stdout.contains("healthcheck"), "{shell}");
        if shell == "bash" {
            let script = dir.path().join("wxgate.bash");
            let words = "COMP_WORDS=(wxgate tok); COMP_CWORD=1; _wxgate wxgate tok wxgate; echo \"${COMPREPLY[@]}\"";
            fs::write(&script, format!("{}\n{words}\n", printed.stdout)).unwrap();
            let completed = Command::new("bash").arg(&script).output().unwrap();
            assert_eq!(String::from_utf8(completed.stdout).unwrap(), "token\n");
        }
    }
}

#[tokio::test]
async fn every_command_has_a_page_in_either_language() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, word) in [("C", "Print the manual page"), ("zh_CN.UTF-8", "手册页")] {
        let mut command = program(dir.path());
        command.env("LANG", lang).args(["man", "--out", lang]);
        let written = Process::spawn(command, "").end().await;
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        let page = |name: &str| fs::read_to_string(dir.path().join(lang).join(name)).unwrap();
        assert!(page("wxgate.1").contains("wxgate\\-serve") && page("wxgate-man.1").contains(word));
        assert!(page("wxgate-token-create.1").contains("introspect"));
    }
    let mut command = program(dir.path());
    command.arg("man");
    let printed = Process::spawn(command, "").end().await;
    assert!(printed.stdout.starts_with(".ie") && printed.stdout.contains(".TH wxgate 1"), "{}", printed.stdout);
}
