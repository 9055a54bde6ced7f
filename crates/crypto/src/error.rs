//! What can be wrong with input before, or beside, the opening of a payload.

/// Why a text, a key file or a sealed value was not accepted. None of them repeats what it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that is not base64, even with the damage of transport undone.
    #[error("not base64, even with the usual damage of transport undone")]
    Base64,
    /// A `session_key` that is not 24 characters of base64 for 16 bytes.
    #[error("session_key must be base64 of 16 bytes: {0}")]
    SessionKey(Shape),
    /// An `encryptedData` that no key can open: WeChat sends whole blocks of 16 bytes.
    #[error("encryptedData must be base64 of one or more blocks of 16 bytes: {0}")]
    EncryptedData(Shape),
    /// An `iv` that is not 16 bytes.
    #[error("iv must be base64 of 16 bytes: {0}")]
    Iv(Shape),
    /// An `EncodingAESKey` that is not 43 letters and digits.
    #[error("EncodingAESKey must be 43 letters and digits")]
    EncodingAesKey,
    /// A `Token` of message push that is not 3 to 32 letters and digits.
    #[error("the Token of message push must be 3 to 32 letters and digits")]
    PushToken,
    /// A key of API security that is not of the kind it must be.
    #[error("API security takes base64 of 32 bytes, and RSA keys of at least 2048 bits in PEM")]
    ApiKey,
    /// A message of API security that no known key of the other side signed.
    #[error("no known key of the other side signed the message")]
    ApiSignature,
    /// A message of API security that does not decrypt, or was made for another place.
    #[error("the message does not decrypt for this call")]
    ApiMessage,
    /// A message of API security that is older or newer than 300 seconds.
    #[error("the message is not of this time")]
    ApiAge,
    /// A key of tokens that is not 32 bytes.
    #[error("a key that signs tokens must be 32 bytes")]
    JwtKey,
    /// A line of a key file that cannot be read, counted from 1.
    #[error("key file, line {line}: {reason}")]
    KeyFile {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key file without a single key.
    #[error("the key file holds no key")]
    NoKey,
    /// A value sealed with a key that the key file no longer holds: bring that line back.
    #[error("sealed with the key {0:08x}, which is not in the key file")]
    UnknownKey(u32),
    /// A sealed value that was altered, cut, or belongs to another app, person or column.
    #[error("the sealed value cannot be opened")]
    Sealed,
}

/// How a base64 text misses the shape it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shape {
    /// It does not decode.
    #[error("it is not base64")]
    NotBase64,
    /// It decodes to a number of bytes that cannot be right.
    #[error("it has {bytes} bytes")]
    Length {
        /// Bytes after decoding.
        bytes: usize,
    },
}
