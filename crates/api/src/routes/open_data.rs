//! `POST /v1/me/open-data`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_crypto::payload::{Content, Encrypted, Group, Share, WeRun};
use wxgate_store::Session;

use crate::app::App;
use crate::edge::{RequestId, RequestInfo};
use crate::error::ApiError;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::opening::{ENCRYPTED_DATA, encrypted, to_the_end, uniform};
use crate::problem::Problem;
use crate::results::Asking;

/// Characters a kind may have before it is looked at.
const KIND_CHARACTERS: usize = 32;

/// The content of a payload, checked, in WeChat's names; nothing else that may stand in the plaintext.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum OpenDataReply {
    /// wx.getWeRunData: steps of the last 31 days.
    WeRun {
        #[serde(rename = "stepInfoList")]
        step_info_list: Vec<StepView>,
    },
    /// wx.getShareInfo
    Share {
        #[serde(rename = "openGId")]
        open_g_id: String,
    },
    /// wx.getGroupEnterInfo
    Group {
        opengid: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        open_single_roomid: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        group_openid: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_type: Option<i64>,
    },
}

/// The steps of one day.
#[derive(Debug, Serialize)]
pub struct StepView {
    timestamp: i64,
    step: i64,
}

enum Kind {
    WeRun,
    Share,
    Group,
}

/// `POST /v1/me/open-data` with `{"kind","encryptedData","iv"}`: 200 [`OpenDataReply`], 400, 401, 403,
/// 422 `unopenable`, 429.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me" / "open-data")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { open_data(&app, &info, body).await })
        .map(respond)
        .boxed()
}

async fn open_data(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<OpenDataReply, ApiError> {
    let session = app.authenticate(info).await?;
    let (kind, encrypted) = decode(body)?;
    let work = {
        let (app, rid) = (Arc::clone(app), info.rid);
        async move { opened(&app, rid, &session, kind, &encrypted).await }
    };
    uniform(info.arrived, to_the_end(work).await).await
}

async fn opened(
    app: &App,
    rid: RequestId,
    session: &Session,
    kind: Kind,
    encrypted: &Encrypted,
) -> Result<OpenDataReply, ApiError> {
    Ok(match kind {
        Kind::WeRun => werun(accept::<WeRun>(app, rid, session, encrypted).await?),
        Kind::Share => {
            OpenDataReply::Share { open_g_id: accept::<Share>(app, rid, session, encrypted).await?.open_g_id }
        }
        Kind::Group => group(accept::<Group>(app, rid, session, encrypted).await?),
    })
}

fn decode(body: Body) -> Result<(Kind, Encrypted), ApiError> {
    let mut fields = json_fields(body)?;
    let kind = fields.text(&["kind"], KIND_CHARACTERS)?;
    let pair = fields.pair(ENCRYPTED_DATA, &["iv"])?;
    fields.end()?;
    let kind = match kind.ok_or(Problem::Missing("kind"))?.as_str() {
        "werun" => Kind::WeRun,
        "share" => Kind::Share,
        "group" => Kind::Group,
        _ => return Err(Problem::NotOneOf("kind", "werun, share, group").into()),
    };
    let (data, iv) = pair.ok_or(Problem::Missing("encryptedData"))?;
    Ok((kind, encrypted(&data, &iv)?))
}

async fn accept<C: Content>(
    app: &App,
    rid: RequestId,
    session: &Session,
    encrypted: &Encrypted,
) -> Result<C, ApiError> {
    let keys = app.kept_keys(&session.member).await?;
    let Session { member, .. } = session;
    let asking = Asking { appid: &member.key.appid, member: Some(member.id), rid };
    let opened = app.open::<C>(&asking, &member.key, &keys, encrypted).await?;
    app.release(Some(opened.opening)).await;
    app.results.opened(asking.appid, opened.rescued, app.clock.now());
    Ok(opened.content)
}

fn werun(content: WeRun) -> OpenDataReply {
    let view = |step: wxgate_crypto::payload::Step| StepView { timestamp: step.timestamp, step: step.step };
    OpenDataReply::WeRun { step_info_list: content.step_info_list.into_iter().map(view).collect() }
}

fn group(content: Group) -> OpenDataReply {
    OpenDataReply::Group {
        opengid: content.opengid,
        open_single_roomid: content.open_single_roomid,
        group_openid: content.group_openid,
        chat_type: content.chat_type,
    }
}
