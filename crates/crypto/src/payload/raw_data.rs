//! The profile that comes in the open, beside a signature.

use super::content::object;
use serde::Deserialize;

/// The content of `rawData`. Believe it only after [`raw_data_matches`](crate::signature::raw_data_matches) on the text it was
/// read from. Absent keys are empty, unknown ones ignored.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawData {
    /// The nickname.
    pub nick_name: String,
    /// 0 unknown, 1 male, 2 female; 0 since 2021.
    pub gender: i64,
    /// The language of the WeChat client, such as `zh_CN`.
    pub language: String,
    /// Empty since 2021.
    pub city: String,
    /// Empty since 2021.
    pub province: String,
    /// Empty since 2021.
    pub country: String,
    /// URL of the picture; dies when the person changes it.
    pub avatar_url: String,
    /// Whether WeChat replaced the profile by an anonymous one. Undocumented, and there.
    #[serde(rename = "is_demote")]
    pub is_demote: bool,
}

silent_debug!(RawData);

impl RawData {
    /// Reads a JSON object; `None` if it is none, or a key has another type.
    pub fn parse(raw_data: &str) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_str(raw_data);
        let profile = object(&mut json).ok()?;
        json.end().ok()?;
        Some(profile)
    }
}
