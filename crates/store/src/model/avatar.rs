use std::fmt;
use std::str::FromStr;

use super::{MemberId, ParseIdError, UnixSeconds};

/// Names a picture: 16 random bytes, new with each picture. Its text is 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AvatarId(pub [u8; 16]);

impl fmt::Display for AvatarId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for AvatarId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let is_canonical = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_canonical).ok_or(ParseIdError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The picture that a member uploaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Avatar {
    /// Its name.
    pub id: AvatarId,
    /// As it is served.
    pub picture: Vec<u8>,
    /// When it was uploaded.
    pub kept_at: UnixSeconds,
}

impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avatar")
            .field("id", &self.id)
            .field("bytes", &self.picture.len())
            .field("kept_at", &self.kept_at)
            .finish()
    }
}

/// A picture to be kept.
#[derive(Clone, Debug)]
pub struct KeepAvatar {
    /// Whose it is.
    pub member: MemberId,
    /// What it is.
    pub avatar: Avatar,
    /// What the profile says from now on as `avatar_url`.
    pub avatar_url: String,
    /// Names WeChat's check of the picture, of whose end an event may tell
    /// ([`Effect::RefuseAvatar`](crate::Effect::RefuseAvatar)).
    pub check: Option<[u8; 32]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_an_avatar_id() {
        let id = AvatarId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "ff", "000102030405060708090A0B0C0D0EFF", "+00102030405060708090a0b0c0d0eff", "é"] {
            assert_eq!(text.parse::<AvatarId>(), Err(ParseIdError), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_picture() {
        let avatar = Avatar { id: AvatarId([7; 16]), picture: b"canary".to_vec(), kept_at: UnixSeconds(0) };
        assert!(format!("{avatar:?}").ends_with("bytes: 6, kept_at: UnixSeconds(0) }"));
    }
}
