//! From nothing to a configuration: by flags, and by questions on a terminal.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::{Ended, Process, program, until};

const APPID: &str = "wx0123456789abcdef";
const SECRET: &str = "c0ffee5ec7e7c0ffee5ec7e7c0ffee00";

async fn run(dir: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = program(dir);
    command.args(arguments);
    Process::spawn(command, input).end().await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn flags_alone_make_a_configuration_that_is_checked_and_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let init = ["init", "--yes", "--appid", APPID, "--secret-file", "-", "--public-url", "api.example.com"];
    let made = run(dir.path(), &init, &format!("{SECRET}\n")).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(made.stdout.contains("wxgate serve") && made.stdout.contains("wxgate doctor"), "{}", made.stdout);
    let (config, secret) = (dir.path().join("wxgate.toml"), dir.path().join("app_secret"));
    assert_eq!([&config, &secret, &dir.path().join("wxgate-data/wxgate.key")].map(|path| mode(path)), [0o600; 3]);
    assert_eq!(mode(&dir.path().join("wxgate-data")), 0o700);
    let text = fs::read_to_string(&config).unwrap();
    assert!(!text.contains(SECRET) && text.contains("https://api.example.com"), "{text}");
    assert!(!made.stdout.contains(SECRET) && !made.stderr.contains(SECRET));
    let checked = run(dir.path(), &["config", "check"], "").await;
    assert_eq!((checked.code, checked.stdout.contains("warning")), (Some(0), false), "{}", checked.stderr);

    let again = run(dir.path(), &init, SECRET).await;
    assert_eq!((again.code, again.stderr.contains("is there already")), (Some(1), true), "{}", again.stderr);
    fs::remove_file(&config).unwrap();
    let other = run(dir.path(), &init, &SECRET.replace('c', "d")).await;
    assert_eq!((other.code, other.stderr.contains("app_secret")), (Some(1), true), "{}", other.stderr);
    assert_eq!(fs::read_to_string(&secret).unwrap().trim(), SECRET, "nor is a secret");
}

#[tokio::test]
async fn what_is_not_given_and_cannot_be_asked_is_a_usage_error_and_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["init"][..], &["init", "--yes"], &["init", "--appid", APPID], &["init", "--appid", "wx1"]] {
        let refused = run(dir.path(), arguments, "").await;
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
    }
    let wrong = run(dir.path(), &["init", "--yes", "--appid", APPID, "--secret-file", "-"], "two words\n").await;
    assert_eq!((wrong.code, wrong.stderr.contains("two words")), (Some(1), false), "{}", wrong.stderr);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// `wxgate init` on a terminal.
struct Typed {
    keys: File,
    /// The other end, for a look at how the terminal is set.
    terminal: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Typed {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
        let mut command = program(dir);
        let end = || Stdio::from(terminal.try_clone().unwrap());
        command.arg("init").args(arguments).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        let keys = File::from(master);
        let (shown, mut screen) = (Arc::new(Mutex::new(Vec::new())), keys.try_clone().unwrap());
        let kept = Arc::clone(&shown);
        thread::spawn(move || {
            let mut part = [0; 1024];
            while let Ok(length @ 1..) = screen.read(&mut part) {
                kept.lock().unwrap().extend_from_slice(&part[..length]);
            }
        });
        Self { keys, terminal, shown, child }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn is_silent(&self) -> bool {
        !tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    async fn answer(&mut self, question: &str, keys: &str) {
        until(question, || self.shown().contains(question).then_some(())).await;
        if question == "AppSecret" {
            until("a silent terminal", || self.is_silent().then_some(())).await;
        }
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    async fn end(&mut self) -> Option<i32> {
        until("the end", || self.child.try_wait().unwrap()).await.code()
    }
}

#[tokio::test]
async fn four_answers_on_a_terminal_are_enough_and_the_secret_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut typed = Typed::start(dir.path(), &[]);
    typed.answer("AppID", "nonsense\n").await;
    typed.answer("expected", &format!("{APPID}\n")).await;
    typed.answer("AppSecret", &format!("{SECRET}\n")).await;
    typed.answer("Public URL", "https://api.example.com\n").await;
    typed.answer("Where it listens", "\n").await;
    assert_eq!(typed.end().await, Some(0), "{}", typed.shown());
    until("what to do next", || typed.shown().contains("wxgate serve").then_some(())).await;
    assert!(typed.shown().contains(APPID) && !typed.shown().contains("c0ffee"), "{}", typed.shown());
    assert!(!typed.is_silent());
    assert_eq!(fs::read_to_string(dir.path().join("app_secret")).unwrap().trim(), SECRET);
    let checked = run(dir.path(), &["config", "check"], "").await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
}

#[tokio::test]
async fn who_gives_up_at_the_secret_gets_the_terminal_back_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut typed = Typed::start(dir.path(), &["--appid", APPID]);
    typed.answer("AppSecret", "c0ffee\u{3}").await;
    assert_eq!(typed.end().await, Some(1), "{}", typed.shown());
    assert!(!typed.is_silent() && !typed.shown().contains("c0ffee"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
