//! `wxgate config`: check, show, template.

use clap::Subcommand;
use serde_json::{Value, json};

use super::load;
use crate::cli::Global;
use crate::lang::Lang;
use crate::out::{self, Exit, Outcome};

const EXAMPLE: &str = include_str!("../../config/example.toml");

/// What can be done with a configuration.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong, or "ok" and where each value comes from. 指出全部问题，或列出每个值的来源
    #[command(after_help = "Example:\n  wxgate config check --config wxgate.toml")]
    Check {
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the effective configuration, secrets masked. 查看生效的配置
    #[command(after_help = "Example:\n  WXGATE_SESSION__IDLE_DAYS=3 wxgate config show")]
    Show {
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a configuration to start from. 生成配置模板
    #[command(after_help = "Example:\n  wxgate config template > wxgate.toml")]
    Template,
}

/// Runs `wxgate config …`.
pub(crate) fn run(command: &Command, global: &Global, lang: Lang) -> Outcome {
    match command {
        Command::Check { json } => return check(*json, global, lang),
        Command::Show { json: true } => out::print_json(&global.load()?.report.values_json())?,
        Command::Show { json: false } => out::print(&global.load()?.report.values())?,
        Command::Template => out::print(EXAMPLE.trim_end())?,
    }
    Ok(Exit::Done)
}

fn check(json: bool, global: &Global, lang: Lang) -> Outcome {
    match load(&global.sources()) {
        Ok(config) if json => out::print_json(&config.report.origins_json(&config.warnings, lang))?,
        Ok(config) => out::print(&config.report.origins(&config.warnings, lang))?,
        Err(refusal) if json => {
            let errors: Vec<Value> = refusal.0.iter().map(|flaw| flaw.json(lang)).collect();
            out::print_json(&json!({ "ok": false, "errors": errors }))?;
            return Ok(Exit::Refused);
        }
        Err(refusal) => return Err(refusal.into()),
    }
    Ok(Exit::Done)
}
