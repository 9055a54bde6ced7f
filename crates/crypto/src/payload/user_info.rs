//! The profile of `wx.getUserInfo` and `wx.getUserProfile`.

use super::{
    Content, Kind, Watermark,
    content::{object, sealed},
};
use serde::Deserialize;

/// A profile. Since 2022 it is anonymous (`微信用户`, a grey picture) for nearly everybody; absent keys are empty.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// Absent in `wx.getUserProfile`. A client can write it through the IV: it may be compared, never believed.
    pub open_id: Option<String>,
    /// As `open_id`.
    pub union_id: Option<String>,
    /// The nickname.
    #[serde(default)]
    pub nick_name: String,
    /// 0 unknown, 1 male, 2 female; 0 since 2021.
    #[serde(default)]
    pub gender: i64,
    /// The language of the WeChat client, such as `zh_CN`.
    #[serde(default)]
    pub language: String,
    /// Empty since 2021.
    #[serde(default)]
    pub city: String,
    /// Empty since 2021.
    #[serde(default)]
    pub province: String,
    /// Empty since 2021.
    #[serde(default)]
    pub country: String,
    /// URL of the picture; dies when the person changes it.
    #[serde(default)]
    pub avatar_url: String,
    /// Whether WeChat replaced the profile by an anonymous one. Undocumented, and there.
    #[serde(default, rename = "is_demote")]
    pub is_demote: bool,
    /// For whom and when.
    #[serde(deserialize_with = "object")]
    pub watermark: Watermark,
}

silent_debug!(UserInfo);

impl Content for UserInfo {
    const KIND: Kind = Kind::UserInfo;
}

impl sealed::Read for UserInfo {
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}
