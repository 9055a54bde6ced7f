//! What is given as a text or, by a dash, on standard input; and what is asked once more before it cannot be undone.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crate::lang::{Lang, Words, words};
use crate::out::Failure;

/// What the API takes at most, and some.
const MOST_BYTES: u64 = 64 * 1024;

/// The text, or for `-` all of standard input without its last line end.
pub(super) fn text_or_input(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut input = String::new();
    io::stdin().lock().take(MOST_BYTES).read_to_string(&mut input).map_err(|error| unreadable(&error))?;
    Ok(input.trim_end_matches(['\r', '\n']).to_owned())
}

/// Whether it is to be done: said by a flag, or by somebody at the terminal.
pub(super) fn confirmed(yes: bool, question: &Words, lang: Lang) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(words(
            "无法撤销：没有终端可以确认，请加 --yes",
            "this cannot be undone: give --yes where there is no terminal to confirm it at",
        )));
    }
    let mut stderr = io::stderr().lock();
    // Who cannot see the question does not say yes.
    let _ = write!(stderr, "{} [y/N] ", question.say(lang)).and_then(|()| stderr.flush());
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| unreadable(&error))?;
    if matches!(line.trim(), "y" | "Y" | "yes" | "是") {
        return Ok(());
    }
    Err(Failure::problem(words("没有执行", "not done")))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::problem(words(format!("无法读取标准输入：{error}"), format!("cannot read standard input: {error}")))
}
