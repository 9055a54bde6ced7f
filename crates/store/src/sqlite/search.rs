//! Members by what operators know of them.

use rusqlite::{Connection, Error, Result, Row, ToSql, named_params};

use super::columns::Columns;
use super::members;
use super::page::Window;
use crate::model::{Member, MemberQuery, Page, Status};

/// A statement whose first condition finds the rows; the others are tried on each. The plus keeps them from finding any.
macro_rules! page {
    ($found_by:literal) => {
        concat!(
            "SELECT number, ",
            members::columns!(),
            " FROM members
              WHERE ",
            $found_by,
            "   AND +appid IN (SELECT value FROM json_each(:appids))
                AND (:phone_index IS NULL OR +phone_index = :phone_index)
                AND (:openid IS NULL OR +openid = :openid)
                AND (:status IS NULL OR status = :status)
                AND (:nick_name IS NULL OR substr(nick_name, 1, length(:nick_name)) = :nick_name COLLATE NOCASE)
              ORDER BY number DESC
              LIMIT :limit"
        )
    };
}

const BY_OPENID: &str = page!(
    "appid IN (SELECT value FROM json_each(:appids)) AND openid = :openid AND +number < :before AND +number >= :floor"
);
const BY_PHONE: &str = page!("phone_index = :phone_index AND +number < :before AND +number >= :floor");
const BY_NUMBER: &str = page!("number < :before AND number >= :floor");

/// Those who joined last first; of those who have no openid or number to be found by, no more than `looked_at`.
pub(super) fn page(conn: &Connection, query: &MemberQuery, looked_at: i64) -> Result<Page<Member>> {
    let snapshot = conn.unchecked_transaction()?;
    let (sql, window) = match (&query.openid, &query.phone_index) {
        (Some(_), _) => (BY_OPENID, Window::whole(query.after)),
        (None, Some(_)) => (BY_PHONE, Window::whole(query.after)),
        (None, None) => (BY_NUMBER, Window::below(query.after, newest(&snapshot)?, looked_at)),
    };
    let appids = serde_json::to_string(&query.appids).map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    let params: &[(&str, &dyn ToSql)] = named_params! {
        ":appids": appids,
        ":phone_index": query.phone_index,
        ":openid": query.openid,
        ":status": query.status.map(Status::as_str),
        ":nick_name": query.nick_name,
        ":before": window.before,
        ":floor": window.floor,
        ":limit": i64::from(query.limit) + 1,
    };
    let row = |row: &Row<'_>| {
        let mut columns = Columns::of(row);
        Ok((columns.next()?, members::read(&mut columns)?))
    };
    let found = snapshot.prepare_cached(sql)?.query_map(params, row)?.collect::<Result<_>>()?;
    window.page(found, query.limit, |number| has_older(&snapshot, number))
}

fn newest(conn: &Connection) -> Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(number), 0) FROM members")?.query_row([], |row| row.get(0))
}

fn has_older(conn: &Connection, floor: i64) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM members WHERE number < :floor LIMIT 1")?
        .exists(named_params! { ":floor": floor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    fn migrated() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        connection
    }

    #[test]
    fn no_search_reads_more_than_its_part_of_the_table() {
        let connection = migrated();
        for (sql, way) in [
            (BY_OPENID, "SEARCH members USING INDEX sqlite_autoindex_members_2 (appid=? AND openid=?)"),
            (BY_PHONE, "SEARCH members USING INDEX members_by_phone_index (phone_index=?)"),
            (BY_NUMBER, "SEARCH members USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let (mut steps, mut plan) = (explain.raw_query(), Vec::<String>::new());
            while let Some(step) = steps.next().unwrap() {
                plan.push(step.get("detail").unwrap());
            }
            assert!(plan.iter().any(|step| step == way), "{plan:#?}");
            let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
            assert_eq!(sorts, sql == BY_OPENID, "{plan:#?}");
        }
    }

    #[test]
    fn pages_that_look_at_little_find_everybody_in_the_end() {
        let connection = migrated();
        let members = "
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50)
            INSERT INTO members (number, id, appid, openid, nick_name, created_at, last_login_at, updated_at)
            SELECT n, randomblob(16), 'wx', n, iif(n % 20 = 1, 'x', 'y'), 0, 0, 0
            FROM numbers
            WHERE n NOT BETWEEN 25 AND 37";
        connection.execute(members, []).unwrap();
        let mut query = MemberQuery {
            appids: vec!["wx".to_owned()],
            phone_index: None,
            openid: None,
            nick_name: Some("x".to_owned()),
            status: None,
            after: None,
            limit: 2,
        };
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = page(&connection, &query, 7).unwrap();
            found.extend(page.rows.into_iter().map(|member| member.key.openid));
            query.after = page.next;
            pages += 1;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!((found.join(" ").as_str(), pages), ("41 21 1", 8), "50 numbers, 7 at a time");
    }
}
