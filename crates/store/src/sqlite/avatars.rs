use rusqlite::{Connection, OptionalExtension, Result, named_params};

use super::members;
use super::writer::Tx;
use crate::model::{Avatar, AvatarId, KeepAvatar, Member, MemberId, Profile, UnixSeconds};

pub(super) fn keep(tx: &Tx<'_>, keep: &KeepAvatar) -> Result<Option<Member>> {
    const UPSERT: &str = "
        INSERT INTO avatars (member_id, id, picture, kept_at, check_id)
        VALUES (:member, :id, :picture, :kept_at, :check)
        ON CONFLICT (member_id) DO UPDATE
        SET id = excluded.id, picture = excluded.picture, kept_at = excluded.kept_at, check_id = excluded.check_id";
    let KeepAvatar { member, avatar, avatar_url, check } = keep;
    let change = Profile { avatar_url: Some(avatar_url.clone()), ..Profile::default() };
    // First the profile: its change takes the picture away that it showed until now.
    let Some(changed) = members::change_profile(tx, *member, &change, avatar.kept_at)? else { return Ok(None) };
    let params = named_params! {
        ":member": member.0.as_bytes(),
        ":id": avatar.id.0,
        ":picture": avatar.picture,
        ":kept_at": avatar.kept_at.0,
        ":check": check,
    };
    tx.prepare_cached(UPSERT)?.execute(params)?;
    Ok(Some(changed))
}

pub(super) fn picture(conn: &Connection, id: AvatarId) -> Result<Option<Vec<u8>>> {
    const SELECT: &str = "SELECT picture FROM avatars WHERE id = :id";
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.0 }, |row| row.get("picture")).optional()
}

pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Option<Avatar>> {
    const SELECT: &str = "
        SELECT id, picture, kept_at
        FROM avatars
        WHERE member_id = :member";
    conn.prepare_cached(SELECT)?
        .query_row(named_params! { ":member": member.0.as_bytes() }, |row| {
            Ok(Avatar {
                id: AvatarId(row.get("id")?),
                picture: row.get("picture")?,
                kept_at: UnixSeconds(row.get("kept_at")?),
            })
        })
        .optional()
}
