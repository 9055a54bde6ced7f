//! Plugins that tests are made of: well-behaved ones, and every kind of bad one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request as HttpRequest};
use http_body_util::Full;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use wxgate_api::plugin::{
    BoxError, Endpoint, Event, EventTypes, Host, Keep, Login, Member, MemberId, PhoneProof, Plugin, Refusal, Reply,
    Request, Stop,
};
use wxgate_api::{ApiError, Edge};
use zeroize::Zeroizing;

use super::{Answer, TestApp};

/// One that does everything, under a name of the test's choice.
pub struct Probe {
    pub name: &'static str,
    pub attributes: Attributes,
    pub schema: u32,
    /// The step of the schema that fails.
    pub broken_step: Option<u32>,
    /// Steps that were taken.
    pub steps: AtomicUsize,
    pub work: Work,
    /// Where it tells which events it heard; it panics over the first kind.
    pub hears: Option<(EventTypes, mpsc::UnboundedSender<String>)>,
    /// How often its own work ended in order.
    pub ended: Arc<AtomicUsize>,
}

/// What it does about a login's attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    None,
    Adds,
    Hangs,
    Fails,
    Panics,
    SaysTooMuch,
}

/// What it does by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    UntilStopped,
    Forever,
    Panics,
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::public(Method::GET, "/hello"),
    Endpoint::public(Method::POST, "/echo"),
    Endpoint::public(Method::GET, "/echo"),
    Endpoint::public(Method::POST, "/panic"),
    Endpoint::public(Method::POST, "/login"),
    Endpoint::public(Method::POST, "/phone"),
    Endpoint::public(Method::POST, "/keep"),
    Endpoint::public(Method::POST, "/take"),
    Endpoint::internal(Method::GET, "/inside", "stats:read"),
];

impl Probe {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Attributes::None,
            schema: 0,
            broken_step: None,
            steps: AtomicUsize::new(0),
            work: Work::UntilStopped,
            hears: None,
            ended: Arc::default(),
        }
    }

    pub fn with_attributes(name: &'static str, attributes: Attributes) -> Self {
        Self { attributes, ..Self::new(name) }
    }

    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Plugin for Probe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }

    async fn answer(&self, host: &Host, request: Request) -> Result<Reply, ApiError> {
        match request.path() {
            "/hello" => Reply::ok(&json!({ "hello": self.name })),
            "/inside" => Reply::ok(&json!({ "apps": host.appids() })),
            "/panic" => panic!("on purpose"),
            "/echo" => {
                let mut fields = request.fields()?;
                let text = fields.text(&["text"], 100)?;
                fields.end()?;
                Reply::json(&json!({ "text": text, "header": request.header("x-probe") }))
            }
            "/login" => login(host, &request).await,
            "/phone" => phone(host, &request).await,
            "/keep" => {
                let mut fields = request.fields()?;
                let key = fields.text(&["key"], 100)?.unwrap_or_default();
                let member = fields.text(&["member"], 100)?.map(|id| id.parse::<MemberId>().unwrap());
                let times = if key == "large" { 20_000 } else { 1 };
                let value = json!({ "favourite": fields.text(&["value"], 100)?.map(|text| text.repeat(times)) });
                let keep = Keep { member, until: Some(host.now() + 60) };
                Reply::ok(&json!({ "kept": host.storage().put(&key, &value, keep).await? }))
            }
            _ => {
                let key = request.fields()?.text(&["key"], 100)?.unwrap_or_default();
                let listed = host.storage().list::<Value>("", "", 10).await?;
                let got: Option<Value> = host.storage().get(&key).await?;
                let taken: Option<Value> = host.storage().take(&key).await?;
                assert_eq!(got, taken);
                Reply::ok(&json!({ "taken": taken, "listed": listed }))
            }
        }
    }

    fn schema(&self) -> u32 {
        self.schema
    }

    async fn migrate(&self, host: &Host, to: u32) -> Result<(), BoxError> {
        self.steps.fetch_add(1, Ordering::SeqCst);
        host.storage().put("step", &to, Keep::default()).await?;
        if self.broken_step == Some(to) { Err("broken".into()) } else { Ok(()) }
    }

    fn adds_attributes(&self) -> bool {
        self.attributes != Attributes::None
    }

    async fn attributes(&self, _host: &Host, member: &Member) -> Result<Map<String, Value>, BoxError> {
        let value = match self.attributes {
            Attributes::None => unreachable!("it adds none"),
            Attributes::Adds => json!(member.id),
            Attributes::Hangs => std::future::pending().await,
            Attributes::Fails => return Err("on purpose".into()),
            Attributes::Panics => panic!("on purpose"),
            Attributes::SaysTooMuch => json!("x".repeat(9_000)),
        };
        Ok(Map::from_iter([(self.name.to_owned(), value), ("shared".to_owned(), json!(self.name))]))
    }

    fn events(&self) -> EventTypes {
        self.hears.as_ref().map_or(EventTypes::NONE, |(kinds, _)| *kinds)
    }

    async fn event(&self, host: &Host, event: &Event) {
        let (kinds, heard) = self.hears.as_ref().unwrap();
        heard.send(format!("{} {}", event.happened.kind(), event.happened_at.0 - host.now().0)).unwrap();
        assert_ne!(kinds.iter().next(), Some(event.happened.kind()), "on purpose");
    }

    async fn run(&self, _host: Host, mut stop: Stop) {
        match self.work {
            Work::UntilStopped => while stop.sleep(Duration::from_secs(1)).await {},
            Work::Forever => std::future::pending().await,
            Work::Panics => panic!("on purpose"),
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

async fn login(host: &Host, request: &Request) -> Result<Reply, ApiError> {
    let mut fields = request.fields()?;
    let code = Zeroizing::new(fields.text(&["code"], 1_000)?.unwrap_or_default());
    let signed = fields.pair(&["rawData"], &["signature"])?;
    let made = host.login(request, Login { appid: None, code, signed, sealed: None }).await?;
    let shown = host.shown(made.caller.member());
    Reply::ok(&json!({
        "skey": *made.skey, "is_new": made.is_new, "profile": made.profile, "expires_in": made.expires_in,
        "session": made.caller.session(), "nickName": shown.nick_name, "openid": shown.openid, "id": shown.id,
        "lasts": made.caller.expires_at() > host.now(),
    }))
}

async fn phone(host: &Host, request: &Request) -> Result<Reply, ApiError> {
    let mut fields = request.fields()?;
    let caller = match fields.text(&["session"], 16)? {
        Some(session) => host.resume(session.parse().unwrap()).await?,
        None => host.authenticate(request.bearer()).await?,
    };
    let proof = match fields.pair(&["encryptedData"], &["iv"])? {
        Some((encrypted_data, iv)) => PhoneProof::Encrypted { encrypted_data, iv },
        None => PhoneProof::Code(fields.text(&["phoneCode"], 1_000)?.unwrap_or_default().into()),
    };
    let proven = host.bind_phone(request, caller, proof).await?;
    Reply::ok(&json!({
        "phone": proven.phone_number(), "pure": proven.pure_phone_number(), "country": proven.country_code(),
        "trust": proven.trust(),
    }))
}

/// One that says refusals in its own way.
pub struct Spoken {
    /// Whether it panics over them.
    pub panics: bool,
}

#[async_trait]
impl Plugin for Spoken {
    fn name(&self) -> &'static str {
        "spoken"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        const MINE: &[Endpoint] = &[Endpoint::public(Method::POST, "/me")];
        MINE
    }

    async fn answer(&self, host: &Host, request: Request) -> Result<Reply, ApiError> {
        host.authenticate(request.bearer()).await?;
        Reply::json(&json!({}))
    }

    fn refusal(&self, refusal: &Refusal) -> Option<Value> {
        assert!(!self.panics, "on purpose");
        Some(json!({ "code": -1, "word": refusal.error, "number": refusal.errcode, "say": refusal.errmsg }))
    }
}

impl TestApp {
    pub async fn with_plugins(plugins: Vec<Arc<dyn Plugin>>) -> Self {
        let app = Self::new().await;
        app.app.install(plugins).await.unwrap();
        app
    }

    /// A request to a plugin on the public listener: the document tells of none of these.
    pub async fn ask(&self, request: HttpRequest<Full<Bytes>>) -> Answer {
        ask(&self.public, request).await
    }

    /// The same on the internal listener.
    pub async fn ask_inside(&self, request: HttpRequest<Full<Bytes>>) -> Answer {
        ask(&self.internal, request).await
    }
}

async fn ask(edge: &Edge, request: HttpRequest<Full<Bytes>>) -> Answer {
    Answer::of(edge.answer(request, Some([203, 0, 113, 7].into())).await).await
}
