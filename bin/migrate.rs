//! `wxgate migrate`: brings the database up to date, or says whether it is. `serve` does so by itself.

use std::path::Path;

use clap::Args;
use serde_json::json;
use wxgate_store::{LATEST_SCHEMA, schema_version};

use crate::cli::Global;
use crate::lang::{Lang, words};
use crate::local::Local;
use crate::open::open;
use crate::out::{self, Exit, Failure, Outcome};
use crate::serve::on_runtime;

/// Whether to do anything.
#[derive(Args)]
pub(crate) struct Flags {
    /// Change nothing: 1 when there is something to do. 只检查；需要升级时退出码为 1
    #[arg(long)]
    check: bool,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

/// Runs `wxgate migrate`.
pub(crate) fn run(flags: &Flags, global: &Global, lang: Lang) -> Outcome {
    let data_dir = global.data_dir()?;
    Local::check_owner(&data_dir)?;
    let before = found(&data_dir)?;
    let is_due = before.is_some_and(|schema| schema < LATEST_SCHEMA);
    if flags.check || !is_due && before.is_none_or(|schema| schema == LATEST_SCHEMA) {
        return tell(before, lang, flags.json);
    }
    let config = global.load()?;
    on_runtime(async {
        // It opens as the server would: with the snapshot before, and the refusal of what is newer.
        open(config).await?.store.close().await;
        Ok(())
    })?;
    tell(found(&data_dir)?, lang, flags.json)
}

fn found(data_dir: &Path) -> Result<Option<u32>, Failure> {
    schema_version(data_dir).map_err(|error| {
        Failure::problem(words(format!("无法打开数据库：{error}"), format!("the database cannot be opened: {error}")))
    })
}

/// Says how far the database is: done if there is nothing to do.
fn tell(found: Option<u32>, lang: Lang, json: bool) -> Outcome {
    let is_current = found.is_none_or(|schema| schema == LATEST_SCHEMA);
    if json {
        out::print_json(&json!({ "schema": found, "program": LATEST_SCHEMA, "current": is_current }))?;
    } else {
        let said = match found {
            None => words("还没有数据库；首次启动时建立", "there is no database yet: the first start makes it"),
            Some(schema) if schema == LATEST_SCHEMA => {
                words(format!("结构版本 {schema}，已是最新"), format!("schema {schema}: up to date"))
            }
            Some(schema) if schema < LATEST_SCHEMA => words(
                format!("结构版本 {schema}，将升级到 {LATEST_SCHEMA}；升级前会留下快照"),
                format!("schema {schema}, to become {LATEST_SCHEMA}; a snapshot is taken before"),
            ),
            Some(schema) => words(
                format!("结构版本 {schema} 比本程序的 {LATEST_SCHEMA} 新；请使用较新的 wxgate"),
                format!("schema {schema} is newer than this program's {LATEST_SCHEMA}: use the newer wxgate"),
            ),
        };
        out::print(said.say(lang))?;
    }
    Ok(if is_current { Exit::Done } else { Exit::Problem })
}
