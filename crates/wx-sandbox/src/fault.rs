use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::Error;

/// The interfaces of WeChat that the sandbox plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// auth.code2Session
    #[serde(rename = "sns/jscode2session")]
    Code2Session,
    /// getAccessToken
    #[serde(rename = "cgi-bin/token")]
    Token,
    /// getStableAccessToken
    #[serde(rename = "cgi-bin/stable_token")]
    StableToken,
    /// auth.checkSessionKey
    #[serde(rename = "wxa/checksession")]
    CheckSession,
    /// auth.resetUserSessionKey
    #[serde(rename = "wxa/resetusersessionkey")]
    ResetSessionKey,
    /// phonenumber.getPhoneNumber
    #[serde(rename = "wxa/business/getuserphonenumber")]
    PhoneNumber,
    /// checkEncryptedData
    #[serde(rename = "wxa/business/checkencryptedmsg")]
    CheckEncrypted,
    /// getUserEncryptKey
    #[serde(rename = "wxa/business/getuserencryptkey")]
    EncryptKey,
    /// getPaidUnionid
    #[serde(rename = "wxa/getpaidunionid")]
    PaidUnionid,
    /// getPluginOpenPId
    #[serde(rename = "wxa/getpluginopenpid")]
    PluginOpenpid,
    /// getUserRiskRank
    #[serde(rename = "wxa/getuserriskrank")]
    RiskRank,
    /// subscribeMessage.send
    #[serde(rename = "cgi-bin/message/subscribe/send")]
    SubscribeSend,
    /// getQRCode
    #[serde(rename = "wxa/getwxacode")]
    Code,
    /// getUnlimitedQRCode
    #[serde(rename = "wxa/getwxacodeunlimit")]
    UnlimitedCode,
    /// createQRCode
    #[serde(rename = "cgi-bin/wxaapp/createwxaqrcode")]
    SquareCode,
    /// generateUrlLink
    #[serde(rename = "wxa/generate_urllink")]
    UrlLink,
    /// generateScheme
    #[serde(rename = "wxa/generatescheme")]
    UrlScheme,
    /// generateShortLink
    #[serde(rename = "wxa/genwxashortlink")]
    ShortLink,
    /// msgSecCheck
    #[serde(rename = "wxa/msg_sec_check")]
    MsgSecCheck,
    /// mediaCheckAsync
    #[serde(rename = "wxa/media_check_async")]
    MediaCheck,
    /// getApiQuota
    #[serde(rename = "cgi-bin/openapi/quota/get")]
    ApiQuota,
    /// getRidInfo
    #[serde(rename = "cgi-bin/openapi/rid/get")]
    RidInfo,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Code2Session,
        Self::Token,
        Self::StableToken,
        Self::CheckSession,
        Self::ResetSessionKey,
        Self::PhoneNumber,
        Self::CheckEncrypted,
        Self::EncryptKey,
        Self::PaidUnionid,
        Self::PluginOpenpid,
        Self::RiskRank,
        Self::SubscribeSend,
        Self::Code,
        Self::UnlimitedCode,
        Self::SquareCode,
        Self::UrlLink,
        Self::UrlScheme,
        Self::ShortLink,
        Self::MsgSecCheck,
        Self::MediaCheck,
        Self::ApiQuota,
        Self::RidInfo,
    ];

    /// Where it is, with the slash in front.
    pub fn path(self) -> &'static str {
        match self {
            Self::Code2Session => "/sns/jscode2session",
            Self::Token => "/cgi-bin/token",
            Self::StableToken => "/cgi-bin/stable_token",
            Self::CheckSession => "/wxa/checksession",
            Self::ResetSessionKey => "/wxa/resetusersessionkey",
            Self::PhoneNumber => "/wxa/business/getuserphonenumber",
            Self::CheckEncrypted => "/wxa/business/checkencryptedmsg",
            Self::EncryptKey => "/wxa/business/getuserencryptkey",
            Self::PaidUnionid => "/wxa/getpaidunionid",
            Self::PluginOpenpid => "/wxa/getpluginopenpid",
            Self::RiskRank => "/wxa/getuserriskrank",
            Self::SubscribeSend => "/cgi-bin/message/subscribe/send",
            Self::Code => "/wxa/getwxacode",
            Self::UnlimitedCode => "/wxa/getwxacodeunlimit",
            Self::SquareCode => "/cgi-bin/wxaapp/createwxaqrcode",
            Self::UrlLink => "/wxa/generate_urllink",
            Self::UrlScheme => "/wxa/generatescheme",
            Self::ShortLink => "/wxa/genwxashortlink",
            Self::MsgSecCheck => "/wxa/msg_sec_check",
            Self::MediaCheck => "/wxa/media_check_async",
            Self::ApiQuota => "/cgi-bin/openapi/quota/get",
            Self::RidInfo => "/cgi-bin/openapi/rid/get",
        }
    }

    /// Whether an access_token in the query says which app calls.
    pub(crate) fn takes_token(self) -> bool {
        !matches!(self, Self::Code2Session | Self::Token | Self::StableToken)
    }

    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path() == path)
    }
}

/// What goes wrong. *Unprocessed* means that the request changes nothing: a code in it is not used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Unprocessed; this errcode in the endpoint's own format.
    Errcode(i64),
    /// Unprocessed; this HTTP status (200 to 599), with a page of HTML from 500 on, else empty.
    Status(u16),
    /// Unprocessed; status 200 and a page of HTML.
    Html,
    /// Unprocessed; status 200 and text that is no JSON.
    Garbage,
    /// Unprocessed; a redirect (302) to this address.
    Redirect(String),
    /// Unprocessed; the connection closes without an answer.
    ResetBefore,
    /// Unprocessed; no answer and no end, until the caller gives up.
    Hang,
    /// Processed; the connection closes without an answer, so that what was done is lost on the caller.
    ResetAfter,
    /// Processed; the answer comes this many milliseconds later.
    LatencyMs(u64),
    /// Processed; the answer's first half.
    Truncated,
    /// Processed; the answer with a key in it that is no UTF-8.
    InvalidUtf8,
    /// Processed; the answer without this field, such as `openid`.
    Without(String),
    /// Processed; where API security is on, the answer with a signature of something else.
    BadSignature,
    /// Processed; where API security is on, the answer signed under a serial that nobody knows.
    UnknownSerial,
    /// Processed; where API security is on, the answer as it was signed an hour ago.
    OldTimestamp,
    /// Processed; where API security is on, the answer as if it were not.
    Unsigned,
    /// Processed; the answer behind this many bytes of white space, streamed without a Content-Length.
    HugeBytes(u64),
}

impl FaultKind {
    /// The fault that ends after so many requests.
    pub fn times(self, times: u32) -> Fault {
        Fault { kind: self, times: Some(times) }
    }

    /// The fault that lasts until it is healed.
    pub fn forever(self) -> Fault {
        Fault { kind: self, times: None }
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Status(status) if !(200..600).contains(status) => {
                Err(Error::Senseless(format!("a final HTTP status is 200 to 599, not {status}")))
            }
            Self::Redirect(to) if http::HeaderValue::from_str(to).is_err() => {
                Err(Error::Senseless("a redirect leads to an address, in visible ASCII".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// What goes wrong, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// For how many requests; `None` lasts until it is healed.
    pub times: Option<u32>,
}

/// The faults that are yet to come, each endpoint's in the order they were given.
#[derive(Default)]
pub(crate) struct Faults(HashMap<Endpoint, VecDeque<Fault>>);

impl Faults {
    /// Queues a fault. One that lasts for ever gives way: nothing behind it would have its turn.
    pub(crate) fn add(&mut self, endpoint: Endpoint, fault: Fault) -> Result<(), Error> {
        fault.kind.check()?;
        if fault.times == Some(0) {
            return Err(Error::Senseless(
                "a fault happens at least once: leave \"times\" out, or give 1 or more".to_owned(),
            ));
        }
        let queue = self.0.entry(endpoint).or_default();
        queue.retain(|earlier| earlier.times.is_some());
        queue.push_back(fault);
        Ok(())
    }

    pub(crate) fn heal(&mut self) {
        self.0.clear();
    }

    /// The fault for the request at hand.
    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<FaultKind> {
        let queue = self.0.get_mut(&endpoint)?;
        let fault = queue.front_mut()?;
        let kind = fault.kind.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
            if *times == 0 {
                queue.pop_front();
            }
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_their_order_and_end() {
        let mut faults = Faults::default();
        faults.add(Endpoint::Token, FaultKind::Errcode(-1).times(2)).unwrap();
        faults.add(Endpoint::Token, FaultKind::Html.times(1)).unwrap();
        let mut next = || faults.next(Endpoint::Token);
        assert_eq!(
            [next(), next(), next(), next()],
            [Some(FaultKind::Errcode(-1)), Some(FaultKind::Errcode(-1)), Some(FaultKind::Html), None]
        );
        assert_eq!(faults.next(Endpoint::StableToken), None);
    }

    #[test]
    fn a_later_fault_takes_the_place_of_one_that_lasts() {
        let mut faults = Faults::default();
        faults.add(Endpoint::Token, FaultKind::Hang.forever()).unwrap();
        faults.add(Endpoint::Token, FaultKind::Html.forever()).unwrap();
        assert_eq!(
            (faults.next(Endpoint::Token), faults.next(Endpoint::Token)),
            (Some(FaultKind::Html), Some(FaultKind::Html))
        );
        faults.heal();
        assert_eq!(faults.next(Endpoint::Token), None);
    }

    #[test]
    fn what_http_cannot_say_is_refused() {
        let mut faults = Faults::default();
        for kind in [FaultKind::Status(100), FaultKind::Status(600), FaultKind::Redirect("a\nb".to_owned())] {
            assert!(faults.add(Endpoint::Token, kind.forever()).is_err());
        }
        assert!(faults.add(Endpoint::Token, FaultKind::Html.times(0)).is_err());
    }

    #[test]
    fn an_endpoint_is_named_in_json_as_its_path() {
        for endpoint in Endpoint::ALL {
            assert_eq!(format!("/{}", serde_json::to_value(endpoint).unwrap().as_str().unwrap()), endpoint.path());
        }
    }
}
