//! Members, their sessions and their session keys.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::log::{Log, cut};
use crate::error::{Error, Result};
use crate::model::{
    AuditRow, Avatar, AvatarId, By, LoggedIn, Login, LoginOutcome, Member, MemberId, MemberKey, MemberQuery, Page,
    Profile, SealedKey, Session, SessionId, SessionRow, Status, UnixSeconds,
};

const DAY: i64 = 86_400;
/// How long a session key that is not the newest is of use, and how many are.
const KEY_SECONDS: i64 = 600;
const KEYS: usize = 3;
/// Said once a day.
const CONFLICT: &str = "unionid.conflict";

#[derive(Default)]
pub(super) struct People {
    all: Vec<Person>,
    last: i64,
    pub(super) log: Log,
}

pub(super) struct Person {
    /// Grows with each who joins.
    number: i64,
    log: Log,
    pub(super) member: Member,
    pub(super) phone_index: Option<[u8; 32]>,
    pub(super) sessions: BTreeMap<SessionId, Open>,
    /// Of the logins with these ids, be their sessions open or ended.
    keys: Vec<(SessionId, SealedKey)>,
    /// Whose ids nobody else can have, and since when: an ended session keeps its own until the next purge, with a key or
    /// without, or until a login that finds more rows than there may be sessions, when enough others are younger.
    rows: BTreeMap<SessionId, UnixSeconds>,
    /// With the name of the check that judges it.
    pub(super) avatar: Option<(Avatar, Option<[u8; 32]>)>,
}

/// A session that was not ended; it may have expired.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) hash: [u8; 32],
    created_at: UnixSeconds,
    pub(super) seen_at: UnixSeconds,
    pub(super) expires_at: UnixSeconds,
    ends_at: UnixSeconds,
    user_agent: Option<String>,
}

impl Open {
    pub(super) fn is_live(&self, now: UnixSeconds) -> bool {
        now < self.expires_at && now < self.ends_at
    }
}

impl People {
    pub(super) fn get(&self, id: MemberId) -> Option<&Person> {
        self.all.iter().find(|person| person.member.id == id)
    }

    /// The picture with this id.
    pub(super) fn avatar(&self, id: AvatarId) -> Option<&Avatar> {
        let mut all = self.all.iter().filter_map(|person| person.avatar.as_ref()).map(|(avatar, _)| avatar);
        all.find(|avatar| avatar.id == id)
    }

    /// Who shows the picture that this check judges.
    pub(super) fn checked(&self, check: [u8; 32]) -> Option<MemberId> {
        let is_checked = |person: &&Person| person.avatar.as_ref().is_some_and(|(_, of)| *of == Some(check));
        self.all.iter().find(is_checked).map(|person| person.member.id)
    }

    pub(super) fn get_mut(&mut self, id: MemberId) -> Option<&mut Person> {
        self.all.iter_mut().find(|person| person.member.id == id)
    }

    pub(super) fn find(&self, key: &MemberKey) -> Option<MemberId> {
        self.all.iter().find(|person| person.member.key == *key).map(|person| person.member.id)
    }

    /// Who the same person is in other apps, the oldest first.
    pub(super) fn linked(&self, id: MemberId) -> Vec<Member> {
        let Some(known) = self.get(id).map(|person| &person.member) else { return Vec::new() };
        let others = self.all.iter().map(|person| &person.member).filter(|other| other.key.appid != known.key.appid);
        others.filter(|other| known.unionid.is_some() && other.unionid == known.unionid).cloned().collect()
    }

    /// Those who joined last first.
    pub(super) fn page(&self, query: &MemberQuery) -> Page<Member> {
        let begins = |name: &Option<String>, prefix: &str| {
            let prefix: Vec<_> = prefix.chars().collect();
            let start: Vec<_> = name.iter().flat_map(|name| name.chars()).take(prefix.len()).collect();
            start.len() == prefix.len() && start.iter().zip(&prefix).all(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let holds = |person: &&Person| {
            let member = &person.member;
            query.after.is_none_or(|after| person.number < after)
                && query.appids.contains(&member.key.appid)
                && (query.phone_index.is_none() || query.phone_index == person.phone_index)
                && query.openid.as_ref().is_none_or(|openid| member.key.openid == *openid)
                && query.status.is_none_or(|status| member.status == status)
                && query.nick_name.as_ref().is_none_or(|prefix| begins(&member.profile.nick_name, prefix))
        };
        let left = self.all.iter().rev().filter(holds);
        cut(left.map(|person| (person.number, person.member.clone())).collect(), query.limit)
    }

    pub(super) fn remove(&mut self, id: MemberId) -> Option<Person> {
        let at = self.all.iter().position(|person| person.member.id == id)?;
        Some(self.all.remove(at))
    }

    pub(super) fn live_mut(&mut self, id: SessionId, now: UnixSeconds) -> Option<&mut Open> {
        self.all.iter_mut().find_map(|person| person.sessions.get_mut(&id)).filter(|session| session.is_live(now))
    }

    pub(super) fn session(&self, id: SessionId) -> Option<Session> {
        let owner = self.all.iter().find(|person| person.sessions.contains_key(&id))?;
        let Open { hash, created_at, seen_at, expires_at, ends_at, user_agent } = owner.sessions[&id].clone();
        let member = owner.member.clone();
        Some(Session {
            id,
            member,
            skey_hash: hash,
            created_at,
            last_seen_at: seen_at,
            expires_at,
            ends_at,
            user_agent,
        })
    }

    pub(super) fn log_in(&mut self, login: &Login) -> Result<LoginOutcome> {
        let (id, hash) = (login.session.id, login.session.skey_hash);
        let at = self.all.iter().position(|person| person.member.key == login.member);
        if at.is_some_and(|at| self.all[at].member.status == Status::Blocked) {
            return Ok(LoginOutcome::Blocked);
        }
        let own = at.and_then(|at| self.all[at].sessions.get(&id));
        let repeated = own.is_some_and(|session| session.hash == hash);
        if !repeated && self.all.iter().any(|person| person.rows.contains_key(&id)) {
            return Err(Error::Conflict("another login has this session id"));
        }
        let is_new = at.is_none();
        let at = at.unwrap_or_else(|| {
            self.last += 1;
            self.all.push(Person::new(login, self.last, self.log.clone()));
            self.all.len() - 1
        });
        let person = &mut self.all[at];
        person.see(login);
        if !repeated {
            person.open(login);
        }
        let ended = person.end_above(login);
        Ok(LoginOutcome::Session(LoggedIn { member: person.member.clone(), is_new, ended }))
    }

    /// Ends at most `limit` sessions that expired, and forgets the keys that are of no more use; how many sessions.
    pub(super) fn purge(&mut self, now: UnixSeconds, limit: u32) -> u64 {
        let mut left = limit;
        for person in &mut self.all {
            person.sessions.retain(|_, session| {
                let goes = left > 0 && !session.is_live(now);
                left -= u32::from(goes);
                !goes
            });
            person.forget_keys(now);
            person.forget_rows();
        }
        u64::from(limit - left)
    }
}

impl Person {
    fn new(login: &Login, number: i64, log: Log) -> Self {
        let member = Member {
            id: login.new_member_id,
            key: login.member.clone(),
            unionid: None,
            profile: Profile::default(),
            phone: None,
            status: Status::Active,
            note: None,
            attributes: "{}".to_owned(),
            created_at: login.now,
            last_login_at: login.now,
            updated_at: login.now,
            revision: 0,
        };
        let (sessions, keys, rows) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { number, log, member, phone_index: None, sessions, keys, rows, avatar: None }
    }

    pub(super) fn audit(&self, by: By, action: &str, at: UnixSeconds) {
        self.log.write(at, by, action, Some(self.member.id), None);
    }

    pub(super) fn change_by_wechat(&mut self, action: &str, at: UnixSeconds) {
        self.member.updated_at = at;
        self.audit(By::WECHAT, action, at);
    }

    pub(super) fn change(&mut self, unionid: Option<String>, profile: Profile, now: UnixSeconds) {
        let before = self.member.clone();
        self.member.unionid = before.unionid.clone().or(unionid);
        self.member.profile = before.profile.changed_by(profile);
        if self.member != before {
            self.member.updated_at = now;
        }
        if self.member.profile.avatar_url != before.profile.avatar_url {
            self.avatar = None;
        }
    }

    fn see(&mut self, login: &Login) {
        let contradicts =
            self.member.unionid.is_some() && login.unionid.is_some() && self.member.unionid != login.unionid;
        let is_said = |row: &AuditRow| row.action == CONFLICT && row.at > login.now - DAY;
        if contradicts && !self.log.of(self.member.id).iter().any(is_said) {
            self.audit(By::WECHAT, CONFLICT, login.now);
        }
        self.change(login.unionid.clone(), login.profile.clone().unwrap_or_default(), login.now);
        if login.now >= self.member.last_login_at + DAY {
            self.member.last_login_at = login.now;
        }
    }

    fn open(&mut self, login: &Login) {
        let session = &login.session;
        let open = Open {
            hash: session.skey_hash,
            created_at: login.now,
            seen_at: login.now,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            user_agent: session.user_agent.clone(),
        };
        self.sessions.insert(session.id, open);
        self.rows.insert(session.id, login.now);
        self.keys.push((session.id, SealedKey { sealed: login.sealed_key.clone(), obtained_at: login.now }));
    }

    /// Ends the live sessions with the smallest ids above the cap, but never that of the login.
    fn end_above(&mut self, login: &Login) -> Vec<SessionId> {
        let live = self.sessions.iter().filter(|(_, session)| session.is_live(login.now));
        let others: Vec<_> = live.map(|(id, _)| *id).filter(|id| *id != login.session.id).collect();
        let surplus = others.len().saturating_sub(login.max_sessions.saturating_sub(1) as usize);
        let ended = others[..surplus].to_vec();
        for id in &ended {
            self.sessions.remove(id);
        }
        self.forget_outlived(login);
        ended
    }

    /// Rows of ended sessions go, with their keys, when enough others are younger, be they ended or not. That of the login
    /// does not count.
    fn forget_outlived(&mut self, login: &Login) {
        let others = self.rows.iter().filter(|(id, _)| **id != login.session.id);
        let mut others: Vec<_> = others.map(|(id, at)| (*at, *id)).collect();
        if others.len() <= login.max_sessions.saturating_sub(1) as usize {
            return;
        }
        others.sort_unstable_by_key(|row| Reverse(*row));
        for (_, id) in others.into_iter().skip(KEYS).filter(|(_, id)| !self.sessions.contains_key(id)) {
            self.rows.remove(&id);
            self.keys.retain(|(of, _)| *of != id);
        }
    }

    /// All sessions that were not ended, newest first.
    pub(super) fn rows(&self) -> Vec<SessionRow> {
        let row = |(id, session): (&SessionId, &Open)| SessionRow {
            id: *id,
            created_at: session.created_at,
            last_seen_at: session.seen_at,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            user_agent: session.user_agent.clone(),
        };
        self.sessions.iter().rev().map(row).collect()
    }

    /// The newest key, and of the last ten minutes at most three in all.
    fn usable(&self, now: UnixSeconds) -> Vec<(SessionId, SealedKey)> {
        let mut keys = self.keys.clone();
        keys.sort_by_key(|(id, key)| Reverse((key.obtained_at, *id)));
        keys.truncate(KEYS);
        let newest = keys.first().map(|(id, _)| *id);
        keys.retain(|(id, key)| Some(*id) == newest || is_young(key, now));
        keys
    }

    pub(super) fn usable_keys(&self, now: UnixSeconds) -> Vec<SealedKey> {
        self.usable(now).into_iter().map(|(_, key)| key).collect()
    }

    /// When nobody is left who could use it, the newest stays only while it is young.
    fn forget_keys(&mut self, now: UnixSeconds) {
        let is_wanted = self.sessions.values().any(|session| session.is_live(now));
        self.keys = self.usable(now);
        self.keys.retain(|(_, key)| is_wanted || is_young(key, now));
    }

    /// A row stays for its session or for its key.
    fn forget_rows(&mut self) {
        let Self { rows, sessions, keys, .. } = self;
        rows.retain(|id, _| sessions.contains_key(id) || keys.iter().any(|(of, _)| of == id));
    }
}

fn is_young(key: &SealedKey, now: UnixSeconds) -> bool {
    key.obtained_at > now - KEY_SECONDS
}
