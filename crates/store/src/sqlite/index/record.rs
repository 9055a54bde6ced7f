use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::sessions::seconds;
use crate::model::{Member, MemberId, SessionId, Status};

const BLOCKED: usize = 1;
const HAS_UNIONID: usize = 2;
const HAS_NICK_NAME: usize = 4;
/// The openid is kept as the bytes that it is the base64 of.
const PACKED: usize = 8;
const SHOWS_MORE: usize = 16;
const FLAG_BITS: u32 = 5;

/// What a check says of a member.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sqlite) struct Person {
    pub(in crate::sqlite) id: MemberId,
    pub(in crate::sqlite) appid: Arc<str>,
    pub(in crate::sqlite) openid: Box<str>,
    pub(in crate::sqlite) unionid: Option<Box<str>>,
    pub(in crate::sqlite) nick_name: Option<Box<str>>,
    pub(in crate::sqlite) status: Status,
    /// When the member was made.
    pub(in crate::sqlite) since: u32,
    pub(in crate::sqlite) shows_more: bool,
}

impl From<&Member> for Person {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id,
            appid: member.key.appid.as_str().into(),
            openid: member.key.openid.as_str().into(),
            unionid: member.unionid.as_deref().map(Box::from),
            nick_name: member.profile.nick_name.as_deref().map(Box::from),
            status: member.status,
            since: seconds(member.created_at),
            shows_more: member.shows_more(),
        }
    }
}

impl Person {
    pub(super) fn view(&self) -> View<'_> {
        View {
            id: self.id,
            appid: &self.appid,
            openid: &self.openid,
            unionid: self.unionid.as_deref(),
            nick_name: self.nick_name.as_deref(),
            status: self.status,
            since: self.since,
            shows_more: self.shows_more,
        }
    }
}

/// A [`Person`] whose words are another's.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) id: MemberId,
    pub(super) appid: &'a str,
    pub(super) openid: &'a str,
    pub(super) unionid: Option<&'a str>,
    pub(super) nick_name: Option<&'a str>,
    pub(super) status: Status,
    pub(super) since: u32,
    pub(super) shows_more: bool,
}

/// Writes a record: id, app and flags, since when, lengths, texts, ids of sessions.
pub(super) fn encode(record: &mut Vec<u8>, person: View<'_>, app: usize, sessions: &[SessionId]) {
    // WeChat's openids are 28 characters of base64. Only what comes back the same is taken for it.
    let packed = BASE64_URL_SAFE_NO_PAD.decode(person.openid).ok();
    let flag = |is_set: bool, flag: usize| if is_set { flag } else { 0 };
    let word = app << FLAG_BITS
        | flag(person.status == Status::Blocked, BLOCKED)
        | flag(person.unionid.is_some(), HAS_UNIONID)
        | flag(person.nick_name.is_some(), HAS_NICK_NAME)
        | flag(packed.is_some(), PACKED)
        | flag(person.shows_more, SHOWS_MORE);
    record.clear();
    record.extend(person.id.0.as_bytes());
    push_length(record, word);
    record.extend(person.since.to_le_bytes());
    push_bytes(record, packed.as_deref().unwrap_or(person.openid.as_bytes()));
    for text in [person.unionid, person.nick_name].into_iter().flatten() {
        push_bytes(record, text.as_bytes());
    }
    push_length(record, sessions.len());
    for id in sessions {
        record.extend(id.0.to_le_bytes());
    }
}

fn push_bytes(record: &mut Vec<u8>, bytes: &[u8]) {
    push_length(record, bytes.len());
    record.extend(bytes);
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn push_length(record: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        record.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    record.push(length.to_le_bytes()[0]);
}

/// What a check says of a member and which sessions they have, as bytes.
pub(super) struct Record<'a> {
    id: MemberId,
    word: usize,
    since: u32,
    openid: &'a [u8],
    unionid: Option<&'a [u8]>,
    nick_name: Option<&'a [u8]>,
    sessions: &'a [u8],
    len: usize,
}

impl<'a> Record<'a> {
    /// Reads what [`encode`] wrote; behind it may stand anything.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut reader = Reader { bytes, at: 0 };
        let id = MemberId(Uuid::from_bytes(reader.array()));
        let word = reader.length();
        let since = u32::from_le_bytes(reader.array());
        let openid = reader.bytes();
        let unionid = (word & HAS_UNIONID != 0).then(|| reader.bytes());
        let nick_name = (word & HAS_NICK_NAME != 0).then(|| reader.bytes());
        let count = reader.length();
        let sessions = reader.take(count * 8);
        Self { id, word, since, openid, unionid, nick_name, sessions, len: reader.at }
    }

    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The member; nothing if their app is not one of `appids`.
    pub(super) fn person(&self, appids: &[Arc<str>]) -> Option<Person> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into();
        let has = |flag| self.word & flag != 0;
        Some(Person {
            id: self.id,
            appid: Arc::clone(appids.get(self.word >> FLAG_BITS)?),
            openid: if has(PACKED) { BASE64_URL_SAFE_NO_PAD.encode(self.openid).into() } else { text(self.openid) },
            unionid: self.unionid.map(text),
            nick_name: self.nick_name.map(text),
            status: if has(BLOCKED) { Status::Blocked } else { Status::Active },
            since: self.since,
            shows_more: has(SHOWS_MORE),
        })
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.as_chunks().0.iter().map(|id| SessionId(i64::from_le_bytes(*id)))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let from = self.at;
        self.at += length;
        &self.bytes[from..self.at]
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N));
        array
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = self.length();
        self.take(length)
    }

    fn length(&mut self) -> usize {
        let (mut length, mut shift) = (0, 0);
        loop {
            let [byte] = self.array();
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return length;
            }
            shift += 7;
        }
    }
}
