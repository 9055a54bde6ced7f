use std::fmt;

use serde::Serialize;

use super::{MemberId, MemberKey, UnixSeconds, debug_only};

/// What a member shows of themselves. In a change, `None` leaves the field as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// 昵称.
    pub nick_name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
    /// 0 unknown, 1 male, 2 female (WeChat: wx.getUserInfo).
    pub gender: Option<i64>,
    /// As WeChat gives it, like the three below.
    pub country: Option<String>,
    /// 省.
    pub province: Option<String>,
    /// 市.
    pub city: Option<String>,
    /// Such as `zh_CN`.
    pub language: Option<String>,
}

debug_only!(Profile {});

impl Profile {
    /// This profile with what `change` gives in place of what stood there.
    pub(crate) fn changed_by(&self, change: Self) -> Self {
        let Self { nick_name, avatar_url, gender, country, province, city, language } = self.clone();
        Self {
            nick_name: change.nick_name.or(nick_name),
            avatar_url: change.avatar_url.or(avatar_url),
            gender: change.gender.or(gender),
            country: change.country.or(country),
            province: change.province.or(province),
            city: change.city.or(city),
            language: change.language.or(language),
        }
    }
}

/// How a phone number was proved, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Decrypted here; nobody else confirmed it.
    Local,
    /// Decrypted here, and WeChat confirmed the ciphertext (checkencryptedmsg).
    Hash,
    /// WeChat gave it for a code (getuserphonenumber).
    Code,
}

impl Trust {
    /// The word that stands in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Hash => "hash",
            Self::Code => "code",
        }
    }

    /// The trust that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Local, Self::Hash, Self::Code].into_iter().find(|trust| trust.as_str() == word)
    }
}

/// Whether a member may use what they are logged in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As usual.
    Active,
    /// The operator said no.
    Blocked,
}

impl Status {
    /// The word that stands in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
        }
    }

    /// The status that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Blocked].into_iter().find(|status| status.as_str() == word)
    }
}

/// The number a member proved to be theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct BoundPhone {
    /// The number, sealed by the caller.
    pub sealed: Vec<u8>,
    /// The best proof there was of this number.
    pub trust: Trust,
    /// When this number was first bound.
    pub bound_at: UnixSeconds,
}

impl fmt::Debug for BoundPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundPhone")
            .field("sealed_bytes", &self.sealed.len())
            .field("trust", &self.trust)
            .field("bound_at", &self.bound_at)
            .finish()
    }
}

/// A person in one mini program, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Ours.
    pub id: MemberId,
    /// WeChat's.
    pub key: MemberKey,
    /// The person across the programs of one Open Platform account; `None` while WeChat has not said it.
    pub unionid: Option<String>,
    /// What they show; `None` where they gave nothing.
    pub profile: Profile,
    /// Their number, if they bound one.
    pub phone: Option<BoundPhone>,
    /// May they?
    pub status: Status,
    /// The operator's words.
    pub note: Option<String>,
    /// The team's own data: the text of a JSON object.
    pub attributes: String,
    /// The first login.
    pub created_at: UnixSeconds,
    /// The last login, exact to a day.
    pub last_login_at: UnixSeconds,
    /// The last change of what is above, logins aside.
    pub updated_at: UnixSeconds,
    /// How often operators changed status, note or attributes.
    pub revision: i64,
}

debug_only!(Member { id, status });

impl Member {
    /// Whether a mini program is shown more of the member than what an index keeps of everybody: a picture, a number,
    /// attributes.
    pub(crate) fn shows_more(&self) -> bool {
        self.profile.avatar_url.is_some() || self.phone.is_some() || self.attributes != "{}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_proof_is_a_greater_trust() {
        assert!(Trust::Local < Trust::Hash && Trust::Hash < Trust::Code);
    }

    #[test]
    fn words_name_what_they_came_from() {
        for trust in [Trust::Local, Trust::Hash, Trust::Code] {
            assert_eq!(Trust::parse(trust.as_str()), Some(trust));
        }
        for status in [Status::Active, Status::Blocked] {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Trust::parse("decrypt"), None);
        assert_eq!(Status::parse(""), None);
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let member = Member {
            id: MemberId(uuid::Uuid::nil()),
            key: MemberKey { appid: "canary".to_owned(), openid: "canary".to_owned() },
            unionid: Some("canary".to_owned()),
            profile: Profile { nick_name: Some("canary".to_owned()), ..Profile::default() },
            phone: None,
            status: Status::Active,
            note: Some("canary".to_owned()),
            attributes: "canary".to_owned(),
            created_at: UnixSeconds(0),
            last_login_at: UnixSeconds(0),
            updated_at: UnixSeconds(0),
            revision: 0,
        };
        let phone = BoundPhone { sealed: b"canary".to_vec(), trust: Trust::Code, bound_at: UnixSeconds(0) };
        let shown = format!("{member:?} {:?} {phone:?}", member.profile);
        assert!(!shown.contains("canary") && !shown.contains(&format!("{:?}", b"canary")), "{shown}");
    }
}
