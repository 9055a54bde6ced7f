//! The client against the sandbox, over HTTP: what each call gives, and by what name its refusals go.

#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

mod codes;
mod content;
mod diagnosis;
mod faults;
mod messages;
mod people;
mod table;
mod watch;

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::sync::oneshot;
use wx_client::{Client, Credentials, NoKeep, Settings};
use wxgate_crypto::signature::login_state;
use wxgate_sandbox::{Sandbox, UserSpec, bind};

/// When every test begins.
const NOW: i64 = 1_700_000_040;
const APPID: &str = "wx0123456789abcdef";
const SECRET: &str = "canary0123456789canary0123456789";

/// A sandbox with one app and alice, who has just logged in, and a client of it.
struct Bench {
    sandbox: Sandbox,
    client: Client,
    openid: String,
    _stop: oneshot::Sender<()>,
}

impl Bench {
    async fn new() -> Self {
        let settings = wxgate_sandbox::Settings { seed: Some(1), frozen_at: Some(NOW), ..Default::default() };
        let sandbox = Sandbox::new(settings);
        sandbox.add_app_named(APPID, SECRET);
        sandbox.add_user(UserSpec::named("alice"));
        sandbox.login(APPID, "alice").unwrap();
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(sandbox.clone().serve(listener, async { drop(stopped.await) }));
        let credentials = vec![Credentials { appid: APPID.to_owned(), secret: SECRET.into() }];
        let client = Client::new(&Settings { base_url, ..Settings::default() }, credentials, Arc::new(NoKeep)).unwrap();
        Self { openid: sandbox.openid(APPID, "alice"), sandbox, client, _stop: stop }
    }

    /// Of alice's session_key, for a GET.
    fn signature(&self) -> String {
        login_state(&self.sandbox.session_key(APPID, "alice").unwrap(), b"")
    }
}
