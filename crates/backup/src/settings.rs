use std::path::PathBuf;

use serde::Deserialize;

/// Section `[backup]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where backups are put; empty: `backups` in the data directory.
    pub dir: PathBuf,
    /// Days that backups there are kept.
    pub keep_days: u32,
    /// Who can open them, `age1…`; nobody: who has the data directory's own key.
    pub recipients: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { dir: PathBuf::new(), keep_days: 30, recipients: Vec::new() }
    }
}
