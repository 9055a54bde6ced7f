//! Whether what members write and show may be shown (WeChat: 内容安全).

use serde::{Deserialize, Serialize};

use crate::http::Call;
use crate::{Client, Result};

refusals! {
    /// Why there is no verdict.
    ContentRefusal {
        /// Not an openid of this app.
        Openid = 40003 | 43104,
        /// Neither sound nor picture.
        MediaType = 40004,
        /// An argument is missing or out of its range.
        Argument = 40097,
        /// The scene is unknown.
        Scene = 40129,
        /// The minute's checks are made: wait.
        TooOften = 44991,
        /// Longer than 2500 characters.
        TooLong = 45002,
        /// The day's checks are made.
        Spent = 45009,
        /// The person has not used the mini program in the last two hours.
        Inactive = 61010,
        /// The same picture or sound is being checked already.
        Repeated = 87020,
    }
}

/// Where it would be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentScene {
    /// In somebody's profile: 1.
    Profile,
    /// As a comment: 2.
    Comment,
    /// In a forum: 3.
    Forum,
    /// In a social log: 4.
    Social,
}

impl ContentScene {
    fn number(self) -> u8 {
        match self {
            Self::Profile => 1,
            Self::Comment => 2,
            Self::Forum => 3,
            Self::Social => 4,
        }
    }
}

/// A text to be judged.
#[derive(Debug, Clone, Copy)]
pub struct TextCheck<'a> {
    /// At most 2500 characters.
    pub content: &'a str,
    /// Where it would be shown.
    pub scene: ContentScene,
    /// Who wrote it: somebody who used the mini program in the last two hours.
    pub openid: &'a str,
    /// The writer's name, which is judged as well.
    pub nickname: Option<&'a str>,
}

/// A picture or a sound to be judged.
#[derive(Debug, Clone, Copy)]
pub struct MediaCheck<'a> {
    /// Where WeChat can fetch it, at most 10 MB.
    pub media_url: &'a str,
    /// What it is.
    pub media_type: MediaType,
    /// Where it would be shown.
    pub scene: ContentScene,
    /// Who shows it: somebody who used the mini program in the last two hours.
    pub openid: &'a str,
}

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// 1
    Audio,
    /// 2
    Image,
}

/// What WeChat advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suggest {
    /// Show it.
    Pass,
    /// Let a human look at it.
    Review,
    /// Do not show it.
    Risky,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "i64")]
#[non_exhaustive]
pub enum Label {
    /// Nothing: 100.
    Normal,
    /// 10001
    Advertising,
    /// 20001
    Politics,
    /// 20002
    Pornography,
    /// 20003
    Abuse,
    /// 20006
    Crime,
    /// 20008
    Fraud,
    /// 20012
    Vulgarity,
    /// 20013
    Copyright,
    /// 21000 and whatever number is new.
    Other(i64),
}

impl From<i64> for Label {
    fn from(number: i64) -> Self {
        match number {
            100 => Self::Normal,
            10001 => Self::Advertising,
            20001 => Self::Politics,
            20002 => Self::Pornography,
            20003 => Self::Abuse,
            20006 => Self::Crime,
            20008 => Self::Fraud,
            20012 => Self::Vulgarity,
            20013 => Self::Copyright,
            other => Self::Other(other),
        }
    }
}

/// What WeChat says of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextVerdict {
    /// What to do.
    pub suggest: Suggest,
    /// Why.
    pub label: Label,
    /// What each of WeChat's strategies said.
    pub detail: Vec<TextDetail>,
    /// What WeChat's support finds the check by.
    pub trace_id: String,
}

/// What one strategy says of a text. One that failed has an `errcode` other than 0 and says nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TextDetail {
    /// Its name, such as `content_model` or `keyword`.
    pub strategy: String,
    /// 0 if it worked.
    pub errcode: i64,
    /// What to do.
    pub suggest: Option<Suggest>,
    /// Why.
    pub label: Option<Label>,
    /// How sure a model is, 0 to 100.
    pub prob: Option<u8>,
    /// The word that a list has found.
    pub keyword: Option<String>,
}

#[derive(Serialize)]
struct TextBody<'a> {
    content: &'a str,
    version: u8,
    scene: u8,
    openid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
}

#[derive(Serialize)]
struct MediaBody<'a> {
    media_url: &'a str,
    media_type: u8,
    version: u8,
    scene: u8,
    openid: &'a str,
}

#[derive(Deserialize)]
struct Judged {
    result: Advice,
    #[serde(default)]
    detail: Vec<TextDetail>,
    trace_id: String,
}

#[derive(Deserialize)]
struct Advice {
    suggest: Suggest,
    label: Label,
}

#[derive(Deserialize)]
struct Begun {
    trace_id: String,
}

impl Client {
    /// Whether a text may be shown (WeChat: 文本内容安全识别, version 2). Asking changes nothing.
    ///
    /// # Errors
    /// [`ContentRefusal`]
    pub async fn check_text(&self, appid: &str, check: &TextCheck<'_>) -> Result<TextVerdict> {
        let TextCheck { content, scene, openid, nickname } = *check;
        let body = TextBody { content, version: 2, scene: scene.number(), openid, nickname };
        let Judged { result, detail, trace_id } = self.call(appid, Call::post("/wxa/msg_sec_check", &body)).await?;
        Ok(TextVerdict { suggest: result.suggest, label: result.label, detail, trace_id })
    }

    /// Asks whether a picture or a sound may be shown (WeChat: 音视频内容安全识别, version 2). The answer comes within 30
    /// minutes by message push, in the event `wxa_media_check` of the `trace_id` that this returns.
    ///
    /// # Errors
    /// [`ContentRefusal`]
    pub async fn check_media(&self, appid: &str, check: &MediaCheck<'_>) -> Result<String> {
        let MediaCheck { media_url, media_type, scene, openid } = *check;
        let media_type = match media_type {
            MediaType::Audio => 1,
            MediaType::Image => 2,
        };
        let body = MediaBody { media_url, media_type, version: 2, scene: scene.number(), openid };
        let Begun { trace_id } = self.call(appid, Call::post("/wxa/media_check_async", &body)).await?;
        Ok(trace_id)
    }
}
