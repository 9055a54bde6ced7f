//! SIGHUP: what of the configuration can change while the server runs, does.
//!
//! All of it is read and judged as at the start. A configuration that is refused changes nothing; of one that is in order
//! these keys are taken, and the log names the others that were changed: they wait for a restart.

use tokio::signal::unix::{Signal, SignalKind, signal};
use wx_client::Client;
use wxgate_api::{Adjustable, App};

use crate::config::{Change, Config, Known};
use crate::lang::Lang;
use crate::logging::Level;
use crate::open::cannot_start;
use crate::out::Failure;
use crate::systemd::{Notifier, SERVING};

/// The keys that a running server takes.
const TAKEN: [&str; 6] = [
    "app.secret",
    "calls.allowed",
    "limits.logins_per_minute",
    "limits.requests_per_minute",
    "listen.trusted_proxies",
    "log.level",
];
const REFUSED: &str = "serving; the changed configuration was refused, see the log";

type Read = Box<dyn Fn() -> Result<Config, Failure>>;

/// Waits for SIGHUP and does what it asks for.
pub(crate) struct Reload {
    told: Signal,
    read: Read,
    level: Level,
    /// What the server goes by.
    known: Known,
}

impl Reload {
    /// From its making on SIGHUP does not end the process. `read` reads what `config` was read from.
    pub(crate) fn new(config: &Config, level: Level, read: Read) -> Result<Self, Failure> {
        let told = signal(SignalKind::hangup()).map_err(|error| cannot_start(&error))?;
        Ok(Self { told, read, level, known: config.known() })
    }

    /// Resolves at the next SIGHUP.
    pub(crate) async fn asked(&mut self) {
        self.told.recv().await;
    }

    /// Reads the configuration and takes from it what can be taken.
    pub(crate) fn run(&mut self, app: &App, client: &Client, notifier: &Notifier) {
        notifier.reloading();
        match (self.read)() {
            Ok(config) => {
                self.take(config, app, client);
                notifier.ready(SERVING);
            }
            Err(failure) => {
                tracing::error!("nothing is changed: {}", failure.words.say(Lang::En));
                notifier.ready(REFUSED);
            }
        }
    }

    fn take(&mut self, config: Config, app: &App, client: &Client) {
        for warning in &config.warnings {
            tracing::warn!("{}", warning.line(Lang::En));
        }
        let known = config.known();
        let (taken, waiting): (Vec<Change>, _) =
            self.known.changes(&known).into_iter().partition(|change| TAKEN.contains(&change.key.as_str()));
        let Config { settings, apps, .. } = config;
        self.level.set(&settings.log.level);
        app.adjust(Adjustable {
            limits: settings.limits,
            calls: settings.calls,
            trusted_proxies: settings.listen.trusted_proxies,
        });
        for app in apps {
            // One that the server does not know yet is among those that wait.
            let _ = client.replace_secret(&app.appid, app.secret);
        }
        let names = |changes: &[Change]| changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        tracing::info!(changed = names(&taken), "the configuration was read anew");
        if !waiting.is_empty() {
            tracing::warn!(keys = names(&waiting), "these changes wait for a restart");
        }
        self.known.take(known, &taken);
    }
}
