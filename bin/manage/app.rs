//! `wxgate app`: the mini programs of this server.

use clap::Subcommand;

use super::{Here, part, text};
use crate::local::{Need, Question};
use crate::out::{self, Exit, Outcome};

/// What can be asked of apps.
#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// List the mini programs. 列出小程序
    #[command(after_help = "Example:\n  wxgate app list --json")]
    List {
        /// Print JSON. 输出 JSON
        #[arg(long)]
        json: bool,
    },
}

impl AppCommand {
    /// Runs `wxgate app …`.
    pub(crate) fn run(&self, here: Here<'_>) -> Outcome {
        let Self::List { json } = self;
        here.with_api(Need::Database, async |local| {
            let answer = local.ask(&Question::get("/api/v1/apps")).await?;
            let apps = part(&answer, "apps")?;
            if *json {
                out::print_json(apps)?;
                return Ok(Exit::Done);
            }
            let push =
                |is_there: bool| if is_there { here.lang.pick("有", "yes") } else { here.lang.pick("无", "no") };
            let row = |app: &serde_json::Value| vec![text(app, "appid"), push(app["push"] == true).to_owned()];
            let rows: Vec<_> = apps.as_array().into_iter().flatten().map(row).collect();
            let heads = here.lang.pick(["APPID", "消息推送"], ["APPID", "PUSH"]);
            here.print_rows(&heads, &rows, ("没有小程序", "no apps"))?;
            Ok(Exit::Done)
        })
    }
}
