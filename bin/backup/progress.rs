//! How far it is, for somebody who watches a terminal.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use wxgate_backup::Stage;

use crate::lang::Lang;

/// A bar on stderr; nothing where stderr is no terminal. It goes when it is dropped.
pub(super) struct Bar {
    shown: ProgressBar,
    lang: Lang,
    stage: Option<Stage>,
}

impl Bar {
    pub(super) fn new(lang: Lang) -> Self {
        let shown = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg}  {bar:30}  {bytes}/{total_bytes}  {eta}");
        shown.set_style(style.expect("a template of known words"));
        Self { shown, lang, stage: None }
    }

    pub(super) fn show(&mut self, stage: Stage, done: u64, all: u64) {
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.shown.reset();
            self.shown.set_message(self.name(stage));
        }
        self.shown.set_length(all);
        self.shown.set_position(done);
    }

    fn name(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::Copy => self.lang.pick("复制", "copying"),
            Stage::Check => self.lang.pick("检查", "checking"),
            Stage::Write => self.lang.pick("写入", "writing"),
            Stage::Read => self.lang.pick("读取", "reading"),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
    }
}
