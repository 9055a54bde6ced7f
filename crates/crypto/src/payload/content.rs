//! What all kinds of content have in common: a decisive key and a watermark.

use super::Stage;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// What a payload is about. WeChat does not say; the keys tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `wx.getUserInfo`, `wx.getUserProfile`.
    UserInfo,
    /// The `getPhoneNumber` button.
    Phone,
    /// `wx.getWeRunData`.
    #[serde(rename = "werun")]
    WeRun,
    /// `wx.getShareInfo`.
    Share,
    /// `wx.getGroupEnterInfo`.
    Group,
}

impl Kind {
    /// The word for it on the wire and in logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::UserInfo => "user_info",
            Self::Phone => "phone",
            Self::WeRun => "werun",
            Self::Share => "share",
            Self::Group => "group",
        }
    }

    /// The kind that a key of the object belongs to, if it belongs to one alone.
    fn of_key(key: &str) -> Option<Self> {
        match key {
            "phoneNumber" | "purePhoneNumber" => Some(Self::Phone),
            "stepInfoList" => Some(Self::WeRun),
            "openGId" => Some(Self::Share),
            "opengid" => Some(Self::Group),
            "nickName" | "avatarUrl" => Some(Self::UserInfo),
            _ => None,
        }
    }
}

/// WeChat's mark in every payload: for whom it was made, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watermark {
    /// Unix seconds.
    pub timestamp: i64,
    /// The mini program it was made for.
    pub appid: String,
}

/// A kind of content that [`open`](super::open) can give. Sealed: the kinds are WeChat's.
pub trait Content: sealed::Read {
    /// Which one.
    const KIND: Kind;
}

pub(crate) mod sealed {
    use super::{DeserializeOwned, Watermark};

    pub trait Read: DeserializeOwned {
        fn watermark(&self) -> &Watermark;

        /// What must hold between the values, beyond their keys and types.
        fn is_consistent(&self) -> bool {
            true
        }
    }
}

/// Reads the text of a payload as `C`.
pub(crate) fn read<C: Content>(text: &str) -> Result<C, Stage> {
    let kinds = kinds(text).ok_or(Stage::Json)?;
    if !kinds.contains(&C::KIND) {
        return Err(kinds.first().copied().map_or(Stage::Schema, Stage::OtherKind));
    }
    serde_json::from_str(text).ok().filter(C::is_consistent).ok_or(Stage::Schema)
}

/// The kinds whose keys a JSON object has, in their order; `None` if it is not a JSON object. No value is copied.
pub(crate) fn kinds(text: &str) -> Option<Vec<Kind>> {
    serde_json::from_str(text).ok().map(|Kinds(kinds)| kinds)
}

struct Kinds(Vec<Kind>);

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Kinds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kinds, A::Error> {
                let mut kinds = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
                    kinds.extend(Kind::of_key(&key));
                }
                Ok(Kinds(kinds))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// Reads an object as `T`, for `deserialize_with`. A derived struct alone would take an array of its fields as well.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}
