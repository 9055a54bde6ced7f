//! How a command ends and how it prints: the only place that writes to the terminal.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::lang::{Lang, Words, words};

/// The program's exit codes. Everything but [`Exit::Done`] has been explained on stderr or in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    /// A problem was found, or the command was not carried out.
    Problem = 1,
    /// The arguments make no sense; clap uses the same number.
    Usage = 2,
    /// The outcome of a write is unknown (`EX_SOFTWARE`): a supervisor restarts the server.
    OutcomeUnknown = 70,
    /// The configuration is refused (`EX_CONFIG`): a restart does not help.
    Refused = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command gave up: the exit code and a text for stderr.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) words: Words,
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    /// The command was not carried out.
    pub(crate) fn problem(words: Words) -> Self {
        Self { exit: Exit::Problem, words }
    }

    /// The configuration, or a file that belongs to it, is refused.
    pub(crate) fn refused(words: Words) -> Self {
        Self { exit: Exit::Refused, words }
    }

    /// The arguments make no sense.
    pub(crate) fn usage(words: Words) -> Self {
        Self { exit: Exit::Usage, words }
    }
}

/// Writes `text` and a line's end to stdout. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::problem(words(
            format!("无法写到标准输出：{error}"),
            format!("cannot write to stdout: {error}"),
        ))),
        _ => Ok(()),
    }
}

/// Prints a JSON value on one line.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&value.to_string())
}

/// Says on stderr why a command gave up, and turns the outcome into the exit code.
pub(crate) fn finish(outcome: Outcome, lang: Lang) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            complain(failure.words.say(lang));
            failure.exit.into()
        }
    }
}

/// Writes a line to stderr. When that is gone too, nobody is left to be told.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
