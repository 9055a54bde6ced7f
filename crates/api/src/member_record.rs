//! A member as kept, for those who see all of it: the person themselves, and the team.

use serde::Serialize;
use serde_json::value::RawValue;
use wxgate_store::{Member, MemberId};

use crate::app::App;
use crate::error::ApiError;

/// What is kept of a member, but for the number: who sees it whole and who masked, each answer says itself.
#[derive(Serialize)]
pub struct MemberRecord {
    id: MemberId,
    appid: String,
    openid: String,
    unionid: Option<String>,
    #[serde(rename = "nickName")]
    nick_name: Option<String>,
    /// Where it is served.
    #[serde(rename = "avatarUrl")]
    avatar_url: Option<String>,
    phone_trust: Option<&'static str>,
    phone_bound_at: Option<i64>,
    status: &'static str,
    note: Option<String>,
    attributes: Box<RawValue>,
    created_at: i64,
    last_login_at: i64,
    updated_at: i64,
    /// What a change by operators may name, so that it undoes none that it did not see.
    revision: i64,
}

/// The record, and what WeChat's profiles said until 2021.
#[derive(Serialize)]
pub struct FullRecord {
    #[serde(flatten)]
    record: MemberRecord,
    gender: Option<i64>,
    country: Option<String>,
    province: Option<String>,
    city: Option<String>,
    language: Option<String>,
}

impl App {
    /// All that the record of a member says.
    ///
    /// # Errors
    /// As of [`App::member_record`].
    pub(crate) fn full_record(&self, mut member: Member) -> Result<FullRecord, ApiError> {
        let profile = &mut member.profile;
        Ok(FullRecord {
            gender: profile.gender,
            country: profile.country.take(),
            province: profile.province.take(),
            city: profile.city.take(),
            language: profile.language.take(),
            record: self.member_record(member)?,
        })
    }

    /// The record of a member.
    ///
    /// # Errors
    /// `internal` when `attributes` are not JSON, which the store's own constraint excludes.
    pub(crate) fn member_record(&self, member: Member) -> Result<MemberRecord, ApiError> {
        let phone = member.phone.as_ref();
        Ok(MemberRecord {
            id: member.id,
            phone_trust: phone.map(|phone| phone.trust.as_str()),
            phone_bound_at: phone.map(|phone| phone.bound_at.0),
            appid: member.key.appid,
            openid: member.key.openid,
            unionid: member.unionid,
            nick_name: member.profile.nick_name,
            avatar_url: member.profile.avatar_url.map(|kept| self.shown_avatar(&kept)),
            status: member.status.as_str(),
            note: member.note,
            attributes: RawValue::from_string(member.attributes).map_err(ApiError::internal)?,
            created_at: member.created_at.0,
            last_login_at: member.last_login_at.0,
            updated_at: member.updated_at.0,
            revision: member.revision,
        })
    }
}
