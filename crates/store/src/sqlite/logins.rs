use rusqlite::{Connection, Result};

use super::audit::{self, About};
use super::index::Index;
use super::writer::Tx;
use super::{members, outbox, sessions};
use crate::model::{By, Happened, LoggedIn, Login, LoginOutcome, Member, MemberKey, Status, UnixSeconds};

/// How exact `last_login_at` is.
const LAST_LOGIN_SECONDS: i64 = 86_400;

pub(super) fn record(tx: &Tx<'_>, login: &Login) -> Result<LoginOutcome> {
    let known = members::by_key(tx, &login.member)?;
    let is_new = known.is_none();
    let (owner, member) = match known {
        Some((_, member)) if member.status == Status::Blocked => return Ok(LoginOutcome::Blocked),
        Some((owner, member)) => (owner, seen(tx, member, login)?),
        None => joined(tx, login)?,
    };
    let ended = sessions::make_room(tx, owner, login)?;
    sessions::open(tx, owner, &member, login)?;
    if login.is_risky {
        audit::record(tx, login.now, &By::WECHAT, "login.risky", About::Member(member.id))?;
    }
    Ok(LoginOutcome::Session(LoggedIn { member, is_new, ended }))
}

/// Reads what [`record`] will read of a member who is known.
pub(super) fn read_ahead(conn: &Connection, index: &Index, member: &MemberKey, max_sessions: u32) -> Result<()> {
    let Some((owner, _)) = members::by_key(conn, member)? else { return Ok(()) };
    let rows = index.of_member(owner).unwrap_or_default();
    if rows.len() >= usize::try_from(max_sessions).unwrap_or(usize::MAX) {
        rows.iter().try_for_each(|(id, _)| sessions::row(conn, *id).map(drop))?;
    }
    Ok(())
}

fn joined(tx: &Tx<'_>, login: &Login) -> Result<(u32, Member)> {
    let member = Member {
        id: login.new_member_id,
        key: login.member.clone(),
        unionid: login.unionid.clone(),
        profile: login.profile.clone().unwrap_or_default(),
        phone: None,
        status: Status::Active,
        note: None,
        attributes: "{}".to_owned(),
        created_at: login.now,
        last_login_at: login.now,
        updated_at: login.now,
        revision: 0,
    };
    let owner = members::insert(tx, &member)?;
    outbox::tell(tx, login.now, &member, Happened::MemberCreated)?;
    Ok((owner, member))
}

/// Most logins bring nothing new, and then nothing is written.
fn seen(tx: &Tx<'_>, mut member: Member, login: &Login) -> Result<Member> {
    let changed = brings(tx, &mut member, login)?;
    let brought = !changed.is_empty();
    if brought {
        member.updated_at = login.now;
    }
    let another_day = is_another_day(member.last_login_at, login.now);
    if another_day {
        member.last_login_at = login.now;
    }
    if brought || another_day {
        members::save(tx, &member)?;
    }
    outbox::tell_changed(tx, login.now, &member, changed)?;
    Ok(member)
}

/// Which fields of the member the login changed.
fn brings(tx: &Connection, member: &mut Member, login: &Login) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    match (&member.unionid, &login.unionid) {
        (Some(first), Some(said)) if first != said => {
            report_conflict(tx, member, login.now)?;
        }
        (None, Some(said)) => {
            member.unionid = Some(said.clone());
            members::save_unionid(tx, member)?;
            changed.push("unionid");
        }
        _ => {}
    }
    let Some(given) = &login.profile else { return Ok(changed) };
    let profile = member.profile.changed_by(given.clone());
    changed.extend(outbox::differences(&profile, &member.profile));
    member.profile = profile;
    Ok(changed)
}

/// One person would be two, or two one: for people to look into. Each login says it again, so a line a day is enough.
fn report_conflict(tx: &Connection, member: &Member, now: UnixSeconds) -> Result<()> {
    const ACTION: &str = "unionid.conflict";
    tracing::warn!(member.id = %member.id, "WeChat gave another unionid than before: the first one stays");
    if !audit::has_since(tx, member.id, ACTION, now - LAST_LOGIN_SECONDS)? {
        audit::record(tx, now, &By::WECHAT, ACTION, About::Member(member.id))?;
    }
    Ok(())
}

fn is_another_day(last: UnixSeconds, now: UnixSeconds) -> bool {
    now - LAST_LOGIN_SECONDS >= last
}
