//! A member as the team sees one.

use serde::Serialize;
use wxgate_store::{Member, MemberId};

use crate::app::App;
use crate::error::ApiError;
use crate::member_record::MemberRecord;
use crate::settings::PhoneReply;

/// All of a member but the number, which is masked here, whatever the mini program is shown.
#[derive(Serialize)]
pub struct ManagedMember {
    #[serde(flatten)]
    record: MemberRecord,
    phone: Option<String>,
}

impl App {
    /// The member as the team sees them.
    ///
    /// # Errors
    /// As of [`App::member_record`].
    pub(crate) fn managed(&self, member: Member) -> Result<ManagedMember, ApiError> {
        let number = self.phone_of(&member).map(|number| number.shown(PhoneReply::Masked));
        let phone = number.map(|number| number.phone_number.clone());
        Ok(ManagedMember { record: self.member_record(member)?, phone })
    }

    /// The same of several.
    pub(crate) fn managed_all(&self, members: Vec<Member>) -> Result<Vec<ManagedMember>, ApiError> {
        members.into_iter().map(|member| self.managed(member)).collect()
    }

    /// The member that a path names.
    ///
    /// # Errors
    /// `not_found` when it is no id, nobody's, or of a member of an app that is not of this server.
    pub(crate) async fn member_at(&self, id: &str) -> Result<Member, ApiError> {
        let id: MemberId = id.parse().map_err(|_| ApiError::NotFound)?;
        let member = self.store.member(id).await?;
        member.filter(|member| self.app_at(&member.key.appid).is_ok()).ok_or(ApiError::NotFound)
    }
}
