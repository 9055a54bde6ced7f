//! Random histories, lived through by a backend and by [`Memory`]: after each step both must say the same.
//!
//! A backend's own tests make the histories with proptest:
//!
//! ```text
//! proptest!(|(steps in histories(40))| runtime.block_on(live(&mut backend, &steps)));
//! ```

mod answer;
mod events;
mod log;
mod management;
mod memory;
mod people;
mod search;
mod statistics;
mod step;
mod tries;
mod world;

use async_trait::async_trait;

pub use self::memory::Memory;
pub use self::step::{Act, Step, histories};
pub use self::world::live;
use crate::store::Store;

/// A store that can be stopped.
#[async_trait(?Send)]
pub trait Backend {
    /// The store as it is open now.
    fn store(&self) -> &dyn Store;

    /// Whether it always knows who a session is of.
    fn knows_all(&self) -> bool;

    /// Opens what is stored anew: after a close, or as the file was when a process was killed.
    async fn restart(&mut self, is_crash: bool);
}
