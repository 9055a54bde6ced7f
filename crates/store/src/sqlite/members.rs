use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};
use uuid::Uuid;

use super::columns::Columns;
use super::index::{Change, Person};
use super::writer::Tx;
use super::{failure, outbox};
use crate::model::{BoundPhone, Member, MemberId, MemberKey, Profile, Status, Trust, UnixSeconds};

/// The columns that [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "members.id, members.appid, members.openid, members.unionid,
         members.nick_name, members.avatar_url, members.gender,
         members.country, members.province, members.city, members.language,
         members.phone_sealed, members.phone_trust, members.phone_bound_at,
         members.status, members.note, members.attributes,
         members.created_at, members.last_login_at, members.updated_at, members.revision"
    };
}
pub(super) use columns;

pub(super) fn by_id(conn: &Connection, id: MemberId) -> Result<Option<Member>> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM members WHERE id = :id");
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.0.as_bytes() }, from_row).optional()
}

/// The number of a member, by which rows of sessions name them.
pub(super) fn number(conn: &Connection, id: MemberId) -> Result<Option<u32>> {
    const SELECT: &str = "SELECT number FROM members WHERE id = :id";
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.0.as_bytes() }, |row| row.get("number")).optional()
}

pub(super) fn by_number(conn: &Connection, number: u32) -> Result<Option<Member>> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM members WHERE number = :number");
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":number": number }, from_row).optional()
}

pub(super) fn by_key(conn: &Connection, key: &MemberKey) -> Result<Option<(u32, Member)>> {
    const SELECT: &str =
        concat!("SELECT number, ", columns!(), " FROM members WHERE appid = :appid AND openid = :openid");
    conn.prepare_cached(SELECT)?.query_row([&key.appid, &key.openid], numbered).optional()
}

/// Who shows the picture that a check of WeChat's judges.
pub(super) fn by_avatar_check(conn: &Connection, check: &[u8; 32]) -> Result<Option<(u32, Member)>> {
    const SELECT: &str = concat!(
        "SELECT number, ",
        columns!(),
        " FROM avatars JOIN members ON members.id = avatars.member_id WHERE avatars.check_id = :check"
    );
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":check": check }, numbered).optional()
}

/// A member behind their number.
fn numbered(row: &Row<'_>) -> Result<(u32, Member)> {
    let mut columns = Columns::of(row);
    Ok((columns.next()?, read(&mut columns)?))
}

/// Adds a member who has no phone number and no note yet. Their number.
pub(super) fn insert(tx: &Connection, member: &Member) -> Result<u32> {
    const INSERT: &str = "
        INSERT INTO members (id, appid, openid, unionid, created_at, last_login_at, updated_at)
        VALUES (:id, :appid, :openid, :unionid, :created_at, :created_at, :created_at)
        RETURNING number";
    let params = named_params! {
        ":id": member.id.0.as_bytes(),
        ":appid": member.key.appid,
        ":openid": member.key.openid,
        ":unionid": member.unionid,
        ":created_at": member.created_at.0,
    };
    let number = tx.prepare_cached(INSERT)?.query_row(params, |row| row.get("number"))?;
    if member.profile != Profile::default() {
        save(tx, member)?;
    }
    Ok(number)
}

/// Writes what WeChat says once in a member's life, apart from what changes: an index stands on it.
pub(super) fn save_unionid(tx: &Connection, member: &Member) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET unionid = :unionid
        WHERE id = :id";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": member.id.0.as_bytes(), ":unionid": member.unionid })?;
    Ok(())
}

/// Members of other apps who are the same person by WeChat's word, the oldest first.
pub(super) fn linked(conn: &Connection, id: MemberId) -> Result<Vec<Member>> {
    const SELECT: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM members AS known
          JOIN members ON members.unionid = known.unionid AND members.appid <> known.appid
          WHERE known.id = :id
          ORDER BY members.number"
    );
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":id": id.0.as_bytes() }, from_row)?.collect()
}

/// Writes what logins and the member themselves may change.
pub(super) fn save(tx: &Connection, member: &Member) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET nick_name = :nick_name, avatar_url = :avatar_url, gender = :gender,
            country = :country, province = :province, city = :city, language = :language,
            last_login_at = :last_login_at, updated_at = :updated_at
        WHERE id = :id";
    let params = named_params! {
        ":id": member.id.0.as_bytes(),
        ":nick_name": member.profile.nick_name,
        ":avatar_url": member.profile.avatar_url,
        ":gender": member.profile.gender,
        ":country": member.profile.country,
        ":province": member.profile.province,
        ":city": member.profile.city,
        ":language": member.profile.language,
        ":last_login_at": member.last_login_at.0,
        ":updated_at": member.updated_at.0,
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}

pub(super) fn change_profile(tx: &Tx<'_>, id: MemberId, change: &Profile, now: UnixSeconds) -> Result<Option<Member>> {
    let Some(mut member) = by_id(tx, id)? else { return Ok(None) };
    let changed = member.profile.changed_by(change.clone());
    if changed != member.profile {
        let fields = outbox::differences(&changed, &member.profile);
        member.profile = changed;
        member.updated_at = now;
        save(tx, &member)?;
        tell(tx, &member)?;
        outbox::tell_changed(tx, now, &member, fields)?;
    }
    Ok(Some(member))
}

/// Has the index hear what the member is now.
pub(super) fn tell(tx: &Tx<'_>, member: &Member) -> Result<()> {
    if let Some(owner) = number(tx, member.id)? {
        tx.note(Change::Person { owner, person: Person::from(member) });
    }
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<Member> {
    read(&mut Columns::of(row))
}

/// Reads what [`columns!`] names.
pub(super) fn read(columns: &mut Columns<'_>) -> Result<Member> {
    Ok(Member {
        id: MemberId(Uuid::from_bytes(columns.next()?)),
        key: MemberKey { appid: columns.next()?, openid: columns.next()? },
        unionid: columns.next()?,
        profile: Profile {
            nick_name: columns.next()?,
            avatar_url: columns.next()?,
            gender: columns.next()?,
            country: columns.next()?,
            province: columns.next()?,
            city: columns.next()?,
            language: columns.next()?,
        },
        phone: read_phone(columns)?,
        status: word(columns.next_ref()?, Status::parse)?,
        note: columns.next()?,
        attributes: columns.next()?,
        created_at: UnixSeconds(columns.next()?),
        last_login_at: UnixSeconds(columns.next()?),
        updated_at: UnixSeconds(columns.next()?),
        revision: columns.next()?,
    })
}

fn read_phone(columns: &mut Columns<'_>) -> Result<Option<BoundPhone>> {
    let (sealed, trust, bound_at) = (columns.next()?, columns.next_ref()?, columns.next::<Option<i64>>()?);
    let (Some(sealed), Some(bound_at)) = (sealed, bound_at) else { return Ok(None) };
    Ok(Some(BoundPhone { sealed, trust: word(trust, Trust::parse)?, bound_at: UnixSeconds(bound_at) }))
}

/// A word that a constraint keeps among those we know.
fn word<T>(value: ValueRef<'_>, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(value.as_str()?).ok_or_else(|| failure::ours("a word that this program does not know".to_owned()))
}
