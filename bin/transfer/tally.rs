//! What became of the rows of an import.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lang::Lang;

/// Counts, and how far they go.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) filled: u64,
    pub(super) same: u64,
    /// Of a dry run: rows of somebody of whom an earlier row is.
    pub(super) repeated: u64,
    pub(super) refused: BTreeMap<String, u64>,
    /// Columns that could not be kept, and of how many rows.
    pub(super) left_out: BTreeMap<String, u64>,
    /// The number of the last row of which all this is certain.
    pub(super) row: u64,
}

impl Tally {
    pub(super) fn refuse(&mut self, reason: &str) {
        *self.refused.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn leave_out(&mut self, columns: &[String]) {
        for column in columns {
            *self.left_out.entry(column.clone()).or_default() += 1;
        }
    }

    pub(super) fn as_json(&self, dry_run: bool) -> Value {
        json!({
            "dry_run": dry_run, "added": self.added, "filled": self.filled, "same": self.same, "repeated": self.repeated,
            "refused": self.refused.values().sum::<u64>(), "reasons": self.refused, "left_out": self.left_out,
            "last_row": self.row,
        })
    }

    /// One sentence for people.
    pub(super) fn as_text(&self, dry_run: bool, lang: Lang) -> String {
        let Self { added, filled, same, repeated, .. } = self;
        let refused: u64 = self.refused.values().sum();
        if dry_run {
            return lang.pick(
                format!("试运行，未写入：将新增 {added}，补全 {filled}，未变 {same}，文件内重复 {repeated}，拒绝 {refused}"),
                format!(
                    "dry run, nothing is written: {added} to add, {filled} to fill in, {same} as they are, {repeated} repeated in the file, {refused} refused"
                ),
            );
        }
        lang.pick(
            format!("新增 {added}，补全 {filled}，未变 {same}，拒绝 {refused}"),
            format!("{added} added, {filled} filled in, {same} as they were, {refused} refused"),
        )
    }

    /// Why rows were refused, and what was not kept, the most frequent first.
    pub(super) fn details(&self, lang: Lang) -> Vec<String> {
        let mut reasons: Vec<_> = self.refused.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let refused = reasons.into_iter().map(|(why, count)| format!("  {count} × {why}"));
        let left_out = self.left_out.iter().map(|(column, count)| {
            lang.pick(format!("  {count} × 未保留 {column}"), format!("  {count} × {column} was not kept"))
        });
        refused.chain(left_out).collect()
    }
}
