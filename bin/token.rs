//! `wxgate token`: the API tokens of the internal listener, also while the server runs.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;
use wxgate_api::{ApiTokenText, Clock, SCOPES, SystemClock, is_token_name};
use wxgate_store::{ApiToken, By, Settings, SqliteStore, Store, UnixSeconds};
use zeroize::Zeroizing;

use crate::cli::Global;
use crate::config::credentials_directory;
use crate::key_file;
use crate::lang::{Lang, words};
use crate::out::{self, Exit, Failure, Outcome};

const DAY: i64 = 86_400;

/// What can be done with tokens.
#[derive(Subcommand)]
pub(crate) enum Command {
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
        Err("expected 1 to 64 characters without control characters")
    }
}

/// Runs `wxgate token …`.
pub(crate) fn run(command: Command, global: &Global, lang: Lang) -> Outcome {
    if let Command::Create { scopes, .. } = &command {
        check(scopes)?;
    }
    let settings = global.load()?.settings;
    let store = open(&settings.data_dir, &settings.store)?;
    crate::serve::on_runtime(async {
        let outcome = act(command, &store, lang).await;
        store.close().await;
        outcome
    })
}

fn check(scopes: &[String]) -> Result<(), Failure> {
    let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) else { return Ok(()) };
    let known = SCOPES.join(", ");
    Err(Failure::usage(words(
        format!("没有 {unknown:?} 这个权限；可用：{known}"),
        format!("unknown scope {unknown:?}; the scopes are {known}"),
    )))
}

/// Opens the database beside a running server, or makes it as the first start would: its key comes first.
fn open(data_dir: &Path, settings: &Settings) -> Result<SqliteStore, Failure> {
    let opened = if data_dir.join(key_file::DATABASE).exists() {
        SqliteStore::open_shared(data_dir)
    } else {
        key_file::open(data_dir, credentials_directory().as_deref())?;
        SqliteStore::open(settings, data_dir)
    };
    opened.map_err(|error| not_done(&error))
}

async fn act(command: Command, store: &dyn Store, lang: Lang) -> Outcome {
    let now = SystemClock.now();
    match command {
        Command::Create { name, scopes, expires_days, json } => {
            let (text, id) = create(store, name, scopes, expires_days, now).await?;
            show(&text, id, json, lang)
        }
        Command::List { json } => list(&store.api_tokens().await.map_err(|error| not_done(&error))?, json, lang),
        Command::Revoke { id } => {
            if !store.revoke_api_token(id, By::COMMAND, now).await.map_err(|error| not_done(&error))? {
                return Err(Failure::problem(words(format!("没有令牌 {id}"), format!("there is no token {id}"))));
            }
            Ok(Exit::Done)
        }
    }
}

async fn create(
    store: &dyn Store,
    name: String,
    scopes: Vec<String>,
    expires_days: Option<u16>,
    now: UnixSeconds,
) -> Result<(Zeroizing<String>, Uuid), Failure> {
    let expires_at = expires_days.map(|days| UnixSeconds(now.0 + i64::from(days) * DAY));
    let (text, kept) = ApiTokenText::create(name, scopes, expires_at, now);
    let id = kept.id;
    store.create_api_token(kept, By::COMMAND).await.map_err(|error| not_done(&error))?;
    Ok((text, id))
}

fn show(text: &str, id: Uuid, json: bool, lang: Lang) -> Outcome {
    if json {
        out::print_json(&json!({ "id": id, "token": text }))?;
    } else {
        out::print(text)?;
        out::complain(lang.pick("请妥善保存：令牌不会再次显示。", "Keep it: it is not shown again."));
    }
    Ok(Exit::Done)
}

fn list(tokens: &[ApiToken], json: bool, lang: Lang) -> Outcome {
    if json {
        out::print_json(&tokens.iter().map(as_json).collect())?;
    } else {
        let never = lang.pick("永不过期", "never ends");
        let line = |token: &ApiToken| {
            let end = token.expires_at.map_or_else(|| never.to_owned(), |end| end.0.to_string());
            format!("{}  {}  {}  {end}", token.id, token.name, token.scopes.join(","))
        };
        for token in tokens {
            out::print(&line(token))?;
        }
        if tokens.is_empty() {
            out::complain(lang.pick("没有令牌", "no tokens"));
        }
    }
    Ok(Exit::Done)
}

fn as_json(token: &ApiToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at.0,
        "expires_at": token.expires_at.map(|end| end.0),
    })
}

fn not_done(error: &wxgate_store::Error) -> Failure {
    Failure::problem(words(format!("未能完成：{error}"), format!("not done: {error}")))
}

#[cfg(test)]
mod tests {
    use wxgate_store::Management;

    use super::*;

    fn settings() -> Settings {
        Settings::default()
    }

    #[tokio::test]
    async fn a_token_is_made_beside_a_running_server_listed_and_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let server = open(&data, &settings()).unwrap();
        let beside = open(&data, &settings()).unwrap();
        let scopes = vec!["introspect".to_owned()];
        let (text, id) = create(&beside, "proxy".into(), scopes, Some(2), UnixSeconds(10)).await.unwrap();
        assert!(text.starts_with("wxa_"));
        let listed = server.api_tokens().await.unwrap();
        let expected =
            json!({ "id": id, "name": "proxy", "scopes": ["introspect"], "created_at": 10, "expires_at": 172_810 });
        assert_eq!(listed.iter().map(as_json).collect::<Vec<_>>(), [expected]);
        assert!(beside.revoke_api_token(id, By::COMMAND, UnixSeconds(11)).await.unwrap());
        assert!(server.api_tokens().await.unwrap().is_empty());
        beside.close().await;
        server.close().await;
    }

    #[test]
    fn a_first_token_leaves_a_directory_that_the_server_can_start_from() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        drop(open(&data, &settings()).unwrap());
        assert!(data.join(key_file::DATABASE).exists());
        key_file::open(&data, None).unwrap();
    }

    #[test]
    fn an_unknown_scope_is_a_usage_error_that_names_the_known_ones() {
        let failure = check(&["introspect".into(), "root".into()]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let said = failure.words.say(Lang::En);
        assert!(said.contains("\"root\"") && SCOPES.iter().all(|scope| said.contains(scope)), "{said}");
    }

    #[test]
    fn the_help_names_every_scope() {
        use clap::CommandFactory;
        #[derive(clap::Parser)]
        struct Cli {
            #[command(subcommand)]
            _command: Command,
        }
        let help = Cli::command().find_subcommand_mut("create").unwrap().render_help().to_string();
        assert!(SCOPES.iter().all(|scope| help.contains(scope)), "{help}");
    }
}
