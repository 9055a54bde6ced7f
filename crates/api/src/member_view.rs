//! `member` as it stands in answers.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use wxgate_crypto::Purpose;
use wxgate_store::{Identity, Member, MemberId};

use crate::app::App;
use crate::error::ApiError;
use crate::phone_number::PhoneNumber;
use crate::soon::Soon;

/// A member as the mini program sees one. `openid` and `unionid` only with `session.expose_openid`.
#[derive(Clone, Serialize)]
pub struct MemberView {
    id: MemberId,
    #[serde(rename = "nickName")]
    nick_name: Option<Box<str>>,
    #[serde(rename = "avatarUrl")]
    avatar_url: Option<String>,
    /// Masked unless `phone.reply = "full"`.
    phone: Option<String>,
    created_at: i64,
    attributes: Cow<'static, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<Box<str>>,
}

impl MemberView {
    /// With these attributes beside the team's own, which stay.
    ///
    /// # Errors
    /// `internal` when the team's are no JSON object, which the store's own constraint excludes.
    pub(crate) fn with_attributes(self, added: Map<String, Value>) -> Result<Self, ApiError> {
        if added.is_empty() {
            return Ok(self);
        }
        let own: Map<String, Value> = serde_json::from_str(self.attributes.get()).map_err(ApiError::internal)?;
        let all: Map<String, Value> = added.into_iter().chain(own).collect();
        let attributes = Cow::Owned(to_raw_value(&all).map_err(ApiError::internal)?);
        Ok(Self { attributes, ..self })
    }
}

impl App {
    /// What the mini program may see of whose session it is; the store is asked only if that is more than is at hand.
    ///
    /// # Errors
    /// `unauthorized` when the member was erased meanwhile.
    pub(crate) fn view_of(self: &Arc<Self>, identity: Identity) -> Soon<Result<MemberView, ApiError>> {
        if !identity.shows_more {
            return Soon::now(self.whole_view(identity));
        }
        let app = Arc::clone(self);
        Soon::later(async move {
            let member = app.store.member(identity.member).await?;
            app.member_view(&member.ok_or(ApiError::Unauthorized)?)
        })
    }

    /// Of a member of whom there is no more to be seen than is at hand.
    fn whole_view(&self, identity: Identity) -> Result<MemberView, ApiError> {
        let exposed = self.settings.session.expose_openid;
        Ok(MemberView {
            id: identity.member,
            nick_name: identity.nick_name,
            avatar_url: None,
            phone: None,
            created_at: identity.member_since.0,
            attributes: Cow::Borrowed(serde_json::from_str("{}").map_err(ApiError::internal)?),
            openid: exposed.then_some(identity.openid),
            unionid: identity.unionid.filter(|_| exposed),
        })
    }

    /// What the mini program may see of a member.
    ///
    /// # Errors
    /// `internal` when `attributes` are not JSON, which the store's own constraint excludes.
    pub(crate) fn member_view(&self, member: &Member) -> Result<MemberView, ApiError> {
        let exposed = self.settings.session.expose_openid;
        Ok(MemberView {
            id: member.id,
            nick_name: member.profile.nick_name.as_deref().map(Box::from),
            avatar_url: member.profile.avatar_url.as_deref().map(|kept| self.shown_avatar(kept)),
            phone: self.phone_of(member).map(|number| number.shown(self.settings.phone.reply).phone_number.clone()),
            created_at: member.created_at.0,
            attributes: Cow::Owned(RawValue::from_string(member.attributes.clone()).map_err(ApiError::internal)?),
            openid: exposed.then(|| member.key.openid.as_str().into()),
            unionid: member.unionid.as_deref().filter(|_| exposed).map(Box::from),
        })
    }

    /// The member's phone number, opened. One that was sealed under a lost key file is as good as none, with a line in
    /// the log: it must not keep its owner from logging in.
    pub(crate) fn phone_of(&self, member: &Member) -> Option<PhoneNumber> {
        let sealed = &member.phone.as_ref()?.sealed;
        let opened = PhoneNumber::open(&self.vault, Purpose::Phone, &member.key, sealed);
        opened
            .inspect_err(
                |_| tracing::error!(member.id = %member.id.0, "a phone number does not open with today's key file"),
            )
            .ok()
    }
}

#[cfg(test)]
impl MemberView {
    pub(crate) fn for_tests() -> Self {
        Self {
            id: MemberId(uuid::Uuid::nil()),
            nick_name: None,
            avatar_url: None,
            phone: None,
            created_at: 1,
            attributes: Cow::Borrowed(RawValue::NULL),
            openid: None,
            unionid: None,
        }
    }
}
