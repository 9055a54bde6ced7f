//! WeChat's side: what each interface answers. Everything here is a plain function of the state and a request.

mod access;
mod check_encrypted;
mod checksession;
mod code2session;
mod delivery;
mod phone_number;
mod refusal;
mod request;
mod resetsession;
mod stable_token;
mod token;

pub(crate) use delivery::{Delivery, Reply, deliver};
pub(crate) use request::{Request, pairs};

use crate::Endpoint;
use crate::state::State;

/// An interface's answer: the JSON of success, or the errcode of failure.
type Answer = Result<String, i64>;

fn answer(state: &mut State, endpoint: Endpoint, request: &Request) -> Answer {
    match endpoint {
        Endpoint::Code2Session => code2session::answer(state, request),
        Endpoint::Token => token::answer(state, request),
        Endpoint::StableToken => stable_token::answer(state, request),
        Endpoint::CheckSession => checksession::answer(state, request),
        Endpoint::ResetSessionKey => resetsession::answer(state, request),
        Endpoint::PhoneNumber => phone_number::answer(state, request),
        Endpoint::CheckEncrypted => check_encrypted::answer(state, request),
    }
}
