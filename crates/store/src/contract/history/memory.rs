use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::events::Events;
use super::people::{People, Person};
use super::statistics::Statistics;
use super::tries::Tries;
use crate::bulk::Bulk;
use crate::error::Result;
use crate::model::{
    ApiToken, AvatarId, BindPhone, Bound, BoundPhone, By, Effect, Export, ExportedProof, FailedQuery, FailedRequest,
    FailedRow, HourCount, Identified, Identity, KeepAvatar, KeptToken, Login, LoginOutcome, Member, MemberId,
    MemberKey, NewSigningKey, Opening, OpeningId, Profile, Purged, Readiness, Received, Refresh, SealedKey, Session,
    SessionId, SessionRow, SigningKey, Subject, UnixSeconds, UsedProof, WechatEvent,
};
use crate::outbox::Outbox;
use crate::plugin_entries::PluginEntries;
use crate::store::Store;

/// What a store must do, in memory and as plainly as it can be said: nothing is fast, and nothing outlives the process.
///
/// It is the other side of [`histories`](super), and runs the suite itself. Time must not go back.
#[derive(Default)]
pub struct Memory(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) people: People,
    tries: Tries,
    proofs: BTreeMap<[u8; 32], (UsedProof, UnixSeconds)>,
    events: Events,
    statistics: Statistics,
    access_tokens: BTreeMap<String, KeptToken>,
    forced_tokens: BTreeSet<(String, UnixSeconds)>,
    signing_keys: Vec<SigningKey>,
    /// The greatest number that a key ever had.
    signing_key_number: i64,
    /// With whether they are revoked.
    pub(super) api_tokens: Vec<(ApiToken, bool)>,
}

impl Memory {
    /// What the end of a process changes: tries that were under way count no more.
    pub fn restart(&self) {
        self.state().tries.release_all();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn erase(&mut self, member: MemberId, pseudonym: [u8; 32], by: By, now: UnixSeconds) -> Option<Vec<SessionId>> {
        let person = self.people.remove(member)?;
        self.people.log.pseudonymise(member, pseudonym);
        self.people.log.write_of_erased(now, by, "member.erased", pseudonym);
        self.proofs.retain(|_, (proof, _)| proof.member != member);
        self.statistics.forget(member);
        self.events.note_erasure(pseudonym);
        Some(person.sessions.into_keys().collect())
    }

    /// Newest first.
    fn proofs_of(&self, member: MemberId) -> Vec<ExportedProof> {
        let own = self.proofs.values().filter(|(proof, _)| proof.member == member);
        let exported = |(proof, usable_until): &(UsedProof, UnixSeconds)| ExportedProof {
            session: proof.session,
            sealed_answer: proof.sealed_answer.clone(),
            usable_until: *usable_until,
        };
        let mut own: Vec<_> = own.map(exported).collect();
        own.sort_by_key(|proof| Reverse(proof.usable_until));
        own
    }

    fn refuse_avatar(&mut self, member: MemberId, now: UnixSeconds) {
        let Some(person) = self.people.get_mut(member) else { return };
        (person.member.profile.avatar_url, person.avatar) = (None, None);
        person.change_by_wechat("avatar.refused", now);
    }

    /// What an event does to a member.
    fn affect(&mut self, member: MemberId, pseudonym: [u8; 32], event: &WechatEvent) {
        let (phone, profile, actions) = match event.effect {
            Effect::RefuseAvatar { .. } => return self.refuse_avatar(member, event.now),
            Effect::Keep => return,
            Effect::Erase => return drop(self.erase(member, pseudonym, By::WECHAT, event.now)),
            Effect::Withdraw { phone, profile } => (phone, profile, ["phone.withdrawn", "profile.withdrawn"]),
            Effect::ClearProfile => (false, true, ["", "profile.cleared"]),
        };
        let Some(person) = self.people.get_mut(member) else { return };
        if phone {
            (person.member.phone, person.phone_index) = (None, None);
            person.change_by_wechat(actions[0], event.now);
            let own = self.proofs.values_mut().filter(|(proof, _)| proof.member == member);
            own.for_each(|(proof, _)| proof.sealed_answer.clear());
        }
        if profile {
            (person.member.profile.nick_name, person.member.profile.avatar_url) = (None, None);
            person.avatar = None;
            person.change_by_wechat(actions[1], event.now);
        }
    }
}

/// Nobody hears of what only a model does.
impl Outbox for Memory {}

/// No step of a history is a plugin's.
impl PluginEntries for Memory {}

/// What the histories ask, nobody does by the thousand.
impl Bulk for Memory {}

#[async_trait]
impl Store for Memory {
    async fn record_login(&self, login: Login) -> Result<LoginOutcome> {
        self.state().people.log_in(&login)
    }

    fn identify(&self, id: SessionId, skey_hash: &[u8; 32], now: UnixSeconds) -> Identified {
        let is_theirs =
            |session: &Session| session.skey_hash == *skey_hash && now < session.expires_at && now < session.ends_at;
        let session = self.state().people.session(id).filter(is_theirs);
        session.map_or(Identified::Absent, |session| Identified::Known(Identity::from(session)))
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.state().people.session(id))
    }

    async fn touch_session(&self, id: SessionId, seen_at: UnixSeconds, expires_at: UnixSeconds) -> Result<()> {
        if let Some(session) = self.state().people.live_mut(id, seen_at).filter(|session| session.seen_at <= seen_at) {
            (session.seen_at, session.expires_at) = (seen_at, expires_at);
        }
        Ok(())
    }

    async fn refresh_session(&self, refresh: Refresh) -> Result<bool> {
        let mut state = self.state();
        let known = [refresh.old_hash, refresh.new_hash];
        let session = state.people.live_mut(refresh.id, refresh.seen_at);
        let Some(session) = session.filter(|session| known.contains(&session.hash)) else { return Ok(false) };
        session.hash = refresh.new_hash;
        (session.seen_at, session.expires_at) = (refresh.seen_at, refresh.expires_at);
        Ok(true)
    }

    async fn end_session(&self, member: MemberId, id: SessionId, now: UnixSeconds) -> Result<bool> {
        let mut state = self.state();
        let ended = state.people.get_mut(member).and_then(|person| person.sessions.remove(&id));
        Ok(ended.is_some_and(|session| session.is_live(now)))
    }

    async fn end_sessions(&self, member: MemberId, now: UnixSeconds) -> Result<u64> {
        let mut state = self.state();
        let ended = state.people.get_mut(member).map(|person| std::mem::take(&mut person.sessions));
        Ok(ended.into_iter().flatten().filter(|(_, session)| session.is_live(now)).count() as u64)
    }

    async fn sessions(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SessionRow>> {
        let mut rows = self.state().people.get(member).map(Person::rows).unwrap_or_default();
        rows.retain(|row| now < row.expires_at && now < row.ends_at);
        Ok(rows)
    }

    async fn session_keys(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SealedKey>> {
        Ok(self.state().people.get(member).map(|person| person.usable_keys(now)).unwrap_or_default())
    }

    async fn member(&self, id: MemberId) -> Result<Option<Member>> {
        Ok(self.state().people.get(id).map(|person| person.member.clone()))
    }

    async fn change_profile(&self, member: MemberId, profile: Profile, now: UnixSeconds) -> Result<Option<Member>> {
        let mut state = self.state();
        let Some(person) = state.people.get_mut(member) else { return Ok(None) };
        person.change(None, profile, now);
        Ok(Some(person.member.clone()))
    }

    async fn keep_avatar(&self, keep: KeepAvatar) -> Result<Option<Member>> {
        let mut state = self.state();
        let Some(person) = state.people.get_mut(keep.member) else { return Ok(None) };
        let shown = Profile { avatar_url: Some(keep.avatar_url), ..Profile::default() };
        person.change(None, shown, keep.avatar.kept_at);
        person.avatar = Some((keep.avatar, keep.check));
        Ok(Some(person.member.clone()))
    }

    async fn avatar(&self, id: AvatarId) -> Result<Option<Vec<u8>>> {
        Ok(self.state().people.avatar(id).map(|avatar| avatar.picture.clone()))
    }

    async fn begin_opening(&self, subject: [u8; 32], now: UnixSeconds) -> Result<Opening> {
        Ok(self.state().tries.begin(subject, now))
    }

    async fn fail_opening(&self, id: OpeningId, cause: &str) -> Result<()> {
        self.state().tries.fail(id, cause);
        Ok(())
    }

    async fn release_opening(&self, id: OpeningId) -> Result<()> {
        self.state().tries.release(id);
        Ok(())
    }

    async fn used_proof(&self, digest: [u8; 32]) -> Result<Option<UsedProof>> {
        Ok(self.state().proofs.get(&digest).map(|(proof, _)| proof.clone()))
    }

    async fn bind_phone(&self, bind: BindPhone) -> Result<Bound> {
        let mut state = self.state();
        let State { people, tries, proofs, .. } = &mut *state;
        if let Some((proof, _)) = proofs.get(&bind.digest) {
            return Ok(Bound::UsedBefore(proof.clone()));
        }
        let person = people.get_mut(bind.member).filter(|person| person.sessions.contains_key(&bind.session));
        let Some(person) = person else { return Ok(Bound::Gone) };
        let same = person.member.phone.clone().filter(|_| person.phone_index == Some(bind.phone_index));
        if person.member.phone.is_some() && same.is_none() {
            if !bind.may_replace {
                return Ok(Bound::LoginTooOld);
            }
            person.audit(By::MEMBER, "phone.changed", bind.now);
        }
        person.phone_index = Some(bind.phone_index);
        person.member.updated_at = bind.now;
        person.member.phone = Some(BoundPhone {
            sealed: bind.phone_sealed,
            trust: same.as_ref().map_or(bind.trust, |phone| phone.trust.max(bind.trust)),
            bound_at: same.map_or(bind.now, |phone| phone.bound_at),
        });
        let proof = UsedProof { member: bind.member, session: bind.session, sealed_answer: bind.sealed_answer };
        proofs.insert(bind.digest, (proof, bind.usable_until));
        bind.opening.into_iter().for_each(|id| tries.release(id));
        Ok(Bound::Done(person.member.clone()))
    }

    async fn erase_member(
        &self,
        member: MemberId,
        pseudonym: [u8; 32],
        by: By,
        now: UnixSeconds,
    ) -> Result<Option<Vec<SessionId>>> {
        Ok(self.state().erase(member, pseudonym, by, now))
    }

    async fn export(&self, member: MemberId, pseudonym: [u8; 32], now: UnixSeconds) -> Result<Option<Export>> {
        let state = self.state();
        Ok(state.people.get(member).map(|person| Export {
            exported_at: now,
            member: person.member.clone(),
            sessions: person.rows(),
            session_keys_obtained_at: person.usable_keys(now).iter().map(|key| key.obtained_at).collect(),
            audit: state.people.log.of(member),
            failures: state.tries.of(pseudonym),
            failed_requests: state.statistics.of_member(member),
            proofs: state.proofs_of(member),
            events: state.events.of(pseudonym),
            avatar: person.avatar.clone().map(|(avatar, _)| avatar),
            plugin_entries: Vec::new(),
        }))
    }

    async fn receive_event(&self, event: WechatEvent) -> Result<Received> {
        let mut state = self.state();
        if let Some(before) = state.events.see(&event) {
            return Ok(before);
        }
        let key = |subject: &Subject| MemberKey { appid: event.appid.clone(), openid: subject.openid.clone() };
        let named = event.subject.as_ref().and_then(|subject| state.people.find(&key(subject)));
        if !state.events.keep(&event, named.is_some()) {
            return Ok(Received::Before);
        }
        let member = match event.effect {
            Effect::RefuseAvatar { check } => state.people.checked(check),
            _ => named,
        };
        let pseudonym = event.subject.as_ref().map(|subject| subject.pseudonym).unwrap_or_default();
        match member {
            Some(member) => state.affect(member, pseudonym, &event),
            None if event.effect == Effect::Erase => state.events.forget(pseudonym),
            None => {}
        }
        Ok(Received::Now(member))
    }

    async fn access_token(&self, appid: &str) -> Result<Option<KeptToken>> {
        Ok(self.state().access_tokens.get(appid).cloned())
    }

    async fn keep_access_token(&self, appid: &str, token: KeptToken) -> Result<()> {
        self.state().access_tokens.insert(appid.to_owned(), token);
        Ok(())
    }

    async fn forced_tokens(&self, appid: &str, since: UnixSeconds) -> Result<Vec<UnixSeconds>> {
        let state = self.state();
        let own = state.forced_tokens.iter().filter(|(of, at)| of == appid && *at > since);
        Ok(own.map(|(_, at)| *at).collect())
    }

    async fn note_forced_token(&self, appid: &str, at: UnixSeconds, since: UnixSeconds) -> Result<()> {
        let forced = &mut self.state().forced_tokens;
        forced.retain(|(of, at)| of != appid || *at > since);
        forced.insert((appid.to_owned(), at));
        Ok(())
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        Ok(self.state().signing_keys.clone())
    }

    async fn add_signing_key(&self, key: NewSigningKey, after: Option<i64>) -> Result<bool> {
        let mut state = self.state();
        let newest = state.signing_keys.last();
        if newest.map(|kept| kept.number) != after {
            return Ok(newest.is_some_and(|kept| kept.key.public_key == key.public_key));
        }
        state.signing_key_number += 1;
        let number = state.signing_key_number;
        state.signing_keys.push(SigningKey { number, key });
        Ok(true)
    }

    async fn remove_signing_keys_before(&self, number: i64) -> Result<u64> {
        let mut state = self.state();
        let before = state.signing_keys.len();
        state.signing_keys.retain(|kept| kept.number >= number);
        Ok((before - state.signing_keys.len()) as u64)
    }

    async fn add_counts(&self, counts: Vec<HourCount>) -> Result<()> {
        self.state().statistics.count(counts);
        Ok(())
    }

    async fn counts(&self, from: UnixSeconds, to: UnixSeconds) -> Result<Vec<HourCount>> {
        Ok(self.state().statistics.counts(from, to))
    }

    async fn add_failed_requests(&self, failed: Vec<FailedRequest>) -> Result<()> {
        let State { people, statistics, .. } = &mut *self.state();
        statistics.fail(failed, |member| people.get(member).is_some());
        Ok(())
    }

    async fn failed_requests(&self, query: FailedQuery) -> Result<Vec<FailedRow>> {
        Ok(self.state().statistics.failed(&query))
    }

    async fn purge(&self, now: UnixSeconds, limit: u32) -> Result<Purged> {
        let mut state = self.state();
        let sessions = state.people.purge(now, limit);
        let failures = state.tries.purge(now, limit);
        let old: Vec<_> =
            state.proofs.iter().filter(|(_, (_, until))| *until < now).map(|(digest, _)| *digest).collect();
        let old = old.into_iter().take(limit as usize);
        let proofs = old.map(|digest| state.proofs.remove(&digest)).count() as u64;
        let [events, pushes] = state.events.purge(now, limit);
        let audit = state.people.log.purge(now, limit);
        let [hours, failed] = state.statistics.purge(now, limit);
        let statistics = hours + failed;
        let more = [sessions, failures, proofs, events, pushes, audit, hours, failed].contains(&limit.into());
        Ok(Purged { sessions, failures, proofs, events, pushes, audit, plugin_entries: 0, statistics, more })
    }

    async fn ready(&self) -> Result<Readiness> {
        Ok(Readiness { schema_version: 1 })
    }
}
