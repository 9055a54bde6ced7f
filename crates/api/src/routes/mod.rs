//! The two listeners' routes, one endpoint a file.

mod access_token;
mod api_tokens;
mod apps;
mod audit;
mod avatar;
mod deliveries;
mod docs;
mod endpoint;
mod erase;
mod export;
mod export_all;
pub(crate) mod failures;
mod forward_auth;
mod health;
mod import;
mod introspect;
mod jwks;
mod jwt;
pub(crate) mod login;
mod logout;
mod me;
pub(crate) mod me_profile;
mod member;
mod member_export;
mod member_sessions;
mod members;
mod metrics;
mod my_avatar;
mod open_data;
mod openapi;
pub(crate) mod phone;
mod probe;
mod push;
mod refresh;
mod session;
pub(crate) mod session_check;
mod sessions;
mod stats;
mod webhook;
mod webhooks;
mod wechat_call;

use std::convert::Infallible;
use std::sync::Arc;

use http::Method;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use self::endpoint::{Answer, Check, Question};
pub(crate) use self::endpoint::{Endpoint, allowed, find};
pub(crate) use self::import::MOST_ROWS;
use crate::app::App;
use crate::edge::Edge;
use crate::error::ApiError;
use crate::http::Route;
use crate::openapi::{
    apps as of_apps, avatar as of_avatar, jwt as of_jwt, login as of_login, member as of_member, members as of_members,
    push as of_push, services as of_services, statistics as of_statistics, tokens as of_tokens,
    transfer as of_transfer, webhooks as of_webhooks,
};
use crate::plugin;

/// What phones reach, through the team's proxy. Listed by heat: the first ones are the cheapest to reach.
pub(crate) static PUBLIC: &[Endpoint] = &[
    Endpoint::check(Method::GET, "/v1/session", session::check, of_login::session),
    Endpoint::check(Method::GET, "/v1/me", me::show, of_member::me),
    Endpoint::new(Method::POST, "/v1/login", login::route, of_login::login),
    Endpoint::new(Method::POST, "/v1/session/refresh", refresh::route, of_login::refresh),
    Endpoint::new(Method::POST, "/v1/phone", phone::route, of_member::phone),
    Endpoint::new(Method::PATCH, "/v1/me", me::change, of_member::change_me),
    Endpoint::new(Method::DELETE, "/v1/session", logout::route, of_login::logout),
    Endpoint::new(Method::POST, "/v1/session/check", session_check::route, of_login::check),
    Endpoint::new(Method::POST, "/v1/jwt", jwt::route, of_jwt::statement),
    Endpoint::new(Method::GET, "/v1/sessions", sessions::list, of_login::sessions),
    Endpoint::new(Method::DELETE, "/v1/sessions/{id}", sessions::end_one, of_login::end_session),
    Endpoint::new(Method::DELETE, "/v1/sessions", sessions::end_all, of_login::end_sessions),
    Endpoint::new(Method::GET, "/v1/avatars/{id}", avatar::route, of_avatar::show),
    Endpoint::new(Method::POST, "/v1/me/avatar", my_avatar::route, of_avatar::upload),
    Endpoint::new(Method::POST, "/v1/me/profile", me_profile::route, of_member::profile),
    Endpoint::new(Method::POST, "/v1/me/open-data", open_data::route, of_member::open_data),
    Endpoint::new(Method::GET, "/v1/me/export", export::route, of_member::export),
    Endpoint::new(Method::DELETE, "/v1/me", erase::route, of_member::erase),
    Endpoint::new(Method::POST, "/wx/push/{appid}", push::receive, of_push::receive),
    Endpoint::new(Method::GET, "/wx/push/{appid}", push::verify, of_push::verify),
    Endpoint::new(Method::GET, "/.well-known/jwks.json", jwks::route, of_jwt::keys),
    Endpoint::new(Method::GET, "/healthz", health::probed, of_services::healthz),
];

/// What the team's proxy, services and operators reach.
pub(crate) static INTERNAL: &[Endpoint] = &[
    Endpoint::check(Method::GET, "/forward-auth", forward_auth::check, of_services::forward_auth),
    Endpoint::check(Method::GET, "/forward-auth/nginx", forward_auth::check, of_services::forward_auth_nginx),
    Endpoint::question(Method::POST, "/introspect", introspect::answer, of_services::introspect),
    Endpoint::new(Method::GET, "/api/v1/apps/{appid}/access-token", access_token::show, of_apps::access_token),
    Endpoint::new(Method::POST, "/api/v1/apps/{appid}/access-token/stale", access_token::stale, of_apps::stale),
    Endpoint::new(Method::POST, "/api/v1/apps/{appid}/wechat/{path}", wechat_call::route, of_apps::call),
    Endpoint::new(Method::GET, "/api/v1/apps", apps::route, of_apps::apps),
    Endpoint::new(Method::GET, "/healthz", |_| health::healthz(), of_services::healthz),
    Endpoint::new(Method::GET, "/.well-known/jwks.json", jwks::route, of_jwt::keys),
    Endpoint::new(Method::GET, "/api/v1/members", members::route, of_members::list_some),
    Endpoint::new(Method::GET, "/api/v1/members/{id}", member::show, of_members::show),
    Endpoint::new(Method::PATCH, "/api/v1/members/{id}", member::change, of_members::change),
    Endpoint::new(Method::DELETE, "/api/v1/members/{id}", member::erase, of_members::erase),
    Endpoint::new(Method::GET, "/api/v1/members/{id}/export", member_export::route, of_members::export),
    Endpoint::new(Method::GET, "/api/v1/members/{id}/sessions", member_sessions::list, of_members::sessions),
    Endpoint::new(Method::DELETE, "/api/v1/members/{id}/sessions", member_sessions::end_all, of_members::end_sessions),
    Endpoint::new(
        Method::DELETE,
        "/api/v1/members/{id}/sessions/{session}",
        member_sessions::end_one,
        of_members::end_session,
    ),
    Endpoint::new(Method::GET, "/api/v1/export", export_all::route, of_transfer::export),
    Endpoint::new(Method::POST, "/api/v1/import", import::route, of_transfer::import),
    Endpoint::new(Method::GET, "/api/v1/tokens", api_tokens::list, of_tokens::list_all),
    Endpoint::new(Method::POST, "/api/v1/tokens", api_tokens::create, of_tokens::create),
    Endpoint::new(Method::DELETE, "/api/v1/tokens/{id}", api_tokens::revoke, of_tokens::revoke),
    Endpoint::new(Method::GET, "/api/v1/audit", audit::route, of_tokens::audit),
    Endpoint::new(Method::GET, "/api/v1/webhooks", webhooks::list, of_webhooks::list),
    Endpoint::new(Method::POST, "/api/v1/webhooks", webhooks::create, of_webhooks::create),
    Endpoint::new(Method::GET, "/api/v1/webhooks/{id}", webhook::show, of_webhooks::show),
    Endpoint::new(Method::PATCH, "/api/v1/webhooks/{id}", webhook::change, of_webhooks::change),
    Endpoint::new(Method::DELETE, "/api/v1/webhooks/{id}", webhook::delete, of_webhooks::delete),
    Endpoint::new(Method::POST, "/api/v1/webhooks/{id}/test", webhook::test, of_webhooks::test),
    Endpoint::new(Method::POST, "/api/v1/webhooks/{id}/rotate-secret", webhook::rotate, of_webhooks::rotate),
    Endpoint::new(Method::GET, "/api/v1/deliveries", deliveries::list, of_webhooks::deliveries),
    Endpoint::new(Method::POST, "/api/v1/deliveries/{id}/resend", deliveries::resend, of_webhooks::resend),
    Endpoint::new(Method::GET, "/api/v1/stats", stats::route, of_statistics::stats),
    Endpoint::new(Method::GET, "/api/v1/failures", failures::route, of_statistics::failures),
    Endpoint::new(Method::GET, "/metrics", metrics::route, of_statistics::metrics),
    Endpoint::new(Method::POST, "/api/v1/probe", probe::begin, of_services::begin_probe),
    Endpoint::new(Method::GET, "/api/v1/probe", probe::seen, of_services::seen_probe),
    Endpoint::new(Method::GET, "/readyz", health::readyz, of_services::readyz),
    Endpoint::new(Method::GET, "/openapi.json", |_| openapi::route(), of_services::openapi),
    Endpoint::new(Method::GET, "/docs", |_| docs::page(), of_services::docs),
    Endpoint::new(Method::GET, "/docs/rapidoc.js", |_| docs::viewer(), of_services::viewer),
];

/// An endpoint that is ready to answer.
pub(crate) enum Handler {
    Route(Route),
    Check(Check),
    Question(Question),
}

/// The public listener.
pub fn public(app: &Arc<App>) -> Edge {
    Edge::public(Arc::clone(app), handlers(app, PUBLIC, true), PUBLIC)
}

/// The internal listener.
pub fn internal(app: &Arc<App>) -> Edge {
    Edge::internal(Arc::clone(app), handlers(app, INTERNAL, false), INTERNAL)
}

/// The internal listener's routes for a socket that only the operator of this machine can open: who opens it needs no API
/// token and may do everything.
pub fn local(app: &Arc<App>) -> Edge {
    Edge::local(Arc::clone(app), handlers(app, INTERNAL, false), INTERNAL)
}

/// The endpoints' routes, and behind them that of all plugins. A request is given to the one that is meant for it; what
/// that still rejects becomes an answer of ours: nothing reaches warp's own, which print internals.
fn handlers(app: &Arc<App>, endpoints: &[Endpoint], public: bool) -> Arc<[Handler]> {
    let whole = |route: Route| Handler::Route(route.recover(rejected).unify().boxed());
    let ours = endpoints.iter().map(|endpoint| match endpoint.answer {
        Answer::Route(route) => whole(route(app)),
        Answer::Check(check) => Handler::Check(check),
        Answer::Question(question) => Handler::Question(question),
    });
    ours.chain([whole(plugin::route(app, public))]).collect()
}

async fn rejected(_: Rejection) -> Result<Response, Infallible> {
    Ok(ApiError::NotFound.into_response())
}
