use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::{Person, Record, View, encode};
use crate::model::SessionId;

/// A page that records share. One that is larger has a page of its own.
const PAGE: usize = 1 << 16;
/// Records begin at multiples of so many bytes.
const STEP: usize = 4;
const STEPS_IN_PAGE: usize = PAGE / STEP;

/// Those who have sessions, by their number, and which.
///
/// A [`Record`] is a stretch of a page. When it changes it moves; what it leaves is used again for another of its size.
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
        Record::read(self.bytes_of(owner)?).person(&self.appids)
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{MemberId, Status};

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
