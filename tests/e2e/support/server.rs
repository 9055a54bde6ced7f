use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{At, Ended, Process, post, until};

/// A `wxgate serve` that serves.
pub struct Server {
    process: Process,
    pub public: At,
    pub internal: At,
}

impl Server {
    /// Waits until the program says where it listens.
    pub async fn start(command: Command) -> Self {
        Self::of(Process::spawn(command, "")).await
    }

    /// Waits until a program that was started says where it listens.
    pub async fn of(mut process: Process) -> Self {
        let line = until("a server that listens", || {
            let listening = process.stderr().lines().find_map(listening);
            let ended = listening.is_none().then(|| process.status()).flatten();
            assert!(ended.is_none(), "the server did not start: {}", process.stderr());
            listening
        })
        .await;
        let at = |name: &str| At::parse(line[name].as_str().unwrap());
        Self { public: at("public"), internal: at("internal"), process }
    }

    /// The skey for a code that WeChat accepts.
    pub async fn login(&self, code: &str) -> String {
        let answer = self.public.send(post("/v1/login").json(&json!({ "code": code }))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("skey")
    }

    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(self) -> Ended {
        self.process.signal(Signal::TERM);
        self.process.end().await
    }

    /// Ends it as a power cut would.
    pub async fn kill(self) -> Ended {
        self.process.signal(Signal::KILL);
        self.process.end().await
    }

    /// Waits until it ends by itself.
    pub async fn end(self) -> Ended {
        self.process.end().await
    }

    /// Where Linux shows what the process was started with.
    pub fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.process.pid()))
    }
}

fn listening(line: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "listening").then_some(line)
}
