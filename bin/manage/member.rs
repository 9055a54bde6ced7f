//! `wxgate member`: the people of the mini programs.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::input::{confirmed, text_or_input};
use super::pages::Paging;
use super::{Here, id, part, text};
use crate::lang::words;
use crate::local::{Need, Question};
use crate::out::{self, Exit, Failure, Outcome};
use crate::{private_file, table};

const PATH: &str = "/api/v1/members";
const KEY: &str = "members";

/// What can be done with members.
#[derive(Subcommand)]
pub(crate) enum MemberCommand {
    /// List members, newest first. 列出成员，最新的在前
    #[command(
        after_help = "Example:\n  wxgate member list --name 张 --limit 10\n  wxgate member list --phone 13800138000 --json"
    )]
    List {
        /// Of this mini program. 小程序 AppID
        #[arg(long)]
        appid: Option<String>,
        /// With exactly this number. 手机号，完全一致
        #[arg(long)]
        phone: Option<String>,
        /// With exactly this openid. 微信 openid，完全一致
        #[arg(long)]
        openid: Option<String>,
        /// Whose nickname begins so. 昵称开头
        #[arg(long)]
        name: Option<String>,
        /// active or blocked. 状态
        #[arg(long, value_parser = ["active", "blocked"])]
        status: Option<String>,
        #[command(flatten)]
        paging: Paging,
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one member. 查看成员
    #[command(after_help = "Example:\n  wxgate member show 01980c2e-7c1e-7000-8000-000000000000")]
    Show {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a member in no more: 403 from the next request on. 封禁成员
    #[command(after_help = "Example:\n  wxgate member block 01980c2e-7c1e-7000-8000-000000000000 --note spam")]
    Block {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// Why, for other operators; - reads standard input. 备注，- 表示标准输入
        #[arg(long)]
        note: Option<String>,
    },
    /// Let a member in again. 解除封禁
    #[command(after_help = "Example:\n  wxgate member unblock 01980c2e-7c1e-7000-8000-000000000000")]
    Unblock {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
    },
    /// Erase a member and all of theirs. It cannot be undone. 抹除成员的一切数据，无法撤销
    #[command(after_help = "Example:\n  wxgate member erase 01980c2e-7c1e-7000-8000-000000000000 --yes")]
    Erase {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// Do not ask. 不再确认
        #[arg(long)]
        yes: bool,
    },
    /// Give out everything held about a member, as JSON. 导出成员的全部数据
    #[command(after_help = "Example:\n  wxgate member export 01980c2e-7c1e-7000-8000-000000000000 --out me.json")]
    Export {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// Into this file, which must not be there yet. 输出文件，- 表示标准输出
        #[arg(long, value_name = "FILE", default_value = "-")]
        out: PathBuf,
    },
    /// Write the operators' note on a member; an empty one takes it away. 写备注，空文本表示删除
    #[command(after_help = "Example:\n  wxgate member note 01980c2e-7c1e-7000-8000-000000000000 \"VIP\"")]
    Note {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// The note; - reads standard input. 备注，- 表示标准输入
        text: String,
    },
    /// Replace the team's own data on a member: one JSON object. 替换自定义属性
    #[command(after_help = "Example:\n  wxgate member attributes 01980c2e-7c1e-7000-8000-000000000000 '{\"level\":3}'")]
    Attributes {
        /// The member. 成员 id
        #[arg(value_parser = id)]
        id: Uuid,
        /// The object; - reads standard input. JSON 对象，- 表示标准输入
        object: String,
    },
}

impl MemberCommand {
    /// Runs `wxgate member …`.
    pub(crate) fn run(self, here: Here<'_>) -> Outcome {
        match self {
            Self::List { appid, phone, openid, name, status, paging, json } => {
                let filters = [
                    ("appid", appid.as_deref()),
                    ("phone", phone.as_deref()),
                    ("openid", openid.as_deref()),
                    ("nickName", name.as_deref()),
                    ("status", status.as_deref()),
                ];
                list(here, &paging, &filters, json)
            }
            Self::Show { id, json } => show(here, id, json),
            Self::Block { id, note } => {
                let mut change = json!({ "status": "blocked" });
                if let Some(note) = note {
                    change["note"] = text_or_input(&note)?.into();
                }
                self::change(here, id, change)
            }
            Self::Unblock { id } => change(here, id, json!({ "status": "active" })),
            Self::Erase { id, yes } => erase(here, id, yes),
            Self::Export { id, out } => export(here, id, &out),
            Self::Note { id, text } => {
                let text = text_or_input(&text)?;
                let note = if text.is_empty() { Value::Null } else { text.into() };
                change(here, id, json!({ "note": note }))
            }
            Self::Attributes { id, object } => change(here, id, json!({ "attributes": attributes(&object)? })),
        }
    }
}

fn path(id: Uuid) -> String {
    format!("{PATH}/{id}")
}

fn list(here: Here<'_>, paging: &Paging, filters: &[(&str, Option<&str>)], json: bool) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let listed = paging.ask(local, PATH, KEY, filters).await?;
        if json {
            out::print_json(&listed.json(KEY))?;
            return Ok(Exit::Done);
        }
        let clock = here.clock()?;
        let row = |member: &Value| {
            let joined = clock.instant(member, "created_at");
            let (name, phone) = (text(member, "nickName"), text(member, "phone"));
            vec![text(member, "id"), joined, text(member, "status"), phone, name]
        };
        let rows: Vec<_> = listed.rows.iter().map(row).collect();
        let heads =
            here.lang.pick(["ID", "加入", "状态", "手机号", "昵称"], ["ID", "JOINED", "STATUS", "PHONE", "NAME"]);
        here.print_rows(&heads, &rows, ("没有符合条件的成员", "no such members"))?;
        if let Some(more) = listed.more() {
            here.done(&format!("还有更多：{more}"), &format!("there are more: {more}"));
        }
        Ok(Exit::Done)
    })
}

fn show(here: Here<'_>, id: Uuid, json: bool) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let answer = local.ask(&Question::get(path(id))).await?;
        let (member, linked) = (part(&answer, "member")?, part(&answer, "linked")?);
        if json {
            out::print_json(&json!({ "member": member, "linked": linked }))?;
            return Ok(Exit::Done);
        }
        let names = here.lang.pick(
            [
                "ID",
                "小程序",
                "openid",
                "unionid",
                "昵称",
                "手机号",
                "状态",
                "备注",
                "属性",
                "加入",
                "最近登录",
                "其他小程序",
            ],
            [
                "id",
                "app",
                "openid",
                "unionid",
                "name",
                "phone",
                "status",
                "note",
                "attributes",
                "joined",
                "last login",
                "elsewhere",
            ],
        );
        let elsewhere = linked.as_array().into_iter().flatten();
        let elsewhere: Vec<String> =
            elsewhere.map(|other| format!("{} {}", text(other, "appid"), text(other, "id"))).collect();
        let values = ["id", "appid", "openid", "unionid", "nickName", "phone", "status", "note", "attributes"]
            .map(|key| text(member, key));
        let clock = here.clock()?;
        let instants = ["created_at", "last_login_at"].map(|key| clock.instant(member, key));
        let values = values.into_iter().chain(instants).chain([elsewhere.join(", ")]);
        let entries: Vec<(&str, String)> =
            names.into_iter().zip(values).filter(|(_, value)| !value.is_empty()).collect();
        out::print(&table::list(&entries))?;
        Ok(Exit::Done)
    })
}

fn change(here: Here<'_>, id: Uuid, change: Value) -> Outcome {
    here.with_api(Need::Database, async |local| {
        local.ask(&Question::patch(path(id), change)).await?;
        here.done("已修改", "changed");
        Ok(Exit::Done)
    })
}

fn attributes(object: &str) -> Result<Value, Failure> {
    let text = text_or_input(object)?;
    match serde_json::from_str(&text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Failure::usage(words("应为一个 JSON 对象", "expected one JSON object"))),
        Err(error) => Err(Failure::usage(words(format!("不是 JSON：{error}"), format!("this is not JSON: {error}")))),
    }
}

fn erase(here: Here<'_>, id: Uuid, yes: bool) -> Outcome {
    let question = words(
        format!("抹除成员 {id} 的一切数据？此操作无法撤销。"),
        format!("Erase member {id} and all of theirs? This cannot be undone."),
    );
    confirmed(yes, &question, here.lang)?;
    here.with_api(Need::Database, async |local| {
        local.ask(&Question::delete(path(id))).await?;
        here.done("已抹除", "erased");
        Ok(Exit::Done)
    })
}

fn export(here: Here<'_>, id: Uuid, path: &Path) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let mut answer = local.ask(&Question::get(format!("{}/export", self::path(id)))).await?;
        // What the API wraps around it is not about the member.
        if let Value::Object(answer) = &mut answer {
            answer.remove("errcode");
            answer.remove("errmsg");
        }
        if path == Path::new("-") {
            out::print(&format!("{answer:#}"))?;
            return Ok(Exit::Done);
        }
        private_file::create(path, format!("{answer:#}\n").as_bytes()).map_err(|error| {
            let path = path.display();
            Failure::problem(words(format!("无法写入 {path}：{error}"), format!("cannot write {path}: {error}")))
        })?;
        here.done("已导出，仅本人可读", "written, for your eyes alone");
        Ok(Exit::Done)
    })
}
