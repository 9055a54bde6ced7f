use std::time::{Duration, Instant};

use serde_json::Value;
use wxgate_sandbox::{Endpoint, Fault, FaultKind};

use crate::bench::{Answer, Bench, NOW};

async fn with_fault(kind: FaultKind) -> (Bench, String) {
    let bench = Bench::new().await;
    bench.sandbox.fault(Endpoint::Code2Session, kind.times(1)).unwrap();
    let code = bench.login();
    (bench, code)
}

/// What came back, before the end of the connection, for an exchange.
async fn bytes(bench: &Bench, code: &str) -> Vec<u8> {
    let (appid, secret) = (&bench.app.appid, &bench.app.secret);
    let query = format!("appid={appid}&secret={secret}&js_code={code}&grant_type=authorization_code");
    bench.raw(&format!("GET /sns/jscode2session?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn an_errcode_comes_in_the_endpoints_format_and_leaves_the_code_unused() {
    let (bench, code) = with_fault(FaultKind::Errcode(-1)).await;
    let answer = bench.exchange(&code).await;
    assert_eq!(answer.errcode(), -1);
    assert!(answer.text("errmsg").starts_with(&format!("system error, rid: {NOW:08x}-")));
    assert_eq!(bench.exchange(&code).await.errcode(), 0);
}

#[tokio::test]
async fn faults_without_an_end_last_until_they_are_healed() {
    let bench = Bench::new().await;
    bench.sandbox.fault(Endpoint::StableToken, FaultKind::Errcode(45011).forever()).unwrap();
    for _ in 0..3 {
        assert_eq!(bench.stable_token(false).await.errcode(), 45011);
    }
    assert_eq!(bench.plain_token().await.errcode(), 0, "other endpoints are well");
    bench.sandbox.heal();
    assert_eq!(bench.stable_token(false).await.errcode(), 0);
}

#[tokio::test]
async fn a_status_comes_with_a_page_or_with_nothing() {
    for (status, empty) in [(412, true), (502, false)] {
        let (bench, code) = with_fault(FaultKind::Status(status)).await;
        let answer = bench.exchange(&code).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, empty));
        assert_eq!(bench.exchange(&code).await.errcode(), 0);
    }
}

#[tokio::test]
async fn html_and_garbage_are_no_json() {
    for kind in [FaultKind::Html, FaultKind::Garbage] {
        let (bench, code) = with_fault(kind).await;
        let answer = bench.exchange(&code).await;
        assert_eq!(answer.status, 200);
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
        assert_eq!(bench.exchange(&code).await.errcode(), 0);
    }
}

#[tokio::test]
async fn invalid_utf8_is_all_that_is_wrong_with_the_answer() {
    let (bench, code) = with_fault(FaultKind::InvalidUtf8).await;
    let answer = bench.exchange(&code).await;
    assert!(std::str::from_utf8(&answer.body).is_err());
    let lossy: Value = serde_json::from_str(&String::from_utf8_lossy(&answer.body)).unwrap();
    assert_eq!(lossy["openid"], bench.openid().as_str());
}

#[tokio::test]
async fn a_truncated_answer_is_half_an_answer() {
    let (bench, code) = with_fault(FaultKind::Truncated).await;
    let answer = bench.exchange(&code).await;
    assert!(answer.body.starts_with(b"{\"session_key\":") && serde_json::from_slice::<Value>(&answer.body).is_err());
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(bench.exchange(&code).await.errcode(), 40163, "it was processed");
}

#[tokio::test]
async fn a_field_can_be_missing() {
    let (bench, code) = with_fault(FaultKind::Without("openid".to_owned())).await;
    let answer = bench.exchange(&code).await.json();
    assert!(answer.get("openid").is_none() && answer.get("session_key").is_some());
}

#[tokio::test]
async fn a_huge_answer_is_streamed_without_a_length() {
    let (bench, code) = with_fault(FaultKind::HugeBytes(10_000_000)).await;
    let answer = Answer::parse(&bytes(&bench, &code).await);
    assert_eq!((answer.header("content-length"), answer.header("transfer-encoding")), (None, Some("chunked")));
    assert!(answer.body.len() > 10_000_000);
    assert_eq!(answer.body.split(|byte| *byte == b' ').count(), 10_000_001);
    assert!(answer.body.windows(8).any(|window| window == b"\"openid\""), "the answer stands behind it");
}

#[tokio::test]
async fn a_reset_before_processing_loses_nothing_but_the_answer() {
    let (bench, code) = with_fault(FaultKind::ResetBefore).await;
    assert!(bytes(&bench, &code).await.is_empty());
    assert_eq!(bench.exchange(&code).await.errcode(), 0);
}

#[tokio::test]
async fn a_reset_after_processing_loses_the_code() {
    let (bench, code) = with_fault(FaultKind::ResetAfter).await;
    assert!(bytes(&bench, &code).await.is_empty());
    assert_eq!(bench.exchange(&code).await.errcode(), 40163);
}

#[tokio::test]
async fn a_redirect_leads_elsewhere() {
    let (bench, code) = with_fault(FaultKind::Redirect("http://127.0.0.1:1/x".to_owned())).await;
    let answer = bench.exchange(&code).await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("http://127.0.0.1:1/x")));
}

#[tokio::test]
async fn latency_holds_the_answer_back() {
    let (bench, code) = with_fault(FaultKind::LatencyMs(30)).await;
    let began = Instant::now();
    assert_eq!(bench.exchange(&code).await.errcode(), 0);
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_hanging_request_ends_with_the_sandbox() {
    let (mut bench, _) = with_fault(FaultKind::Hang).await;
    let waiting = bench.start("GET /sns/jscode2session HTTP/1.1\r\nHost: x\r\n\r\n");
    while bench.sandbox.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    bench.stop();
    assert!(waiting.await.unwrap().is_empty());
    let call = bench.sandbox.calls().remove(0);
    assert_eq!((call.status, call.errcode, call.fault), (None, None, Some(FaultKind::Hang)));
}

#[test]
fn what_http_cannot_say_is_refused_at_once() {
    let sandbox = wxgate_sandbox::Sandbox::new(crate::bench::settings());
    let fault = |kind, times| sandbox.fault(Endpoint::Token, Fault { kind, times });
    assert!(fault(FaultKind::Status(99), None).is_err());
    assert!(fault(FaultKind::Redirect("a\r\nb".to_owned()), None).is_err());
    assert!(fault(FaultKind::Html, Some(0)).is_err());
}
