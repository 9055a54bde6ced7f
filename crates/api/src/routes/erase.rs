//! `DELETE /v1/me`

use std::sync::Arc;

use warp::Filter;
use wxgate_store::{By, Member};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, no_fields, respond, with};

/// `DELETE /v1/me`: 200 once it is durable, 401 `unauthorized` or `login_too_old`, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { erase(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Erases the member of a fresh login and all of theirs.
async fn erase(app: &App, info: &RequestInfo, body: Body) -> Result<Done, ApiError> {
    let session = app.authenticate(info).await?;
    no_fields(body)?;
    app.require_fresh(&session)?;
    let member = &session.member;
    if !app.erase(member, By::MEMBER).await? {
        return Err(ApiError::Unauthorized);
    }
    tracing::info!(member.id = %member.id.0, "member erased at their own request");
    Ok(Done {})
}

impl App {
    /// Erases a member and all of theirs. `false` when they are gone already.
    ///
    /// # Errors
    /// As of any write.
    pub(crate) async fn erase(&self, member: &Member, by: By) -> Result<bool, ApiError> {
        let pseudonym = self.vault.pseudonym(&member.key.appid, &member.key.openid);
        let erased = self.store.erase_member(member.id, pseudonym, by, self.clock.now()).await?;
        self.pending_phones.forget_member(member.id);
        Ok(erased.is_some())
    }
}
