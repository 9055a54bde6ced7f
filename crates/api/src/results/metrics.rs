//! The counts that `/metrics` shows.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use wx_client::Called;

use super::labels::{Api, Call, Login, OfApp, Opening, Phone};
use super::standing::Standing;

/// In front of every name.
const PREFIX: &str = "wxgate";
/// Seconds of a call to WeChat, which takes 5 at most.
const CALL_SECONDS: [f64; 9] = [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0];

/// One count for each set of labels that was seen.
pub struct Metrics {
    registry: Registry,
    logins: Family<Login, Counter>,
    members: Family<OfApp, Counter>,
    openings: Family<Opening, Counter>,
    phones: Family<Phone, Counter>,
    calls: Family<Call, Counter>,
    seconds: Family<Api, Histogram, fn() -> Histogram>,
}

impl Metrics {
    pub fn new(standing: Standing) -> Self {
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix(PREFIX);
        let (logins, members, openings) = (Family::default(), Family::default(), Family::default());
        let (phones, calls) = (Family::default(), Family::default());
        let seconds = Family::new_with_constructor(call_seconds as fn() -> Histogram);
        ours.register("logins", "Logins by result, and failed ones by the word they were answered", logins.clone());
        ours.register("members_created", "Logins that made a member", members.clone());
        ours.register(
            "openings",
            "Encrypted payloads by what became of them; rescued: an older session_key opened it",
            openings.clone(),
        );
        ours.register("phones_bound", "Phone numbers that were bound, by what proved them", phones.clone());
        ours.register("wechat_calls", "Calls to WeChat by interface and outcome; 0: success", calls.clone());
        ours.register("wechat_call_duration_seconds", "How long calls to WeChat took", seconds.clone());
        registry.register_collector(Box::new(standing));
        Self { registry, logins, members, openings, phones, calls, seconds }
    }

    pub fn login(&self, appid: &str, result: &'static str, cause: &'static str) {
        self.logins.get_or_create(&Login { appid: appid.to_owned(), result, cause }).inc();
    }

    pub fn member(&self, appid: &str) {
        self.members.get_or_create(&OfApp { appid: appid.to_owned() }).inc();
    }

    pub fn opening(&self, appid: &str, cause: &'static str) {
        self.openings.get_or_create(&Opening { appid: appid.to_owned(), cause }).inc();
    }

    pub fn phone(&self, appid: &str, trust: &'static str) {
        self.phones.get_or_create(&Phone { appid: appid.to_owned(), trust }).inc();
    }

    pub fn called(&self, call: &Called<'_>) {
        let (api, errcode) = (call.api.to_owned(), call.error.map_or_else(|| "0".to_owned(), wx_client::Error::label));
        if call.was_made() {
            self.seconds.get_or_create(&Api { api: api.clone() }).observe(call.took.as_secs_f64());
        }
        self.calls.get_or_create(&Call { api, errcode }).inc();
    }

    /// The text of `/metrics`.
    pub fn exposition(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn call_seconds() -> Histogram {
    Histogram::new(CALL_SECONDS)
}
