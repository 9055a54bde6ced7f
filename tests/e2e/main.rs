//! The built program against a WeChat of its own: what only a process shows. Signals, restarts, files, sockets, the
//! command line, and what stands where once everything has gone through.
//!
//! Every test has its own directory, its own sandbox and ports that were free; what a route answers to which request is
//! the concern of `crates/api/tests`.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]

mod support;

mod api_security;
mod apps;
mod avatar;
mod backup;
mod command_line;
mod doctor;
mod edge;
mod files;
mod first_steps;
mod init;
mod journey;
mod local;
mod manage;
mod manual;
mod metrics;
mod one_code;
mod operators;
mod plugins;
mod push;
mod reload;
mod restart;
mod risk;
mod scenarios;
mod secrets;
mod systemd_notify;
mod systemd_sockets;
mod systemd_unit;
mod token_centre;
mod tokens;
mod trace;
mod transfer;
mod webhooks;
mod wechat;

#[path = "../durability/disk.rs"]
mod disk;
#[path = "../hostile/nginx.rs"]
mod nginx;
