//! Log lines on stderr: coloured text on a terminal, JSON otherwise.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{Format, Log};

/// How much is logged, which can change.
pub(crate) struct Level(reload::Handle<Targets, Registry>);

impl Level {
    /// Logs as much as `log.level` says from now on.
    pub(crate) fn set(&self, level: &str) {
        // Refused only when there is no log: then it is the same.
        let _ = self.0.reload(filter(level));
    }
}

/// Starts logging for the rest of the process. A second call changes nothing.
pub(crate) fn init(log: &Log) -> Level {
    let terminal = io::stderr().is_terminal();
    let is_text = log.format == Format::Text || (log.format == Format::Auto && terminal);
    // A log that cannot be written (a full disk, a closed pipe) is no reason to end: complaining of it would panic.
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if is_text {
        fmt::layer().with_writer(io::stderr).with_ansi(terminal).log_internal_errors(false).boxed()
    } else {
        fmt::layer().with_writer(io::stderr).json().flatten_event(true).log_internal_errors(false).boxed()
    };
    let (filter, level) = reload::Layer::new(filter(&log.level));
    // It is in use already only when a test started two servers.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    Level(level)
}

/// `level` is for our own crates, which log no secret. Libraries know nothing of that, and may show URLs below `warn`.
fn filter(level: &str) -> Targets {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    let ours = ["wxgate", "wx_client"].map(|target| (target, level));
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_stay_at_warn_however_much_is_asked_of_us() {
        let filter = filter("trace");
        assert!(filter.would_enable("wxgate_api::edge", &Level::TRACE));
        assert!(filter.would_enable("wx_client", &Level::TRACE));
        assert!(filter.would_enable("hyper_util::client", &Level::WARN));
        assert!(!filter.would_enable("hyper_util::client", &Level::INFO));
        assert!(!super::filter("error").would_enable("hyper", &Level::WARN));
    }
}
