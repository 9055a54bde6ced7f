//! What of the settings can change while the server runs.

use std::sync::{PoisonError, RwLockReadGuard};

use ipnet::IpNet;

use crate::app::App;
use crate::settings;

/// The settings that a running [`App`] takes.
#[derive(Debug, Clone)]
pub struct Adjustable {
    /// `[limits]`
    pub limits: settings::Limits,
    /// `[calls]`
    pub calls: settings::Calls,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl App {
    /// Goes by these settings from the next request on. Where a limit changes, what was counted for it is forgotten.
    pub fn adjust(&self, new: Adjustable) {
        let mut now = self.adjusted.write().unwrap_or_else(PoisonError::into_inner);
        if now.limits.requests_per_minute != new.limits.requests_per_minute {
            self.request_limit.change(new.limits.requests_per_minute);
        }
        if now.limits.logins_per_minute != new.limits.logins_per_minute {
            self.login_limit.change(new.limits.logins_per_minute);
        }
        *now = new;
    }

    /// As they are now. Not to be kept.
    pub(crate) fn adjusted(&self) -> RwLockReadGuard<'_, Adjustable> {
        self.adjusted.read().unwrap_or_else(PoisonError::into_inner)
    }
}
