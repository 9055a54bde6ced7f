use rusqlite::{Connection, Result, Row, named_params};

use crate::model::{MemberId, SealedKey, SessionId, UnixSeconds};

/// How many session keys of a member are kept, and for how long those that are not the newest.
const KEPT: i64 = 3;
const KEPT_SECONDS: i64 = 600;

/// Keeps the key that the login of `session` brought, and no more of the others than may be used.
pub(super) fn keep(
    tx: &Connection,
    member: MemberId,
    session: SessionId,
    sealed: &[u8],
    now: UnixSeconds,
) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO session_keys (member_id, id, sealed_key, obtained_at)
        VALUES (:member, :id, :sealed, :now)";
    const TRIM: &str = "
        DELETE FROM session_keys
        WHERE member_id = :member
          AND id NOT IN (
            SELECT id
            FROM session_keys
            WHERE member_id = :member AND (id = :id OR obtained_at > :since)
            ORDER BY id = :id DESC, obtained_at DESC, id DESC
            LIMIT :kept)";
    let member = member.0.as_bytes();
    let insert = named_params! { ":member": member, ":id": session.0, ":sealed": sealed, ":now": now.0 };
    tx.prepare_cached(INSERT)?.execute(insert)?;
    let since = (now - KEPT_SECONDS).0;
    let trim = named_params! { ":member": member, ":id": session.0, ":since": since, ":kept": KEPT };
    tx.prepare_cached(TRIM)?.execute(trim)?;
    Ok(())
}

/// The newest, and what else is young enough, newest first.
pub(super) fn usable(conn: &Connection, member: MemberId, now: UnixSeconds) -> Result<Vec<SealedKey>> {
    let since = now - KEPT_SECONDS;
    let mut keys = all(conn, member)?;
    let young = keys.iter().skip(1).take_while(|key| key.obtained_at > since).count();
    keys.truncate(1 + young);
    Ok(keys)
}

/// When each key that is there was obtained, newest first.
pub(super) fn obtained_at(conn: &Connection, member: MemberId) -> Result<Vec<UnixSeconds>> {
    Ok(all(conn, member)?.into_iter().map(|key| key.obtained_at).collect())
}

fn all(conn: &Connection, member: MemberId) -> Result<Vec<SealedKey>> {
    const SELECT: &str = "
        SELECT sealed_key, obtained_at
        FROM session_keys
        WHERE member_id = :member
        ORDER BY obtained_at DESC, id DESC";
    let row = |row: &Row<'_>| {
        Ok(SealedKey { sealed: row.get("sealed_key")?, obtained_at: UnixSeconds(row.get("obtained_at")?) })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, row)?.collect()
}
