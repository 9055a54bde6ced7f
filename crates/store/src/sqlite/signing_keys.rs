use rusqlite::{Connection, Result, Row, named_params};

use crate::model::{NewSigningKey, SigningKey, UnixSeconds};

pub(super) fn all(conn: &Connection) -> Result<Vec<SigningKey>> {
    const SELECT: &str = "
        SELECT number, sealed_key, public_key, created_at
        FROM signing_keys
        ORDER BY number";
    let from_row = |row: &Row<'_>| {
        let key = NewSigningKey {
            sealed: row.get("sealed_key")?,
            public_key: row.get("public_key")?,
            created_at: UnixSeconds(row.get("created_at")?),
        };
        Ok(SigningKey { number: row.get("number")?, key })
    };
    conn.prepare_cached(SELECT)?.query_map([], from_row)?.collect()
}

pub(super) fn add(tx: &Connection, key: &NewSigningKey, after: Option<i64>) -> Result<bool> {
    const INSERT: &str = "
        INSERT INTO signing_keys (sealed_key, public_key, created_at)
        SELECT :sealed_key, :public_key, :created_at
        WHERE :after IS (SELECT max(number) FROM signing_keys)";
    const IS_NEWEST: &str = "
        SELECT count(*)
        FROM signing_keys
        WHERE number = (SELECT max(number) FROM signing_keys) AND public_key = :public_key";
    let params = named_params! {
        ":sealed_key": key.sealed,
        ":public_key": key.public_key,
        ":created_at": key.created_at.0,
        ":after": after,
    };
    if tx.prepare_cached(INSERT)?.execute(params)? == 1 {
        return Ok(true);
    }
    let repeated: i64 =
        tx.prepare_cached(IS_NEWEST)?.query_row(named_params! { ":public_key": key.public_key }, |row| row.get(0))?;
    Ok(repeated == 1)
}

pub(super) fn remove_before(tx: &Connection, number: i64) -> Result<u64> {
    const DELETE: &str = "
        DELETE FROM signing_keys
        WHERE number < :number";
    let removed = tx.prepare_cached(DELETE)?.execute(named_params! { ":number": number })?;
    Ok(removed as u64)
}
