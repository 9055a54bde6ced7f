//! The units in `config/`: what systemd says of them, and whether the program does with what they leave it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::{Signal, geteuid, getpriority_process};

use crate::support::{Bench, Server, delete, get, program, until};

const UNITS: [&str; 3] = ["wxgate.service", "wxgate.socket", "wxgate-internal.socket"];

fn config(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)).unwrap()
}

/// The values of a key of a unit.
fn values(unit: &str, key: &str) -> Vec<String> {
    let start = format!("{key}=");
    config(unit).lines().filter_map(|line| line.strip_prefix(&start).map(str::to_owned)).collect()
}

fn analyze(arguments: &[&str]) -> Output {
    let ran = Command::new("systemd-analyze").args(arguments).env("SYSTEMD_COLORS", "0").output();
    ran.expect("systemd-analyze, which tests/run installs")
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let dir = tempfile::tempdir().unwrap();
    let paths = UNITS.map(|unit| {
        let path = dir.path().join(unit);
        // The program is where it was built.
        fs::write(&path, config(unit).replace("/usr/bin/wxgate", env!("CARGO_BIN_EXE_wxgate"))).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let verify = |paths: &[String]| {
        let arguments = ["verify", "--man=no"].into_iter().chain(paths.iter().map(String::as_str));
        let ran = analyze(&arguments.collect::<Vec<_>>());
        (ran.status.success(), String::from_utf8(ran.stderr).unwrap())
    };
    assert_eq!(verify(&paths), (true, String::new()));
    let unit = fs::read_to_string(&paths[0]).unwrap().replace("DynamicUser", "DynamikUser");
    fs::write(&paths[0], unit).unwrap();
    assert!(verify(&paths).1.contains("DynamikUser"), "what is wrong is found");
}

fn exposure(unit: &Path) -> f64 {
    let ran = analyze(&["security", "--offline=true", "--no-pager", unit.to_str().unwrap()]);
    let said = String::from_utf8(ran.stdout).unwrap();
    let (_, level) = said.split_once("Overall exposure level for").unwrap_or_else(|| panic!("{said}"));
    level.split_once(": ").and_then(|(_, level)| level.split(' ').next()?.parse().ok()).unwrap()
}

#[test]
fn the_service_is_hardly_exposed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wxgate.service");
    fs::write(&path, config("wxgate.service")).unwrap();
    assert!(exposure(&path) <= 1.5, "{}", exposure(&path));
    fs::write(&path, config("wxgate.service").replace("SystemCallFilter=", "#")).unwrap();
    assert!(exposure(&path) > 1.5, "what is missing is found");
}

#[test]
fn the_units_and_the_program_agree() {
    let defaults = config("default.toml");
    for (unit, name) in [("wxgate.socket", "public"), ("wxgate-internal.socket", "internal")] {
        let [address] = <[String; 1]>::try_from(values(unit, "ListenStream")).unwrap();
        assert!(defaults.contains(&format!("\n{name} = \"{address}\"\n")), "{unit}");
        assert_eq!(values(unit, "FileDescriptorName"), [name]);
    }
    assert_eq!(values("wxgate.service", "Type"), ["notify"]);
    let ended_for_good = &values("wxgate.service", "RestartPreventExitStatus")[0];
    assert!(ended_for_good.split(' ').any(|code| code == "78") && !ended_for_good.contains("70"));
}

/// The calls of a set of systemd's, and of those that it holds; or the one of that name.
fn calls(set: &str) -> BTreeSet<String> {
    if !set.starts_with('@') {
        return [set.to_owned()].into();
    }
    let ran = analyze(&["syscall-filter", "--no-pager", set]);
    assert!(ran.status.success(), "{set}");
    let said = String::from_utf8(ran.stdout).unwrap();
    let names = said.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    names.flat_map(calls).collect()
}

/// What `SystemCallFilter=` of the service leaves.
fn allowed() -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in values("wxgate.service", "SystemCallFilter") {
        let (names, is_taken_away) = line.strip_prefix('~').map_or((line.as_str(), false), |names| (names, true));
        for set in names.split(' ').map(calls) {
            if is_taken_away {
                allowed = &allowed - &set;
            } else {
                allowed.extend(set);
            }
        }
    }
    allowed
}

/// A life of a server with all that it asks of the kernel.
async fn traced(bench: &Bench) -> Option<String> {
    let trace = bench.dir().join("trace");
    let may_trace = Command::new("strace").arg("-V").output().is_ok()
        && Command::new("strace")
            .args(["-qq", "-o", "/dev/null", "true"])
            .status()
            .is_ok_and(|status| status.success());
    if !may_trace {
        return None;
    }
    let mut command = Command::new("strace");
    let wxgate = program(bench.dir());
    command.args(["-D", "-f", "-qq", "-o"]).arg(&trace).arg(wxgate.get_program()).arg("serve");
    command.env_clear().env("PATH", "/usr/bin:/bin").env("WATCHDOG_USEC", "200000").current_dir(bench.dir());
    let notices = crate::support::Notices::of(&mut command, bench.dir());
    let server = Server::start(command).await;
    notices.hear("WATCHDOG=1").await;
    let skey = server.login(&bench.code("alice")).await;
    assert_eq!(server.public.send(get("/v1/session").bearer(&skey)).await.status, 200);
    assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
    assert_eq!(server.internal.send(get("/metrics")).await.status, 200);
    let listed = bench.run(&["member", "list"], "").await;
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    server.signal(Signal::HUP);
    notices.hear("RELOADING=1").await;
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    assert_eq!(server.stop().await.code, Some(0));
    // The tracer ends behind the server.
    let is_whole = || fs::read_to_string(&trace).ok().filter(|text| text.contains("exit_group"));
    Some(until("the trace", is_whole).await)
}

#[tokio::test]
async fn the_program_does_with_the_system_calls_that_the_unit_leaves_it() {
    let bench = Bench::new().await;
    let Some(trace) = traced(&bench).await else {
        return println!("nothing may be traced here");
    };
    let lines = || trace.lines().filter_map(|line| line.split_once(char::is_whitespace)).map(|(_, call)| call.trim());
    let made: BTreeSet<_> = lines()
        .filter_map(|call| call.split_once('(').map(|(name, _)| name))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .map(str::to_owned)
        .collect();
    // A commit's: SQLite has it where `.cargo/config.toml` was read.
    assert!(made.contains("accept4") && made.contains("fdatasync"), "{made:?}");
    // Who runs tests at another rank has a server that leaves its threads as they are.
    assert_eq!(made.contains("sched_setscheduler"), getpriority_process(None) == Ok(0));
    let mut allowed = allowed();
    // SQLite gives what root makes to the database's owner. The service is not root.
    if geteuid().is_root() {
        allowed.insert("fchown".to_owned());
    }
    assert_eq!(&made - &allowed, BTreeSet::new());
    let families = ["AF_INET,", "AF_INET6,", "AF_UNIX,"].map(|family| format!("socket({family}"));
    for call in lines().filter(|call| call.starts_with("socket(")) {
        assert!(families.iter().any(|family| call.starts_with(family)), "{call}");
    }
    let both = |call: &str| call.contains("PROT_WRITE") && call.contains("PROT_EXEC");
    assert_eq!(lines().find(|call| both(call)), None, "MemoryDenyWriteExecute=");
}
