//! Whether what members write and show may be shown, where an app lets WeChat judge it.
//!
//! A name is judged before it is kept. A picture is judged when it can be fetched: what WeChat finds comes by message push
//! within half an hour, and takes the picture away again.

use wx_client::calls::{ContentRefusal, ContentScene, MediaCheck, MediaType, Suggest, TextCheck};
use wxgate_store::{Member, MemberKey};

use crate::app::App;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::remembered::{Hash, hash_of};
use crate::settings::ContentCheck;

/// Names of one member that are judged a minute: WeChat counts them for the whole app.
pub const NAMES_PER_MINUTE: u32 = 10;

/// Names a check of WeChat's, so that its end is known again: of one app alone, whatever others are told.
pub fn check_name(appid: &str, trace_id: &str) -> Hash {
    hash_of(&[appid, "media_check", trace_id])
}

impl App {
    /// Lets WeChat judge a name that a member wants to be shown with.
    ///
    /// # Errors
    /// `bad_request` when it should not be shown, `login_too_old` when WeChat judges only for somebody who used the mini
    /// program lately, and whatever WeChat fails with: where names are judged, none is kept unjudged.
    pub(crate) async fn judge_name(&self, member: &Member, name: &str) -> Result<(), ApiError> {
        let is_known = member.profile.nick_name.as_deref() == Some(name);
        if !self.judged(&member.key).nicknames || is_known {
            return Ok(());
        }
        self.name_limit.check_key(member.id.0.as_u128())?;
        let MemberKey { appid, openid } = &member.key;
        let check = TextCheck { content: name, scene: ContentScene::Profile, openid, nickname: None };
        let verdict = self.wechat.check_text(appid, &check).await.map_err(unjudged)?;
        if verdict.suggest == Suggest::Pass {
            return Ok(());
        }
        let (suggest, label) = (verdict.suggest, verdict.label);
        tracing::warn!(app.id = appid, member.id = %member.id, ?suggest, ?label, "WeChat has doubts about a nickname");
        if suggest == Suggest::Risky { Err(Problem::RefusedNickname.into()) } else { Ok(()) }
    }

    /// Lets WeChat judge the picture that will be served at `path`: the name of the check, or `None` where none is wanted.
    ///
    /// # Errors
    /// As of [`judge_name`](Self::judge_name), but that nothing is refused yet.
    pub(crate) async fn judge_picture(&self, person: &MemberKey, path: &str) -> Result<Option<Hash>, ApiError> {
        if !self.judged(person).avatars {
            return Ok(None);
        }
        let MemberKey { appid, openid } = person;
        let media_url = self.shown_avatar(path);
        let (media_type, scene) = (MediaType::Image, ContentScene::Profile);
        let check = MediaCheck { media_url: &media_url, media_type, scene, openid };
        let trace_id = self.wechat.check_media(appid, &check).await.map_err(unjudged)?;
        Ok(Some(check_name(appid, &trace_id)))
    }

    fn judged(&self, person: &MemberKey) -> ContentCheck {
        self.settings.content_check.get(&person.appid).copied().unwrap_or_default()
    }
}

fn unjudged(error: wx_client::Error) -> ApiError {
    match ContentRefusal::of(&error) {
        Some(ContentRefusal::Inactive) => ApiError::LoginTooOld,
        _ => error.into(),
    }
}
