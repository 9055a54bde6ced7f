use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, opening};
use super::search::found;
use super::{Act, Backend, Memory, Step};
use crate::contract::sample::{EVER, NOW, api_token, hash, login, member_id, phone};
use crate::model::{
    ApiToken, AuditLine, AuditQuery, BindPhone, By, ChangeMember, Effect, Export, Identified, Identity, KeptToken,
    Login, MemberId, OpeningId, Profile, Purged, Refresh, Session, SessionId, Status, Subject, Trust, UnixSeconds,
    UsedProof, WechatEvent,
};
use crate::store::Store;

const TRUSTS: [Trust; 3] = [Trust::Local, Trust::Hash, Trust::Code];
/// Between the ids that grow and those that a clock that was set back makes.
const MIDDLE: i64 = 1_000_000;
const APPID: &str = "wx0000000000000001";
/// Everybody's pseudonym, and that of half of all tries: more meets under one name.
const PSEUDONYM: i64 = 1;

/// Lives through `steps` with the backend and with [`Memory`]; panics at the first difference.
pub async fn live(backend: &mut impl Backend, steps: &[Step]) {
    let mut world = World::new();
    for step in steps {
        world.now = world.now + step.passed;
        let mut known = None;
        for _ in 0..=u8::from(step.again) {
            let answers = world.happen(&step.act, backend).await;
            assert_eq!(answers[0], answers[1], "the backend's answer and the model's");
            let [answer, _] = answers;
            known.get_or_insert(answer);
        }
        world.note(&step.act, known);
        let is_whole =
            !matches!(step.act, Act::Touch { .. } | Act::Refresh { .. } | Act::Begin { .. } | Act::Fail { .. });
        world.compare(backend, is_whole).await;
    }
    world.happen(&Act::Restart { is_crash: true }, backend).await;
    world.compare(backend, true).await;
}

/// The model, and what is there to be named, whether it still exists or not.
struct World {
    model: Memory,
    now: UnixSeconds,
    people: Vec<MemberId>,
    /// Each with the number of its hash.
    sessions: BTreeMap<SessionId, i64>,
    /// Of logins and refreshes, which give everything of theirs this number.
    last: i64,
    proofs: BTreeSet<i64>,
    /// As the backend and the model name them.
    openings: Vec<[OpeningId; 2]>,
}

impl World {
    fn new() -> Self {
        Self {
            model: Memory::default(),
            now: NOW,
            people: Vec::new(),
            sessions: BTreeMap::new(),
            last: 0,
            proofs: BTreeSet::new(),
            openings: Vec::new(),
        }
    }

    /// Does a step on both sides: what each of them says.
    async fn happen(&mut self, act: &Act, backend: &mut impl Backend) -> [Answer; 2] {
        match act {
            Act::Restart { is_crash } => {
                backend.restart(*is_crash).await;
                self.model.restart();
            }
            Act::Begin { subject, times } => {
                let mut answers = [Answer::Nothing, Answer::Nothing];
                for _ in 0..*times {
                    let (real, one) = opening(backend.store().begin_opening(hash(*subject), self.now).await);
                    let (model, other) = opening(self.model.begin_opening(hash(*subject), self.now).await);
                    assert_eq!(one.is_some(), other.is_some(), "whether one more try is granted");
                    self.openings.extend(one.zip(other).map(<[_; 2]>::from));
                    answers = [real, model];
                }
                return answers;
            }
            // Who does not know all looks at the oldest sessions, and in a small slice at nothing else.
            Act::Purge { .. } if !backend.knows_all() => {
                return [purge(backend.store(), self.now, 1000).await, purge(&self.model, self.now, 1000).await];
            }
            act => return [self.ask(act, backend.store(), 0).await, self.ask(act, &self.model, 1).await],
        }
        [Answer::Nothing, Answer::Nothing]
    }

    async fn ask(&self, act: &Act, store: &dyn Store, side: usize) -> Answer {
        let now = self.now;
        match *act {
            Act::Login { .. } | Act::Clash { .. } => store.record_login(self.login(act)).await.into(),
            Act::Touch { session, ago, idle } => {
                store.touch_session(self.session(session), now - ago, now + idle).await.into()
            }
            Act::Refresh { session, is_stale, idle } => {
                let id = self.session(session);
                let old = self.sessions.get(&id).copied().unwrap_or_default() + i64::from(is_stale);
                let (old_hash, new_hash) = (hash(old), hash(self.last + 1));
                store
                    .refresh_session(Refresh { id, old_hash, new_hash, seen_at: now, expires_at: now + idle })
                    .await
                    .into()
            }
            Act::End { person, session } => {
                let member = self.owner(person, session).await;
                store.end_session(member, self.session(session), now).await.into()
            }
            Act::EndAll { person } => store.end_sessions(self.person(person), now).await.into(),
            Act::Change { person, name } => {
                store.change_profile(self.person(person), named(Some(name)).unwrap_or_default(), now).await.into()
            }
            Act::Fail { opening } => match self.opening(opening, side) {
                Some(id) => store.fail_opening(id, "padding").await.into(),
                None => Answer::Nothing,
            },
            Act::Release { opening } => match self.opening(opening, side) {
                Some(id) => store.release_opening(id).await.into(),
                None => Answer::Nothing,
            },
            Act::Bind { person, session, number, proof, usable, trust, may_replace, opening } => {
                let bind = phone(self.owner(person, session).await, number, proof, TRUSTS[trust], now);
                let (session, opening) = (self.session(session), self.opening(opening, side));
                store
                    .bind_phone(BindPhone { session, may_replace, opening, usable_until: now + usable, ..bind })
                    .await
                    .into()
            }
            Act::Erase { person } => {
                store.erase_member(self.person(person), hash(PSEUDONYM), By::MEMBER, now).await.into()
            }
            Act::Push { person, event, url, message, effect } => {
                store.receive_event(pushed(person, [url, message, event], effect, now)).await.into()
            }
            Act::Keep { token } => {
                store.keep_access_token(APPID, KeptToken { sealed: vec![token], expires_at: now }).await.into()
            }
            Act::Create { token, hash: other } => {
                // The audit's lines come in the order of their time, by which they go.
                let token = ApiToken { hash: hash(other), created_at: now, ..api_token(token) };
                store.create_api_token(token, By::COMMAND).await.into()
            }
            Act::Revoke { token } => store.revoke_api_token(api_token(token).id, By::COMMAND, now).await.into(),
            Act::Purge { limit } => purge(store, now, limit).await,
            Act::Manage { .. } => store.change_member(self.change(act)).await.into(),
            Act::Oust { person, session } => {
                let member = self.owner(person, session.unwrap_or_default()).await;
                let only = session.map(|session| self.session(session));
                store.revoke_sessions(member, only, By::COMMAND, now).await.into()
            }
            Act::Export { person } => store.note_export(self.person(person), By::COMMAND, now).await.into(),
            Act::Begin { .. } | Act::Restart { .. } => Answer::Nothing,
        }
    }

    /// The next login, which gives everything of its own one number.
    fn login(&self, act: &Act) -> Login {
        let next = self.last + 1;
        let unique = |person: usize, id| Login {
            new_member_id: member_id(next),
            sealed_key: next.to_be_bytes().to_vec(),
            ..login(&format!("o{person}"), id, self.now)
        };
        match *act {
            Act::Login { person, has_smaller_id, unionid, name, most, idle, life } => {
                let mut login = unique(person, if has_smaller_id { MIDDLE - next } else { MIDDLE + next });
                login.session.skey_hash = hash(next);
                (login.session.expires_at, login.session.ends_at) = (self.now + idle, self.now + life);
                login.unionid = unionid.map(|unionid| format!("u{unionid}"));
                login.profile = named(name);
                Login { max_sessions: most, ..login }
            }
            Act::Clash { person, session } => {
                let mut login = unique(person, self.session(session).0);
                login.session.skey_hash = hash(next);
                login
            }
            _ => panic!("{act:?} is no login"),
        }
    }

    fn change(&self, act: &Act) -> ChangeMember {
        let Act::Manage { person, is_blocked, note, attributes, revision } = *act else {
            panic!("{act:?} is no change")
        };
        ChangeMember {
            member: self.person(person),
            status: is_blocked.map(|is_blocked| if is_blocked { Status::Blocked } else { Status::Active }),
            note: note.map(|note| if note > 0 { format!("note {note}") } else { String::new() }),
            attributes: attributes
                .map(|value| if value > 0 { format!(r#"{{"a":{value},"b":1}}"#) } else { "{}".to_owned() }),
            revision,
            by: By::token(api_token(0).id, Some([192, 0, 2, 1].into())),
            now: self.now,
        }
    }

    /// Remembers the names that a step brought.
    fn note(&mut self, act: &Act, answer: Option<Answer>) {
        match (act, answer) {
            (Act::Login { .. } | Act::Clash { .. }, Some(answer)) => {
                let session = self.login(act).session.id;
                self.last += 1;
                if let Answer::Login { member, is_new, .. } = answer {
                    self.sessions.insert(session, self.last);
                    self.people.extend(is_new.then_some(member.id));
                }
            }
            (Act::Refresh { session, .. }, Some(Answer::Flag(is_done))) => {
                self.last += 1;
                if is_done {
                    self.sessions.insert(self.session(*session), self.last);
                }
            }
            (Act::Bind { proof, .. }, _) => drop(self.proofs.insert(*proof)),
            _ => {}
        }
    }

    /// Asks the backend and the model for all they hold; or no more than sessions and members.
    async fn compare(&self, backend: &impl Backend, is_whole: bool) {
        let model = self.view(&self.model, is_whole).await;
        assert_eq!(self.view(backend.store(), is_whole).await, model, "what the backend holds and what the model does");
        for id in self.sessions.keys() {
            let session = self.model.session(*id).await.expect("a model that works");
            let hash = session.as_ref().map_or([0; 32], |session| session.skey_hash);
            match (backend.store().identify(*id, &hash, EVER), session) {
                (Identified::Absent, None) => {}
                (Identified::Ask, _) if !backend.knows_all() => {}
                (Identified::Known(said), Some(session)) => {
                    assert!(said == Identity::from(session), "{id} is said to be {said:?}");
                }
                (said, session) => panic!("{id} is said to be {said:?}, and is {session:?}"),
            }
        }
    }

    async fn view(&self, store: &dyn Store, is_whole: bool) -> View {
        let mut view = View::default();
        for id in self.sessions.keys() {
            view.sessions.push(store.session(*id).await.expect("a read"));
        }
        for id in &self.people {
            view.exports.push(store.export(*id, hash(PSEUDONYM), self.now).await.expect("a read"));
        }
        if !is_whole {
            return view;
        }
        for id in &self.people {
            let keys = store.session_keys(*id, self.now).await.expect("a read");
            view.keys.extend(keys.into_iter().map(|key| key.sealed));
        }
        for proof in &self.proofs {
            view.proofs.push(store.used_proof(hash(*proof)).await.expect("a read"));
        }
        view.found = found(store, APPID).await;
        let query = AuditQuery { member: None, actor: None, action: None, after: None, limit: 1_000_000 };
        view.audit = store.audit(query).await.expect("a read").rows;
        view.access_token = store.access_token(APPID).await.expect("a read");
        view.api_tokens = store.api_tokens().await.expect("a read");
        view
    }

    fn person(&self, number: usize) -> MemberId {
        number.checked_rem(self.people.len()).map_or(member_id(0), |at| self.people[at])
    }

    /// The person, or else whose session it is.
    async fn owner(&self, person: Option<usize>, session: usize) -> MemberId {
        let session = self.model.session(self.session(session)).await.expect("a model that works");
        let owner = session.filter(|_| person.is_none()).map(|session| session.member.id);
        owner.unwrap_or_else(|| self.person(person.unwrap_or_default()))
    }

    fn session(&self, number: usize) -> SessionId {
        let at = number.checked_rem(self.sessions.len()).and_then(|at| self.sessions.keys().nth(at));
        at.copied().unwrap_or(SessionId(MIDDLE))
    }

    fn opening(&self, number: usize, side: usize) -> Option<OpeningId> {
        number.checked_rem(self.openings.len()).map(|at| self.openings[at][side])
    }
}

#[derive(Debug, Default, PartialEq)]
struct View {
    sessions: Vec<Option<Session>>,
    exports: Vec<Option<Export>>,
    keys: Vec<Vec<u8>>,
    proofs: Vec<Option<UsedProof>>,
    access_token: Option<KeptToken>,
    api_tokens: Vec<ApiToken>,
    found: Vec<Vec<MemberId>>,
    audit: Vec<AuditLine>,
}

fn named(name: Option<u8>) -> Option<Profile> {
    name.map(|name| Profile { nick_name: Some(format!("n{name}")), ..Profile::default() })
}

/// Purges until no slice is due. Which rows are in which slice is the store's to choose, the sum is not; the last slice
/// is a large one, for a small one may have held nothing but keys that stay.
async fn purge(store: &dyn Store, now: UnixSeconds, limit: u32) -> Answer {
    let mut sum = [0; 6];
    let mut more = true;
    while more {
        let slice = store.purge(now, limit).await.expect("a purge");
        let counts = counts(&slice);
        assert!(counts.iter().all(|count| *count <= limit.into()), "a slice of {limit} is {counts:?}");
        sum = std::array::from_fn(|kind| sum[kind] + counts[kind]);
        more = slice.more;
    }
    let last = store.purge(now, 1000).await.expect("a purge");
    assert!(!last.more && counts(&last) == [0; 6], "{last:?} was still due");
    Answer::Purged(sum)
}

fn counts(purged: &Purged) -> [u64; 6] {
    let Purged { sessions, failures, proofs, events, pushes, audit, plugin_entries: _, statistics: _, more: _ } =
        *purged;
    [sessions, failures, proofs, events, pushes, audit]
}

fn pushed(person: usize, [url, message, event]: [i64; 3], effect: Effect, now: UnixSeconds) -> WechatEvent {
    WechatEvent {
        url: hash(url),
        message: hash(message),
        digest: hash(event),
        appid: APPID.to_owned(),
        event: format!("event{event}"),
        subject: Some(Subject { openid: format!("o{person}"), pseudonym: hash(PSEUDONYM) }),
        sealed_content: Some(vec![1]),
        happened_at: now,
        effect,
        now,
    }
}
