//! The findings, for people and for programs.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::{Finding, State};
use crate::lang::Lang;

/// Lines of the text: one for each finding, and its cure below.
pub(super) fn text(findings: &[Finding], lang: Lang) -> String {
    let width = findings.iter().map(|finding| finding.id.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for Finding { id, verdict } in findings {
        let mark = match verdict.state {
            State::Skipped => "-   ",
            State::Ok => "ok  ",
            State::Warn => "WARN",
            State::Fail => "FAIL",
        };
        lines.push(format!("{mark}  {id:width$}  {}", verdict.evidence.say(lang)));
        lines.extend(verdict.cure.as_ref().map(|cure| format!("      {:width$}  → {}", "", cure.say(lang))));
    }
    let [skipped, ok, warn, fail] = counts(findings);
    lines.push(lang.pick(
        format!("{ok} 项正常，{warn} 项警告，{fail} 项失败，{skipped} 项跳过"),
        format!("{ok} ok, {warn} to look at, {fail} failed, {skipped} skipped"),
    ));
    lines.join("\n")
}

pub(super) fn json(findings: &[Finding], lang: Lang) -> Value {
    let [skipped, ok, warn, fail] = counts(findings);
    let checks: Vec<Value> = findings
        .iter()
        .map(|Finding { id, verdict }| {
            json!({
                "id": id,
                "state": verdict.state.as_str(),
                "evidence": verdict.evidence.say(lang),
                "cure": verdict.cure.as_ref().map(|cure| cure.say(lang)),
            })
        })
        .collect();
    json!({ "ok": fail == 0, "counts": { "ok": ok, "warn": warn, "fail": fail, "skipped": skipped }, "checks": checks })
}

fn counts(findings: &[Finding]) -> [usize; 4] {
    [State::Skipped, State::Ok, State::Warn, State::Fail]
        .map(|state| findings.iter().filter(|finding| finding.verdict.state == state).count())
}

/// What is being looked at, on a terminal alone.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(checks: usize) -> Self {
        let target =
            if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(checks as u64), target);
        let style = ProgressStyle::with_template("{pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(bar)
    }

    pub(super) fn at(&self, id: &'static str) {
        self.0.set_message(id);
        self.0.inc(1);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use crate::lang::words;

    #[test]
    fn a_failure_is_shown_with_its_cure_and_counted() {
        let fault = Verdict::fail(words("坏了", "broken"), words("修好它", "mend it"));
        let findings = [
            Finding { id: "a.b", verdict: Verdict::ok(words("好", "fine")) },
            Finding { id: "a.long", verdict: fault },
        ];
        let text = text(&findings, Lang::En);
        assert_eq!(
            text,
            "ok    a.b     fine\nFAIL  a.long  broken\n              → mend it\n1 ok, 0 to look at, 1 failed, 0 skipped"
        );
        let json = json(&findings, Lang::Zh);
        assert_eq!((&json["ok"], &json["checks"][1]["cure"]), (&json!(false), &json!("修好它")));
    }
}
