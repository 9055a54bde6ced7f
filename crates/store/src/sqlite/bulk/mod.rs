//! Members by the thousand.

mod plan;
mod write;

use async_trait::async_trait;
use rusqlite::{Connection, Error, Result as SqlResult, Row, named_params};
use serde_json::Value;

use self::plan::Plan;
use super::columns::Columns;
use super::page::LOOKED_AT;
use super::writer::Tx;
use super::{SqliteStore, audit, members};
use crate::bulk::Bulk;
use crate::error::Result;
use crate::model::{By, Import, ImportOutcome, Imported, Member, Page, UnixSeconds};

/// Seconds after which an import that goes on is written down again.
const SAID_AGAIN_SECONDS: i64 = 3600;
const IMPORTED: &str = "members.imported";

#[async_trait]
impl Bulk for SqliteStore {
    async fn export_page(&self, appids: Vec<String>, after: Option<i64>, limit: u32) -> Result<Page<Member>> {
        self.read(move |conn| page(conn, &appids, after.unwrap_or(0), limit, LOOKED_AT)).await
    }

    async fn note_export_of_all(&self, detail: Value, by: By, now: UnixSeconds) -> Result<()> {
        self.write_urgently(move |tx| {
            audit::record_with(tx, now, &by, "members.exported", audit::About::Nobody, &detail)
        })
        .await
    }

    async fn import_members(&self, import: Import) -> Result<Vec<ImportOutcome>> {
        self.write(move |tx| take_in(tx, &import)).await
    }

    async fn try_import(&self, members: Vec<Imported>) -> Result<Vec<ImportOutcome>> {
        self.read(move |conn| members.iter().map(|imported| Ok(Plan::of(conn, imported)?.outcome(imported))).collect())
            .await
    }
}

fn page(conn: &Connection, appids: &[String], after: i64, limit: u32, looked_at: i64) -> SqlResult<Page<Member>> {
    const SELECT: &str = concat!(
        "SELECT number, ",
        members::columns!(),
        " FROM members
          WHERE number > :after AND number <= :ceiling AND +appid IN (SELECT value FROM json_each(:appids))
          ORDER BY number
          LIMIT :limit"
    );
    let snapshot = conn.unchecked_transaction()?;
    let appids = serde_json::to_string(appids).map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    let ceiling = after.saturating_add(looked_at);
    let params = named_params! { ":after": after, ":ceiling": ceiling, ":appids": appids, ":limit": limit };
    let row = |row: &Row<'_>| {
        let mut columns = Columns::of(row);
        Ok((columns.next()?, members::read(&mut columns)?))
    };
    let found: Vec<(i64, Member)> =
        snapshot.prepare_cached(SELECT)?.query_map(params, row)?.collect::<SqlResult<_>>()?;
    let is_full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let seen = found.last().filter(|_| is_full).map_or(ceiling, |(number, _)| *number);
    let next = has_newer(&snapshot, seen)?.then_some(seen);
    Ok(Page { rows: found.into_iter().map(|(_, member)| member).collect(), next })
}

fn has_newer(conn: &Connection, number: i64) -> SqlResult<bool> {
    conn.prepare_cached("SELECT 1 FROM members WHERE number > :number LIMIT 1")?
        .exists(named_params! { ":number": number })
}

fn take_in(tx: &Tx<'_>, import: &Import) -> SqlResult<Vec<ImportOutcome>> {
    let Import { members, is_told, by, now } = import;
    let mut outcomes = Vec::with_capacity(members.len());
    for imported in members {
        let plan = Plan::of(tx, imported)?;
        outcomes.push(plan.outcome(imported));
        match plan {
            Plan::Add => write::add(tx, imported, *is_told, *now)?,
            Plan::Fill(filled) => write::fill(tx, *filled, imported, *is_told, *now)?,
            Plan::Nothing(_) => {}
        }
    }
    let has_changed = outcomes.iter().any(|it| matches!(it, ImportOutcome::Added(_) | ImportOutcome::Filled(_)));
    if has_changed && !audit::is_recent(tx, by, IMPORTED, *now - SAID_AGAIN_SECONDS)? {
        audit::record(tx, *now, by, IMPORTED, audit::About::Nobody)?;
    }
    Ok(outcomes)
}
