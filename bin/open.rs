//! All of a server but its listeners: what the configuration describes, over its store.

use std::collections::BTreeMap;
use std::sync::Arc;

use wx_client::{Client, Credentials};
use wxgate_api::{App, Clock, SignedCalls, StoredTokens, SystemClock, TimeZone};
use wxgate_crypto::push::Channel;
use wxgate_store::{Settings as StoreSettings, SqliteStore, Store};

use crate::config::{self, Config, Settings};
use crate::key_file;
use crate::lang::words;
use crate::out::Failure;

/// What serves requests, and what it stands on.
pub(crate) struct Opened {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) client: Arc<Client>,
}

/// Opens the store of the configuration, whose schema is brought up to date, and puts the app over it.
pub(crate) async fn open(config: Config) -> Result<Opened, Failure> {
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
    let client = Arc::new(client(&settings.wechat, apps, keep, &clock)?);
    let app = App::new(of_server, client.clone(), shared, vault, clock);
    Ok(Opened { app, store, client })
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

/// An error with all its causes, which only the last may make sense of.
pub(crate) fn cannot_start(error: &dyn std::error::Error) -> Failure {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let text = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Failure::problem(words(format!("无法启动：{text}"), format!("cannot start: {text}")))
}
