//! WeChat's contract as a server sees it, over loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_security;
mod bench;
mod control;
mod faults;
mod gestures;
mod http;
mod login;
mod open_data;
mod phone;
mod push;
mod scenarios;
mod session;
mod tokens;
