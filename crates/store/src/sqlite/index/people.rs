use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::sessions::seconds;
use crate::model::{Member, MemberId, SessionId, Status};

/// A page that records share. One that is larger has a page of its own.
const PAGE: usize = 1 << 16;
/// Records begin at multiples of so many bytes.
const STEP: usize = 4;
const STEPS_IN_PAGE: usize = PAGE / STEP;

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

/// Those who have sessions, by their number, and which.
///
/// A record is a stretch of a page: id, app and flags, since when, lengths, texts, ids of sessions. When it changes it
/// moves; what it leaves is used again for another of its size.
#[derive(Default)]
pub(super) struct People {
    /// Where the record of each number is, in steps from the first page on, plus one; 0 is nowhere.
    places: Vec<u32>,
    pages: Vec<Box<[u8]>>,
    /// Bytes of the last page that are taken.
    taken: usize,
    /// Places by the size in steps of what they held.
    free: BTreeMap<usize, Vec<u32>>,
    appids: Vec<Arc<str>>,
    /// Bytes of the records that are there.
    live: usize,
    /// The next record, while it is made.
    record: Vec<u8>,
}

impl People {
    pub(super) fn person(&self, owner: u32) -> Option<Person> {
        let record = Record::read(self.bytes_of(owner)?);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into();
        let is_packed = record.word & PACKED != 0;
        Some(Person {
            id: record.id,
            appid: Arc::clone(self.appids.get(record.word >> FLAG_BITS)?),
            openid: if is_packed { BASE64_URL_SAFE_NO_PAD.encode(record.openid).into() } else { text(record.openid) },
            unionid: record.unionid.map(text),
            nick_name: record.nick_name.map(text),
            status: if record.word & BLOCKED != 0 { Status::Blocked } else { Status::Active },
            since: record.since,
            shows_more: record.word & SHOWS_MORE != 0,
        })
    }

    /// The sessions of a member, in the order in which they were given.
    pub(super) fn sessions(&self, owner: u32) -> Vec<SessionId> {
        self.bytes_of(owner).map_or_else(Vec::new, |bytes| Record::read(bytes).sessions().collect())
    }

    /// How many they are.
    pub(super) fn sessions_of(&self, owner: u32) -> usize {
        self.bytes_of(owner).map_or(0, |bytes| Record::read(bytes).sessions().count())
    }

    /// Puts a member and their sessions in place of what was there.
    pub(super) fn put(&mut self, owner: u32, person: View<'_>, sessions: &[SessionId]) {
        self.remove(owner);
        let app = self.app(person.appid);
        let mut record = std::mem::take(&mut self.record);
        encode(&mut record, person, app, sessions);
        let place = self.place(&record);
        self.record = record;
        let owner = owner as usize;
        if owner >= self.places.len() {
            self.places.resize(owner + 1, 0);
        }
        self.places[owner] = place;
    }

    pub(super) fn remove(&mut self, owner: u32) {
        let Some(bytes) = self.bytes_of(owner) else { return };
        let steps = Record::read(bytes).len().div_ceil(STEP);
        self.live -= steps * STEP;
        let place = std::mem::take(&mut self.places[owner as usize]);
        self.free.entry(steps).or_default().push(place);
    }

    /// About what they take.
    pub(super) fn bytes(&self) -> usize {
        self.live + self.places.len() * size_of::<u32>()
    }

    fn bytes_of(&self, owner: u32) -> Option<&[u8]> {
        let place = *self.places.get(owner as usize)? as usize;
        let steps = place.checked_sub(1)?;
        Some(&self.pages[steps / STEPS_IN_PAGE][steps % STEPS_IN_PAGE * STEP..])
    }

    /// Where among the appids this one is.
    fn app(&mut self, appid: &str) -> usize {
        self.appids.iter().position(|known| **known == *appid).unwrap_or_else(|| {
            self.appids.push(appid.into());
            self.appids.len() - 1
        })
    }

    /// Finds room for a record and copies it there.
    fn place(&mut self, record: &[u8]) -> u32 {
        let size = record.len().next_multiple_of(STEP);
        self.live += size;
        if let Some(place) = self.free.get_mut(&(size / STEP)).and_then(Vec::pop) {
            let steps = place as usize - 1;
            let from = steps % STEPS_IN_PAGE * STEP;
            self.pages[steps / STEPS_IN_PAGE][from..from + record.len()].copy_from_slice(record);
            return place;
        }
        if self.pages.is_empty() || self.taken + size > PAGE {
            let page = vec![0; size.max(PAGE)].into_boxed_slice();
            self.pages.push(page);
            self.taken = 0;
        }
        let page = self.pages.len() - 1;
        self.pages[page][self.taken..self.taken + record.len()].copy_from_slice(record);
        let place = page * STEPS_IN_PAGE + self.taken / STEP + 1;
        self.taken += size;
        // 16 GiB of records; the limit of an index is refused above it.
        u32::try_from(place).unwrap_or(0)
    }
}

fn encode(record: &mut Vec<u8>, person: View<'_>, app: usize, sessions: &[SessionId]) {
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

struct Record<'a> {
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
    fn read(bytes: &'a [u8]) -> Self {
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

    fn len(&self) -> usize {
        self.len
    }

    fn sessions(&self) -> impl Iterator<Item = SessionId> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u32, nick_name: Option<&str>) -> Person {
        Person {
            id: MemberId(Uuid::from_u128(number.into())),
            appid: format!("wx{}", number % 3).into(),
            openid: format!("o{number:027}").into(),
            unionid: number.is_multiple_of(2).then(|| format!("u{number}").into()),
            nick_name: nick_name.map(Box::from),
            status: if number.is_multiple_of(5) { Status::Blocked } else { Status::Active },
            since: number,
            shows_more: number.is_multiple_of(7),
        }
    }

    #[test]
    fn people_come_back_as_they_were_put() {
        let mut people = People::default();
        let huge = "名".repeat(PAGE);
        let names = [None, Some(""), Some("小明"), Some(huge.as_str())];
        for (number, name) in (1..).zip(names) {
            people.put(number, person(number, name).view(), &[SessionId(number.into()), SessionId(i64::MAX)]);
        }
        for (number, name) in (1..).zip(names) {
            assert!(people.person(number) == Some(person(number, name)), "{number}");
            assert_eq!(people.sessions(number), [SessionId(number.into()), SessionId(i64::MAX)]);
        }
        assert!(people.person(0).is_none() && people.person(99).is_none());
        people.remove(2);
        assert!(people.person(2).is_none() && people.sessions(2).is_empty());
        assert!(people.person(3) == Some(person(3, names[2])));
    }

    #[test]
    fn what_a_record_leaves_is_used_again() {
        let mut people = People::default();
        for turn in 0..20_000_u32 {
            let sessions: Vec<_> = (0..i64::from(turn % 10)).map(SessionId).collect();
            people.put(turn % 100, person(turn % 100, None).view(), &sessions);
        }
        assert!(people.pages.len() <= 2, "{}", people.pages.len());
    }

    #[test]
    fn a_member_with_one_session_takes_52_bytes() {
        let mut people = People::default();
        for number in 0..50_000 {
            let person = Person { unionid: None, ..person(number, None) };
            people.put(number, person.view(), &[SessionId(1)]);
        }
        assert!(people.bytes() <= 50_000 * 56, "{}", people.bytes());
        assert!(people.pages.len() * PAGE <= 50_000 * 52 + 2 * PAGE, "{}", people.pages.len());
    }

    #[test]
    fn an_openid_of_another_make_comes_back_too() {
        let mut people = People::default();
        for (number, openid) in
            (1..).zip(["", "o", "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "oGZ=", "o 小", "oG-_Y", "oGZ\n", "QQ", "QR"])
        {
            let person = Person { openid: openid.into(), ..person(number, None) };
            people.put(number, person.view(), &[]);
            assert!(people.person(number) == Some(person), "{openid:?}");
        }
    }
}
