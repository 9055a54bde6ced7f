//! A server whose commits do not wait for the disk (`synchronous=NORMAL`): the same sources but for that pragma, in a process of
//! its own, which is this test program once more.

use std::future::pending;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use wx_client::{Client, Credentials};
use wxgate_api::settings::Limits;
use wxgate_api::{App, Clock, Listener, Settings, StoredTokens, SystemClock, public, serve};
use wxgate_crypto::Vault;
use wxgate_store::{SqliteStore, Store};

use crate::support::{Bench, Server, get};

/// What starts it.
pub fn server(bench: &Bench) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME, "--nocapture"]).env_clear().current_dir(bench.dir());
    let app = &bench.apps[0];
    command.env("WECHAT", bench.wechat.to_string()).env("APPID", &app.appid).env("SECRET", &app.secret);
    command
}

const NAME: &str = "normal::a_server_that_does_not_wait_for_the_disk_serves_all_the_same";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_wait_for_the_disk_serves_all_the_same() {
    if let Ok(wechat) = std::env::var("WECHAT") {
        return run(&wechat).await;
    }
    let bench = Bench::new().await;
    let server = Server::start(server(&bench)).await;
    let skey = server.login(&bench.code("alice")).await;
    assert_eq!(server.public.send(get("/v1/session").bearer(&skey)).await.status, 200);
    server.kill().await;
}

#[expect(clippy::print_stderr, reason = "it is a program here, whose log is read")]
async fn run(wechat: &str) {
    let [appid, secret] = ["APPID", "SECRET"].map(|name| std::env::var(name).unwrap());
    let open = || SqliteStore::open_undefended(&wxgate_store::Settings::default(), Path::new("data"));
    let store: Arc<dyn Store> = Arc::new(tokio::task::spawn_blocking(open).await.unwrap().unwrap());
    let vault = Arc::new(Vault::parse_key_file(&Vault::generate_key_file()).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let credentials = vec![Credentials { appid: appid.clone(), secret: SecretString::from(secret) }];
    let wechat = wx_client::Settings { base_url: format!("http://{wechat}"), ..Default::default() };
    let keep = Arc::new(StoredTokens::new(store.clone(), vault.clone(), clock.clone()));
    let client = Client::new(&wechat, credentials, keep).unwrap();
    let settings =
        Settings { limits: Limits { logins_per_minute: 0, requests_per_minute: 0 }, ..Settings::for_apps([appid]) };
    let app = App::new(settings, Arc::new(client), store, vault, clock);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    eprintln!("{}", json!({ "message": "listening", "public": address, "internal": address }));
    serve(Listener::Tcp(listener), public(&app), pending()).await;
}
