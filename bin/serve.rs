//! `wxgate serve`: puts the parts together, serves until it is told to stop, and closes in order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use wx_client::{Client, Credentials};
use wxgate_api::webhooks::deliver;
use wxgate_api::{App, Clock, SignedCalls, StoredTokens, SystemClock, TimeZone, housekeeping, plugin, write_down};
use wxgate_crypto::push::Channel;
use wxgate_store::{Settings as StoreSettings, SqliteStore, Store};

use crate::config::{self, Address, Config, Settings};
use crate::lang::{Lang, words};
use crate::listen::{self, At, SocketFile};
use crate::out::{Exit, Failure, Outcome};
use crate::{key_file, local, logging};

/// Above the ten seconds that open connections are given to end.
const DRAIN: Duration = Duration::from_secs(12);
/// Time for the answers that say that a write's outcome is unknown to reach their callers.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Time for blocking calls to end when all else has.
const LEAVE: Duration = Duration::from_secs(1);

/// Runs `wxgate serve`.
pub(crate) fn run(config: Config, lang: Lang) -> Outcome {
    logging::init(&config.settings.log);
    for warning in &config.warnings {
        tracing::warn!("{}", warning.line(lang));
    }
    on_runtime(async { Server::start(config, "listen.public", "listen.internal").await?.run().await })
}

/// Runs a command that waits for the network or the store. What still blocks at its end, such as a name server that does
/// not answer, is left behind.
pub(crate) fn on_runtime<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Runtime::new().map_err(|error| cannot_start(&error))?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_timeout(LEAVE);
    outcome
}

/// A server that serves.
pub(crate) struct Server {
    public: At,
    internal: At,
    app: Arc<App>,
    _socket: Vec<SocketFile>,
    store: Arc<SqliteStore>,
    told: StopSignals,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens what the configuration names and begins to serve. The two names say what sets the addresses.
    pub(crate) async fn start(config: Config, public_name: &str, internal_name: &str) -> Result<Self, Failure> {
        raise_file_limit();
        survive_file_size_limit()?;
        // The listeners first: a second server on the same machine ends here, before it touches any data.
        let public = listen::bind(&config.settings.listen.public, public_name).await?;
        let internal = listen::bind(&config.settings.listen.internal, internal_name).await?;
        let data_dir = config.settings.data_dir.clone();
        let plugins = config.plugins.clone();
        let (app, store) = open(config).await?;
        app.install(plugins).await.map_err(|error| cannot_start(&error))?;
        // Now that the data directory is ours, so is the place of its socket.
        let (local, socket) = local::bind(&data_dir, runtime_directory().as_deref()).await?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        // Before anything is served: plugins hear of every event.
        tasks.spawn(plugin::run(Arc::clone(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(public.listener, wxgate_api::public(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(internal.listener, wxgate_api::internal(&app), until(stopped.clone())));
        tasks.spawn(wxgate_api::serve(local, wxgate_api::local(&app), until(stopped.clone())));
        tasks.spawn(deliver(Arc::clone(&app), until(stopped.clone())));
        tasks.spawn(housekeeping(Arc::clone(&app), until(stopped)));
        // Before the line that says that it serves: whoever reads it may at once tell it to stop.
        let told = StopSignals::new()?;
        let server = Self { public: public.at, internal: internal.at, _socket: socket, app, store, told, stop, tasks };
        let (public, internal) = (server.public(), server.internal());
        tracing::info!(%public, %internal, version = env!("CARGO_PKG_VERSION"), "listening");
        Ok(server)
    }

    /// Where phones are served.
    pub(crate) fn public(&self) -> &Address {
        &self.public.address
    }

    /// Where the team's own services are served.
    pub(crate) fn internal(&self) -> &Address {
        &self.internal.address
    }

    /// Serves until SIGTERM or SIGINT. When a write's outcome is unknown, the process ends within a second, with 70: what
    /// is in memory can no longer be trusted, and whoever starts it again reads what is on the disk.
    pub(crate) async fn run(mut self) -> Outcome {
        let ended = tokio::select! {
            () = self.told.received() => Exit::Done,
            () = until_failed(&self.store) => self.outcome_unknown().await,
            _ = self.tasks.join_next() => {
                tracing::error!("a part of the server ended by itself");
                Exit::Problem
            }
        };
        self.stop().await;
        Ok(ended)
    }

    /// Lets open connections end, then closes the store.
    pub(crate) async fn stop(mut self) {
        tracing::info!("stopping");
        let (store, app) = (Arc::clone(&self.store), Arc::clone(&self.app));
        let closing = async {
            if !self.drained(DRAIN).await {
                tracing::warn!("some connections did not end in time");
            }
            write_down(&app).await;
            store.close().await;
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

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the server is gone: reason enough to stop.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// systemd's `$RUNTIME_DIRECTORY`: the first, if there are several.
fn runtime_directory() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("RUNTIME_DIRECTORY")?).next()
}

/// The app that the configuration describes, over its store: all of a server but its listeners.
pub(crate) async fn open(config: Config) -> Result<(Arc<App>, Arc<SqliteStore>), Failure> {
    let Config { settings, apps, .. } = config;
    let vault = Arc::new(key_file::open(&settings.data_dir, config::credentials_directory().as_deref())?);
    let store = Arc::new(open_store(&settings).await?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let judged = |app: &config::App| Some((app.appid.clone(), app.content_check.as_ref()?.settings));
    let allow_private = settings.webhooks.allow_private;
    let hook = |app: &config::App| Some((app.appid.clone(), app.login_hook.as_ref()?.settings(allow_private)?));
    let of_server = wxgate_api::Settings {
        appids: apps.iter().map(|app| app.appid.clone()).collect(),
        push: channels(&apps)?,
        risk: apps.iter().filter_map(|app| Some((app.appid.clone(), app.risk.as_ref()?.settings))).collect(),
        content_check: apps.iter().filter_map(judged).collect(),
        login_hooks: apps.iter().filter_map(hook).collect(),
        session: settings.session,
        phone: settings.phone,
        limits: settings.limits,
        profile: settings.profile,
        public_url: settings.public_url,
        calls: settings.calls,
        jwt: settings.jwt,
        webhooks: settings.webhooks,
        // The configuration has found it to be one.
        timezone: TimeZone::get(&settings.timezone).map_err(|error| cannot_start(&error))?,
        trusted_proxies: settings.listen.trusted_proxies,
    };
    let shared: Arc<dyn Store> = store.clone();
    let keep = Arc::new(StoredTokens::new(shared.clone(), vault.clone(), clock.clone()));
    let client = client(&settings.wechat, apps, keep, &clock)?;
    Ok((App::new(of_server, Arc::new(client), shared, vault, clock), store))
}

/// The client of WeChat with the apps' secrets, and with the keys of those whose calls are signed.
fn client(
    settings: &wx_client::Settings,
    apps: Vec<config::App>,
    keep: Arc<StoredTokens>,
    clock: &Arc<dyn Clock>,
) -> Result<Client, Failure> {
    let mut credentials = Vec::with_capacity(apps.len());
    let mut signed = Vec::new();
    for config::App { appid, secret, api_security, .. } in apps {
        signed.extend(api_security.map(|keys| (appid.clone(), SignedCalls::new(&appid, keys.party, clock.clone()))));
        credentials.push(Credentials { appid, secret });
    }
    let mut client = Client::new(settings, credentials, keep).map_err(|error| cannot_start(&error))?;
    for (appid, keys) in signed {
        client = client.with_api_security(&appid, Arc::new(keys)).map_err(|error| cannot_start(&error))?;
    }
    Ok(client)
}

/// The message push of the apps that use it.
fn channels(apps: &[config::App]) -> Result<BTreeMap<String, Channel>, Failure> {
    let used = apps.iter().filter_map(|app| Some((app, app.push.as_ref()?)));
    let channels = used.map(|(app, push)| Ok((app.appid.clone(), push.channel(&app.appid)?)));
    channels.collect::<Result<_, wxgate_crypto::Error>>().map_err(|error| cannot_start(&error))
}

async fn open_store(settings: &Settings) -> Result<SqliteStore, Failure> {
    let index_max_bytes = settings.session.index_max_bytes;
    let (settings, data_dir) = (StoreSettings { index_max_bytes, ..settings.store.clone() }, settings.data_dir.clone());
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&settings, &data_dir)).await;
    opened.map_err(|error| cannot_start(&error))?.map_err(|error| cannot_start(&error))
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

/// An error with all its causes, which only the last may make sense of.
fn cannot_start(error: &dyn std::error::Error) -> Failure {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let text = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Failure::problem(words(format!("无法启动：{text}"), format!("cannot start: {text}")))
}
