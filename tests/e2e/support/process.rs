use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};

use super::until;

/// A process whose output is kept. It is killed when this is dropped.
pub struct Process {
    child: Child,
    stdout: Kept,
    stderr: Kept,
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` for a death by signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts `command` with `input` as its standard input.
    pub fn spawn(mut command: Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A process that ends without reading it has its reasons.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let (stdout, stderr) = (Kept::of(child.stdout.take().unwrap()), Kept::of(child.stderr.take().unwrap()));
        Self { child, stdout, stderr }
    }

    /// Starts `command` with these as its standard input and output.
    pub fn spawn_with(mut command: Command, [stdin, stdout]: [Stdio; 2]) -> Self {
        let mut child = command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Kept::of(child.stderr.take().unwrap());
        Self { child, stdout: Kept::of(std::io::empty()), stderr }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// How it ended, if it did.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it ends by itself.
    pub async fn end(mut self) -> Ended {
        let status = until("the end of a process", || self.status()).await;
        self.stdout.finish();
        self.stderr.finish();
        if let Some(signal) = status.signal() {
            assert_eq!(signal, Signal::KILL.as_raw(), "died by a signal that nobody sent: {}", self.stderr());
        }
        Ended { code: status.code(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A stream that is read as it comes.
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Kept {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut part) {
                kept.lock().unwrap().extend_from_slice(&part[..length]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    /// Reads what is left of a stream that has ended.
    fn finish(&mut self) {
        self.reader.take().unwrap().join().unwrap();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}
