//! Servers in this process, of the same sources, store and listener as the program, on a clock that tests set: one with its
//! defences, and one without.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use wxgate_api::{Clock as _, SystemClock};

use crate::support::{At, Bench};

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    /// At this moment.
    pub fn now() -> Self {
        Self(Arc::new(AtomicI64::new(SystemClock.now_ms())))
    }

    /// Moves it on.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Milliseconds since 1970, UTC.
    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same function of the crate and of its sources compiled without defences, whose types are others.
macro_rules! server_of {
    ($api:ident, $folder:literal) => {
        use std::future::pending;
        use std::net::Ipv4Addr;
        use std::sync::Arc;

        use secrecy::SecretString;
        use tokio::net::TcpListener;
        use wx_client::{Client, Credentials};
        use wxgate_crypto::Vault;
        use wxgate_store::{SqliteStore, Store};
        use $api::settings::{EncryptedData, Limits, Phone, PhoneReply};
        use $api::{App, Clock, Listener, Settings, StoredTokens, public, serve};

        use super::Hand;
        use crate::support::{At, Bench};

        impl Clock for Hand {
            fn now_ms(&self) -> i64 {
                Self::now_ms(self)
            }
        }

        pub async fn at(bench: &Bench, clock: Arc<dyn Clock>) -> At {
            let data_dir = bench.dir().join($folder);
            let open = move || SqliteStore::open(&wxgate_store::Settings::default(), &data_dir);
            let store: Arc<dyn Store> = Arc::new(tokio::task::spawn_blocking(open).await.unwrap().unwrap());
            let vault = Arc::new(Vault::parse_key_file(&Vault::generate_key_file()).unwrap());
            let credentials = bench.apps.iter().map(|app| {
                let secret = SecretString::from(app.secret.clone());
                Credentials { appid: app.appid.clone(), secret }
            });
            let wechat = wx_client::Settings { base_url: format!("http://{}", bench.wechat), ..Default::default() };
            let keep = Arc::new(StoredTokens::new(store.clone(), vault.clone(), clock.clone()));
            let client = Client::new(&wechat, credentials.collect(), keep).unwrap();
            let settings = Settings {
                phone: Phone { encrypted_data: EncryptedData::Local, reply: PhoneReply::Full },
                limits: Limits { logins_per_minute: 0, requests_per_minute: 0 },
                ..Settings::for_apps(bench.apps.iter().map(|app| &app.appid))
            };
            let app = App::new(settings, Arc::new(client), store, vault, clock);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(serve(Listener::Tcp(listener), public(&app), pending()));
            At::Tcp(address.to_string())
        }
    };
}

mod with_defences {
    server_of!(wxgate_api, "defended");
}

mod without_defences {
    server_of!(wxgate_undefended, "undefended");
}

/// Serves the bench's apps with `phone.encrypted_data = "local"` until the test ends.
pub async fn defended(bench: &Bench, clock: &Hand) -> At {
    with_defences::at(bench, Arc::new(clock.clone())).await
}

/// The same without the defences.
pub async fn undefended(bench: &Bench, clock: &Hand) -> At {
    without_defences::at(bench, Arc::new(clock.clone())).await
}
