//! Calls beside [`WeChat`](crate::WeChat): what a login server's team needs next. One file a family, each with the
//! refusals that a caller can act on.

#[macro_use]
mod refusals;

mod content;
mod diagnosis;
mod link;
mod qr_code;
mod risk;
mod subscribe;
mod user;

pub use content::{
    ContentRefusal, ContentScene, Label, MediaCheck, MediaType, Suggest, TextCheck, TextDetail, TextVerdict,
};
pub use diagnosis::{ApiQuota, DiagnosisRefusal, RateLimit, RidInfo};
pub use link::{LinkRefusal, LinkTarget, Lives, ShortLink};
pub use qr_code::{CodeRefusal, CodeStyle, Image, ImageKind, Rgb, UnlimitedCode};
pub use risk::{RiskQuestion, RiskRank, RiskRefusal, RiskScene};
pub use subscribe::{MessageLang, SendRefusal, SubscribeMessage};
pub use user::{EncryptKey, EncryptKeyRefusal, PaidBy, PaidUnionidRefusal, PluginRefusal};

use serde::Serialize;

/// Which version of the mini program is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvVersion {
    /// The one that everybody has.
    Release,
    /// 体验版
    Trial,
    /// 开发版
    Develop,
}
