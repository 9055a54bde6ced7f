//! `GET /v1/me`, `PATCH /v1/me`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use warp::reply::Response;
use wxgate_store::{Member, Profile};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::member_view::MemberView;
use crate::nickname::nickname;
use crate::problem::Problem;
use crate::soon::Soon;

/// Characters either field may have before it is looked at.
const FIELD_CHARACTERS: usize = 1024;

/// The member of the request's skey.
#[derive(Serialize)]
pub struct MeReply {
    pub(super) member: MemberView,
}

/// `GET /v1/me`: 200 [`MeReply`], 401, 403.
pub fn show(app: &Arc<App>, info: &RequestInfo) -> Soon<Response> {
    let asked = Arc::clone(app);
    let member = app.identify(info).then(move |identity| match identity {
        Ok(identity) => asked.view_of(identity),
        Err(error) => Soon::now(Err(error)),
    });
    member.map(|member| respond(member.map(|member| MeReply { member })))
}

/// `PATCH /v1/me` with `{"nickName"?, "avatarUrl"?}`: 200 [`MeReply`], 400, 401, 403; and what WeChat fails with where it
/// judges names.
pub fn change(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me")
        .and(warp::patch())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { change_me(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Keeps what the member typed or chose. An empty request changes nothing.
async fn change_me(app: &App, info: &RequestInfo, body: Body) -> Result<MeReply, ApiError> {
    let session = app.authenticate(info).await?;
    let profile = chosen(app, json_fields(body)?, &session.member)?;
    if let Some(name) = &profile.nick_name {
        app.judge_name(&session.member, name).await?;
    }
    let member = app.store.change_profile(session.member.id, profile, app.clock.now()).await?;
    Ok(MeReply { member: app.member_view(&member.ok_or(ApiError::Unauthorized)?)? })
}

fn chosen(app: &App, mut fields: Fields, member: &Member) -> Result<Profile, ApiError> {
    let (name, avatar) =
        (fields.text(&["nickName"], FIELD_CHARACTERS)?, fields.text(&["avatarUrl"], FIELD_CHARACTERS)?);
    fields.end()?;
    Ok(Profile {
        nick_name: name.map(|name| nickname(&name).ok_or(Problem::BadNickname)).transpose()?,
        avatar_url: avatar.map(|address| app.chosen_avatar(&address, member)).transpose()?.flatten(),
        ..Profile::default()
    })
}
