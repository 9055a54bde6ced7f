//! What a client tells of its calls.

use std::sync::{Arc, Mutex};

use wx_client::{Called, RawCall, Watch, WeChat};
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::{APPID, Bench};

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Watch for Seen {
    fn called(&self, call: &Called<'_>) {
        let came = call.error.map_or_else(|| "0".to_owned(), wx_client::Error::label);
        self.0.lock().unwrap().push(format!("{} {came} {}", call.api, call.was_made()));
    }
}

#[tokio::test]
async fn every_call_is_told_of_with_what_became_of_it() {
    let bench = Bench::new().await;
    let seen = Arc::new(Seen::default());
    assert_eq!(bench.client.figures().tokens, []);
    bench.client.watch(seen.clone());
    bench.client.code2session(APPID, "wrong").await.unwrap_err();
    bench.client.check_session_key(APPID, &bench.openid, &bench.signature()).await.unwrap();
    bench.sandbox.fault(Endpoint::CheckSession, FaultKind::Errcode(48001).times(1)).unwrap();
    bench.client.check_session_key(APPID, &bench.openid, &bench.signature()).await.unwrap_err();
    bench.sandbox.fault(Endpoint::CheckSession, FaultKind::ResetBefore.times(1)).unwrap();
    bench.client.check_session_key(APPID, &bench.openid, &bench.signature()).await.unwrap_err();
    bench.client.call_raw(APPID, &RawCall::new("wxa/whatever/was/asked", "").unwrap()).await.unwrap();
    let told = [
        "sns/jscode2session 40029 true",
        "cgi-bin/stable_token 0 true",
        "wxa/checksession 0 true",
        "wxa/checksession 48001 true",
        "wxa/checksession unreachable true",
        "raw 0 true",
    ];
    assert_eq!(*seen.0.lock().unwrap(), told);
    let figures = bench.client.figures();
    assert_eq!(figures.paused, [("logins", false), ("rest", false)]);
    let [(appid, left)] = figures.tokens.as_slice() else { panic!("{figures:?}") };
    assert!(appid == APPID && left.as_secs() > 7_000, "{figures:?}");
}

#[tokio::test]
async fn a_wechat_that_is_left_alone_is_said_to_be_and_the_calls_that_were_not_made_too() {
    let bench = Bench::new().await;
    let seen = Arc::new(Seen::default());
    bench.client.watch(seen.clone());
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::ResetBefore.forever()).unwrap();
    for _ in 0..21 {
        bench.client.code2session(APPID, "code").await.unwrap_err();
    }
    assert_eq!(bench.client.figures().paused, [("logins", true), ("rest", false)]);
    assert_eq!(seen.0.lock().unwrap().last().unwrap(), "sns/jscode2session paused false");
}
