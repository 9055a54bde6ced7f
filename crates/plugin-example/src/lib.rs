#![doc = include_str!("../README.md")]

mod settings;
mod visits;

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use wxgate_api::ApiError;
use wxgate_api::plugin::{
    BadSetting, BoxError, Endpoint, Event, EventType, EventTypes, Happened, Host, Member, Plugin, Refusal, Reply,
    Request, Stop,
};

pub use settings::Settings;

/// Time between two lines in the log.
const EVERY: Duration = Duration::from_hours(1);

/// Counts each member's logins, and greets.
pub struct Example {
    settings: Settings,
    /// Held while a count is read and written again: two logins at once are two.
    counting: Mutex<()>,
}

impl Example {
    /// A plugin with these settings; it is for all apps.
    ///
    /// # Errors
    /// When the settings cannot be used: the program tells it with the line that says it.
    pub fn new(settings: &Settings, _appids: &[String]) -> Result<Self, BadSetting> {
        settings.check()?;
        Ok(Self { settings: settings.clone(), counting: Mutex::default() })
    }
}

const ENDPOINTS: &[Endpoint] =
    &[Endpoint::public(Method::GET, "/greeting"), Endpoint::internal(Method::GET, "/visits", "stats:read")];

#[async_trait]
impl Plugin for Example {
    fn name(&self) -> &'static str {
        "example"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }

    async fn answer(&self, host: &Host, request: Request) -> Result<Reply, ApiError> {
        if request.path() == "/visits" {
            return Reply::ok(&json!({ "visits": visits::all(host).await? }));
        }
        let caller = host.authenticate(request.bearer()).await?;
        let name = host.shown(caller.member()).nick_name.unwrap_or_default();
        let visits = visits::of(host, caller.member().id).await?;
        Reply::ok(&json!({ "greeting": self.settings.greeting, "nickName": name, "visits": visits }))
    }

    fn refusal(&self, refusal: &Refusal) -> Option<Value> {
        // Only its own words for this one: all others are the core's.
        (refusal.error == "unauthorized")
            .then(|| json!({ "error": refusal.error, "greeting": "请先登录 please log in" }))
    }

    fn schema(&self) -> u32 {
        1
    }

    async fn migrate(&self, host: &Host, _to: u32) -> Result<(), BoxError> {
        visits::with_their_time(host).await
    }

    fn adds_attributes(&self) -> bool {
        true
    }

    async fn attributes(&self, host: &Host, member: &Member) -> Result<Map<String, Value>, BoxError> {
        let _alone = self.counting.lock().await;
        let visits = visits::count(host, member.id, self.settings.remember_days).await?;
        Ok(Map::from_iter([("visits".to_owned(), visits.into())]))
    }

    fn events(&self) -> EventTypes {
        EventTypes::from_iter([EventType::PhoneBound])
    }

    async fn event(&self, _host: &Host, event: &Event) {
        if let (Happened::PhoneBound { trust }, Some(member)) = (&event.happened, event.member) {
            tracing::info!(member.id = %member, trust = trust.as_str(), "somebody gave a phone number");
        }
    }

    async fn run(&self, host: Host, mut stop: Stop) {
        while stop.sleep(EVERY).await {
            match visits::all(&host).await {
                Ok(visits) => tracing::info!(visits, "visits so far"),
                Err(error) => tracing::warn!(%error, "the visits could not be counted"),
            }
        }
    }
}
