//! An attacker of our own against the phone path: an ordinary member whose client is modified, who owns a session, one genuine
//! payload and its plaintext, and speaks HTTP with the built program (threat-model P1 to P10, P14).
//!
//! What a route answers to a payload that was sealed for the purpose is proven in `crates/api/tests/routes`. Here stands what
//! only an attacker finds out: the names of the tests are those of the threat model.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]
#![expect(clippy::print_stdout, reason = "`--nocapture` shows the figures of the attack")]

#[expect(dead_code, unused_imports, reason = "other tests need the rest of it")]
#[path = "../e2e/support/mod.rs"]
mod support;

mod attacker;
mod block;
mod budget;
mod campaign;
mod classes;
mod line;
mod member;
mod oracle;
mod refused;
mod replay;
mod time;
mod token_timing;
mod traces;
mod undefended;
mod welch;
