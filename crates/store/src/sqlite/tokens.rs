use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, named_params};
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, About};
use super::index::Change;
use super::writer::Tx;
use crate::model::{ApiToken, By, KeptToken, UnixSeconds};

pub(super) fn access_token(conn: &Connection, appid: &str) -> Result<Option<KeptToken>> {
    const SELECT: &str = "
        SELECT sealed_token, expires_at
        FROM access_tokens
        WHERE appid = :appid";
    conn.prepare_cached(SELECT)?
        .query_row(named_params! { ":appid": appid }, |row| {
            Ok(KeptToken { sealed: row.get("sealed_token")?, expires_at: UnixSeconds(row.get("expires_at")?) })
        })
        .optional()
}

pub(super) fn keep_access_token(tx: &Connection, appid: &str, token: &KeptToken) -> Result<()> {
    const UPSERT: &str = "
        INSERT INTO access_tokens (appid, sealed_token, expires_at)
        VALUES (:appid, :sealed, :expires_at)
        ON CONFLICT (appid) DO UPDATE SET sealed_token = excluded.sealed_token, expires_at = excluded.expires_at";
    let params = named_params! { ":appid": appid, ":sealed": token.sealed, ":expires_at": token.expires_at.0 };
    tx.prepare_cached(UPSERT)?.execute(params)?;
    Ok(())
}

pub(super) fn forced(conn: &Connection, appid: &str, since: UnixSeconds) -> Result<Vec<UnixSeconds>> {
    const SELECT: &str = "
        SELECT forced_at
        FROM forced_tokens
        WHERE appid = :appid AND forced_at > :since
        ORDER BY forced_at";
    let params = named_params! { ":appid": appid, ":since": since.0 };
    conn.prepare_cached(SELECT)?.query_map(params, |row| row.get("forced_at").map(UnixSeconds))?.collect()
}

pub(super) fn note_forced(tx: &Connection, appid: &str, at: UnixSeconds, since: UnixSeconds) -> Result<()> {
    const DELETE: &str = "
        DELETE FROM forced_tokens
        WHERE appid = :appid AND forced_at <= :since";
    const INSERT: &str = "
        INSERT INTO forced_tokens (appid, forced_at)
        VALUES (:appid, :at)
        ON CONFLICT DO NOTHING";
    tx.prepare_cached(DELETE)?.execute(named_params! { ":appid": appid, ":since": since.0 })?;
    tx.prepare_cached(INSERT)?.execute(named_params! { ":appid": appid, ":at": at.0 })?;
    Ok(())
}

pub(super) fn create(tx: &Tx<'_>, token: &ApiToken, by: &By) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO api_tokens (id, name, hash, scopes, created_at, expires_at)
        VALUES (:id, :name, :hash, :scopes, :created_at, :expires_at)";
    if by_id(tx, token.id)?.as_ref() == Some(token) {
        return Ok(());
    }
    let scopes = serde_json::to_string(&token.scopes).map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    let params = named_params! {
        ":id": token.id.as_bytes(),
        ":name": token.name,
        ":hash": token.hash,
        ":scopes": scopes,
        ":created_at": token.created_at.0,
        ":expires_at": token.expires_at.map(|at| at.0),
    };
    tx.prepare_cached(INSERT)?.execute(params)?;
    tx.note(Change::Token { id: token.id, token: Some(token.clone()) });
    let detail = json!({ "token": token.id, "scopes": token.scopes });
    audit::record_with(tx, token.created_at, by, "token.created", About::Nobody, &detail)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<ApiToken>> {
    const SELECT: &str = "
        SELECT id, name, hash, scopes, created_at, expires_at
        FROM api_tokens
        WHERE revoked_at IS NULL
        ORDER BY created_at, id";
    conn.prepare_cached(SELECT)?.query_map([], from_row)?.collect()
}

pub(super) fn by_id(conn: &Connection, id: Uuid) -> Result<Option<ApiToken>> {
    const SELECT: &str = "
        SELECT id, name, hash, scopes, created_at, expires_at
        FROM api_tokens
        WHERE id = :id AND revoked_at IS NULL";
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.as_bytes() }, from_row).optional()
}

pub(super) fn revoke(tx: &Tx<'_>, id: Uuid, by: &By, now: UnixSeconds) -> Result<bool> {
    const UPDATE: &str = "
        UPDATE api_tokens
        SET revoked_at = :now
        WHERE id = :id AND revoked_at IS NULL";
    let revoked = tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": id.as_bytes(), ":now": now.0 })? == 1;
    if revoked {
        tx.note(Change::Token { id, token: None });
        audit::record_with(tx, now, by, "token.revoked", About::Nobody, &json!({ "token": id }))?;
    }
    Ok(revoked)
}

fn from_row(row: &Row<'_>) -> Result<ApiToken> {
    let scopes: String = row.get("scopes")?;
    Ok(ApiToken {
        id: Uuid::from_bytes(row.get("id")?),
        name: row.get("name")?,
        hash: row.get("hash")?,
        scopes: serde_json::from_str(&scopes)
            .map_err(|error| Error::FromSqlConversionFailure(3, Type::Text, error.into()))?,
        created_at: UnixSeconds(row.get("created_at")?),
        expires_at: row.get::<_, Option<i64>>("expires_at")?.map(UnixSeconds),
    })
}
