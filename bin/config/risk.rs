//! `[app.risk]`: whether WeChat is asked how risky a login is, and what becomes of one that is.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wx_client::calls::RiskScene;
use wxgate_api::settings::{self, RiskAction};

use super::apps::{Draft, Notes};
use super::flaw::{Flaw, Place};
use crate::lang::words;

const SCENE: &str = "app.risk.scene";
const THRESHOLD: &str = "app.risk.threshold";
const ACTION: &str = "app.risk.action";

pub(super) const SCENES: &[&str] = &["registration", "marketing", "content"];
pub(super) const ACTIONS: &[&str] = &["refuse", "mark"];

/// The section of one app, and where each value of it stands.
#[derive(Debug)]
pub(crate) struct Risk {
    pub(crate) settings: settings::Risk,
    pub(super) shown: [(&'static str, Value, Place); 3],
}

/// Reads the section if the app has it; then all of it is needed.
pub(super) fn read(draft: &mut Draft, notes: &mut Notes) -> Option<Risk> {
    if !draft.says("risk") {
        return None;
    }
    let [scene, threshold, action] = [SCENE, THRESHOLD, ACTION].map(|key| text(draft, key, notes));
    let ((scene_place, scene), (threshold_place, threshold), (action_place, action)) = (scene?, threshold?, action?);
    let settings = settings::Risk {
        scene: match scene.as_str() {
            "registration" => RiskScene::Registration,
            "marketing" => RiskScene::Marketing,
            _ => RiskScene::Content,
        },
        threshold: threshold.parse().ok()?,
        action: if action == "refuse" { RiskAction::Refuse } else { RiskAction::Mark },
    };
    let shown = [
        (SCENE, json!(scene), scene_place),
        (THRESHOLD, json!(settings.threshold), threshold_place),
        (ACTION, json!(action), action_place),
    ];
    Some(Risk { settings, shown })
}

/// The last value given for `key`, which the table of keys has checked.
fn text(draft: &mut Draft, key: &'static str, notes: &mut Notes) -> Option<(Place, String)> {
    let Some((place, value)) = draft.take(key).pop() else {
        let words = words("缺少：[app.risk] 的三项都要写", "missing: [app.risk] needs all three of its keys");
        notes.flaws.push(Flaw::at(draft.place(), key, words));
        return None;
    };
    Some((place, value?.expose_secret().to_owned()))
}
