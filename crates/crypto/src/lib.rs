#![doc = include_str!("../README.md")]

#[macro_use]
mod silent;

pub mod age;
pub mod api_security;
pub mod diagnosis;
mod error;
pub mod jwt;
mod mac;
pub mod payload;
pub mod push;
mod random;
mod session_key;
pub mod signature;
mod skey;
pub mod transport;
mod vault;

pub use error::{Error, Shape};
pub use session_key::SessionKey;
pub use skey::{Skey, SkeyMint};
pub use transport::Repair;
pub use vault::{Purpose, Vault};
