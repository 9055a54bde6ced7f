//! From the texts of a row to a member as the API takes one in, and back.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::Field;
use super::{Row, Why, text, why};

const OTHER_APP: Why = why("属于 --appid 以外的小程序", "of another app than --appid");
const INSTANT: Why =
    why("时间应为 Unix 秒，或如 2026-01-31 08:00:00", "a time is Unix seconds, or like 2026-01-31 08:00:00");
const ATTRIBUTES: Why = why("attributes 必须是一个 JSON 对象", "attributes must be one JSON object");
const NUMBER: Why = why("revision 必须是整数", "revision must be a whole number");
const USER_INFO: Why = why("user_info 不是微信的 JSON", "user_info is not WeChat's JSON");
const OTHER_OPENID: Why = why("user_info 属于另一个 openid", "user_info is of another openid");

/// What rows are read by.
pub(super) struct Reading {
    /// Whose members they are, where rows do not say.
    pub(super) appid: Option<String>,
    /// By whose clock dates are.
    pub(super) zone: TimeZone,
}

/// A member as the API takes one in, and the columns of which nothing could be made.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    pub(super) member: Map<String, Value>,
    pub(super) left_out: Vec<&'static str>,
}

/// The parts of WeChat's user info that are kept.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserInfo {
    open_id: Option<String>,
    union_id: Option<String>,
    nick_name: Option<String>,
    avatar_url: Option<String>,
    gender: Option<i64>,
    country: Option<String>,
    province: Option<String>,
    city: Option<String>,
    language: Option<String>,
}

impl Reading {
    /// Reads a row.
    pub(super) fn member(&self, row: &Row) -> Result<Read, Why> {
        let mut read = Read::default();
        for (field, cell) in &row.cells {
            match field {
                Field::UserInfo => {}
                Field::Gender => match text::gender(cell) {
                    Some(gender) => read.put(*field, gender),
                    None => read.left_out.push(field.name()),
                },
                Field::PhoneBoundAt | Field::CreatedAt | Field::LastLoginAt | Field::UpdatedAt => {
                    if let Some(seconds) = text::instant(cell, &self.zone).map_err(|()| INSTANT)? {
                        read.put(*field, seconds);
                    }
                }
                Field::Attributes => {
                    let object: Map<String, Value> = serde_json::from_str(cell).map_err(|_| ATTRIBUTES)?;
                    read.put(*field, object);
                }
                Field::Revision => read.put(*field, cell.trim().parse::<i64>().map_err(|_| NUMBER)?),
                // A spreadsheet's mark for a text, in files that are not ours.
                Field::Phone => read.put(*field, cell.trim_start_matches('\'')),
                _ => read.put(*field, cell.as_str()),
            }
        }
        row.cell(Field::UserInfo).map_or(Ok(()), |info| read.add(info))?;
        self.appid.as_ref().map_or(Ok(()), |appid| read.of_app(appid))?;
        Ok(read)
    }
}

impl Read {
    /// The first of two columns that mean the same counts.
    fn put(&mut self, field: Field, value: impl Into<Value>) {
        self.member.entry(field.name()).or_insert_with(|| value.into());
    }

    fn of_app(&mut self, appid: &str) -> Result<(), Why> {
        self.put(Field::Appid, appid);
        if self.member[Field::Appid.name()] == appid { Ok(()) } else { Err(OTHER_APP) }
    }

    /// Adds what WeChat's user info says and no column does.
    fn add(&mut self, info: &str) -> Result<(), Why> {
        let info: UserInfo = serde_json::from_str(info).map_err(|_| USER_INFO)?;
        let openid = self.member.get(Field::Openid.name()).and_then(Value::as_str);
        if info.open_id.is_some_and(|named| openid.is_some_and(|openid| named != openid)) {
            return Err(OTHER_OPENID);
        }
        for (field, said) in [
            (Field::Unionid, info.union_id),
            (Field::NickName, info.nick_name),
            (Field::AvatarUrl, info.avatar_url),
            (Field::Country, info.country),
            (Field::Province, info.province),
            (Field::City, info.city),
            (Field::Language, info.language),
        ] {
            if let Some(said) = said.filter(|said| !said.is_empty()) {
                self.put(field, said);
            }
        }
        // 0 is what WeChat says of whom it does not say it.
        if let Some(gender) = info.gender.filter(|gender| (1..=2).contains(gender)) {
            self.put(Field::Gender, gender);
        }
        Ok(())
    }
}

/// What a column of an export says of a member.
pub(super) fn cell(member: &Value, field: Field) -> String {
    match &member[field.name()] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(object) if object.is_empty() => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(cells: &[(Field, &str)]) -> Result<Value, Why> {
        let cells = cells.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
        let reading = Reading { appid: Some("wx1".to_owned()), zone: TimeZone::get("Asia/Shanghai").unwrap() };
        reading.member(&Row { line: 1, cells }).map(|read| json!([read.member, read.left_out]))
    }

    #[test]
    fn texts_become_what_the_api_takes() {
        let cells = [
            (Field::Openid, "o1"),
            (Field::Gender, "男"),
            (Field::CreatedAt, "1970-01-02 08:00:00"),
            (Field::UpdatedAt, "0000-00-00"),
            (Field::Attributes, r#"{"a":1}"#),
            (Field::Phone, "'13800138000"),
            (Field::NickName, "first"),
            (Field::NickName, "second"),
        ];
        let member = json!({
            "openid": "o1", "gender": 1, "created_at": 86_400, "attributes": { "a": 1 }, "phone": "13800138000",
            "nickName": "first", "appid": "wx1",
        });
        assert_eq!(read(&cells), Ok(json!([member, []])));
        assert_eq!(read(&[(Field::Gender, "x")]), Ok(json!([{ "appid": "wx1" }, ["gender"]])));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (cells, refused) in [
            (&[(Field::Appid, "wx2")], OTHER_APP),
            (&[(Field::CreatedAt, "yesterday")], INSTANT),
            (&[(Field::Attributes, "[]")], ATTRIBUTES),
            (&[(Field::Revision, "x")], NUMBER),
            (&[(Field::UserInfo, "{")], USER_INFO),
        ] {
            assert_eq!(read(cells), Err(refused));
        }
        let others = [(Field::Openid, "o1"), (Field::UserInfo, r#"{"openId":"o2"}"#)];
        assert_eq!(read(&others), Err(OTHER_OPENID));
    }

    #[test]
    fn user_info_says_what_no_column_does() {
        let info = r#"{"openId":"o1","nickName":"小明","gender":0,"city":"","country":"中国","watermark":{}}"#;
        let member = json!({ "openid": "o1", "nickName": "own", "country": "中国", "appid": "wx1" });
        let cells = [(Field::UserInfo, info), (Field::Openid, "o1"), (Field::NickName, "own")];
        assert_eq!(read(&cells), Ok(json!([member, []])));
    }
}
