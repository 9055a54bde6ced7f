//! How many members are through, for somebody who watches a terminal.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::lang::Lang;

/// A counter on stderr; nothing where stderr is no terminal. It goes when it is dropped.
pub(super) struct Counter(ProgressBar);

impl Counter {
    pub(super) fn new(lang: Lang) -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let template = lang.pick("{human_pos} 名成员  {per_sec}", "{human_pos} members  {per_sec}");
        bar.set_style(ProgressStyle::with_template(template).expect("a template of known words"));
        Self(bar)
    }

    pub(super) fn add(&self, members: usize) {
        self.0.inc(members as u64);
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
