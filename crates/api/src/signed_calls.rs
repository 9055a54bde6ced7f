//! WeChat's API security (服务端 API 签名加密) for the calls of one app: the client's side of it over the keys of the
//! configuration.

use std::sync::Arc;

use serde_json::{Map, Value};
use wx_client::{ApiSecurity, SealedAnswer, SealedCall, Signature};
use wxgate_crypto::Error;
use wxgate_crypto::api_security::{About, Party};

use crate::clock::Clock;

/// Seals an app's calls and opens their answers with its keys, by this server's clock.
pub struct SignedCalls {
    appid: String,
    party: Party,
    clock: Arc<dyn Clock>,
}

impl SignedCalls {
    /// For the app that holds these keys.
    pub fn new(appid: &str, party: Party, clock: Arc<dyn Clock>) -> Self {
        Self { appid: appid.to_owned(), party, clock }
    }

    fn opened(&self, url: &str, answer: &SealedAnswer<'_>, by: Signature<'_>) -> Result<Map<String, Value>, Error> {
        let about = About { url, appid: &self.appid, timestamp: answer.timestamp };
        self.party.open(&about, &[(Some(by.serial), by.text)], answer.body, self.clock.now().0)
    }
}

impl ApiSecurity for SignedCalls {
    fn seal(&self, url: &str, fields: Map<String, Value>) -> SealedCall {
        let timestamp = self.clock.now().0;
        let sealed = self.party.seal(&About { url, appid: &self.appid, timestamp }, fields);
        SealedCall {
            appid: self.appid.clone(),
            timestamp,
            serial: self.party.serial().to_owned(),
            signature: sealed.signature,
            body: sealed.body,
        }
    }

    fn open(&self, url: &str, answer: &SealedAnswer<'_>) -> Result<Map<String, Value>, &'static str> {
        if answer.appid != self.appid {
            return Err("signed for another app");
        }
        let opened = match (self.opened(url, answer, answer.signature), answer.deprecated) {
            (Err(Error::ApiSignature), Some(before)) => {
                let opened = self.opened(url, answer, before);
                if opened.is_ok() {
                    tracing::warn!(
                        appid = self.appid,
                        serial = before.serial,
                        "WeChat changes its key for signed answers: configure the new one before the old one ends"
                    );
                }
                opened
            }
            (opened, _) => opened,
        };
        opened.map_err(|error| reason(&error))
    }
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::ApiSignature => "signed by no key of WeChat's that is configured",
        Error::ApiAge => "signed more than five minutes ago, or ahead",
        _ => "signed, but it does not decrypt for this call",
    }
}
