//! How commands get things done: by the routes of the internal listener, asked over the server's own socket while it
//! runs, and in this process when none does. One implementation, and never a second writer.

mod ask;
mod client;
mod socket;

pub(crate) use ask::Question;
pub(crate) use client::{Local, Need};
pub(crate) use socket::bind;
