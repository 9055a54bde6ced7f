#![doc = include_str!("../README.md")]

mod answer;
mod breaker;
pub mod calls;
mod client;
mod errcode;
mod error;
mod hosts;
mod http;
mod issuer;
mod raw;
mod resolver;
mod secret;
mod settings;
mod signing;
mod tls;
mod token;
mod tokens;
mod watch;
mod wechat;

pub use client::Client;
pub use errcode::Class;
pub use error::{BoxError, Error, Result};
pub use raw::{RawAnswer, RawCall};
pub use settings::{Credentials, Settings};
pub use signing::{ApiSecurity, SealedAnswer, SealedCall, Signature};
pub use token::{AccessToken, NoKeep, TokenKeep};
pub use watch::{Called, Figures, Watch};
pub use wechat::{Code2Session, PhoneNumber, WeChat};
