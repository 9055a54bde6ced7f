//! A WeChat that misbehaves: every answer has its word, nothing is written, and who is logged in notices nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use wxgate_sandbox::{Endpoint, FaultKind, UserSpec};

use crate::support::{Answer, Bench, Server, get, post, until};

/// The contract's five seconds, and what a busy machine adds to them.
const AT_MOST: Duration = Duration::from_millis(5_200);

type Expected = (u16, &'static str, i64);
const UNREACHABLE: Expected = (503, "wechat_unreachable", -503);

/// What WeChat does at once, and what the client is told.
fn faults() -> Vec<(FaultKind, Expected)> {
    use FaultKind::{
        Errcode, Garbage, Html, HugeBytes, InvalidUtf8, Redirect, ResetAfter, ResetBefore, Status, Truncated, Without,
    };
    vec![
        (Errcode(-1), (503, "wechat_busy", -1)),
        (Errcode(45011), (429, "too_many_requests", 45011)),
        (Errcode(45009), (429, "too_many_requests", 45009)),
        (Errcode(40226), (403, "blocked", 40226)),
        (Errcode(40013), (502, "wechat_refused", 40013)),
        (Errcode(40125), (502, "wechat_refused", 40125)),
        (Errcode(40164), (502, "wechat_refused", 40164)),
        (Errcode(99_999), (502, "wechat_refused", 99_999)),
        (Status(204), UNREACHABLE),
        (Status(404), UNREACHABLE),
        (Status(500), UNREACHABLE),
        (Status(502), UNREACHABLE),
        (Html, UNREACHABLE),
        (Garbage, UNREACHABLE),
        (Truncated, UNREACHABLE),
        (InvalidUtf8, UNREACHABLE),
        (Without("openid".to_owned()), UNREACHABLE),
        (Without("session_key".to_owned()), UNREACHABLE),
        (HugeBytes(100_000_000), UNREACHABLE),
        (Redirect("/cgi-bin/token".to_owned()), UNREACHABLE),
        (ResetBefore, UNREACHABLE),
        (ResetAfter, UNREACHABLE),
    ]
}

async fn login(server: &Server, code: &str) -> Answer {
    server.public.send(post("/v1/login").json(&json!({ "code": code }))).await
}

fn expect(answer: &Answer, expected: Expected, fault: &FaultKind) {
    let (status, word, errcode) = answer.refusal();
    assert_eq!((status, word.as_str(), errcode), expected, "{fault:?}");
    let waits = answer.header("retry-after").map(|seconds| seconds.parse::<u64>().unwrap() >= 1);
    assert_eq!(waits, matches!(status, 429 | 503).then_some(true), "{fault:?}");
}

/// Nothing is known here of a person whose only login failed.
async fn is_new(bench: &Bench, server: &Server, user: &str) -> bool {
    login(server, &bench.code(user)).await.json()["is_new"].as_bool().unwrap()
}

#[tokio::test]
async fn every_odd_answer_has_its_word_and_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("bystander")).await;
    for (number, (fault, expected)) in faults().into_iter().enumerate() {
        let user = bench.sandbox.add_user(UserSpec::named(&format!("user {number}"))).id;
        bench.sandbox.fault(Endpoint::Code2Session, fault.clone().times(1)).unwrap();
        let begun = Instant::now();
        expect(&login(&server, &bench.code(&user)).await, expected, &fault);
        assert!(begun.elapsed() < AT_MOST, "{fault:?}: {:?}", begun.elapsed());
        assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200, "{fault:?}");
        assert!(is_new(&bench, &server, &user).await, "{fault:?}");
    }
    assert!(bench.calls(Endpoint::Token).is_empty(), "no redirect is followed");
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_wechat_that_does_not_answer_is_waited_for_five_seconds_while_all_others_are_served() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("bystander")).await;
    let slow = [FaultKind::Hang, FaultKind::LatencyMs(8_000)];
    for fault in slow.clone() {
        bench.sandbox.fault(Endpoint::Code2Session, fault.times(1)).unwrap();
    }
    let timed = async |code: String| {
        let begun = Instant::now();
        (login(&server, &code).await, begun.elapsed())
    };
    let begun = Instant::now();
    let meanwhile = async {
        until("both calls to WeChat", || (bench.calls(Endpoint::Code2Session).len() == 3).then_some(())).await;
        for _ in 0..200 {
            assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200);
        }
        server.login(&bench.code("the next")).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "all of it while WeChat was silent: {:?}", begun.elapsed());
    };
    let (one, two, ()) = tokio::join!(timed(bench.code("one")), timed(bench.code("two")), meanwhile);
    for ((answer, took), fault) in [one, two].iter().zip(&slow) {
        expect(answer, UNREACHABLE, fault);
        assert!(*took > Duration::from_secs(4) && *took < AT_MOST, "{took:?}");
    }
    for user in ["one", "two"] {
        assert!(is_new(&bench, &server, user).await, "{user}");
    }
    assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
}

#[tokio::test]
async fn a_code_may_be_sent_again_after_busy_and_never_after_an_answer_that_was_lost() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let (busy, lost) = (bench.code("alice"), bench.code("bob"));
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::Errcode(-1).times(1)).unwrap();
    assert_eq!(login(&server, &busy).await.status, 503);
    assert_eq!(login(&server, &busy).await.status, 200);
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::ResetBefore.times(1)).unwrap();
    assert_eq!(login(&server, &lost).await.status, 503);
    assert_eq!(login(&server, &lost).await.refusal(), (400, "code_used".to_owned(), 40163));
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 3);
}

#[tokio::test]
async fn a_phone_number_waits_for_a_wechat_that_is_away_and_no_try_is_counted() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let sealed = json!({ "encryptedData": tap.data.encrypted_data, "iv": tap.data.iv });
    let phone = || server.public.send(post("/v1/phone").bearer(&skey).json(&sealed));
    let trouble =
        [FaultKind::Errcode(-1), FaultKind::Html, FaultKind::Status(500), FaultKind::Truncated, FaultKind::ResetAfter];
    // More often than forged payloads may be sent.
    for fault in trouble.iter().chain(&trouble) {
        bench.sandbox.fault(Endpoint::CheckEncrypted, fault.clone().times(1)).unwrap();
        assert_eq!(phone().await.status, 503, "{fault:?}");
    }
    assert_eq!(phone().await.status, 200);
}

#[tokio::test]
async fn an_access_token_that_somebody_else_replaced_is_renewed_and_the_client_does_not_notice() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for user in ["alice", "bob"] {
        let skey = server.login(&bench.code(user)).await;
        let tap = bench.sandbox.phone(bench.appid(), user).unwrap();
        let answer = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
        assert_eq!(answer.status, 200, "{user}: {answer:?}");
        bench.sandbox.rotate_token(bench.appid()).unwrap();
    }
    assert_eq!(bench.calls(Endpoint::StableToken).len(), 2);
}
