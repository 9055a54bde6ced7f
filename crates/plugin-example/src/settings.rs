use serde::Deserialize;
use wxgate_api::plugin::BadSetting;

/// `[plugins.example]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What members are greeted with.
    pub greeting: String,
    /// Days for which a member's visits are remembered after the last one, 1 to 3650.
    pub remember_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { greeting: "你好 hello".to_owned(), remember_days: 365 }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), BadSetting> {
        if (1..=3650).contains(&self.remember_days) {
            return Ok(());
        }
        let (chinese, english) = ("应为 1 到 3650 的整数".to_owned(), "expected a whole number, 1 to 3650".to_owned());
        Err(BadSetting { key: "remember_days", chinese, english })
    }
}
