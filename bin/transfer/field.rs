//! What is known of a member, and the names that files give it.

/// A column of an export, and what the columns of other files may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Id,
    Appid,
    Openid,
    Unionid,
    NickName,
    AvatarUrl,
    Gender,
    Country,
    Province,
    City,
    Language,
    Phone,
    PhoneTrust,
    PhoneBoundAt,
    Status,
    Note,
    Attributes,
    CreatedAt,
    LastLoginAt,
    UpdatedAt,
    Revision,
    /// WeChat's user info as JSON, which wafer keeps whole.
    UserInfo,
}

use Field::{
    Appid, Attributes, AvatarUrl, City, Country, CreatedAt, Gender, Id, Language, LastLoginAt, NickName, Note, Openid,
    Phone, PhoneBoundAt, PhoneTrust, Province, Revision, Status, Unionid, UpdatedAt,
};

/// The columns of an export, in their order: their own names, and those that other programs use, without `_` and in
/// lower case.
const NAMES: &[(Field, &str, &[&str])] = &[
    (Id, "id", &[]),
    (Appid, "appid", &[]),
    (Openid, "openid", &["wxopenid", "weappopenid", "miniopenid", "maopenid", "xcxopenid"]),
    (Unionid, "unionid", &["wxunionid"]),
    (NickName, "nickName", &["nickname", "nick", "username"]),
    (AvatarUrl, "avatarUrl", &["avatarurl", "avatar", "headimgurl", "headimg", "headurl"]),
    (Gender, "gender", &["sex"]),
    (Country, "country", &[]),
    (Province, "province", &[]),
    (City, "city", &[]),
    (Language, "language", &[]),
    (Phone, "phone", &["phonenumber", "mobile", "mobilephone", "tel", "telephone"]),
    (PhoneTrust, "phone_trust", &[]),
    (PhoneBoundAt, "phone_bound_at", &[]),
    (Status, "status", &[]),
    (Note, "note", &[]),
    (Attributes, "attributes", &[]),
    (
        CreatedAt,
        "created_at",
        &["createdat", "createtime", "createdtime", "addtime", "regtime", "registertime", "gmtcreate"],
    ),
    (LastLoginAt, "last_login_at", &["lastloginat", "lastlogintime", "logintime", "lastvisittime"]),
    (UpdatedAt, "updated_at", &["updatedat", "updatetime", "updatedtime", "gmtmodified"]),
    (Revision, "revision", &[]),
];
const USER_INFO: &str = "user_info";

impl Field {
    /// The columns of an export.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(field, ..)| *field)
    }

    /// As an export names it.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(field, ..)| *field == self).map_or(USER_INFO, |(_, name, _)| name)
    }

    /// What an export of ours means by a column.
    pub(super) fn exported(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, own, _)| *own == name).map(|(field, ..)| *field)
    }

    /// The same, and the name that [`UserInfo`](Self::UserInfo) has.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == USER_INFO { Some(Self::UserInfo) } else { Self::exported(name) }
    }

    /// What a column of another program's most likely means. Its ids and states are not ours.
    pub(super) fn foreign(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(|char| !matches!(char, '_' | '-' | ' ')).collect();
        let plain = plain.to_ascii_lowercase();
        let fits = |(field, own, others): &&(Self, &str, &[&str])| {
            !matches!(field, Id | Status | PhoneTrust | PhoneBoundAt | Note | Attributes | Revision)
                && (plain == *own || others.contains(&plain.as_str()))
        };
        NAMES.iter().find(fits).map(|(field, ..)| *field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_an_export_is_found_again() {
        assert!(Field::all().all(|field| Field::exported(field.name()) == Some(field)));
    }

    #[test]
    fn the_usual_names_of_others_are_understood_and_their_ids_are_not_ours() {
        let named = ["open_id", "OpenId", "nick_name", "mobile", "sex", "create_time", "last_visit_time", "avatar_url"];
        let found: Vec<_> = named.iter().filter_map(|name| Field::foreign(name)).collect();
        assert_eq!(found, [Openid, Openid, NickName, Phone, Gender, CreatedAt, LastLoginAt, AvatarUrl]);
        for name in ["id", "status", "password", "phone_trust", ""] {
            assert_eq!(Field::foreign(name), None, "{name}");
        }
    }
}
