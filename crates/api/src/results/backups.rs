//! How old the backups are. They are made elsewhere: whoever knows of them is asked.

use std::sync::{Arc, OnceLock};

use wxgate_store::UnixSeconds;

use crate::clock::Clock;

/// What was last done about backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    /// When the last one was made; `None`: never.
    pub created_at: Option<UnixSeconds>,
    /// When one was last verified; `None`: never.
    pub verified_at: Option<UnixSeconds>,
}

/// Seconds since then, at least 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ages {
    pub created: Option<i64>,
    pub verified: Option<i64>,
}

type Look = Box<dyn Fn() -> Ages + Send + Sync>;

/// Who is asked, once somebody said so.
#[derive(Clone, Default)]
pub struct Watched(Arc<OnceLock<Look>>);

impl Watched {
    /// The first who is given is asked from now on.
    pub fn set(&self, look: impl Fn() -> Backups + Send + Sync + 'static, clock: Arc<dyn Clock>) {
        let ages = move || {
            let (found, now) = (look(), clock.now().0);
            let age = |at: Option<UnixSeconds>| at.map(|at| now.saturating_sub(at.0).max(0));
            Ages { created: age(found.created_at), verified: age(found.verified_at) }
        };
        // Of a second one nothing is wanted.
        let _ = self.0.set(Box::new(ages));
    }

    pub fn ages(&self) -> Ages {
        self.0.get().map_or_else(Ages::default, |look| look())
    }
}
