//! `[app.content_check]`: whether WeChat judges what members write and show.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wxgate_api::settings;

use super::apps::{Draft, Notes};
use super::flaw::{Flaw, Place};
use crate::lang::words;

const NICKNAMES: &str = "app.content_check.nicknames";
pub(super) const AVATARS: &str = "app.content_check.avatars";

/// The section of one app, and where each value of it stands.
#[derive(Debug)]
pub(crate) struct ContentCheck {
    pub(crate) settings: settings::ContentCheck,
    pub(super) shown: Vec<(&'static str, Value, Place)>,
}

impl ContentCheck {
    /// Where it is written that pictures are judged, if they are.
    pub(super) fn avatars_at(&self) -> Option<&Place> {
        let written = self.shown.iter().find(|(key, value, _)| *key == AVATARS && *value == json!(true));
        written.map(|(.., place)| place)
    }
}

/// Reads the section if the app has it; what it leaves out is off. What WeChat finds in a picture comes by push.
pub(super) fn read(draft: &mut Draft, notes: &mut Notes) -> Option<ContentCheck> {
    let mut shown = Vec::new();
    let mut is_on = |key: &'static str| {
        let given = draft.take(key).pop().and_then(|(place, value)| Some((place, value?)));
        let on = given.as_ref().is_some_and(|(_, value)| value.expose_secret() == "true");
        shown.extend(given.map(|(place, _)| (key, json!(on), place)));
        on
    };
    let settings = settings::ContentCheck { nicknames: is_on(NICKNAMES), avatars: is_on(AVATARS) };
    let check = ContentCheck { settings, shown };
    if let Some(place) = check.avatars_at().filter(|_| !draft.says("push")) {
        let words = words(
            "头像的审核结果由消息推送送达：还须配置 [app.push]",
            "what WeChat finds comes by message push: configure [app.push] as well",
        );
        notes.flaws.push(Flaw::at(place, AVATARS, words));
    }
    (!check.shown.is_empty()).then_some(check)
}
