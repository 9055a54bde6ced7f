//! A member as plugins show one.

use serde_json::{Value, json};
use wxgate_store::Member;

use crate::app::App;
use crate::profile::ANONYMOUS;

/// What a mini program may see of a member: what the core shows, and the rest of WeChat's profile. No `Debug`: it is
/// personal.
#[derive(Clone)]
pub struct ShownMember {
    /// Ours, safe to show.
    pub id: String,
    /// As the member chose it, or WeChat gave it.
    pub nick_name: Option<String>,
    /// Where the picture is served.
    pub avatar_url: Option<String>,
    /// 1 male, 2 female.
    pub gender: Option<i64>,
    /// WeChat's.
    pub country: Option<String>,
    /// WeChat's.
    pub province: Option<String>,
    /// WeChat's.
    pub city: Option<String>,
    /// WeChat's, such as `zh_CN`.
    pub language: Option<String>,
    /// Masked unless `phone.reply = "full"`.
    pub phone: Option<String>,
    /// Only with `session.expose_openid`.
    pub openid: Option<String>,
    /// Only with `session.expose_openid`.
    pub unionid: Option<String>,
}

impl ShownMember {
    /// The profile as `wx.getUserInfo` writes `userInfo`: of somebody who gave none, what WeChat itself says then. With
    /// `openId` and `unionId` where they may be shown.
    pub fn user_info(&self) -> Value {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut info = json!({
            "nickName": self.nick_name.as_deref().unwrap_or(ANONYMOUS), "avatarUrl": text(&self.avatar_url),
            "gender": self.gender.unwrap_or(0), "country": text(&self.country), "province": text(&self.province),
            "city": text(&self.city), "language": text(&self.language),
        });
        for (key, id) in [("openId", &self.openid), ("unionId", &self.unionid)] {
            if let Some(id) = id {
                info[key] = json!(id);
            }
        }
        info
    }
}

impl App {
    pub(super) fn shown_member(&self, member: &Member) -> ShownMember {
        let (profile, exposed) = (member.profile.clone(), self.settings.session.expose_openid);
        let phone = self.phone_of(member).map(|number| number.shown(self.settings.phone.reply).phone_number.clone());
        ShownMember {
            id: member.id.to_string(),
            nick_name: profile.nick_name,
            avatar_url: profile.avatar_url.map(|kept| self.shown_avatar(&kept)),
            gender: profile.gender,
            country: profile.country,
            province: profile.province,
            city: profile.city,
            language: profile.language,
            phone,
            openid: exposed.then(|| member.key.openid.clone()),
            unionid: member.unionid.clone().filter(|_| exposed),
        }
    }
}
