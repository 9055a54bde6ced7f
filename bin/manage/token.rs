//! `wxgate token`: the API tokens of the internal listener.

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;
use wxgate_api::{SCOPES, is_token_name};

use super::{Here, id, part, text};
use crate::lang::words;
use crate::local::{Need, Question};
use crate::out::{self, Exit, Failure, Outcome};

const PATH: &str = "/api/v1/tokens";

/// What can be done with tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once. 创建令牌，只显示一次
    #[command(after_help = CREATE_HELP)]
    Create {
        /// What people call it. 名称
        #[arg(long, value_parser = name)]
        name: String,
        /// What it allows; several by commas, or repeated. 权限，可用逗号分隔
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days until it ends; without it, never. 有效天数，不写则长期有效
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650))]
        expires_days: Option<u16>,
        /// Print JSON: {"id","token"}. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens. 列出令牌
    #[command(after_help = "Example:\n  wxgate token list --json")]
    List {
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token. 吊销令牌
    #[command(after_help = "Example:\n  wxgate token revoke 01980c2e-7c1e-7000-8000-000000000000")]
    Revoke {
        /// As `token list` shows it. 令牌 id
        #[arg(value_parser = id)]
        id: Uuid,
    },
}

const CREATE_HELP: &str = "Scopes:
  introspect, members:read, members:write, sessions:write, wechat:token, wechat:call, stats:read, admin
Example:
  wxgate token create --name proxy --scope introspect,members:read --expires-days 90";

fn name(text: &str) -> Result<String, &'static str> {
    if is_token_name(text) {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 64 characters without control characters. 应为 1 到 64 个字符，不含控制字符")
    }
}

impl TokenCommand {
    /// Runs `wxgate token …`.
    pub(crate) fn run(self, here: Here<'_>) -> Outcome {
        match self {
            Self::Create { name, scopes, expires_days, json } => {
                check(&scopes)?;
                create(here, json!({ "name": name, "scopes": scopes }), expires_days, json)
            }
            Self::List { json } => list(here, json),
            Self::Revoke { id } => here.with_api(Need::Database, async |local| {
                local.ask(&Question::delete(format!("{PATH}/{id}"))).await?;
                here.done("已吊销", "revoked");
                Ok(Exit::Done)
            }),
        }
    }
}

fn check(scopes: &[String]) -> Result<(), Failure> {
    let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) else { return Ok(()) };
    let known = SCOPES.join(", ");
    Err(Failure::usage(words(
        format!("没有 {unknown:?} 这个权限；可用：{known}"),
        format!("unknown scope {unknown:?}; the scopes are {known}"),
    )))
}

fn create(here: Here<'_>, mut wanted: Value, expires_days: Option<u16>, json: bool) -> Outcome {
    if let Some(days) = expires_days {
        wanted["expires_days"] = days.into();
    }
    // A token may be made before the first start, so that whoever needs it can be set up first.
    here.with_api(Need::Anything, async |local| {
        let made = local.ask(&Question::post(PATH, wanted)).await?;
        let token = part(&made, "token")?;
        if json {
            out::print_json(&json!({ "id": made["id"], "token": token }))?;
        } else {
            out::print(token.as_str().unwrap_or_default())?;
            here.done("请妥善保存：令牌不会再次显示。", "Keep it: it is not shown again.");
        }
        Ok(Exit::Done)
    })
}

fn list(here: Here<'_>, json: bool) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let answer = local.ask(&Question::get(PATH)).await?;
        let tokens = part(&answer, "tokens")?;
        if json {
            out::print_json(tokens)?;
            return Ok(Exit::Done);
        }
        let clock = here.clock()?;
        let never = here.lang.pick("永不过期", "never");
        let row = |token: &Value| {
            let scopes = token["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let end = if token["expires_at"].is_null() { never.to_owned() } else { clock.instant(token, "expires_at") };
            let scopes = scopes.collect::<Vec<_>>().join(",");
            vec![text(token, "id"), text(token, "name"), clock.instant(token, "created_at"), end, scopes]
        };
        let rows: Vec<_> = tokens.as_array().into_iter().flatten().map(row).collect();
        let heads = here.lang.pick(["ID", "名称", "创建", "到期", "权限"], ["ID", "NAME", "CREATED", "ENDS", "SCOPES"]);
        here.print_rows(&heads, &rows, ("没有令牌", "no tokens"))?;
        Ok(Exit::Done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn an_unknown_scope_is_a_usage_error_that_names_the_known_ones() {
        let failure = check(&["introspect".into(), "root".into()]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let said = failure.words.say(Lang::En);
        assert!(said.contains("\"root\"") && SCOPES.iter().all(|scope| said.contains(scope)), "{said}");
    }

    #[test]
    fn the_help_names_every_scope() {
        assert!(SCOPES.iter().all(|scope| CREATE_HELP.contains(scope)));
    }
}
