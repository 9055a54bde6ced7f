//! `POST /v1/me/profile`

use std::sync::Arc;

use warp::Filter;
use wxgate_crypto::payload::{Encrypted, RawData, UserInfo};
use wxgate_crypto::{SessionKey, signature};
use wxgate_store::{Member, MemberKey};

use super::me::MeReply;
use crate::app::App;
use crate::edge::{RequestId, RequestInfo};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::opening::{ENCRYPTED_DATA, encrypted, to_the_end, uniform};
use crate::problem::Problem;
use crate::profile::Given;
use crate::refused::Refused;
use crate::results::Asking;

/// What a client shows for a profile: one of the two pairs that wx.getUserInfo gives.
pub enum Proof {
    /// `rawData` and its `signature`.
    Signed(String, String),
    /// `encryptedData` and `iv`.
    Sealed(Encrypted),
}

/// The pairs as they arrive; the signed one decides when both are there.
pub struct Pairs {
    pub signed: Option<(String, String)>,
    pub sealed: Option<(String, String)>,
}

impl Pairs {
    /// # Errors
    /// `bad_request` for half a pair, or one field in two spellings.
    pub fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { signed: fields.pair(&["rawData"], &["signature"])?, sealed: fields.pair(ENCRYPTED_DATA, &["iv"])? })
    }

    /// The proof to look at, `None` when neither pair is there.
    ///
    /// # Errors
    /// `bad_request` when it is not of the shape that WeChat gives.
    pub fn proof(self) -> Result<Option<Proof>, ApiError> {
        match (self.signed, self.sealed) {
            (Some((raw_data, signature)), _) => Ok(Some(Proof::Signed(raw_data, signature))),
            (None, Some((data, iv))) => Ok(Some(Proof::Sealed(encrypted(&data, &iv)?))),
            (None, None) => Ok(None),
        }
    }
}

/// `POST /v1/me/profile` with `{"rawData","signature"}` or `{"encryptedData","iv"}`: 200 [`MeReply`], 400, 401, 403,
/// 422 `unopenable`, 429.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me" / "profile")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { profile(&app, &info, body).await })
        .map(respond)
        .boxed()
}

async fn profile(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<MeReply, ApiError> {
    let session = app.authenticate(info).await?;
    let mut fields = json_fields(body)?;
    let pairs = Pairs::take(&mut fields)?;
    fields.end()?;
    let proof = pairs.proof()?.ok_or(Problem::EitherOr("rawData", "encryptedData"))?;
    let work = {
        let (app, rid) = (Arc::clone(app), info.rid);
        async move { keep(&app, rid, session.member, proof).await }
    };
    let member = uniform(info.arrived, to_the_end(work).await).await?;
    Ok(MeReply { member: app.member_view(&member)? })
}

async fn keep(app: &App, rid: RequestId, member: Member, proof: Proof) -> Result<Member, ApiError> {
    let keys = app.kept_keys(&member).await?;
    let asking = Asking { appid: &member.key.appid, member: Some(member.id), rid };
    match app.proven(&asking, &member.key, &keys, proof).await?.kept(&app.settings.profile.avatar_hosts) {
        None => Ok(member),
        Some(profile) => {
            let changed = app.store.change_profile(member.id, profile, app.clock.now()).await?;
            changed.ok_or(ApiError::Unauthorized)
        }
    }
}

impl App {
    /// The profile that a proof proves to be `owner`'s.
    ///
    /// # Errors
    /// `unopenable` when it does not; `too_many_requests` when the failure budget is spent.
    pub(crate) async fn proven(
        &self,
        asking: &Asking<'_>,
        owner: &MemberKey,
        keys: &[SessionKey],
        proof: Proof,
    ) -> Result<Given, ApiError> {
        match proof {
            Proof::Signed(raw_data, signature) => {
                let signed = keys.iter().any(|key| signature::raw_data_matches(&raw_data, key, &signature));
                let raw_data = RawData::parse(&raw_data).filter(|_| signed);
                raw_data.map(Given::from).ok_or(ApiError::Unopenable)
            }
            Proof::Sealed(encrypted) => {
                let opened = self.open::<UserInfo>(asking, owner, keys, &encrypted).await?;
                // Identity is code2Session's alone: a payload that names somebody else is not this member's.
                if opened.content.open_id.as_ref().is_some_and(|openid| *openid != owner.openid) {
                    return Err(self.refuse(asking, opened.opening, Refused::OtherOpenid).await);
                }
                self.release(Some(opened.opening)).await;
                self.results.opened(asking.appid, opened.rescued, self.clock.now());
                Ok(opened.content.into())
            }
        }
    }
}
