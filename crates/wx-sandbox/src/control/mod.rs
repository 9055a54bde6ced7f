//! The control interface, `/_sandbox/`: what stands in for the WeChat app and for the passing of time.

mod gestures;
mod verbs;

use std::pin::Pin;

use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wechat::Reply;
use crate::{Error, Sandbox};
use gestures::GESTURES;
use verbs::VERBS;

/// Something to be asked of the sandbox.
#[derive(Serialize)]
struct Verb {
    #[serde(serialize_with = "as_text")]
    method: Method,
    /// Below `/_sandbox/`.
    name: &'static str,
    /// The JSON it takes; a question mark follows what may be left out.
    takes: &'static str,
    /// The JSON it gives.
    gives: &'static str,
    #[serde(skip)]
    run: Run,
}

/// How a verb is done.
#[derive(Clone, Copy)]
enum Run {
    /// At once.
    Now(fn(&Sandbox, &[u8]) -> Result<Value, Error>),
    /// By asking a server, whose answer is waited for.
    Asking(for<'a> fn(&'a Sandbox, &'a [u8]) -> Asked<'a>),
}

type Asked<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

fn as_text<S: serde::Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

/// Answers a request for `path`, what follows `/_sandbox`. Every failure is JSON with a sentence.
pub(crate) async fn reply(sandbox: &Sandbox, method: &Method, path: &str, body: &[u8]) -> Reply {
    let (status, body) = match run(sandbox, method, path, body).await {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (status(&error), json!({ "error": error.to_string() })),
    };
    Reply::new(status, "application/json", format!("{body:#}\n"))
}

async fn run(sandbox: &Sandbox, method: &Method, path: &str, body: &[u8]) -> Result<Value, Error> {
    if matches!(path, "" | "/") && method == Method::GET {
        return Ok(index(sandbox));
    }
    let named = |verb: &&Verb| path.strip_prefix('/') == Some(verb.name) && verb.method == *method;
    let verb = VERBS.iter().chain(GESTURES).find(named).ok_or(Error::UnknownVerb)?;
    match verb.run {
        Run::Now(run) => run(sandbox, body),
        Run::Asking(run) => run(sandbox, body).await,
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::UnknownApp(_) | Error::UnknownUser(_) | Error::UnknownVerb => StatusCode::NOT_FOUND,
        Error::Senseless(_) | Error::NotLoopback(_) | Error::Listen(_) => StatusCode::BAD_REQUEST,
    }
}

fn index(sandbox: &Sandbox) -> Value {
    let state = sandbox.state();
    json!({
        "what": "A WeChat of one's own: its server API at the usual paths, and the people and phones in front of it under /_sandbox/.",
        "now": state.clock.now(),
        "apps": state.apps.keys().collect::<Vec<_>>(),
        "users": state.users.keys().collect::<Vec<_>>(),
        "verbs": VERBS.iter().chain(GESTURES).collect::<Vec<_>>(),
    })
}
