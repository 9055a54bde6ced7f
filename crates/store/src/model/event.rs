use super::{MemberId, UnixSeconds, debug_only};

/// What WeChat's message push said, once the caller knows that WeChat said it.
#[derive(Clone)]
pub struct WechatEvent {
    /// SHA-256 of the app and of the signature and nonce in the URL.
    pub url: [u8; 32],
    /// SHA-256 of the signature of the message.
    pub message: [u8; 32],
    /// What is equal in all deliveries of one event, and in those of no other.
    pub digest: [u8; 32],
    /// The app it was sent to.
    pub appid: String,
    /// WeChat's word for it, such as `user_authorization_revoke`.
    pub event: String,
    /// The person it is about, if it names one.
    pub subject: Option<Subject>,
    /// The message, sealed by the caller; `None` where nothing of it may stay.
    pub sealed_content: Option<Vec<u8>>,
    /// When it happened, by WeChat's word.
    pub happened_at: UnixSeconds,
    /// What it does to the person, if they are a member.
    pub effect: Effect,
    /// The instant of its arrival.
    pub now: UnixSeconds,
}

debug_only!(WechatEvent { appid, event, effect });

/// Whom an event is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// WeChat's name of the person in the app.
    pub openid: String,
    /// A keyed hash of app and person.
    pub pseudonym: [u8; 32],
}

debug_only!(Subject {});

/// What an event does to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is kept, and that is all.
    Keep,
    /// They take back their consent to some of what they gave.
    Withdraw {
        /// Their phone number, and all that holds it.
        phone: bool,
        /// Nickname and avatar.
        profile: bool,
    },
    /// WeChat found their nickname or avatar unfit.
    ClearProfile,
    /// The check of this name found an uploaded picture unfit. It is about who shows the picture, whomever the event names.
    RefuseAvatar {
        /// As when the picture was kept.
        check: [u8; 32],
    },
    /// They are erased, as by [`Store::erase_member`](crate::Store::erase_member).
    Erase,
}

/// What became of a [`WechatEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is kept and has had its effect: on this member, if there is one.
    Now(Option<MemberId>),
    /// It came before. Nothing was written but that this delivery came.
    Before,
    /// Another message came with the same signature and nonce. Nothing was written.
    Mismatch,
}

/// A kept event about a member.
#[derive(Clone, PartialEq, Eq)]
pub struct EventRow {
    /// WeChat's word for it.
    pub event: String,
    /// When it happened.
    pub happened_at: UnixSeconds,
    /// When it arrived.
    pub received_at: UnixSeconds,
    /// The message as the caller sealed it.
    pub sealed_content: Option<Vec<u8>>,
}

debug_only!(EventRow { event, happened_at, received_at });
