//! Who somebody is beyond their openid.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::client::{identifier, signed};
use crate::http::Call;
use crate::{Client, Error, Result};

refusals! {
    /// Why there are no keys.
    EncryptKeyRefusal {
        /// The member has no session_key any more: they log in again.
        SessionKeyExpired = 87007,
        /// The signature was made with another session_key than the one in force.
        SessionKeyReplaced = 87009,
    }
}

refusals! {
    /// Why a payment gave no unionid.
    PaidUnionidRefusal {
        /// Not an openid of this app.
        Openid = 40003,
        /// The app is bound to no Open Platform account.
        Unbound = 89002,
        /// Not a payment of this person, or one of more than 5 minutes ago.
        Payment = 89300,
    }
}

refusals! {
    /// Why a code gave no openpid.
    PluginRefusal {
        /// Missing.
        Malformed = 1001 | 1022,
        /// Asked too often: wait.
        TooOften = 1003 | 45009,
        /// It is of another plugin or app.
        Foreign = 1005,
        /// Used, too old, or of `wx.login` and not of `wx.pluginLogin`.
        Invalid = 1007,
    }
}

/// One of the keys that a mini program has of `getUserCryptoManager().getLatestUserKey`. What cipher they are used with
/// is the developer's choice.
#[derive(Debug, Clone)]
pub struct EncryptKey {
    /// Base64 of 16 bytes.
    pub encrypt_key: SecretString,
    /// 16 characters, used as 16 bytes.
    pub iv: SecretString,
    /// Sent along with what was encrypted, it tells which key to take.
    pub version: u32,
    /// How long the key lives from now; zero once it is over. A key lives for an hour.
    pub remaining: Duration,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
}

/// What names a payment.
#[derive(Debug, Clone, Copy)]
pub enum PaidBy<'a> {
    /// WeChat Pay's own number of it.
    Transaction(&'a str),
    /// The merchant, and the merchant's number of it.
    Trade {
        /// The merchant.
        mch_id: &'a str,
        /// The merchant's number.
        out_trade_no: &'a str,
    },
}

#[derive(Deserialize)]
struct Keys {
    key_info_list: Vec<KeyInfo>,
}

#[derive(Deserialize)]
struct KeyInfo {
    encrypt_key: SecretString,
    iv: SecretString,
    version: u32,
    expire_in: u64,
    create_time: i64,
}

#[derive(Deserialize)]
struct Paid {
    unionid: String,
}

#[derive(Deserialize)]
struct Plugin {
    openpid: String,
}

impl Client {
    /// The keys that the mini program shares with its server, at most three, newest first (WeChat: 获取用户encryptKey).
    ///
    /// `signature` as for [`check_session_key`](crate::WeChat::check_session_key). Asking changes nothing.
    ///
    /// # Errors
    /// [`EncryptKeyRefusal`]
    pub async fn encrypt_keys(&self, appid: &str, openid: &str, signature: &str) -> Result<Vec<EncryptKey>> {
        let (query, hidden) = (signed(openid, signature), [signature]);
        let call = Call::get("/wxa/business/getuserencryptkey", &query).hiding(&hidden);
        let Keys { key_info_list } = self.call(appid, call).await?;
        key_info_list.into_iter().map(encrypt_key).collect()
    }

    /// The unionid of somebody who paid within the last 5 minutes (WeChat: 支付后获取 Unionid). Since 2021
    /// [`code2session`](crate::WeChat::code2session) gives it to all apps that are bound.
    ///
    /// # Errors
    /// [`PaidUnionidRefusal`]
    pub async fn paid_unionid(&self, appid: &str, openid: &str, paid: PaidBy<'_>) -> Result<String> {
        let mut query = vec![("openid", openid)];
        match paid {
            PaidBy::Transaction(id) => query.push(("transaction_id", id)),
            PaidBy::Trade { mch_id, out_trade_no } => {
                query.extend([("mch_id", mch_id), ("out_trade_no", out_trade_no)]);
            }
        }
        let Paid { unionid } = self.call(appid, Call::get("/wxa/getpaidunionid", &query)).await?;
        identifier(unionid, "unionid is not 1 to 128 characters")
    }

    /// Exchanges a `code` of `wx.pluginLogin` for who it is: one openpid for each person, host app and plugin
    /// (WeChat: 获取插件用户openpid).
    ///
    /// A code works once and for 5 minutes. After [`Unreachable`](Error::Unreachable) with `sent` it may be spent.
    ///
    /// # Errors
    /// [`PluginRefusal`]
    pub async fn plugin_openpid(&self, appid: &str, code: &str) -> Result<String> {
        let body = json!({ "code": code });
        let hidden = [code];
        let call = Call::post("/wxa/getpluginopenpid", &body).hiding(&hidden);
        let Plugin { openpid } = self.call(appid, call).await?;
        identifier(openpid, "openpid is not 1 to 128 characters")
    }
}

fn encrypt_key(key: KeyInfo) -> Result<EncryptKey> {
    let bytes = STANDARD.decode(key.encrypt_key.expose_secret()).map(Zeroizing::new);
    if !bytes.is_ok_and(|bytes| bytes.len() == 16) || key.iv.expose_secret().len() != 16 {
        return Err(Error::Unreadable { reason: "encrypt_key or iv is not of 16 bytes" });
    }
    Ok(EncryptKey {
        encrypt_key: key.encrypt_key,
        iv: key.iv,
        version: key.version,
        remaining: Duration::from_secs(key.expire_in),
        created_at: key.create_time,
    })
}
