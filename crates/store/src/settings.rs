use std::fmt;

use serde::Deserialize;

/// Section `[store]` of the configuration.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which backend, and where: `sqlite:` is the file `wxgate.db` in the data directory.
    pub url: String,
    /// Writes that may wait; one more is [`Error::Busy`](crate::Error::Busy).
    pub queue: usize,
    /// Lists that are read at once, and as many reads of a few rows beside them.
    pub readers: u32,
    /// How much memory sessions may take so that checks read no disk. Above it the oldest are read from the file, and a
    /// login takes longer, since the file then has an index of whose session is whose. `session.index_max_bytes` of the
    /// configuration: that section is another crate's.
    #[serde(skip)]
    pub index_max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { url: "sqlite:".to_owned(), queue: 4096, readers: 4, index_max_bytes: 1 << 30 }
    }
}

/// Shows no more of `url` than its scheme: the rest may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &self.scheme())
            .field("queue", &self.queue)
            .field("readers", &self.readers)
            .field("index_max_bytes", &self.index_max_bytes)
            .finish()
    }
}

impl Settings {
    /// What stands before the first colon of `url`; nothing when there is none.
    pub(crate) fn scheme(&self) -> &str {
        self.url.split_once(':').map_or("", |(scheme, _)| scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let settings = Settings { url: "postgres://wxgate:canary@db/wxgate".to_owned(), ..Settings::default() };
        let shown = format!("{settings:?}");
        assert!(shown.contains("postgres") && !shown.contains("canary"), "{shown}");
    }
}
