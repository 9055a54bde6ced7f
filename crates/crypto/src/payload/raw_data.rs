//! The profile that comes in the open, beside a signature.

use super::content::object;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The content of `rawData`. Believe it only after [`raw_data_matches`](crate::signature::raw_data_matches) on the text it was
/// read from. Absent keys are empty, unknown ones ignored.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawData {
    /// The nickname.
    pub nick_name: String,
    /// 0 unknown, 1 male, 2 female; 0 since 2021, and whenever it is not a number.
    #[serde(deserialize_with = "number_or_zero")]
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
    /// Reads a JSON object; `None` if it is none, or a text has another type.
    pub fn parse(raw_data: &str) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_str(raw_data);
        let profile = object(&mut json).ok()?;
        json.end().ok()?;
        Some(profile)
    }
}

/// Clients that fill in what WeChat no longer tells write null or a word; the rest of the profile is as good.
fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_i64().unwrap_or(0))
}
