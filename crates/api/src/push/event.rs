use sha2::{Digest, Sha256};
use wxgate_store::{Effect, UnixSeconds};

use super::Message;
use crate::content_check::check_name;
use crate::remembered::{Hash, hash_of};

/// Characters of the names that an event gives.
const NAME_CHARACTERS: usize = 128;
/// Seconds that an event may be old, or ahead. WeChat gives up after seconds; far less than events are kept, so that none
/// of them has its effect twice.
const EVENT_SECONDS: i64 = 86_400;

/// What an event says, as far as it is acted upon.
#[derive(Debug, PartialEq, Eq)]
pub struct PushEvent {
    /// WeChat's word for it.
    pub event: String,
    /// The person it is about, if it names one.
    pub openid: Option<String>,
    pub happened_at: UnixSeconds,
    pub effect: Effect,
    /// What tells this event from another one of its kind, person and time.
    detail: String,
}

/// Reads an event of an app. `None` when it has no name or no time, or a time that no event can have that comes `now`.
pub fn event(message: &Message, appid: &str, now: UnixSeconds) -> Option<PushEvent> {
    let short = |text: &String| text.chars().count() <= NAME_CHARACTERS;
    let event = message.text("Event").or_else(|| message.text("MsgType")).filter(short)?;
    let happened_at = UnixSeconds(message.text("CreateTime")?.parse().ok()?);
    if happened_at < now - EVENT_SECONDS || happened_at > now + EVENT_SECONDS {
        return None;
    }
    // One developer got `user_info_modified` without an OpenID: then the sender is the person.
    let openid = message.text("OpenID").or_else(|| message.text("FromUserName")).filter(short);
    let revoke_info = message.text("RevokeInfo").unwrap_or_default();
    let effect = match event.as_str() {
        "user_authorization_revoke" => withdrawn(&revoke_info),
        "user_authorization_cancellation" => Effect::Erase,
        "user_info_modified" => Effect::ClearProfile,
        "wxa_media_check" => judged(message, appid),
        _ => Effect::Keep,
    };
    let acted_upon = event.starts_with("user_authorization_") || event == "user_info_modified";
    let detail = if acted_upon { revoke_info } else { message.to_json() };
    Some(PushEvent { event, openid, happened_at, effect, detail })
}

impl PushEvent {
    /// What is equal in all deliveries of this event. Nobody can try openids against it without the key of the pseudonym.
    pub fn digest(&self, appid: &str, pseudonym: Option<&Hash>) -> Hash {
        let said = hash_of(&[appid, &self.event, &self.happened_at.0.to_string(), &self.detail]);
        Sha256::new().chain_update(pseudonym.unwrap_or(&[0; 32])).chain_update(said).finalize().into()
    }
}

/// What the end of a check (WeChat: 音视频内容安全识别) does to the picture that was checked.
fn judged(message: &Message, appid: &str) -> Effect {
    let Some(trace_id) = message.text("trace_id") else { return Effect::Keep };
    if let Some(errcode) = message.text("errcode").filter(|errcode| errcode != "0") {
        tracing::warn!(app.id = appid, errcode, "WeChat could not judge an avatar: does public_url reach this server?");
        return Effect::Keep;
    }
    match message.text_below("result", "suggest").as_deref() {
        Some("risky") => Effect::RefuseAvatar { check: check_name(appid, &trace_id) },
        Some("review") => {
            tracing::warn!(app.id = appid, trace_id, "WeChat has doubts about an avatar");
            Effect::Keep
        }
        _ => Effect::Keep,
    }
}

/// What a `RevokeInfo` takes back (WeChat: 用户信息相关事件). Several values may be joined, by commas or bars.
///
/// Of most kinds nothing is held here. A value that is not known, or none at all, may mean any of them: then all goes that
/// was given by consent, number, nickname and avatar. The member stays: to leave is another event.
fn withdrawn(revoke_info: &str) -> Effect {
    let (mut phone, mut profile) = (false, false);
    for value in revoke_info.split([',', '|']).map(str::trim) {
        match value {
            "8" => phone = true,
            "6" | "19" | "20" => profile = true,
            // Licence plate, address, invoice, bluetooth, microphone, camera, steps, place, picture, file, e-mail, chosen place.
            "1" | "2" | "3" | "4" | "5" | "7" | "12" | "13" | "14" | "15" | "16" | "18" => {}
            unknown => {
                let value: String = unknown.chars().take(16).collect();
                tracing::warn!(value, "an unknown RevokeInfo: the phone number, nickname and avatar are erased");
                (phone, profile) = (true, true);
            }
        }
    }
    if phone || profile { Effect::Withdraw { phone, profile } } else { Effect::Keep }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_795_000_000);

    const APPID: &str = "wx1";

    fn read(text: &str) -> Option<PushEvent> {
        event(&Message::parse(text).unwrap(), APPID, NOW)
    }

    #[test]
    fn revoke_info_matrix() {
        let phone = Effect::Withdraw { phone: true, profile: false };
        let profile = Effect::Withdraw { phone: false, profile: true };
        let both = Effect::Withdraw { phone: true, profile: true };
        for (revoke_info, effect) in [("8", phone), ("6", profile), ("19", profile), ("20", profile)] {
            assert_eq!(withdrawn(revoke_info), effect, "{revoke_info}");
        }
        for value in [1, 2, 3, 4, 5, 7, 12, 13, 14, 15, 16, 18] {
            assert_eq!(withdrawn(&value.to_string()), Effect::Keep, "{value}");
        }
        for (joined, effect) in [
            ("1,8", phone),
            ("8|1", phone),
            (" 19 , 20 ", profile),
            ("8,6", both),
            ("8|20", both),
            ("1|16", Effect::Keep),
        ] {
            assert_eq!(withdrawn(joined), effect, "{joined}");
        }
        for unknown in ["", "0", "9", "17", "21", "88", "201", "301", "x", "8;1", "1,", "1,9"] {
            assert_eq!(withdrawn(unknown), both, "{unknown}");
        }
    }

    #[test]
    fn the_events_of_the_contract_have_their_effects_and_others_none() {
        let of = |event: &str, more: &str| {
            read(&format!(r#"{{"MsgType":"event","Event":"{event}","CreateTime":1795000000,"OpenID":"o1"{more}}}"#))
                .unwrap()
        };
        let revoke = of("user_authorization_revoke", r#","RevokeInfo":8"#);
        assert_eq!(revoke.effect, Effect::Withdraw { phone: true, profile: false });
        assert_eq!((revoke.openid.as_deref(), revoke.happened_at), (Some("o1"), NOW));
        assert_eq!(of("user_authorization_cancellation", "").effect, Effect::Erase);
        assert_eq!(of("user_info_modified", "").effect, Effect::ClearProfile);
        for other in ["debug_demo", "wxa_media_check", "User_Authorization_Cancellation", "an event of tomorrow"] {
            assert_eq!(of(other, "").effect, Effect::Keep, "{other}");
        }
    }

    #[test]
    fn a_risky_picture_is_refused_by_the_name_of_its_check() {
        let end = |more: &str| {
            read(&format!(r#"{{"Event":"wxa_media_check","CreateTime":1795000000,"trace_id":"t1"{more}}}"#)).unwrap()
        };
        let refused = Effect::RefuseAvatar { check: check_name(APPID, "t1") };
        assert_eq!(end(r#","errcode":0,"result":{"suggest":"risky","label":20002}"#).effect, refused);
        assert_eq!(end(r#","result":{" suggest":"risky"}"#).effect, refused);
        for other in [
            "",
            r#","errcode":-1008,"result":{"suggest":"risky"}"#,
            r#","errcode":0,"result":{"suggest":"review"}"#,
            r#","errcode":0,"result":{"suggest":"pass"}"#,
            r#","errcode":0,"result":"risky""#,
            r#","errcode":0,"suggest":"risky""#,
        ] {
            assert_eq!(end(other).effect, Effect::Keep, "{other}");
        }
        assert_ne!(check_name(APPID, "t1"), check_name("wx2", "t1"), "another app's check is another one");
        let xml = "<xml><Event>wxa_media_check</Event><CreateTime>1795000000</CreateTime><trace_id>t1</trace_id>\
                   <errcode>0</errcode><result><suggest>risky</suggest></result></xml>";
        assert_eq!(read(xml).unwrap().effect, refused);
        assert_eq!(read(&xml.replace("<trace_id>t1</trace_id>", "")).unwrap().effect, Effect::Keep);
    }

    #[test]
    fn the_sender_is_the_person_only_where_no_other_is_named() {
        let with =
            |more: &str| read(&format!(r#"{{"Event":"user_info_modified","CreateTime":"1795000000"{more}}}"#)).unwrap();
        assert_eq!(with(r#","FromUserName":"o1""#).openid.as_deref(), Some("o1"));
        assert_eq!(with(r#","FromUserName":"o1"," OpenID":" o2""#).openid.as_deref(), Some("o2"));
        assert_eq!(with("").openid, None);
        assert_eq!(with(&format!(r#","OpenID":"{}""#, "o".repeat(129))).openid, None);
    }

    #[test]
    fn an_event_has_a_name_and_a_time_within_a_day() {
        let at = |time: i64| read(&format!(r#"{{"Event":"e","CreateTime":{time}}}"#));
        assert!(at(NOW.0 - 86_400).is_some() && at(NOW.0 + 86_400).is_some());
        assert!(at(NOW.0 - 86_401).is_none() && at(NOW.0 + 86_401).is_none());
        for text in [
            r#"{"Event":"e"}"#,
            r#"{"CreateTime":1795000000}"#,
            r#"{"Event":"e","CreateTime":1.5}"#,
            r#"{"Event":"e","CreateTime":"soon"}"#,
            r#"{"Event":{},"CreateTime":1795000000}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(r#"{"MsgType":"text","CreateTime":1795000000}"#).unwrap().event, "text");
    }

    #[test]
    fn deliveries_of_one_event_are_equal_and_others_are_not() {
        let digest = |more: &str| {
            let text =
                format!(r#"{{"Event":"user_authorization_revoke","CreateTime":1795000000,"RevokeInfo":"8"{more}}}"#);
            read(&text).unwrap().digest("wx1", Some(&[1; 32]))
        };
        assert_eq!(digest(""), digest(r#","PluginID":"p""#), "what is said beside it does not count");
        let event = |text: &str| read(text).unwrap();
        let one = event(r#"{"Event":"user_authorization_revoke","CreateTime":1795000000,"RevokeInfo":"8"}"#);
        let class = event(r#"{"Event":"user_authorization_revoke","CreateTime":1795000000,"RevokeInfo":"6"}"#);
        let time = event(r#"{"Event":"user_authorization_revoke","CreateTime":1795000001,"RevokeInfo":"8"}"#);
        let other = event(r#"{"Event":"user_authorization_cancellation","CreateTime":1795000000,"RevokeInfo":"8"}"#);
        let all = [
            one.digest("wx1", Some(&[1; 32])),
            one.digest("wx2", Some(&[1; 32])),
            one.digest("wx1", Some(&[2; 32])),
            one.digest("wx1", None),
            class.digest("wx1", Some(&[1; 32])),
            time.digest("wx1", Some(&[1; 32])),
            other.digest("wx1", Some(&[1; 32])),
        ];
        assert!(all.iter().enumerate().all(|(at, digest)| !all[..at].contains(digest)));
        let media =
            |id: u8| event(&format!(r#"{{"Event":"wxa_media_check","CreateTime":1795000000,"trace_id":"{id}"}}"#));
        assert_ne!(
            media(1).digest("wx1", None),
            media(2).digest("wx1", None),
            "two results of one second are two events"
        );
    }
}
