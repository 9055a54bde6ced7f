//! `/x/classic/login`

use serde_json::json;
use wxgate_api::plugin::{Host, Login, Reply, Request};
use wxgate_api::{ApiError, Problem};
use zeroize::Zeroizing;

use crate::{Classic, success};

pub(crate) const CODE_CHARACTERS: usize = 512;
/// The spellings of `encryptedData`, the tutorials' own first.
pub(crate) const ENCRYPTED_DATA: &[&str] = &["encrypteData", "encryptedData", "encrypted_data"];

impl Classic {
    /// `code`, and perhaps `rawData` with `signature` and `encrypteData` with `iv`: a session with a fresh skey. Whatever
    /// else a mini program sends is not looked at: each tutorial sends something of its own.
    pub(crate) async fn login(&self, host: &Host, request: &Request) -> Result<Reply, ApiError> {
        let mut fields = request.fields()?;
        let code = fields.text(&["code", "js_code"], CODE_CHARACTERS)?.map(Zeroizing::new);
        let signed = fields.pair(&["rawData"], &["signature"])?;
        let sealed = fields.pair(ENCRYPTED_DATA, &["iv"])?;
        let code = code.ok_or(Problem::Missing("code"))?;
        let login = Login { appid: Some(self.appid.clone()), code: code.clone(), signed, sealed };
        let made = host.login(request, login).await?;
        if self.phone_by_code
            && let Err(error) = self.remember(host, &code, &made.caller).await
        {
            // The login stands, and its skey opens the phone as well.
            tracing::warn!(%error, "a login's code could not be remembered");
        }
        let user_info = host.shown(made.caller.member()).user_info();
        success(json!({ "skey": *made.skey, "userInfo": user_info, "expires_in": made.expires_in }))
    }
}
