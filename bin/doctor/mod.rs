//! `wxgate doctor`: what is wrong with this installation, and what helps.

mod backups;
mod bundle;
mod case;
mod configuration;
mod data;
mod database;
mod public;
mod report;
mod server;
mod system;
mod web;
mod wechat;

use std::path::PathBuf;
use std::pin::Pin;

use clap::Args;

use crate::cli::Global;
use crate::lang::{Lang, Words, words};
use crate::out::{self, Exit, Outcome};
use crate::serve::on_runtime;
use case::Case;

/// What to do beside looking.
#[derive(Args)]
pub(crate) struct Flags {
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
    /// Take from others the rights to files that are nobody else's concern. 收紧文件权限
    #[arg(long)]
    fix: bool,
    /// Write what a helper needs to know, secrets masked, into this file (- for stdout). 导出诊断信息，密钥已遮盖
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// It cannot be looked at, or does not apply.
    Skipped,
    Ok,
    /// It works, and should not stay so.
    Warn,
    Fail,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Debug)]
struct Verdict {
    state: State,
    /// What was seen. Never a secret, nor anything about a member.
    evidence: Words,
    /// What helps, in one line; every warning and failure has one.
    cure: Option<Words>,
}

impl Verdict {
    fn ok(evidence: Words) -> Self {
        Self { state: State::Ok, evidence, cure: None }
    }

    fn skipped(evidence: Words) -> Self {
        Self { state: State::Skipped, evidence, cure: None }
    }

    fn warn(evidence: Words, cure: Words) -> Self {
        Self { state: State::Warn, evidence, cure: Some(cure) }
    }

    fn fail(evidence: Words, cure: Words) -> Self {
        Self { state: State::Fail, evidence, cure: Some(cure) }
    }
}

type Looking<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// One thing that is looked at.
struct Check {
    id: &'static str,
    look: for<'a> fn(&'a Case) -> Looking<'a>,
}

/// A check that waits for nothing.
macro_rules! check {
    ($id:literal, $look:path) => {
        Check { id: $id, look: |case| Box::pin(async move { $look(case) }) }
    };
    ($id:literal, $look:path, waits) => {
        Check { id: $id, look: |case| Box::pin($look(case)) }
    };
}

/// All checks, in the order in which people look for a fault.
const CHECKS: &[Check] = &[
    check!("config.valid", configuration::valid),
    check!("config.warnings", configuration::warnings),
    check!("config.secrets", configuration::secrets),
    check!("config.internal", configuration::internal),
    check!("data.directory", data::directory),
    check!("data.files", data::files),
    check!("data.owner", data::owner),
    check!("data.filesystem", data::filesystem),
    check!("data.space", data::space),
    check!("data.key", data::key),
    check!("database.sqlite", database::sqlite),
    check!("database.schema", database::schema),
    check!("database.check", database::quick_check),
    check!("database.probe", database::probe),
    check!("backup.last", backups::last),
    check!("backup.verified", backups::verified),
    check!("system.files", system::file_limit),
    check!("system.logs", system::logs),
    check!("system.watchdog", system::watchdog),
    check!("server.running", server::running),
    check!("server.ready", server::ready, waits),
    check!("server.version", server::version, waits),
    check!("public.url", public::url),
    check!("public.certificate", public::certificate, waits),
    check!("public.instance", public::instance, waits),
    check!("public.query", public::query, waits),
    check!("public.clients", public::clients, waits),
    check!("public.refusals", public::refusals, waits),
    check!("public.internal", public::internal, waits),
    check!("wechat.reachable", wechat::reachable, waits),
    check!("wechat.clock", wechat::clock, waits),
    check!("wechat.secret", wechat::secret, waits),
    check!("wechat.allow_list", wechat::allow_list, waits),
    check!("wechat.push", wechat::push, waits),
];

/// A check with what it found.
struct Finding {
    id: &'static str,
    verdict: Verdict,
}

/// Runs `wxgate doctor`: done unless something fails.
pub(crate) fn run(flags: &Flags, global: &Global, lang: Lang) -> Outcome {
    let findings = on_runtime(async {
        let case = Case::open(global, flags.fix, lang).await?;
        let progress = report::Progress::new(CHECKS.len());
        let mut findings = Vec::with_capacity(CHECKS.len());
        for check in CHECKS {
            progress.at(check.id);
            findings.push(Finding { id: check.id, verdict: (check.look)(&case).await });
        }
        progress.end();
        if let Some(path) = &flags.bundle {
            bundle::write(path, &case, &findings, lang)?;
        }
        Ok(findings)
    })?;
    if flags.json {
        out::print_json(&report::json(&findings, lang))?;
    } else if flags.bundle.as_deref() != Some("-".as_ref()) {
        out::print(&report::text(&findings, lang))?;
    }
    let failed = findings.iter().any(|finding| finding.verdict.state == State::Fail);
    Ok(if failed { Exit::Problem } else { Exit::Done })
}

/// What a check says that cannot be made because another thing is missing.
fn needs(zh: &'static str, en: &'static str) -> Verdict {
    Verdict::skipped(words(zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_at_least_twenty_checks_each_with_its_own_id() {
        let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        assert!(ids.len() >= 20 && ids.len() == CHECKS.len());
    }
}
