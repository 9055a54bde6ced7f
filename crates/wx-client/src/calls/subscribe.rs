//! Messages that somebody allowed beforehand, one by one (WeChat: 订阅消息).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Loose;
use crate::calls::EnvVersion;
use crate::http::Call;
use crate::{Client, Result};

refusals! {
    /// Why a message was not sent.
    SendRefusal {
        /// Not an openid of this app.
        Openid = 40003,
        /// No template of this app.
        Template = 40037,
        /// The member allowed none, or none that is left: they are to be asked again.
        NotSubscribed = 43101,
        /// WeChat took the capability away from this app.
        Banned = 43107,
        /// Another message to the same member is on its way: later.
        Concurrent = 43108,
        /// The day's messages are spent.
        Spent = 45009,
        /// It contains what WeChat does not let through.
        Sensitive = 45168,
        /// A keyword is missing or breaks the limits of its kind.
        Data = 47003,
    }
}

/// A message of a template.
#[derive(Debug, Clone)]
pub struct SubscribeMessage<'a> {
    /// The openid it goes to.
    pub touser: &'a str,
    /// Of the console.
    pub template_id: &'a str,
    /// The template's keywords, such as `thing1`, and what stands in for them.
    pub data: BTreeMap<&'a str, &'a str>,
    /// Where a tap on it leads, with query; nowhere if `None`.
    pub page: Option<&'a str>,
    /// Which version that opens.
    pub miniprogram_state: EnvVersion,
    /// In which language WeChat writes its own words around it.
    pub lang: MessageLang,
}

/// A language of the message's frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum MessageLang {
    #[default]
    #[serde(rename = "zh_CN")]
    ZhCn,
    #[serde(rename = "zh_HK")]
    ZhHk,
    #[serde(rename = "zh_TW")]
    ZhTw,
    #[serde(rename = "en_US")]
    EnUs,
}

#[derive(Serialize)]
struct Body<'a> {
    touser: &'a str,
    template_id: &'a str,
    data: BTreeMap<&'a str, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    miniprogram_state: &'static str,
    lang: MessageLang,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "errcode")]
    _errcode: Loose,
    msgid: Option<u64>,
}

impl Client {
    /// Sends a message, which uses up one of those that the member allowed (WeChat: 发送订阅消息). Its number, if WeChat
    /// names it, comes again in the event `subscribe_msg_sent_event`.
    ///
    /// Nothing tells two equal messages apart: after [`Unreachable`](crate::Error::Unreachable) with `sent` it may have been
    /// sent, and a second try may send it twice.
    ///
    /// # Errors
    /// [`SendRefusal`]
    pub async fn send_subscribe_message(&self, appid: &str, message: &SubscribeMessage<'_>) -> Result<Option<u64>> {
        let body = Body {
            touser: message.touser,
            template_id: message.template_id,
            data: message.data.iter().map(|(name, value)| (*name, json!({ "value": value }))).collect(),
            page: message.page,
            // The one interface with words of its own for this.
            miniprogram_state: match message.miniprogram_state {
                EnvVersion::Release => "formal",
                EnvVersion::Trial => "trial",
                EnvVersion::Develop => "developer",
            },
            lang: message.lang,
        };
        let sent: Sent = self.call(appid, Call::post("/cgi-bin/message/subscribe/send", &body)).await?;
        Ok(sent.msgid)
    }
}
