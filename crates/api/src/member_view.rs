//! `member` as it stands in answers.

use serde::Serialize;
use serde_json::value::RawValue;
use wxgate_crypto::Purpose;
use wxgate_store::Member;

use crate::app::App;
use crate::error::ApiError;
use crate::phone_number::PhoneNumber;

/// A member as the mini program sees one. `openid` and `unionid` only with `session.expose_openid`.
#[derive(Clone, Serialize)]
pub struct MemberView {
    id: String,
    #[serde(rename = "nickName")]
    nick_name: Option<String>,
    #[serde(rename = "avatarUrl")]
    avatar_url: Option<String>,
    /// Masked unless `phone.reply = "full"`.
    phone: Option<String>,
    created_at: i64,
    attributes: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

impl App {
    /// What the mini program may see of a member.
    ///
    /// # Errors
    /// `internal` when `attributes` are not JSON, which the store's own constraint excludes.
    pub(crate) fn member_view(&self, member: &Member) -> Result<MemberView, ApiError> {
        let exposed = self.settings.session.expose_openid;
        Ok(MemberView {
            id: member.id.0.to_string(),
            nick_name: member.profile.nick_name.clone(),
            avatar_url: member.profile.avatar_url.clone(),
            phone: self.phone_of(member).map(|number| number.shown(self.settings.phone.reply).phone_number.clone()),
            created_at: member.created_at.0,
            attributes: RawValue::from_string(member.attributes.clone()).map_err(ApiError::internal)?,
            openid: exposed.then(|| member.key.openid.clone()),
            unionid: member.unionid.clone().filter(|_| exposed),
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
            id: String::new(),
            nick_name: None,
            avatar_url: None,
            phone: None,
            created_at: 1,
            attributes: RawValue::NULL.to_owned(),
            openid: None,
            unionid: None,
        }
    }
}
