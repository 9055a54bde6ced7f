use super::{MemberId, UnixSeconds, debug_only};

/// Something that a plugin keeps under a key of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginEntry {
    /// Names it among those of its plugin. Stands in the clear: neither secret nor personal.
    pub key: String,
    /// As the caller sealed it.
    pub sealed_value: Vec<u8>,
    /// Whom it is about: then it goes with them. `None` for nobody.
    pub member: Option<MemberId>,
    /// From then on it is not there; `None` for never.
    pub expires_at: Option<UnixSeconds>,
}

debug_only!(PluginEntry { key, member, expires_at });

/// What a plugin keeps about a member, as far as it says something of them.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportedEntry {
    /// The plugin's name.
    pub plugin: String,
    /// What it keeps.
    pub entry: PluginEntry,
}

debug_only!(ExportedEntry { plugin, entry });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let entry = PluginEntry { key: "k".into(), sealed_value: b"canary".to_vec(), member: None, expires_at: None };
        let shown = format!("{:?}", ExportedEntry { plugin: "p".into(), entry });
        assert!(shown.contains("\"k\"") && !shown.contains("99, 97"), "{shown}");
    }
}
