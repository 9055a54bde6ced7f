//! The database file, looked at beside the server.

use wxgate_backup::purpose;
use wxgate_crypto::Error;
use wxgate_store::{Examined, LATEST_SCHEMA, sqlite_version};

use super::{Case, Verdict, needs};
use crate::config::credentials_directory;
use crate::key_file;
use crate::lang::words;

/// `database.sqlite`
pub(super) fn sqlite(_: &Case) -> Verdict {
    match sqlite_version() {
        Ok(version) => Verdict::ok(words(format!("SQLite {version}"), format!("SQLite {version}"))),
        Err(error) => Verdict::fail(
            words(error.to_string(), error.to_string()),
            words("请使用官方发布的 wxgate", "use a wxgate that was built with its own SQLite"),
        ),
    }
}

/// `database.schema`
pub(super) fn schema(case: &Case) -> Verdict {
    examined(case).map_or_else(|verdict| verdict, |found| judge_schema(found.schema_version))
}

fn judge_schema(found: u32) -> Verdict {
    let evidence = |zh: &str, en: &str| {
        words(format!("结构版本 {found}，{zh} {LATEST_SCHEMA}"), format!("schema {found}, {en} {LATEST_SCHEMA}"))
    };
    match found.cmp(&LATEST_SCHEMA) {
        std::cmp::Ordering::Equal => Verdict::ok(words(format!("结构版本 {found}"), format!("schema {found}"))),
        std::cmp::Ordering::Less => Verdict::warn(
            evidence("本程序为", "this program's is"),
            words(
                "下次 wxgate serve 会升级；先备份",
                "the next wxgate serve brings it up to date; make a backup first",
            ),
        ),
        std::cmp::Ordering::Greater => Verdict::fail(
            evidence("本程序只认识到", "this program knows only"),
            words("使用较新的 wxgate，或恢复升级前的备份", "use the newer wxgate, or a backup from before the upgrade"),
        ),
    }
}

/// `database.check`
pub(super) fn quick_check(case: &Case) -> Verdict {
    examined(case).map_or_else(
        |verdict| verdict,
        |found| match found.faults.as_slice() {
            [] => Verdict::ok(words("quick_check 通过", "quick_check found nothing")),
            faults => Verdict::fail(
                words(format!("损坏：{}", faults.join("; ")), format!("damaged: {}", faults.join("; "))),
                words("停止服务，从备份恢复", "stop the server and restore a backup"),
            ),
        },
    )
}

/// `database.probe`: the key opens something that was sealed with it.
pub(super) fn probe(case: &Case) -> Verdict {
    let found = match examined(case) {
        Ok(found) => found,
        Err(verdict) => return verdict,
    };
    let Some(probe) = found.sealed.first() else { return needs("还没有加密的数据", "nothing is sealed yet") };
    let Ok(Some(vault)) = key_file::existing(&case.data_dir(), credentials_directory().as_deref()) else {
        return needs("没有可用的密钥", "there is no usable key");
    };
    match vault.open(purpose(probe.what), &probe.appid, &probe.openid, &probe.bytes) {
        Ok(_) => Verdict::ok(words("密钥能打开已存的数据", "the key opens what is stored")),
        Err(error) => Verdict::fail(
            match error {
                Error::UnknownKey(id) => words(
                    format!("数据是用另一个密钥（{id:08x}）加密的"),
                    format!("what is stored was sealed with another key, {id:08x}"),
                ),
                _ => words("密钥打不开已存的数据", "the key does not open what is stored"),
            },
            words("从备份恢复与此数据库成对的 wxgate.key", "restore the wxgate.key that belongs to this database"),
        ),
    }
}

fn examined(case: &Case) -> Result<&Examined, Verdict> {
    match &case.database {
        Some(Ok(found)) => Ok(found),
        Some(Err(error)) => Err(Verdict::fail(
            words(format!("无法打开：{error}"), format!("cannot be opened: {error}")),
            words("按提示修复，或从备份恢复", "do as it says, or restore a backup"),
        )),
        None => Err(needs(
            "没有数据库，或须以服务的用户查看（或先启动服务）",
            "there is none, or only the server's user may look while no server runs",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn an_older_schema_is_a_warning_and_a_newer_one_a_failure() {
        let state = |found| judge_schema(found).state;
        assert_eq!(
            [LATEST_SCHEMA - 1, LATEST_SCHEMA, LATEST_SCHEMA + 1].map(state),
            [State::Warn, State::Ok, State::Fail]
        );
    }
}
