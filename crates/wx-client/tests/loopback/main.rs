//! The client against a scripted server on loopback: what goes over the wire, byte for byte, and what comes of every
//! answer a network can give.

#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

mod answers;
mod calls;
mod raw;
mod secrets;
mod server;
mod tokens;
mod transport;

use std::sync::Arc;

use server::Server;
use wx_client::{Client, Credentials, NoKeep, Settings};

const APPID: &str = "wx0123456789abcdef";
const SECRET: &str = "canary0123456789canary0123456789";

/// What WeChat answers to a good code, as it is on the wire.
const LOGIN: &str = r#"{"session_key":"ABEiM0RVZneImaq7zN3u\/w==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}"#;
const TOKEN: &str = r#"{"access_token":"77_token-A","expires_in":7200}"#;
const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

fn credentials() -> Vec<Credentials> {
    vec![Credentials { appid: APPID.to_owned(), secret: SECRET.into() }]
}

fn client_at(base_url: String) -> Client {
    let settings = Settings { base_url, ..Settings::default() };
    Client::new(&settings, credentials(), Arc::new(NoKeep)).unwrap()
}

fn client(server: &Server) -> Client {
    client_at(format!("http://{}", server.address))
}
