use std::fmt;
use std::ops::BitOr;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Effect, MemberId, SessionId, Trust, UnixSeconds};

/// Something that was committed, as others are told of it. It holds no personal data: ids, words and instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its own, the same for all who are told and however often.
    pub id: Uuid,
    /// The app in which it happened.
    pub appid: String,
    /// The member it is about; `None` where WeChat named nobody, or somebody who is none.
    pub member: Option<MemberId>,
    /// When.
    pub happened_at: UnixSeconds,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A first login made the member.
    MemberCreated,
    /// Something of what is held about the member is another, or gone.
    MemberUpdated {
        /// The names of the fields, as answers write them: `nickName`, `phone`, `status`.
        changed: Vec<&'static str>,
    },
    /// The member is gone, with every event about them that was not delivered.
    MemberErased,
    /// A phone number was proved.
    PhoneBound {
        /// How well.
        trust: Trust,
    },
    /// A login opened a session.
    SessionCreated {
        /// Which.
        session: SessionId,
    },
    /// A session is over.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// Why.
        cause: EndCause,
    },
    /// WeChat's message push said something.
    WechatEvent {
        /// WeChat's word for it.
        event: String,
        /// What it did here.
        effect: Effect,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// Somebody ended it: the member logged out, or the team did it for them.
    Ended,
    /// The member logged in elsewhere and had too many.
    Yielded,
    /// Its time was over. Told when it is noticed, minutes later.
    Expired,
}

impl EndCause {
    /// The word that stands in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Yielded => "yielded",
            Self::Expired => "expired",
        }
    }
}

/// A kind of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the kinds are those of Happened")]
pub enum EventType {
    MemberCreated,
    MemberUpdated,
    MemberErased,
    PhoneBound,
    SessionCreated,
    SessionEnded,
    WechatEvent,
}

impl EventType {
    /// Every kind there is.
    pub const ALL: [Self; 7] = [
        Self::MemberCreated,
        Self::MemberUpdated,
        Self::MemberErased,
        Self::PhoneBound,
        Self::SessionCreated,
        Self::SessionEnded,
        Self::WechatEvent,
    ];

    /// Its word: `member.created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MemberCreated => "member.created",
            Self::MemberUpdated => "member.updated",
            Self::MemberErased => "member.erased",
            Self::PhoneBound => "phone.bound",
            Self::SessionCreated => "session.created",
            Self::SessionEnded => "session.ended",
            Self::WechatEvent => "wechat.event",
        }
    }

    /// The kind that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct EventTypes(u8);

impl EventTypes {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << EventType::ALL.len()) - 1);

    /// Whether `kind` is one of them.
    pub fn contains(self, kind: EventType) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Those that are in it.
    pub fn iter(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn of_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind as u8))
    }
}

impl BitOr for EventTypes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(EventType::as_str)).finish()
    }
}

impl Happened {
    /// Its kind.
    pub fn kind(&self) -> EventType {
        match self {
            Self::MemberCreated => EventType::MemberCreated,
            Self::MemberUpdated { .. } => EventType::MemberUpdated,
            Self::MemberErased => EventType::MemberErased,
            Self::PhoneBound { .. } => EventType::PhoneBound,
            Self::SessionCreated { .. } => EventType::SessionCreated,
            Self::SessionEnded { .. } => EventType::SessionEnded,
            Self::WechatEvent { .. } => EventType::WechatEvent,
        }
    }
}

impl Event {
    /// What a receiver reads under `data`: `appid`, `member_id` and what its kind adds.
    pub fn data(&self) -> Value {
        let mut data = match &self.happened {
            Happened::MemberCreated | Happened::MemberErased => json!({}),
            Happened::MemberUpdated { changed } => json!({ "changed": changed }),
            Happened::PhoneBound { trust } => json!({ "trust": trust }),
            Happened::SessionCreated { session } => json!({ "session_id": session }),
            Happened::SessionEnded { session, cause } => json!({ "session_id": session, "cause": cause.as_str() }),
            Happened::WechatEvent { event, effect } => json!({ "event": event, "effect": effect_word(*effect) }),
        };
        data["appid"] = json!(self.appid);
        data["member_id"] = json!(self.member);
        data
    }
}

fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Keep => "none",
        Effect::Withdraw { .. } => "withdrawn",
        Effect::ClearProfile | Effect::RefuseAvatar { .. } => "cleared",
        Effect::Erase => "erased",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_kind() {
        for kind in EventType::ALL {
            assert_eq!(EventType::parse(kind.as_str()), Some(kind));
            let alone: EventTypes = [kind].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [kind]);
            assert!(EventTypes::ALL.contains(kind) && !EventTypes::NONE.contains(kind));
        }
        assert_eq!(EventType::parse("member"), None);
        assert_eq!(EventType::ALL.into_iter().collect::<EventTypes>(), EventTypes::ALL);
    }

    #[test]
    fn what_is_told_names_the_app_and_the_member_by_id() {
        let member = MemberId(Uuid::from_u128(7));
        let event = Event {
            id: Uuid::from_u128(1),
            appid: "wx1".to_owned(),
            member: Some(member),
            happened_at: UnixSeconds(5),
            happened: Happened::SessionEnded { session: SessionId(255), cause: EndCause::Yielded },
        };
        let told = json!({ "appid": "wx1", "member_id": member.to_string(), "session_id": "00000000000000ff", "cause": "yielded" });
        assert_eq!(event.data(), told);
    }
}
