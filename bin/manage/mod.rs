//! What operators do by commands. Each is a request to the management API and a rendering of its answer; nothing is decided
//! here.

mod app;
mod audit;
mod input;
mod member;
mod pages;
mod session;
mod token;

pub(crate) use app::AppCommand;
pub(crate) use audit::AuditCommand;
pub(crate) use member::MemberCommand;
pub(crate) use session::SessionCommand;
pub(crate) use token::TokenCommand;

use serde_json::Value;
use uuid::Uuid;
use wxgate_api::TimeZone;

use crate::cli::Global;
use crate::lang::{Lang, words};
use crate::local::{Local, Need, Question};
use crate::out::{self, Failure, Outcome};
use crate::serve::on_runtime;

/// Where a command runs: with which configuration, for whom.
#[derive(Clone, Copy)]
pub(crate) struct Here<'a> {
    pub(crate) global: &'a Global,
    pub(crate) lang: Lang,
}

impl Here<'_> {
    /// Runs `act` with the API at hand, and lets go of it.
    pub(crate) fn with_api(self, need: Need, act: impl AsyncFnOnce(&Local) -> Outcome) -> Outcome {
        on_runtime(async {
            let local = Local::open(self.global, need, self.lang).await?;
            let outcome = act(&local).await;
            local.close().await;
            outcome
        })
    }

    /// The answer to one question.
    pub(crate) fn asked(self, need: Need, question: &Question) -> Result<Value, Failure> {
        on_runtime(async {
            let local = Local::open(self.global, need, self.lang).await?;
            let answer = local.ask(question).await;
            local.close().await;
            answer
        })
    }

    /// The team's clock: what people read is in their time.
    fn clock(self) -> Result<Clock, Failure> {
        Ok(Clock(self.global.time_zone()?))
    }

    /// Prints rows under heads, or says on stderr that there are none.
    fn print_rows(self, heads: &[&str], rows: &[Vec<String>], nothing: (&str, &str)) -> Result<(), Failure> {
        if rows.is_empty() {
            out::complain(self.lang.pick(nothing.0, nothing.1));
            return Ok(());
        }
        out::print(&crate::table::table(heads, rows))
    }

    /// Says on stderr that something is done.
    pub(crate) fn done(self, zh: &str, en: &str) {
        out::complain(self.lang.pick(zh, en));
    }
}

/// A text of an answer; nothing where there is none.
fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An id that a command is given.
fn id(text: &str) -> Result<Uuid, &'static str> {
    const EXPECTED: &str = "expected an id as a list shows it, like 01980c2e-7c1e-7000-8000-000000000000. \
                            应为列表中显示的 id，如 01980c2e-7c1e-7000-8000-000000000000";
    Uuid::try_parse(text).map_err(|_| EXPECTED)
}

/// The clock of those who read what a command prints.
struct Clock(TimeZone);

impl Clock {
    /// An instant of an answer as people read it.
    fn instant(&self, value: &Value, key: &str) -> String {
        value[key].as_i64().map(|seconds| crate::table::instant(seconds, &self.0)).unwrap_or_default()
    }
}

/// What the contract says is in an answer.
pub(crate) fn part<'a>(answer: &'a Value, key: &str) -> Result<&'a Value, Failure> {
    answer.get(key).ok_or_else(|| {
        Failure::problem(words(
            format!("服务的回答中没有 {key}；两者版本是否不同？请重启服务"),
            format!("the server's answer has no {key}. Is it of another version? Restart it"),
        ))
    })
}
