//! The contract, route by route, on a real SQLite file, a scripted WeChat and a fixed clock.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]

mod support;

mod administration;
mod allocations;
mod apps;
mod authz;
mod avatars;
mod clock;
mod content_check;
mod conventions;
mod docs;
mod document;
mod export;
mod failures;
mod internal;
mod jwt;
mod login;
mod login_hook;
mod me;
mod members;
mod open_data;
mod phone;
mod plugins;
mod probe;
mod push;
mod risk;
mod sessions;
mod statistics;
mod table;
mod tenants;
mod transfer;
mod uniform;
mod webhooks;
