//! Who was erased, and must be again when an older copy of the database is put back.

use std::collections::HashMap;

use rusqlite::{Connection, Result as SqlResult, Row, named_params};
use uuid::Uuid;

use super::{SqliteStore, erase, events};
use crate::error::Result;
use crate::model::{By, Erasure, MemberId, MemberKey, UnixSeconds};
use crate::store::Store;

/// Members that are looked at in one read, and erasures that are taken over in one write.
const SLICE: u16 = 1_000;

impl SqliteStore {
    /// Who was erased, as far as this file knows.
    ///
    /// # Errors
    /// As of any read.
    pub async fn erasures(&self) -> Result<Vec<Erasure>> {
        self.read(all).await
    }

    /// Erases again whom a newer copy of this database knows as erased (`journal`), and takes over that they were.
    /// Who came back after their erasure stays: they are newer than it. `pseudonym` is what the journal was written
    /// with. How many members that were. Repeating it does no harm.
    ///
    /// # Errors
    /// As of any write; what was done until then stays done.
    pub async fn erase_again(
        &self,
        journal: Vec<Erasure>,
        pseudonym: impl Fn(&MemberKey) -> [u8; 32] + Send + Sync,
        now: UnixSeconds,
    ) -> Result<u64> {
        if journal.is_empty() {
            return Ok(0);
        }
        let erased_at: HashMap<_, _> = journal.iter().map(|erasure| (erasure.pseudonym, erasure.erased_at)).collect();
        let (mut after, mut erased) = (0, 0);
        loop {
            let slice = self.read(move |conn| members_after(conn, after)).await?;
            let Some(last) = slice.last() else { break };
            after = last.number;
            for known in slice {
                let name = pseudonym(&known.key);
                if erased_at.get(&name).is_some_and(|erased_at| known.created_at <= *erased_at) {
                    erased += u64::from(self.erase_member(known.id, name, By::COMMAND, now).await?.is_some());
                }
            }
        }
        for slice in journal.chunks(SLICE.into()) {
            let slice = slice.to_vec();
            self.write_and_scrub(move |tx| slice.iter().try_for_each(|erasure| take_over(tx, erasure))).await?;
        }
        Ok(erased)
    }
}

struct Known {
    number: u32,
    id: MemberId,
    key: MemberKey,
    created_at: UnixSeconds,
}

fn members_after(conn: &Connection, number: u32) -> SqlResult<Vec<Known>> {
    const SELECT: &str = "
        SELECT number, id, appid, openid, created_at
        FROM members
        WHERE number > :number
        ORDER BY number
        LIMIT :limit";
    let row = |row: &Row<'_>| {
        Ok(Known {
            number: row.get("number")?,
            id: MemberId(Uuid::from_bytes(row.get("id")?)),
            key: MemberKey { appid: row.get("appid")?, openid: row.get("openid")? },
            created_at: UnixSeconds(row.get("created_at")?),
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":number": number, ":limit": SLICE }, row)?.collect()
}

fn all(conn: &Connection) -> SqlResult<Vec<Erasure>> {
    const SELECT: &str = "
        SELECT pseudonym, erased_at
        FROM erasures
        ORDER BY pseudonym";
    let row =
        |row: &Row<'_>| Ok(Erasure { pseudonym: row.get("pseudonym")?, erased_at: UnixSeconds(row.get("erased_at")?) });
    conn.prepare_cached(SELECT)?.query_map([], row)?.collect()
}

/// What was known of the person until their erasure goes, also where they never were a member here.
fn take_over(tx: &Connection, erasure: &Erasure) -> SqlResult<()> {
    events::forget_subject_until(tx, &erasure.pseudonym, erasure.erased_at)?;
    erase::journal(tx, &erasure.pseudonym, erasure.erased_at)
}
