#![doc = include_str!("../README.md")]

mod address;
mod client;
mod message;
mod resolver;
mod secret;
mod target;

pub use client::Client;
pub use message::{Answer, Failure, Message};
pub use secret::Secret;
pub use target::{Refused, Target};
