use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::FaultKind;

/// How many calls are kept; the oldest make room.
const KEPT: usize = 10_000;
/// Fields whose values may be shown. Everything else is masked: what is not known to be harmless may be a secret.
const SHOWN: [&str; 6] = ["appid", "openid", "grant_type", "sig_method", "force_refresh", "encrypted_msg_hash"];
const MASK: &str = "***";

/// A call that the sandbox received, without its secrets.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Unix seconds of the sandbox's clock.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The path, such as `/sns/jscode2session`.
    pub path: String,
    /// The query; values that may be secret are `***`.
    pub query: BTreeMap<String, String>,
    /// The fields of a JSON body as text; values that may be secret are `***`. Empty if there was no such body.
    pub body: BTreeMap<String, String>,
    /// The HTTP status of the answer; `None` if none was given.
    pub status: Option<u16>,
    /// What WeChat said: 0 for success; `None` where the answer was none of WeChat's.
    pub errcode: Option<i64>,
    /// What WeChat said when it refused, with its rid.
    pub errmsg: Option<String>,
    /// The app whose access_token it came with.
    pub appid: Option<String>,
    /// The fault that was played.
    pub fault: Option<FaultKind>,
}

#[derive(Default)]
pub(crate) struct Calls(VecDeque<Call>);

impl Calls {
    pub(crate) fn record(&mut self, call: Call) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    /// The call that was refused with this rid.
    pub(crate) fn refused_with(&self, rid: &str) -> Option<&Call> {
        self.0.iter().rev().find(|call| call.errmsg.as_ref().is_some_and(|errmsg| errmsg.ends_with(rid)))
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        self.0.iter().cloned().collect()
    }
}

pub(crate) fn masked_query(query: &[(String, String)]) -> BTreeMap<String, String> {
    query.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect()
}

pub(crate) fn masked_body(body: &[u8]) -> BTreeMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return BTreeMap::new() };
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields
        .into_iter()
        .map(|(name, value)| {
            let value = masked(&name, &text(value));
            (name, value)
        })
        .collect()
}

fn masked(name: &str, value: &str) -> String {
    if value.is_empty() || SHOWN.contains(&name) { value.to_owned() } else { MASK.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_harmless_is_shown() {
        let body =
            br#"{"appid":"wx1","secret":"s3cret","force_refresh":true,"code":"c0de","anything":{"session_key":"k"}}"#;
        let shown = masked_body(body);
        assert_eq!((shown["appid"].as_str(), shown["force_refresh"].as_str()), ("wx1", "true"));
        assert_eq!([&shown["secret"], &shown["code"], &shown["anything"]], [MASK; 3]);
        let query =
            masked_query(&[("access_token".to_owned(), "t0ken".to_owned()), ("js_code".to_owned(), String::new())]);
        assert_eq!((query["access_token"].as_str(), query["js_code"].as_str()), (MASK, ""));
    }

    #[test]
    fn the_oldest_calls_make_room() {
        let call = |at| Call {
            at,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: BTreeMap::new(),
            body: BTreeMap::new(),
            status: None,
            errcode: None,
            errmsg: None,
            appid: None,
            fault: None,
        };
        let mut calls = Calls::default();
        (0..10_001).for_each(|at| calls.record(call(at)));
        assert_eq!((calls.list().len(), calls.list()[0].at), (KEPT, 1));
    }
}
