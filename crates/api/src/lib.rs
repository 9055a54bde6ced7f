#![doc = include_str!("../README.md")]

mod api_token;
mod app;
mod auth;
mod avatars;
mod clock;
mod content_check;
mod edge;
mod error;
mod fields;
mod flights;
mod header_values;
mod health;
mod housekeeping;
mod http;
mod jwt_keys;
mod member_record;
mod member_view;
mod nickname;
mod openapi;
mod opening;
mod phone_answer;
mod phone_number;
mod picture;
mod problem;
mod profile;
mod push;
mod remembered;
mod risk;
mod routes;
pub mod settings;
mod text;
mod tokens;
mod trusted_clock;
#[cfg(feature = "undefended")]
mod undefended;

pub use api_token::{ApiTokenText, SCOPES};
pub use app::{App, Settings};
pub use clock::{Clock, SystemClock};
pub use edge::{Edge, Listener, serve};
pub use error::ApiError;
pub use housekeeping::housekeeping;
pub use openapi::openapi;
pub use problem::Problem;
pub use routes::{internal, local, public};
pub use text::Language;
pub use tokens::StoredTokens;
