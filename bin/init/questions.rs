//! What is asked, and what is taken for an answer.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Answers, Flags, Secret, hidden};
use crate::config::{self, Guard, read_secret};
use crate::lang::{Lang, Words, words};
use crate::out::{Failure, complain};

const LISTEN: &str = "127.0.0.1:8520";
/// Far above any secret.
const MAX_BYTES: u64 = 4096;

/// Somebody who answers.
pub(super) trait Ask {
    /// Whether there is anybody.
    fn is_there(&self) -> bool;
    /// Asks; the answer, without its line end.
    fn ask(&mut self, question: &Words) -> Result<String, Failure>;
    /// Asks for what nobody may see.
    fn ask_hidden(&mut self, question: &Words) -> Result<Zeroizing<String>, Failure>;
    /// Says what was wrong with the last answer.
    fn reject(&mut self, why: &Words);
    /// All of standard input.
    fn input(&mut self) -> Result<Zeroizing<String>, Failure>;
}

/// The answers: from the flags, else from whoever is there, else the defaults.
pub(super) fn answers(flags: Flags, asked: &mut impl Ask) -> Result<Answers, Failure> {
    let may_ask = asked.is_there() && !flags.yes;
    let appid = match flags.appid {
        Some(appid) => given("--appid", "app.appid", appid)?,
        None if may_ask => until_right(asked, |asked| {
            asked
                .ask(&words("小程序 AppID（wx 开头）：", "AppID of the mini program (wx…): "))
                .map(|text| checked("app.appid", text))
        })?,
        None => return Err(needed("--appid")),
    };
    let secret = match flags.secret_file {
        Some(path) if path == Path::new("-") => Secret::Text(of_input(asked)?),
        Some(path) => of_file(&path).map_err(Failure::problem)?,
        None if may_ask => until_right(asked, |asked| {
            let question = words(
                "AppSecret（不回显），或存放它的文件路径：",
                "AppSecret (not shown), or the path of the file that holds it: ",
            );
            asked.ask_hidden(&question).map(secret)
        })?,
        None => return Err(needed("--secret-file")),
    };
    let public_url = match flags.public_url {
        Some(url) => given("--public-url", "public_url", with_scheme(&url))?,
        None if may_ask => until_right(asked, |asked| {
            let question = words("对外网址或域名，暂无可留空：", "Public URL or domain, empty if there is none yet: ");
            asked.ask(&question).map(|text| checked("public_url", with_scheme(&text)))
        })?,
        None => String::new(),
    };
    let listen = match flags.listen {
        Some(address) => given("--listen", "listen.public", address)?,
        None if may_ask => until_right(asked, |asked| {
            let question = words(
                format!("监听地址，反向代理转发到这里 [{LISTEN}]："),
                format!("Where it listens, behind your TLS proxy [{LISTEN}]: "),
            );
            asked
                .ask(&question)
                .map(|text| checked("listen.public", if text.is_empty() { LISTEN.to_owned() } else { text }))
        })?,
        None => LISTEN.to_owned(),
    };
    Ok(Answers { appid, secret, public_url, listen })
}

/// Asks again until the answer is one.
fn until_right<A: Ask, T>(
    asked: &mut A,
    mut ask: impl FnMut(&mut A) -> Result<Result<T, Words>, Failure>,
) -> Result<T, Failure> {
    loop {
        match ask(asked)? {
            Ok(answer) => return Ok(answer),
            Err(why) => asked.reject(&why),
        }
    }
}

fn checked(key: &str, text: String) -> Result<String, Words> {
    config::fits(key, &text).map(|()| text)
}

fn given(flag: &str, key: &str, text: String) -> Result<String, Failure> {
    checked(key, text).map_err(|why| {
        Failure::usage(words(format!("{flag}：{}", why.say(Lang::Zh)), format!("{flag}: {}", why.say(Lang::En))))
    })
}

fn needed(flag: &str) -> Failure {
    Failure::usage(words(
        format!("缺少 {flag}：没有终端可以提问"),
        format!("{flag} is needed: there is no terminal to ask at, or --yes was given"),
    ))
}

/// People know their domain, and write it so.
fn with_scheme(text: &str) -> String {
    let text = text.trim_end_matches('/');
    if text.is_empty() || text.contains("://") { text.to_owned() } else { format!("https://{text}") }
}

/// An AppSecret has no slash, and a path that is meant here has one.
fn secret(text: Zeroizing<String>) -> Result<Secret, Words> {
    if text.contains('/') {
        return of_file(Path::new(text.as_str()));
    }
    config::fits("app.secret", &text).map(|()| Secret::Text(text))
}

fn of_file(path: &Path) -> Result<Secret, Words> {
    let path: PathBuf = std::path::absolute(path)
        .map_err(|error| words(format!("{}：{error}", path.display()), format!("{}: {error}", path.display())))?;
    let text = read_secret(&path, Guard::Mode)?;
    config::fits("app.secret", &text).map(|()| Secret::File(path))
}

fn of_input(asked: &mut impl Ask) -> Result<Zeroizing<String>, Failure> {
    let text = asked.input()?;
    let text = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    config::fits("app.secret", &text).map(|()| text).map_err(|why| {
        Failure::problem(words(
            format!("标准输入中的 AppSecret：{}", why.say(Lang::Zh)),
            format!("the AppSecret on standard input: {}", why.say(Lang::En)),
        ))
    })
}

/// The people at the terminal.
pub(super) struct Asked {
    lang: Lang,
}

impl Asked {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang }
    }

    /// Questions go to stderr, so that what is printed at the end can be kept.
    fn say(&self, question: &Words) {
        let mut stderr = io::stderr().lock();
        // Who cannot see the question sees no answer either, and ends this.
        let _ = write!(stderr, "{}", question.say(self.lang)).and_then(|()| stderr.flush());
    }
}

impl Ask for Asked {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn ask(&mut self, question: &Words) -> Result<String, Failure> {
        self.say(question);
        let mut line = String::new();
        let length = io::stdin().lock().read_line(&mut line).map_err(|error| unreadable(&error))?;
        if length == 0 { Err(given_up()) } else { Ok(line.trim().to_owned()) }
    }

    fn ask_hidden(&mut self, question: &Words) -> Result<Zeroizing<String>, Failure> {
        self.say(question);
        let line = hidden::line().map_err(|error| unreadable(&error))?;
        // The line end was not shown either.
        complain("");
        line.ok_or_else(given_up)
    }

    fn reject(&mut self, why: &Words) {
        complain(&format!("  {}", why.say(self.lang)));
    }

    fn input(&mut self) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
        Ok(text)
    }
}

fn given_up() -> Failure {
    Failure::problem(words("没有回答，什么也没有生成", "no answer, and nothing was made"))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::problem(words(format!("无法读取标准输入：{error}"), format!("cannot read standard input: {error}")))
}
