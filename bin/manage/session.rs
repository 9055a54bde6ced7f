//! `wxgate session`: where a member is logged in.

use clap::Subcommand;
use serde_json::Value;
use uuid::Uuid;

use super::{Here, id, part, text};
use crate::lang::words;
use crate::local::{Need, Question};
use crate::out::{self, Exit, Failure, Outcome};

/// What can be done with sessions.
#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// List a member's sessions. 列出成员的会话
    #[command(after_help = "Example:\n  wxgate session list 01980c2e-7c1e-7000-8000-000000000000")]
    List {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        member: Uuid,
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// End one session of a member, or all. 结束一个或全部会话
    #[command(after_help = "Example:\n  wxgate session end 01980c2e-7c1e-7000-8000-000000000000 --all")]
    End {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        member: Uuid,
        /// The session, as `session list` shows it. 会话 id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        session: Option<String>,
        /// All of them. 全部会话
        #[arg(long)]
        all: bool,
    },
}

impl SessionCommand {
    /// Runs `wxgate session …`.
    pub(crate) fn run(self, here: Here<'_>) -> Outcome {
        match self {
            Self::List { member, json } => list(here, member, json),
            Self::End { member, session, .. } => end(here, member, session.as_deref()),
        }
    }
}

fn path(member: Uuid) -> String {
    format!("/api/v1/members/{member}/sessions")
}

fn list(here: Here<'_>, member: Uuid, json: bool) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let answer = local.ask(&Question::get(path(member))).await?;
        let sessions = part(&answer, "sessions")?;
        if json {
            out::print_json(sessions)?;
            return Ok(Exit::Done);
        }
        let clock = here.clock()?;
        let row = |session: &Value| {
            let [began, seen] = ["created_at", "last_seen_at"].map(|key| clock.instant(session, key));
            vec![text(session, "id"), began, seen, text(session, "user_agent")]
        };
        let rows: Vec<_> = sessions.as_array().into_iter().flatten().map(row).collect();
        let heads = here.lang.pick(["ID", "登录", "最近使用", "客户端"], ["ID", "SINCE", "LAST SEEN", "CLIENT"]);
        here.print_rows(&heads, &rows, ("没有会话", "no sessions"))?;
        Ok(Exit::Done)
    })
}

fn end(here: Here<'_>, member: Uuid, session: Option<&str>) -> Outcome {
    let path = match session {
        None => path(member),
        Some(id) if id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{}/{id}", path(member))
        }
        Some(_) => {
            return Err(Failure::usage(words(
                "会话 id 是 session list 列出的 16 位十六进制数",
                "a session's id is the 16 hex digits that `session list` shows",
            )));
        }
    };
    here.with_api(Need::Database, async |local| {
        let answer = local.ask(&Question::delete(path)).await?;
        let ended = answer["ended"].as_u64().unwrap_or(1);
        here.done(&format!("已结束 {ended} 个会话"), &format!("{ended} ended"));
        Ok(Exit::Done)
    })
}
