//! `POST /v1/me/avatar`

use std::sync::Arc;

use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};
use serde::Serialize;
use warp::Filter;
use wxgate_store::{Avatar, AvatarId, KeepAvatar};

use crate::app::App;
use crate::avatars::path_of;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::shown;
use crate::http::{Route, Unread, content_type, info, respond, unread, with};
use crate::problem::Problem;

const FIELD: &str = "avatar";
const PICTURE_BYTES: usize = 1024 * 1024;
/// Bytes for what stands around the picture.
const FRAME_BYTES: usize = 16 * 1024;

/// Where the picture is from now on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AvatarReply {
    avatar_url: String,
}

/// `POST /v1/me/avatar` with the picture as the field `avatar` of a form (`multipart/form-data`): 200 [`AvatarReply`], 400,
/// 401, 403, 413, 415, 429; and what WeChat fails with where it judges pictures.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me" / "avatar")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(unread())
        .then(|app: Arc<App>, info: RequestInfo, body: Unread| async move { upload(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Draws the picture anew and keeps it in place of the one before. Nothing is read of whom we do not know.
async fn upload(app: &App, info: &RequestInfo, body: Unread) -> Result<AvatarReply, ApiError> {
    let session = app.authenticate(info).await?;
    let _place = app.uploads.place(&session.member)?;
    let picture = app.uploads.redrawn(field(body).await?).await?;
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(ApiError::internal)?;
    let avatar = Avatar { id: AvatarId(id), picture, kept_at: app.clock.now() };
    let avatar_url = path_of(avatar.id);
    let reply = AvatarReply { avatar_url: app.shown_avatar(&avatar_url) };
    // Asked before it is kept: a picture that nobody will judge is not shown.
    let check = app.judge_picture(&session.member.key, &avatar_url).await?;
    let kept = app.store.keep_avatar(KeepAvatar { member: session.member.id, avatar, avatar_url, check }).await?;
    kept.map(|_| reply).ok_or(ApiError::Unauthorized)
}

/// The bytes of the form's one field.
async fn field(body: Unread) -> Result<Bytes, ApiError> {
    let media = content_type(&body.headers)?.ok_or(ApiError::UnsupportedMediaType)?;
    let boundary = multer::parse_boundary(media).map_err(|_| ApiError::UnsupportedMediaType)?;
    let whole = body.read(PICTURE_BYTES + FRAME_BYTES).await?;
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(whole)]);
    let limits = SizeLimit::new().for_field(FIELD, PICTURE_BYTES as u64);
    let constraints = Constraints::new().allowed_fields(vec![FIELD]).size_limit(limits);
    let mut form = Multipart::with_constraints(stream, boundary, constraints);
    let Some(field) = form.next_field().await.map_err(refused)? else { return Err(Problem::Missing(FIELD).into()) };
    let picture = field.bytes().await.map_err(refused)?;
    match form.next_field().await.map_err(refused)? {
        None if picture.is_empty() => Err(Problem::Missing(FIELD).into()),
        None => Ok(picture),
        Some(_) => Err(Problem::DuplicateKey(FIELD.to_owned()).into()),
    }
}

fn refused(error: multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } => ApiError::TooLarge,
        multer::Error::UnknownField { field_name: Some(name) } => Problem::UnknownKey(shown(&name)).into(),
        _ => Problem::NotMultipart.into(),
    }
}
