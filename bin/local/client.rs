//! Who answers a command: the server that runs, or else this process.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustix::process::geteuid;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use wxgate_api::Edge;
use wxgate_store::SqliteStore;

use super::ask::{Question, is_busy, read};
use super::socket;
use crate::cli::Global;
use crate::config::quoted;
use crate::key_file::DATABASE;
use crate::lang::{Lang, words};
use crate::open::{Opened, open};
use crate::out::Failure;

/// Far above what any answer takes: a server that needs longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often, and after which pauses, a question is asked again that met a server with too much to do.
const AGAIN: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is tried again to reach a server that is just starting or stopping: each try waits for the data
/// directory's lock.
const TRIES: u32 = 3;

/// What a command needs when no server runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A database that is there: who only looks makes nothing.
    Database,
    /// Whatever the first start makes may be made.
    Anything,
}

/// The management API, wherever it is.
pub(crate) struct Local {
    lang: Lang,
    reach: Reach,
}

enum Reach {
    /// A server that runs and has this data directory, by its process where that is known.
    Server(PathBuf, Option<i32>),
    /// This process, until the store is closed.
    Here(Edge, Arc<SqliteStore>),
}

impl Local {
    /// Finds the server, or opens what it would.
    ///
    /// # Errors
    /// When the configuration is refused, when a server has the data directory and does not answer, and when root would
    /// leave files there that its owner cannot use.
    pub(crate) async fn open(global: &Global, need: Need, lang: Lang) -> Result<Self, Failure> {
        let data_dir = global.data_dir()?;
        let mut tries = 1;
        loop {
            match socket::connect(&data_dir).await {
                Ok(_) => return Ok(Self { lang, reach: Reach::Server(data_dir, None) }),
                Err(error) if is_nobody(&error) => {}
                Err(error) => return Err(unreachable(&data_dir, &error.to_string())),
            }
            if need == Need::Database && !data_dir.join(DATABASE).exists() {
                return Err(nothing_there(&data_dir));
            }
            refuse_files_of_root(&data_dir)?;
            match open(global.load()?).await {
                Ok(Opened { app, store, .. }) => {
                    return Ok(Self { lang, reach: Reach::Here(wxgate_api::local(&app), store) });
                }
                Err(failure) if tries == TRIES || !is_locked(&failure) => return Err(failure),
                Err(_) => tries += 1,
            }
        }
    }

    /// The server that has `data_dir`, or why it cannot be asked; `None` when there is none.
    pub(crate) async fn server(data_dir: &Path, lang: Lang) -> Option<Result<Self, Failure>> {
        match socket::connect(data_dir).await {
            Ok(stream) => {
                let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
                let server = Self { lang, reach: Reach::Server(data_dir.to_owned(), pid) };
                Some(server.ask(&Question::get("/healthz")).await.map(|_| server))
            }
            Err(error) if is_nobody(&error) => None,
            Err(error) => Some(Err(unreachable(data_dir, &error.to_string()))),
        }
    }

    /// Whether this process may open what is in `data_dir` while no server runs.
    ///
    /// # Errors
    /// When it is root's and the directory is not: it would leave files there that its owner cannot use.
    pub(crate) fn check_owner(data_dir: &Path) -> Result<(), Failure> {
        refuse_files_of_root(data_dir)
    }

    /// Whether this process may read the database in `data_dir`: beside its server, or as its owner.
    ///
    /// # Errors
    /// Also when there is none.
    pub(crate) async fn check_reader(data_dir: &Path) -> Result<(), Failure> {
        if !data_dir.join(DATABASE).exists() {
            return Err(nothing_there(data_dir));
        }
        match socket::connect(data_dir).await {
            Err(error) if is_nobody(&error) => refuse_files_of_root(data_dir),
            _ => Ok(()),
        }
    }

    /// Asks, and reads the answer.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Value, Failure> {
        let (status, body) = self.answer(question).await?;
        read(status, &body)
    }

    /// The same, and again for some seconds while there is too much to do: for one of thousands of questions, which must not
    /// end the others.
    pub(crate) async fn ask_patiently(&self, question: &Question) -> Result<Value, Failure> {
        for _ in 0..AGAIN {
            let (status, body) = self.answer(question).await?;
            if !is_busy(status, &body) {
                return read(status, &body);
            }
            sleep(PAUSE).await;
        }
        self.ask(question).await
    }

    async fn answer(&self, question: &Question) -> Result<(StatusCode, Bytes), Failure> {
        let request = question.request(self.lang);
        match &self.reach {
            Reach::Here(edge, _) => collected(edge.answer(request, None).await).await.map_err(|error| lost(&error)),
            Reach::Server(data_dir, _) => {
                let stream =
                    socket::connect(data_dir).await.map_err(|error| unreachable(data_dir, &error.to_string()))?;
                let silent = |_| unreachable(data_dir, "it does not answer");
                timeout(PATIENCE, exchange(stream, request)).await.map_err(silent)?.map_err(|error| lost(&error))
            }
        }
    }

    /// Whether a server answers, whom others ask as well.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.reach, Reach::Server(..))
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> Option<i32> {
        if let Reach::Server(_, pid) = self.reach { pid } else { None }
    }

    /// Lets go of what was opened.
    pub(crate) async fn close(self) {
        if let Reach::Here(_, store) = self.reach {
            store.close().await;
        }
    }
}

async fn exchange(
    stream: UnixStream,
    request: http::Request<http_body_util::Full<Bytes>>,
) -> Result<(StatusCode, Bytes), hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its stream; what becomes of it shows in the answer.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    collected(answer).await
}

async fn collected<B: hyper::body::Body<Data = Bytes>>(
    answer: http::Response<B>,
) -> Result<(StatusCode, Bytes), B::Error> {
    let (head, body) = answer.into_parts();
    Ok((head.status, body.collect().await?.to_bytes()))
}

/// Whether it means that no server has this socket.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn is_locked(failure: &Failure) -> bool {
    failure.words.say(Lang::En).contains("wxgate.lock")
}

/// What root makes in another user's directory, that user's server cannot open at its next start.
fn refuse_files_of_root(data_dir: &Path) -> Result<(), Failure> {
    let owner = fs::metadata(data_dir).map_or(0, |metadata| metadata.uid());
    if !geteuid().is_root() || owner == 0 {
        return Ok(());
    }
    let path = data_dir.display();
    Err(Failure::problem(words(
        format!(
            "{path} 属于用户 {owner}，没有正在运行的服务：以 root 打开会留下该用户打不开的文件。请先启动服务（systemctl start wxgate），或执行 sudo -u '#{owner}' wxgate …"
        ),
        format!(
            "{path} belongs to user {owner} and no server runs: root would leave files there that this user cannot open. Start the server (systemctl start wxgate), or run sudo -u '#{owner}' wxgate …"
        ),
    )))
}

fn nothing_there(data_dir: &Path) -> Failure {
    let path = data_dir.join(DATABASE);
    let path = path.display();
    Failure::problem(words(
        format!("没有正在运行的服务，{path} 也不存在；请检查 data_dir 和 --config，或先运行 wxgate serve"),
        format!("no server runs, and there is no {path}: check data_dir and --config, or start with wxgate serve"),
    ))
}

fn unreachable(data_dir: &Path, why: &str) -> Failure {
    let socket = quoted(&socket::path(data_dir));
    Failure::problem(words(
        format!("服务在 {socket} 上没有回应：{why}；请以 root 或服务的用户执行，并确认服务正常"),
        format!(
            "the server at {socket} cannot be asked: {why}. Run this as root or as the server's user, and see that the server is well"
        ),
    ))
}

fn lost(error: &dyn std::error::Error) -> Failure {
    Failure::problem(words(
        format!("服务没有回答完：{error}；写操作可能已完成，也可能没有，重复执行是安全的"),
        format!("the server did not answer to the end: {error}. It may or may not be done, and repeating it is safe"),
    ))
}
