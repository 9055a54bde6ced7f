use serde::Deserialize;

/// `[plugins.classic]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The mini program, whose requests do not name it; needed only where the server has several.
    pub appid: String,
    /// Whether `/phone` takes the login's `code` in place of an skey, for 3 days.
    pub phone_by_code: bool,
}
