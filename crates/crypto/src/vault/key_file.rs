//! The key file: where the keys of a [`Vault`] come from.

use super::{Key, Vault, derived};
use crate::{Error, random::random};
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// The first word of every key line: what it is, and in which version.
const WORD: &str = "wxgate-key-1";

/// What stands above the key, for whoever finds the file.
const HEAD: &str = "\
# wxgate 的封存密钥：请与数据库分开备份，丢失后手机号等数据无法恢复。
# 换钥时把新的一行加在最上面；旧行都留着，最后一行不可删除。
# The sealing key of wxgate: back it up apart from the database; without it, phone numbers and the like are lost.
# To rotate, add a new line above the others; old lines stay, and the last one must.
";

impl Vault {
    /// The text of a new key file with one key.
    ///
    /// To rotate, put the key line of another such text above the one that is there: the first seals, all open, and the
    /// last one stays, because [`phone_index`](Self::phone_index) and [`pseudonym`](Self::pseudonym) hang on it.
    pub fn generate_key_file() -> Zeroizing<String> {
        let id = u32::from_be_bytes(random());
        let secret = Zeroizing::new(random::<32>());
        let head = format!("{HEAD}{WORD} {id:08x} ");
        // Room for the key as well: a text that grows leaves a copy of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(head.len() + 64));
        text.push_str(&head);
        BASE64_STANDARD.encode_string(*secret, &mut text);
        text.push('\n');
        text
    }

    /// Reads a key file: a key a line, the current one first; blank lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`Error::KeyFile`] with the line's number and never its content; [`Error::NoKey`].
    pub fn parse_key_file(text: &str) -> Result<Self, Error> {
        let mut keys: Vec<Key> = Vec::new();
        let mut oldest = Zeroizing::new([0; 32]);
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, secret) = key_line(text).map_err(|reason| Error::KeyFile { line, reason })?;
            if keys.iter().any(|key| key.id == id) {
                return Err(Error::KeyFile { line, reason: "this key id stands on an earlier line already" });
            }
            keys.push(Key::new(id, &secret));
            oldest = secret;
        }
        if keys.is_empty() {
            return Err(Error::NoKey);
        }
        let [phone_index, pseudonym, cursor] =
            [b"phone index".as_slice(), b"pseudonym", b"cursor"].map(|name| derived(&oldest, name));
        Ok(Self { keys, phone_index, pseudonym, cursor })
    }
}

fn key_line(text: &str) -> Result<(u32, Zeroizing<[u8; 32]>), &'static str> {
    let mut words = text.split_whitespace();
    let (Some(WORD), Some(id), Some(secret), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err("a key line is `wxgate-key-1`, 8 hex digits and a base64 text, with spaces between");
    };
    // Digits are checked one by one because `from_str_radix` takes a sign.
    let id = (id.len() == 8 && id.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .then(|| u32::from_str_radix(id, 16).ok())
        .flatten()
        .ok_or("the key id must be 8 hex digits")?;
    let secret = Zeroizing::new(BASE64_STANDARD.decode(secret).map_err(|_| "the key is not base64")?);
    let secret = secret.as_slice().try_into().map_err(|_| "the key must be base64 of 32 bytes")?;
    Ok((id, Zeroizing::new(secret)))
}
