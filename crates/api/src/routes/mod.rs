//! The two listeners' routes, one endpoint a file.

mod erase;
mod export;
mod forward_auth;
mod health;
mod introspect;
pub(crate) mod login;
mod logout;
mod me;
mod me_profile;
mod open_data;
pub(crate) mod phone;
mod refresh;
mod session;
pub(crate) mod session_check;
mod sessions;

use std::convert::Infallible;
use std::sync::Arc;

use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use crate::app::App;
use crate::edge::Edge;
use crate::error::ApiError;
use crate::http::{Route, any_of};

/// What phones reach, through the team's proxy. Listed by heat: the first ones are the cheapest to reach.
pub fn public(app: &Arc<App>) -> Edge {
    let routes = any_of(vec![
        session::route(app),
        me::show(app),
        login::route(app),
        refresh::route(app),
        phone::route(app),
        me::change(app),
        logout::route(app),
        session_check::route(app),
        sessions::list(app),
        sessions::end_one(app),
        sessions::end_all(app),
        me_profile::route(app),
        open_data::route(app),
        export::route(app),
        erase::route(app),
        health::healthz(),
    ]);
    Edge::public(Arc::clone(app), closed(routes))
}

/// What the team's proxy, services and operators reach.
pub fn internal(app: &Arc<App>) -> Edge {
    let routes = any_of(vec![
        forward_auth::route(app),
        forward_auth::nginx(app),
        introspect::route(app),
        health::healthz(),
        health::readyz(app),
    ]);
    Edge::internal(Arc::clone(app), closed(routes))
}

/// Every rejection becomes an answer of ours: nothing reaches warp's own, which print internals.
fn closed(routes: Route) -> Route {
    routes.recover(rejected).unify().boxed()
}

async fn rejected(rejection: Rejection) -> Result<Response, Infallible> {
    let error = match rejection.find::<warp::reject::MethodNotAllowed>() {
        Some(_) => ApiError::MethodNotAllowed,
        None => ApiError::NotFound,
    };
    Ok(error.into_response())
}
