//! Who somebody is, as a fixed function of names: a database filled from one run still fits the next.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::random::hex;

/// 28 characters that begin with `o`, one for each user of each app.
pub(crate) fn openid(user: &str, appid: &str) -> String {
    derive("o", &("openid", user, appid))
}

/// 28 characters, one for each user: every app that is bound is bound to the same Open Platform account.
pub(crate) fn unionid(user: &str) -> String {
    derive("o", &("unionid", user))
}

/// 28 characters, one for each user of each app of the one plugin there is.
pub(crate) fn openpid(user: &str, appid: &str) -> String {
    derive("G", &("openpid", user, appid))
}

/// The group that a user of an app shares into.
pub(crate) fn group(user: &str, appid: &str) -> String {
    derive("tG", &("group", user, appid))
}

/// What an app is called as a sender and receiver of messages: `gh_` and 12 hex digits.
pub(crate) fn original_id(appid: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(appid).into();
    format!("gh_{}", hex(&digest[..6]))
}

/// Serialised as JSON before hashing, so that no two lists of names run together.
fn derive(prefix: &str, names: &impl Serialize) -> String {
    let names = serde_json::to_vec(names).expect("strings serialise");
    let digest = Sha256::new().chain_update(b"wxgate-sandbox").chain_update(names).finalize();
    let mut id = format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(digest));
    id.truncate(28);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_differ_by_user_and_by_app() {
        assert_eq!(openid("alice", "wx1"), openid("alice", "wx1"));
        assert_ne!(openid("alice", "wx1"), openid("alice", "wx2"));
        assert_ne!(openid("alice", "wx1"), openid("bob", "wx1"));
        assert_ne!(unionid("alice"), unionid("bob"));
        assert_ne!(openid("ab", "c"), openid("a", "bc"));
    }

    #[test]
    fn an_openid_has_28_characters_and_begins_with_o() {
        let openid = openid("alice", "wx1");
        assert!(openid.len() == 28 && openid.starts_with('o'));
        assert!(openid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')));
    }
}
