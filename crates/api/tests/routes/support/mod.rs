//! A server without sockets, and the steps every test needs.

mod answer;
pub mod document;
pub mod plugins;
pub mod push;
pub mod receiver;
pub mod schema;
mod wechat;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;
use wxgate_api::{ApiTokenText, App, Clock, Edge, Settings, StoredTokens, settings};
use wxgate_crypto::{SessionKey, Vault};
use wxgate_store::{By, Management, SqliteStore, UnixSeconds};

pub use self::answer::Answer;
pub use self::wechat::{Script, refused};

pub const APPID: &str = "wx0123456789abcdef";
/// The service that statements are for.
pub const AUDIENCE: &str = "https://shop.example.com";
pub const START: i64 = 1_795_000_000;

pub struct FixedClock(AtomicI64);

impl FixedClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct TestApp {
    pub app: Arc<App>,
    pub wechat: Arc<Script>,
    pub clock: Arc<FixedClock>,
    pub store: Arc<SqliteStore>,
    pub public: Edge,
    pub internal: Edge,
    pub vault: Arc<Vault>,
    settings: Settings,
    // Last, so that the files go after the store that holds them.
    folder: TempDir,
}

/// A member who is logged in.
pub struct Member {
    pub skey: String,
    pub openid: String,
    pub key: SessionKey,
    pub login: Answer,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let wechat = Arc::new(Script::default());
        let clock = Arc::new(FixedClock(AtomicI64::new(START * 1000)));
        let vault = Arc::new(Vault::parse_key_file(&Vault::generate_key_file()).unwrap());
        let mut settings = Settings {
            calls: settings::Calls { allowed: vec!["wxa".to_owned(), "cgi-bin/message".to_owned()] },
            timezone: wxgate_api::TimeZone::get("Asia/Shanghai").unwrap(),
            jwt: settings::Jwt {
                enabled: true,
                audiences: vec![AUDIENCE.to_owned()],
                issuer: "https://login.example.com".to_owned(),
                ..settings::Jwt::default()
            },
            ..Settings::for_apps([APPID])
        };
        change(&mut settings);
        Self::of(settings, wechat, vault, clock, TempDir::new().unwrap()).await
    }

    async fn of(
        settings: Settings,
        wechat: Arc<Script>,
        vault: Arc<Vault>,
        clock: Arc<FixedClock>,
        folder: TempDir,
    ) -> Self {
        let data_dir = folder.path().join("data");
        let store =
            tokio::task::spawn_blocking(move || SqliteStore::open(&wxgate_store::Settings::default(), &data_dir));
        let store = Arc::new(store.await.unwrap().unwrap());
        let app = App::new(settings.clone(), wechat.clone(), store.clone(), vault.clone(), clock.clone());
        Self {
            wechat,
            clock,
            store,
            public: wxgate_api::public(&app),
            internal: wxgate_api::internal(&app),
            app,
            settings,
            vault,
            folder,
        }
    }

    /// The next process over the same file, to which this was done while no process had it open.
    pub async fn restarted(self, meanwhile: &str) -> Self {
        self.store.close().await;
        let Self { settings, wechat, vault, clock, folder, app, store, public, internal } = self;
        drop((app, store, public, internal));
        rusqlite::Connection::open(folder.path().join("data").join("wxgate.db"))
            .and_then(|database| database.execute_batch(meanwhile))
            .unwrap();
        Self::of(settings, wechat, vault, clock, folder).await
    }

    /// Sends a request to the public listener.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        send(&self.public, [203, 0, 113, 7], document::Side::Public, request).await
    }

    /// Sends a request to the internal listener.
    pub async fn send_inside(&self, request: Request<Full<Bytes>>) -> Answer {
        send(&self.internal, [127, 0, 0, 1], document::Side::Internal, request).await
    }

    pub async fn get(&self, path: &str, skey: &str) -> Answer {
        self.send(request("GET", path, Some(skey), None)).await
    }

    pub async fn post(&self, path: &str, skey: &str, body: Value) -> Answer {
        self.send(request("POST", path, Some(skey), Some(body))).await
    }

    pub async fn delete(&self, path: &str, skey: &str) -> Answer {
        self.send(request("DELETE", path, Some(skey), None)).await
    }

    /// Delivers events to webhooks until the handle is used or dropped.
    pub fn deliver(&self) -> Worker {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stopped = async { drop(stopped.await) };
        Worker { stop, task: tokio::spawn(wxgate_api::webhooks::deliver(Arc::clone(&self.app), stopped)) }
    }

    /// Has the worker look again, as it does when the clock of the real world has gone on.
    pub async fn wake(&self, token: &str) {
        let url = json!({ "url": "https://nobody.example.com", "types": ["member.erased"] });
        let made = self.send_inside(request("POST", "/api/v1/webhooks", Some(token), Some(url))).await;
        let at = format!("/api/v1/webhooks/{}", made.ok()["id"].as_str().unwrap());
        self.send_inside(request("DELETE", &at, Some(token), None)).await.ok();
    }

    /// The deliveries that are listed, once they are as `until` wants them.
    pub async fn listed(&self, token: &str, query: &str, until: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        loop {
            let path = format!("/api/v1/deliveries{query}");
            let page = self.send_inside(request("GET", &path, Some(token), None)).await;
            let rows = page.ok()["deliveries"].as_array().unwrap().clone();
            if until(&rows) {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A login of `openid` with a new session_key.
    pub async fn login(&self, openid: &str) -> Member {
        let (code, key) = self.wechat.login_code(openid);
        let login = self.send(request("POST", "/v1/login", None, Some(json!({ "code": code })))).await;
        assert_eq!(login.status, 200, "{login:?}");
        Member { skey: login.json["skey"].as_str().unwrap().to_owned(), openid: openid.to_owned(), key, login }
    }

    /// Where this server's access_tokens survive a restart.
    pub fn token_keep(&self) -> StoredTokens {
        StoredTokens::new(self.store.clone(), self.vault.clone(), self.clock.clone())
    }

    /// The file beside the server that writes it.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("data").join("wxgate.db")).unwrap()
    }

    /// An API token that lasts for an hour.
    pub async fn api_token(&self, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let (now, end) = (self.clock.now(), UnixSeconds(self.clock.now().0 + 3600));
        let (text, token) = ApiTokenText::create("test".into(), scopes, Some(end), now);
        self.store.create_api_token(token, By::COMMAND).await.unwrap();
        text.to_string()
    }
}

/// The worker that delivers events.
pub struct Worker {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Worker {
    /// Stops it and waits until it has.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// Every answer that any test sees must be one that the document tells of.
async fn send(edge: &Edge, peer: [u8; 4], side: document::Side, request: Request<Full<Bytes>>) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = Answer::of(edge.answer(request, Some(peer.into())).await).await;
    document::assert_tells_of(side, &method, &path, &answer);
    answer
}

pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Request<Full<Bytes>> {
    let mut builder = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        builder = builder.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        builder = builder.header("content-type", "application/json");
    }
    let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    builder.body(Full::new(bytes)).unwrap()
}

/// A request whose body is exactly these bytes.
pub fn raw(method: &str, path: &str, content_type: Option<&str>, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut builder = Request::builder().method(method).uri(path);
    if let Some(content_type) = content_type {
        builder = builder.header("content-type", content_type);
    }
    builder.body(Full::new(body.into())).unwrap()
}
