//! `/x/classic/phone`

use serde_json::json;
use wxgate_api::plugin::{Caller, Fields, Host, Keep, PhoneProof, Reply, Request, SessionId, Storage};
use wxgate_api::{ApiError, Problem};
use zeroize::Zeroizing;

use crate::login::{CODE_CHARACTERS, ENCRYPTED_DATA};
use crate::{Classic, success};

/// How long a login's code stands for its session.
const CODE_SECONDS: i64 = 3 * 86_400;
const SKEY_CHARACTERS: usize = 128;

impl Classic {
    /// `phoneCode`, or `encrypteData` with `iv`; with an skey in the body or in `Authorization`, or the login's `code` in
    /// its place. The proof goes the core's way, with every defence of `POST /v1/phone`.
    pub(crate) async fn phone(&self, host: &Host, request: &Request) -> Result<Reply, ApiError> {
        let mut fields = request.fields()?;
        let caller = self.caller(host, request, &mut fields).await?;
        let code = fields.text(&["phoneCode"], CODE_CHARACTERS)?.map(Zeroizing::new);
        let proof = match (code, fields.pair(ENCRYPTED_DATA, &["iv"])?) {
            (Some(code), None) => PhoneProof::Code(code),
            (None, Some((encrypted_data, iv))) => PhoneProof::Encrypted { encrypted_data, iv },
            _ => return Err(Problem::EitherOr("phoneCode", "encrypteData").into()),
        };
        let phone = host.bind_phone(request, caller, proof).await?;
        success(json!({
            "phoneNumber": phone.phone_number(), "purePhoneNumber": phone.pure_phone_number(),
            "countryCode": phone.country_code(), "trust": phone.trust(),
        }))
    }

    async fn caller(&self, host: &Host, request: &Request, fields: &mut Fields) -> Result<Caller, ApiError> {
        let skey = fields.text(&["skey"], SKEY_CHARACTERS)?.map(Zeroizing::new);
        let code = fields.text(&["code", "js_code"], CODE_CHARACTERS)?.map(Zeroizing::new);
        match (skey.as_ref().map(|skey| skey.as_str()).or(request.bearer()), code) {
            (None, Some(code)) if self.phone_by_code => self.who_sent(host, &code).await,
            (skey, _) => host.authenticate(skey).await,
        }
    }

    /// Remembers whose session a code opened: by the code's hash, and with the member.
    pub(crate) async fn remember(&self, host: &Host, code: &str, caller: &Caller) -> Result<(), ApiError> {
        let keep = Keep { member: Some(caller.member().id), until: Some(host.now() + CODE_SECONDS) };
        host.storage().put(&self.key(code), &caller.session(), keep).await.map(drop)
    }

    async fn who_sent(&self, host: &Host, code: &str) -> Result<Caller, ApiError> {
        let session: Option<String> = host.storage().get(&self.key(code)).await?;
        let session = session.and_then(|session| session.parse::<SessionId>().ok());
        host.resume(session.ok_or(ApiError::Unauthorized)?).await
    }

    fn key(&self, code: &str) -> String {
        Storage::hashed("code:", &[&self.appid, code])
    }
}
