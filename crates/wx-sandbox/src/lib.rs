#![doc = include_str!("../README.md")]

mod aging;
mod calls;
mod clock;
mod codes;
mod control;
mod error;
mod fault;
mod identity;
mod model;
mod open_data;
mod payment;
mod push;
mod quotas;
mod random;
mod sandbox;
mod scenario;
mod sealing;
mod server;
mod session;
mod settings;
mod state;
mod tokens;
mod user_key;
mod wechat;

pub use calls::Call;
pub use error::Error;
pub use fault::{Endpoint, Fault, FaultKind};
pub use model::{App, AppSpec, MediaCheck, User, UserSpec};
pub use open_data::{OpenData, PhoneTap, Profile, ProfileApi, ProfileAsk, UserInfo};
pub use payment::Payment;
pub use push::{Broken, PushAnswer, PushFormat, PushSpec, Pushed};
pub use sandbox::Sandbox;
pub use scenario::{Scenario, Scene};
pub use server::bind;
pub use settings::{Limits, Rotation, Settings};
pub use user_key::UserKey;
