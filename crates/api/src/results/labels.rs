//! What tells one count of a family from another. Every value is one of a bounded set: configured apps, words of ours, WeChat's
//! known numbers. Never anything that names a person.

use prometheus_client::encoding::EncodeLabelSet;

/// Logins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Login {
    pub appid: String,
    pub result: &'static str,
    pub cause: &'static str,
}

/// What an app alone tells apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfApp {
    pub appid: String,
}

/// Openings of payloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Opening {
    pub appid: String,
    pub cause: &'static str,
}

/// Numbers that were bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Phone {
    pub appid: String,
    pub trust: &'static str,
}

/// Calls to WeChat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Call {
    pub api: String,
    pub errcode: String,
}

/// An interface of WeChat's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Api {
    pub api: String,
}
