//! The server that runs, asked over its own socket.

use super::{Case, Verdict, needs};
use crate::lang::words;
use crate::local::Question;

/// `server.running`
pub(super) fn running(case: &Case) -> Verdict {
    match &case.server {
        Some(Ok(_)) => Verdict::ok(words("正在运行，并回应命令", "it runs and answers commands")),
        Some(Err(failure)) => Verdict::fail(
            failure.words.clone(),
            words("查看日志；必要时 systemctl restart wxgate", "look at its log; systemctl restart wxgate if need be"),
        ),
        None => Verdict::warn(
            words("没有在运行", "it does not run"),
            words("wxgate serve，或 systemctl start wxgate", "wxgate serve, or systemctl start wxgate"),
        ),
    }
}

/// `server.ready`
pub(super) async fn ready(case: &Case) -> Verdict {
    let Some(server) = case.server() else { return not_running() };
    match server.ask(&Question::get("/readyz")).await {
        Ok(_) => Verdict::ok(words("数据库可读写", "the database can be read and written")),
        Err(failure) => Verdict::fail(
            failure.words,
            words(
                "查看日志；多半是磁盘已满或数据损坏",
                "look at its log: most often the disk is full or the data are damaged",
            ),
        ),
    }
}

/// `server.version`
pub(super) async fn version(case: &Case) -> Verdict {
    let Some(server) = case.server() else { return not_running() };
    let document = server.ask(&Question::get("/openapi.json")).await.unwrap_or_default();
    let (theirs, ours) = (document["info"]["version"].as_str().unwrap_or("?"), env!("CARGO_PKG_VERSION"));
    if theirs == ours {
        return Verdict::ok(words(format!("版本 {ours}"), format!("version {ours}")));
    }
    Verdict::warn(
        words(format!("服务是 {theirs}，本程序是 {ours}"), format!("the server is {theirs}, this program {ours}")),
        words(
            "重启服务以完成升级：systemctl restart wxgate",
            "restart the server to complete the upgrade: systemctl restart wxgate",
        ),
    )
}

pub(super) fn not_running() -> Verdict {
    needs("服务没有在运行", "the server does not run")
}
