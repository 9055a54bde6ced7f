use rusqlite::{Connection, Result};

use super::writer::Tx;
use super::{members, sessions};
use crate::model::{LoggedIn, Login, LoginOutcome, Member, Status, UnixSeconds};

/// How exact `last_login_at` is.
const LAST_LOGIN_SECONDS: i64 = 86_400;

pub(super) fn record(tx: &Tx<'_>, login: &Login) -> Result<LoginOutcome> {
    let known = members::by_key(tx, &login.member)?;
    let is_new = known.is_none();
    let (owner, member) = match known {
        Some((_, member)) if member.status == Status::Blocked => return Ok(LoginOutcome::Blocked),
        Some((owner, member)) => (owner, seen(tx, &member, login)?),
        None => joined(tx, login)?,
    };
    let rows = sessions::open(tx, owner, &member, login)?;
    let ended = sessions::end_above(tx, &rows, login)?;
    Ok(LoginOutcome::Session(LoggedIn { member, is_new, ended }))
}

fn joined(tx: &Connection, login: &Login) -> Result<(u32, Member)> {
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
    };
    Ok((members::insert(tx, &member)?, member))
}

/// Most logins bring nothing new, and then nothing is written.
fn seen(tx: &Connection, known: &Member, login: &Login) -> Result<Member> {
    if login.unionid.is_some() && known.unionid.is_some() && login.unionid != known.unionid {
        tracing::warn!(member.id = %known.id, "WeChat gave another unionid than before: the first one stays");
    }
    let mut member = known.clone();
    member.unionid = known.unionid.clone().or_else(|| login.unionid.clone());
    member.profile = known.profile.changed_by(login.profile.clone().unwrap_or_default());
    if member != *known {
        member.updated_at = login.now;
    }
    if is_another_day(known.last_login_at, login.now) {
        member.last_login_at = login.now;
    }
    if member != *known {
        members::save(tx, &member)?;
    }
    Ok(member)
}

fn is_another_day(last: UnixSeconds, now: UnixSeconds) -> bool {
    now - LAST_LOGIN_SECONDS >= last
}
