//! API security (WeChat: 服务端 API 签名加密): requests and answers that are encrypted and then signed, by both sides in the
//! same way. AES-256-GCM with RSASSA-PSS; the Chinese ciphers SM4 and SM2 that WeChat offers beside them are not here.

mod keys;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub use keys::{SigningKey, VerifyingKey};

use crate::{Error, random::random};

/// A message is taken this many seconds before and after the time it names.
const MAX_AGE_SECONDS: i64 = 300;
const TAG_BYTES: usize = 16;

/// The key that both sides encrypt with, with the serial that the console gives it.
pub struct SymmetricKey {
    serial: String,
    key: LessSafeKey,
}

silent_debug!(SymmetricKey);

impl SymmetricKey {
    /// Reads base64 of 32 bytes.
    ///
    /// # Errors
    /// [`Error::ApiKey`]
    pub fn parse(serial: &str, base64: &str) -> Result<Self, Error> {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(base64).map_err(|_| Error::ApiKey)?);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| Error::ApiKey)?;
        Ok(Self { serial: serial.to_owned(), key: LessSafeKey::new(key) })
    }
}

/// One side: what it encrypts and signs with, and whose signatures it takes. While the other side changes its key, it knows
/// both by their serials.
#[derive(Debug)]
pub struct Party {
    /// Shared with the other side.
    pub symmetric: SymmetricKey,
    /// Its own.
    pub own: SigningKey,
    /// Those of the other side.
    pub others: Vec<VerifyingKey>,
}

/// What a message is bound to.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Of the call, with scheme and host and without query: `https://api.weixin.qq.com/wxa/…`.
    pub url: &'a str,
    /// The app.
    pub appid: &'a str,
    /// Unix seconds, the same that the header `Wechatmp-TimeStamp` names.
    pub timestamp: i64,
}

/// A message ready to be sent.
#[derive(Debug)]
pub struct Sealed {
    /// JSON, to be sent byte for byte.
    pub body: String,
    /// Base64, for the header `Wechatmp-Signature`.
    pub signature: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    iv: String,
    data: String,
    authtag: String,
}

impl Party {
    /// Encrypts and signs `fields`, to which it adds what binds them to their place.
    ///
    /// # Panics
    /// Only when the operating system gives no random bytes, or for fields of more than 64 GiB.
    pub fn seal(&self, about: &About<'_>, mut fields: Map<String, Value>) -> Sealed {
        fields.insert("_n".to_owned(), BASE64_STANDARD_NO_PAD.encode(random::<16>()).into());
        fields.insert("_appid".to_owned(), about.appid.into());
        fields.insert("_timestamp".to_owned(), about.timestamp.into());
        let mut data = Value::Object(fields).to_string().into_bytes();
        let iv = random::<12>();
        let tag = self
            .symmetric
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), self.associated(about), &mut data)
            .expect("a message in memory is shorter than 64 GiB");
        let body = Body {
            iv: BASE64_STANDARD.encode(iv),
            data: BASE64_STANDARD.encode(data),
            authtag: BASE64_STANDARD.encode(tag),
        };
        let body = serde_json::to_string(&body).expect("strings serialise");
        Sealed { signature: self.own.sign(&signed(about, body.as_bytes())), body }
    }

    /// Signs what another party sealed: while it changes its key, a side signs with both.
    pub fn sign(&self, about: &About<'_>, body: &str) -> String {
        self.own.sign(&signed(about, body.as_bytes()))
    }

    /// The serial that [`seal`](Self::seal) signs under.
    pub fn serial(&self) -> &str {
        &self.own.serial
    }

    /// Verifies and decrypts a message. `signatures` are those it came with, each beside its serial; without a serial, any
    /// known key will do.
    ///
    /// # Errors
    /// [`Error::ApiSignature`] if no signature is a known key's, [`Error::ApiMessage`] for what does not decrypt or says in
    /// itself that it belongs elsewhere, [`Error::ApiAge`] for one that is not of this time.
    pub fn open(
        &self,
        about: &About<'_>,
        signatures: &[(Option<&str>, &str)],
        body: &[u8],
        now: i64,
    ) -> Result<Map<String, Value>, Error> {
        let message = signed(about, body);
        let holds = |&(serial, signature): &(Option<&str>, &str)| {
            let keys = self.others.iter().filter(|key| serial.is_none_or(|serial| serial == key.serial));
            keys.into_iter().any(|key| key.verifies(&message, signature))
        };
        if !signatures.iter().any(holds) {
            return Err(Error::ApiSignature);
        }
        if now.abs_diff(about.timestamp) > MAX_AGE_SECONDS.unsigned_abs() {
            return Err(Error::ApiAge);
        }
        let mut fields = self.decrypted(about, body).ok_or(Error::ApiMessage)?;
        fields.remove("_n");
        let belongs = fields.remove("_appid").is_some_and(|appid| appid == about.appid)
            && fields.remove("_timestamp").is_some_and(|timestamp| timestamp == about.timestamp);
        if belongs { Ok(fields) } else { Err(Error::ApiMessage) }
    }

    fn decrypted(&self, about: &About<'_>, body: &[u8]) -> Option<Map<String, Value>> {
        let Body { iv, data, authtag } = serde_json::from_slice(body).ok()?;
        let iv: [u8; 12] = BASE64_STANDARD.decode(iv).ok()?.try_into().ok()?;
        let tag = BASE64_STANDARD.decode(authtag).ok().filter(|tag| tag.len() == TAG_BYTES)?;
        let mut data = Zeroizing::new(BASE64_STANDARD.decode(data).ok()?);
        data.extend_from_slice(&tag);
        let nonce = Nonce::assume_unique_for_key(iv);
        let plaintext = self.symmetric.key.open_in_place(nonce, self.associated(about), &mut data).ok()?;
        serde_json::from_slice(plaintext).ok()
    }

    fn associated(&self, about: &About<'_>) -> Aad<String> {
        Aad::from(format!("{}|{}|{}|{}", about.url, about.appid, about.timestamp, self.symmetric.serial))
    }
}

/// Four lines, without an end to the last.
fn signed(about: &About<'_>, body: &[u8]) -> Vec<u8> {
    [format!("{}\n{}\n{}\n", about.url, about.appid, about.timestamp).as_bytes(), body].concat()
}
