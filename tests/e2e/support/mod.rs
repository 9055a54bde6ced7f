//! What tests stand on: a process that ends with its test, a client for exactly the bytes that a test means, and a
//! directory with a WeChat beside it.

mod bench;
pub mod http;
mod notices;
mod process;
pub mod receiver;
mod server;

use std::time::{Duration, Instant};

pub use bench::{Bench, program};
pub use http::{Answer, At, Raw, Request, delete, get, post};
pub use notices::Notices;
pub use process::{Ended, Process};
pub use server::Server;

/// Far above what anything takes, so that only what never comes is waited for so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
