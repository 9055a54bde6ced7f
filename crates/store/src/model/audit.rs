use std::fmt;
use std::net::IpAddr;

use uuid::Uuid;

use super::{MemberId, UnixSeconds};

/// Who does something. Never personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The member whom it is about.
    Member,
    /// WeChat, by an answer or a push.
    Wechat,
    /// An operator at the machine itself, by the command line.
    Command,
    /// This server, by itself.
    Server,
    /// Whoever holds this API token.
    Token(Uuid),
}

/// As it stands in the audit: `member`, `wechat`, `command`, `server`, `token:<id>`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member => f.write_str("member"),
            Self::Wechat => f.write_str("wechat"),
            Self::Command => f.write_str("command"),
            Self::Server => f.write_str("server"),
            Self::Token(id) => write!(f, "token:{id}"),
        }
    }
}

/// Who does something that the audit tells of, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The address of a service or an operator; `None` for this machine and for WeChat. Never a member's, which would be
    /// personal data.
    pub origin: Option<IpAddr>,
}

impl By {
    /// The member themselves.
    pub const MEMBER: Self = Self { actor: Actor::Member, origin: None };
    /// WeChat.
    pub const WECHAT: Self = Self { actor: Actor::Wechat, origin: None };
    /// The command line.
    pub const COMMAND: Self = Self { actor: Actor::Command, origin: None };

    /// This server, by itself.
    pub const SERVER: Self = Self { actor: Actor::Server, origin: None };

    /// Whoever holds an API token.
    pub fn token(id: Uuid, origin: Option<IpAddr>) -> Self {
        Self { actor: Actor::Token(id), origin }
    }
}

/// One line of the audit, as the member it is about may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: UnixSeconds,
    /// Who did it, as [`Actor`] writes it.
    pub actor: String,
    /// What was done, such as `phone.changed`.
    pub action: String,
    /// What changed by it, the text of a JSON object without personal data; `None` when the action says it all.
    pub detail: Option<String>,
}

/// One line of the audit, as operators read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// What happened.
    pub row: AuditRow,
    /// As in [`By`].
    pub origin: Option<String>,
    /// The member it is about, unless they were erased.
    pub member: Option<MemberId>,
    /// The erased member it is about: equal for one person, and says no more of them.
    pub pseudonym: Option<[u8; 32]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_written_so_that_lines_of_one_token_can_be_found() {
        let written =
            [Actor::Member, Actor::Wechat, Actor::Command, Actor::Token(Uuid::nil())].map(|by| by.to_string());
        assert_eq!(written, ["member", "wechat", "command", "token:00000000-0000-0000-0000-000000000000"]);
    }
}
