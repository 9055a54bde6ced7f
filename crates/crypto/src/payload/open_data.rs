//! The other open data: steps, and the groups a mini program is shared in.

use super::{
    Content, Kind, Watermark,
    content::{object, sealed},
};
use serde::{Deserialize, Serialize};

/// Steps of the last 31 days, from `wx.getWeRunData`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeRun {
    /// One entry a day, oldest first.
    pub step_info_list: Vec<Step>,
    /// For whom and when.
    #[serde(deserialize_with = "object")]
    pub watermark: Watermark,
}

/// The steps of one day.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unix seconds within that day.
    pub timestamp: i64,
    /// How many.
    pub step: i64,
}

/// The group a mini program was shared to, from `wx.getShareInfo`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The group's id for this mini program. WeChat spells it with capitals here, and only here.
    #[serde(rename = "openGId")]
    pub open_g_id: String,
    /// For whom and when.
    #[serde(deserialize_with = "object")]
    pub watermark: Watermark,
}

/// The group a mini program was entered from, from `wx.getGroupEnterInfo`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group's id for this mini program.
    pub opengid: String,
    /// The single chat's id; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_single_roomid: Option<String>,
    /// The person's id within the group; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_openid: Option<String>,
    /// The kind of chat, in WeChat's numbers; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_type: Option<i64>,
    /// For whom and when.
    #[serde(deserialize_with = "object")]
    pub watermark: Watermark,
}

silent_debug!(WeRun, Step, Share, Group);

impl Content for WeRun {
    const KIND: Kind = Kind::WeRun;
}

impl sealed::Read for WeRun {
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}

impl Content for Share {
    const KIND: Kind = Kind::Share;
}

impl sealed::Read for Share {
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}

impl Content for Group {
    const KIND: Kind = Kind::Group;
}

impl sealed::Read for Group {
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}
