//! A server without the defences, in this process: the same sources, the same store, the same listener.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;
use wx_client::{Client, Credentials};
use wxgate_crypto::Vault;
use wxgate_store::{SqliteStore, Store};
use wxgate_undefended::settings::{Calls, EncryptedData, Limits, Phone, PhoneReply, Profile, Session};
use wxgate_undefended::{App, Clock, Listener, Settings, StoredTokens, SystemClock, public, serve};

use crate::support::{At, Bench};

/// Serves the bench's apps with `phone.encrypted_data = "local"` until the test ends.
pub async fn undefended(bench: &Bench) -> At {
    let data_dir = bench.dir().join("undefended");
    let open = move || SqliteStore::open(&wxgate_store::Settings::default(), &data_dir);
    let store: Arc<dyn Store> = Arc::new(tokio::task::spawn_blocking(open).await.unwrap().unwrap());
    let vault = Arc::new(Vault::parse_key_file(&Vault::generate_key_file()).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let credentials = bench.apps.iter().map(|app| {
        let secret = SecretString::from(app.secret.clone());
        Credentials { appid: app.appid.clone(), secret }
    });
    let wechat = wx_client::Settings { base_url: format!("http://{}", bench.wechat), ..Default::default() };
    let keep = Arc::new(StoredTokens::new(store.clone(), vault.clone(), clock.clone()));
    let client = Client::new(&wechat, credentials.collect(), keep).unwrap();
    let settings = Settings {
        public_url: String::new(),
        calls: Calls::default(),
        appids: bench.apps.iter().map(|app| app.appid.clone()).collect(),
        session: Session::default(),
        phone: Phone { encrypted_data: EncryptedData::Local, reply: PhoneReply::Full },
        limits: Limits { logins_per_minute: 0, requests_per_minute: 0 },
        profile: Profile::default(),
        trusted_proxies: Vec::new(),
        push: BTreeMap::new(),
        risk: BTreeMap::new(),
    };
    let app = App::new(settings, Arc::new(client), store, vault, clock);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(Listener::Tcp(listener), public(&app), pending()));
    At::Tcp(address.to_string())
}
