//! `wxgate audit`: who did what.

use clap::Subcommand;
use serde_json::Value;
use uuid::Uuid;

use super::pages::Paging;
use super::{Here, id, text};
use crate::local::Need;
use crate::out::{self, Exit, Outcome};

const PATH: &str = "/api/v1/audit";
const KEY: &str = "audit";

/// What can be asked of the audit.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done, newest first. 列出操作记录，最新的在前
    #[command(
        after_help = "Example:\n  wxgate audit list --action member.blocked\n  wxgate audit list --actor command --json"
    )]
    List {
        /// About this member. 成员 id
        #[arg(long, value_name = "ID", value_parser = id)]
        member: Option<Uuid>,
        /// By whom: command, member, wechat, token:ID. 操作者
        #[arg(long)]
        actor: Option<String>,
        /// What was done: member.blocked, phone.changed, … 操作
        #[arg(long)]
        action: Option<String>,
        #[command(flatten)]
        paging: Paging,
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
}

impl AuditCommand {
    /// Runs `wxgate audit …`.
    pub(crate) fn run(&self, here: Here<'_>) -> Outcome {
        let Self::List { member, actor, action, paging, json } = self;
        let member = member.map(|id| id.to_string());
        let filters = [("member", member.as_deref()), ("actor", actor.as_deref()), ("action", action.as_deref())];
        here.with_api(Need::Database, async |local| {
            let listed = paging.ask(local, PATH, KEY, &filters).await?;
            if *json {
                out::print_json(&listed.json(KEY))?;
                return Ok(Exit::Done);
            }
            let clock = here.clock()?;
            let row = |line: &Value| {
                let whom = if line["member_id"].is_null() { text(line, "pseudonym") } else { text(line, "member_id") };
                vec![clock.instant(line, "at"), text(line, "actor"), text(line, "action"), whom, text(line, "detail")]
            };
            let rows: Vec<_> = listed.rows.iter().map(row).collect();
            let heads =
                here.lang.pick(["时间", "操作者", "操作", "对象", "详情"], ["AT", "ACTOR", "ACTION", "WHOM", "DETAIL"]);
            here.print_rows(&heads, &rows, ("没有记录", "nothing was done"))?;
            if let Some(more) = listed.more() {
                here.done(&format!("还有更多：{more}"), &format!("there is more: {more}"));
            }
            Ok(Exit::Done)
        })
    }
}
