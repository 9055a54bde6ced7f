//! `wxgate serve`: puts the parts together, serves until it is told to stop, and closes in order.

use std::future::pending;
use std::io;
use std::num::NonZero;
use std::process::exit;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use wx_client::Client;
use wxgate_api::webhooks::deliver;
use wxgate_api::{App, housekeeping, plugin, write_down};
use wxgate_store::SqliteStore;

use crate::cli::Global;
use crate::config::{Address, Config};
use crate::lang::Lang;
use crate::listen::{self, At, SocketFile};
use crate::open::{Opened, cannot_start, open};
use crate::out::{Exit, Failure, Outcome};
use crate::reload::Reload;
use crate::systemd::{Notifier, SERVING, Service, runtime_directory};
use crate::{backup, local, logging};

/// Above the ten seconds that open connections are given to end.
const DRAIN: Duration = Duration::from_secs(12);
/// Time for the answers that say that a write's outcome is unknown to reach their callers.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Time for blocking calls to end when all else has.
const LEAVE: Duration = Duration::from_secs(1);

/// So few cores that one is enough for HTTP.
const FEW_CORES: usize = 2;

/// Runs `wxgate serve`.
pub(crate) fn run(global: Global, lang: Lang) -> Outcome {
    let config = global.load()?;
    let level = logging::init(&config.settings.log);
    for warning in &config.warnings {
        tracing::warn!("{}", warning.line(lang));
    }
    // Before the runtime's threads: it takes what was passed out of the environment.
    let service = Service::of_environment()?;
    on_runtime(async {
        let reload = Reload::new(&config, level, Box::new(move || global.load()))?;
        Server::start(config, service, ["listen.public", "listen.internal"]).await?.run(Some(reload)).await
    })
}

/// Runs a command that waits for the network or the store. What still blocks at its end, such as a name server that does
/// not answer, is left behind.
pub(crate) fn on_runtime<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime().map_err(|error| cannot_start(&error))?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_timeout(LEAVE);
    outcome
}

/// One thread for all of HTTP where there are few cores: the store writes on a thread of its own, and whoever asks is often on
/// the same machine. There several threads that take work from one another do less of it.
fn runtime() -> io::Result<Runtime> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let mut builder = if cores <= FEW_CORES { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

/// A server that serves.
pub(crate) struct Server {
    public: At,
    internal: At,
    app: Arc<App>,
    client: Arc<Client>,
    _socket: Vec<SocketFile>,
    store: Arc<SqliteStore>,
    told: StopSignals,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    notifier: Notifier,
    /// Beats until all is closed.
    watchdog: JoinSet<()>,
}

impl Server {
    /// Opens what the configuration names and begins to serve. `names` say what sets the two addresses.
    pub(crate) async fn start(config: Config, service: Service, names: [&str; 2]) -> Result<Self, Failure> {
        raise_file_limit();
        survive_file_size_limit()?;
        let Service { notifier, passed, watchdog } = service;
        // The listeners first: a second server on the same machine ends here, before it touches any data.
        let public = listen::open(&config.settings.listen.public, names[0], passed.public).await?;
        let internal = listen::open(&config.settings.listen.internal, names[1], passed.internal).await?;
        let data_dir = config.settings.data_dir.clone();
        let backups = backup::directory(&config.settings);
        let plugins = config.plugins.clone();
        // A migration of many members takes its time.
        let extension = notifier.extend();
        notifier.status("opening the database, and bringing it up to date if need be");
        let Opened { app, store, client } = open(config).await?;
        app.install(plugins).await.map_err(|error| cannot_start(&error))?;
        drop(extension);
        let noted = data_dir.clone();
        app.watch_backups(move || backup::last(&noted));
        // Now that the data directory is ours, so is the place of its socket.
        let (local, socket) = local::bind(&data_dir, runtime_directory().as_deref()).await?;
        // Before anything is served: whoever gets an answer may at once tell it to stop.
        let told = StopSignals::new()?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        // So too: plugins hear of every event.
        tasks.spawn(plugin::run(Arc::clone(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(public.listener, wxgate_api::public(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(internal.listener, wxgate_api::internal(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(local, wxgate_api::local(&app), until(stopped.clone())));
        tasks.spawn(deliver(Arc::clone(&app), until(stopped.clone())));
        tasks.spawn(backup::keep_list(Arc::clone(&store), backups, data_dir, until(stopped.clone())));
        tasks.spawn(housekeeping(Arc::clone(&app), until(stopped)));
        let mut beats = JoinSet::new();
        if let Some(watchdog) = watchdog {
            beats.spawn(watchdog.run(store.clone(), notifier.clone()));
        }
        let (public, internal) = (public.at, internal.at);
        tracing::info!(public = %public.address, internal = %internal.address, version = env!("CARGO_PKG_VERSION"), "listening");
        notifier.ready(SERVING);
        Ok(Self { public, internal, _socket: socket, app, client, store, told, stop, tasks, notifier, watchdog: beats })
    }

    /// Where phones are served.
    pub(crate) fn public(&self) -> &Address {
        &self.public.address
    }

    /// Where the team's own services are served.
    pub(crate) fn internal(&self) -> &Address {
        &self.internal.address
    }

    /// Serves until SIGTERM or SIGINT; at SIGHUP it does what `reload` does, if there is one. When a write's outcome is unknown, the process ends within a second, with 70: what
    /// is in memory can no longer be trusted, and whoever starts it again reads what is on the disk.
    pub(crate) async fn run(mut self, mut reload: Option<Reload>) -> Outcome {
        let ended = loop {
            tokio::select! {
                () = self.told.received() => break Exit::Done,
                () = until_failed(&self.store) => self.outcome_unknown().await,
                reload = asked(&mut reload) => reload.run(&self.app, &self.client, &self.notifier),
                _ = self.tasks.join_next() => {
                    tracing::error!("a part of the server ended by itself");
                    break Exit::Problem;
                }
            }
        };
        self.stop().await;
        Ok(ended)
    }

    /// Lets open connections end, then closes the store.
    pub(crate) async fn stop(mut self) {
        tracing::info!("stopping");
        self.notifier.stopping("letting requests in hand end");
        let _extension = self.notifier.extend();
        let (store, app) = (Arc::clone(&self.store), Arc::clone(&self.app));
        let closing = async {
            if !self.drained(DRAIN).await {
                tracing::warn!("some connections did not end in time");
            }
            write_down(&app).await;
            store.close().await;
            self.watchdog.abort_all();
        };
        tokio::select! {
            () = closing => return tracing::info!("stopped"),
            () = until_failed(&store) => {}
        }
        self.outcome_unknown().await;
    }

    /// Accepts no more and waits for the requests in hand. Whether all ended in time.
    async fn drained(&mut self, time: Duration) -> bool {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(time, ended).await.is_ok()
    }

    async fn outcome_unknown(&mut self) -> ! {
        tracing::error!("the outcome of a write is unknown: ending, so that a restart reads what is on the disk");
        self.notifier.stopping("the outcome of a write is unknown: starting anew");
        self.drained(LAST_WORDS).await;
        exit(Exit::OutcomeUnknown as i32)
    }
}

/// SIGTERM and SIGINT, which from its making on end the process no more by themselves.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(crate) fn new() -> Result<Self, Failure> {
        let of = |kind| signal(kind).map_err(|error| cannot_start(&error));
        Ok(Self { terminate: of(SignalKind::terminate())?, interrupt: of(SignalKind::interrupt())? })
    }

    /// Resolves at the next of them, also when it came before this was asked.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn until_failed(store: &SqliteStore) {
    store.failed().await;
}

/// Resolves when a reload is asked for.
async fn asked(reload: &mut Option<Reload>) -> &mut Reload {
    match reload {
        Some(reload) => {
            reload.asked().await;
            reload
        }
        None => pending().await,
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the server is gone: reason enough to stop.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Connections are files, and the usual soft limit of 1,024 is far below what the listeners accept.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// A limit of file size is a full disk to the store. Left alone, its signal would end the process.
fn survive_file_size_limit() -> Result<(), Failure> {
    let exceeded = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    signal(exceeded).map(drop).map_err(|error| cannot_start(&error))
}
