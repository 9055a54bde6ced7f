use std::fmt;

use serde::{Deserialize, Serialize};

const ANONYMOUS_AVATAR: &str = "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132";

/// Data that only the server can read: `encryptedData` and `iv` as the mini program gets them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenData {
    /// Base64 of AES-128-CBC under the living session_key.
    pub encrypted_data: String,
    /// Base64 of 16 bytes, fresh each time.
    pub iv: String,
}

/// `e.detail` of the phone number button: both ways at once.
#[derive(Clone, Serialize)]
pub struct PhoneTap {
    /// For getuserphonenumber: 64 hex digits, once, 5 minutes.
    pub code: String,
    /// The same number, sealed.
    #[serde(flatten)]
    pub data: OpenData,
}

/// What wx.getUserInfo or wx.getUserProfile gives.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The profile as an object.
    pub user_info: UserInfo,
    /// The profile as text, of which `signature` is made.
    pub raw_data: String,
    /// Lowercase hex of SHA-1 over `rawData` and the session_key.
    pub signature: String,
    /// The profile with a watermark, and with the openid if getUserInfo gave it.
    #[serde(flatten)]
    pub data: OpenData,
}

/// A profile in WeChat's fields and order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are WeChat's and say it all")]
pub struct UserInfo {
    pub nick_name: String,
    pub gender: i64,
    pub language: String,
    pub city: String,
    pub province: String,
    pub country: String,
    pub avatar_url: String,
    /// True for anonymous data; absent from a real profile.
    #[serde(rename = "is_demote", skip_serializing_if = "Option::is_none")]
    pub is_demote: Option<bool>,
}

impl UserInfo {
    /// The grey figure that WeChat shows to programs.
    pub(crate) fn anonymous() -> Self {
        Self {
            nick_name: "微信用户".to_owned(),
            gender: 0,
            language: String::new(),
            city: String::new(),
            province: String::new(),
            country: String::new(),
            avatar_url: ANONYMOUS_AVATAR.to_owned(),
            is_demote: Some(true),
        }
    }

    /// What old clients still send.
    pub(crate) fn real(nick_name: &str, avatar_url: &str) -> Self {
        Self {
            nick_name: nick_name.to_owned(),
            gender: 1,
            language: "zh_CN".to_owned(),
            city: "Guangzhou".to_owned(),
            province: "Guangdong".to_owned(),
            country: "China".to_owned(),
            avatar_url: avatar_url.to_owned(),
            is_demote: None,
        }
    }
}

/// Which of the two calls a profile comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ProfileApi {
    /// With `openId`, and `unionId` if the app is bound, in the sealed data.
    #[default]
    #[serde(rename = "getUserInfo")]
    GetUserInfo,
    /// Without.
    #[serde(rename = "getUserProfile")]
    GetUserProfile,
}

/// Which profile is asked for. By default the anonymous one that every program gets since November 2022.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileAsk {
    /// The user's own name and picture, as old clients still send them.
    pub real: bool,
    /// The call that it comes from.
    pub api: ProfileApi,
}

macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
silent_debug!(OpenData, PhoneTap, Profile);

/// What is remembered of a phone number's ciphertext, for checkencryptedmsg.
pub(crate) struct PhoneHash {
    pub(crate) appid: String,
    pub(crate) created_at: i64,
}

#[derive(Serialize)]
pub(crate) struct Watermark<'a> {
    pub(crate) timestamp: i64,
    pub(crate) appid: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Watermarked<'a, T> {
    #[serde(flatten)]
    pub(crate) content: T,
    pub(crate) watermark: Watermark<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tapped<'a> {
    pub(crate) phone_number: String,
    pub(crate) pure_phone_number: &'a str,
    pub(crate) country_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identified<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_id: Option<String>,
    #[serde(flatten)]
    pub(crate) user_info: &'a UserInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) union_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WeRun {
    pub(crate) step_info_list: Vec<Step>,
}

#[derive(Serialize)]
pub(crate) struct Step {
    pub(crate) timestamp: i64,
    pub(crate) step: u16,
}

#[derive(Serialize)]
pub(crate) struct Share {
    #[serde(rename = "openGId")]
    pub(crate) open_g_id: String,
}

#[derive(Serialize)]
pub(crate) struct GroupEnter {
    pub(crate) opengid: String,
    pub(crate) open_single_roomid: &'static str,
    pub(crate) group_openid: &'static str,
    pub(crate) chat_type: i64,
}

/// JSON in the order of the fields, as WeChat writes it.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("structs of strings and numbers serialise")
}
