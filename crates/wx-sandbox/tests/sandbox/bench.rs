use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wxgate_crypto::SessionKey;
use wxgate_crypto::payload::{self, Content, Encrypted, Expect, Unopenable};
use wxgate_sandbox::{App, OpenData, Sandbox, Settings, User, UserSpec, bind};

/// When every test begins: at a full minute, so that limits for each minute are not cut in two.
pub(crate) const NOW: i64 = 1_700_000_040;

/// A sandbox on a port of its own, with one app and one user, and a client that is no cleverer than needed.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: App,
    pub(crate) user: User,
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let sandbox = Sandbox::new(settings);
        let (app, user) = (sandbox.add_app(), sandbox.add_user(UserSpec::named("alice")));
        let (addr, stop) = Self::serve(sandbox.clone()).await;
        Self { sandbox, app, user, addr, stop: Some(stop) }
    }

    /// Nothing in it: neither app nor user.
    pub(crate) async fn empty() -> (Sandbox, Client) {
        let sandbox = Sandbox::new(settings());
        let (addr, stop) = Self::serve(sandbox.clone()).await;
        (sandbox, Client { addr, _stop: stop })
    }

    async fn serve(sandbox: Sandbox) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(sandbox.serve(listener, async { drop(stopped.await) }));
        (addr, stop)
    }

    pub(crate) fn stop(&mut self) {
        self.stop = None;
    }

    pub(crate) fn appid(&self) -> &str {
        &self.app.appid
    }

    pub(crate) fn login(&self) -> String {
        self.sandbox.login(&self.app.appid, &self.user.id).unwrap()
    }

    pub(crate) fn key(&self) -> SessionKey {
        self.sandbox.session_key(&self.app.appid, &self.user.id).unwrap()
    }

    pub(crate) fn openid(&self) -> String {
        self.sandbox.openid(&self.app.appid, &self.user.id)
    }

    pub(crate) async fn exchange(&self, code: &str) -> Answer {
        self.exchange_as(&self.app, code).await
    }

    pub(crate) async fn exchange_as(&self, app: &App, code: &str) -> Answer {
        let App { appid, secret, .. } = app;
        let query = format!("appid={appid}&secret={secret}&js_code={code}&grant_type=authorization_code");
        self.get(&format!("/sns/jscode2session?{query}")).await
    }

    pub(crate) async fn stable_token(&self, force_refresh: bool) -> Answer {
        let App { appid, secret, .. } = &self.app;
        let body = json!({"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force_refresh});
        self.post("/cgi-bin/stable_token", &body).await
    }

    pub(crate) async fn plain_token(&self) -> Answer {
        let App { appid, secret, .. } = &self.app;
        self.get(&format!("/cgi-bin/token?grant_type=client_credential&appid={appid}&secret={secret}")).await
    }

    /// An access_token of the stable line.
    pub(crate) async fn token(&self) -> String {
        self.stable_token(false).await.text("access_token")
    }

    /// A POST with an access_token.
    pub(crate) async fn business(&self, name: &str, body: &Value) -> Answer {
        self.post(&format!("/wxa/business/{name}?access_token={}", self.token().await), body).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        get(self.addr, target).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answer {
        post(self.addr, target, &body.to_string()).await
    }

    /// The bytes that come back for these bytes, up to the end of the connection.
    pub(crate) async fn raw(&self, request: &str) -> Vec<u8> {
        raw(self.addr, request).await
    }

    /// The same, beside the test.
    pub(crate) fn start(&self, request: &'static str) -> JoinHandle<Vec<u8>> {
        tokio::spawn(raw(self.addr, request))
    }
}

/// The client alone.
pub(crate) struct Client {
    addr: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Client {
    pub(crate) async fn get(&self, target: &str) -> Answer {
        get(self.addr, target).await
    }

    pub(crate) async fn post(&self, target: &str, body: &str) -> Answer {
        post(self.addr, target, body).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        Answer::parse(
            &raw(self.addr, &format!("DELETE {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await,
        )
    }
}

async fn get(addr: SocketAddr, target: &str) -> Answer {
    Answer::parse(&raw(addr, &format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await)
}

async fn post(addr: SocketAddr, target: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    Answer::parse(&raw(addr, &format!("{head}{body}")).await)
}

async fn raw(addr: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self { status: head[9..12].parse().unwrap(), head, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap().to_owned()
    }

    /// What WeChat said, which counts for nothing unless the status is 200. 0 also where no errcode stands.
    pub(crate) fn errcode(&self) -> i64 {
        assert_eq!(self.status, 200);
        self.json().get("errcode").map_or(0, |errcode| errcode.as_i64().unwrap())
    }
}

pub(crate) fn settings() -> Settings {
    Settings { seed: Some(1), frozen_at: Some(NOW), ..Settings::default() }
}

/// Opens as a strict server does: with this key, for this app, at this time.
pub(crate) fn open<C: Content>(data: &OpenData, key: &SessionKey, appid: &str, now: i64) -> Result<C, Unopenable> {
    payload::open(&Encrypted::parse(&data.encrypted_data, &data.iv).unwrap(), key, &Expect { appid, now })
}
