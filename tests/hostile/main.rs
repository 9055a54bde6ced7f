//! The built program among enemies: clients that are slow, many, large or ambiguous, proxies that hang, and a WeChat that
//! is broken or hostile (threat-model S7, S9, H1 to H7, U2 to U4).
//!
//! What one request gets for an answer is proven in `crates/api/tests/routes`. The names of the tests are those of the
//! threat model.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]

#[expect(dead_code, unused_imports, reason = "other tests need the rest of it")]
#[path = "../e2e/support/mod.rs"]
mod support;

mod bombs;
mod fail_closed;
mod figures;
mod nginx;
mod proxies;
mod slowloris;
mod smuggling;
mod upstream;

/// The first of two sizes, or the second if `WXGATE_LONG` is set: `tests/run --long`.
fn sized(normal: usize, long: usize) -> usize {
    if std::env::var_os("WXGATE_LONG").is_some() { long } else { normal }
}
