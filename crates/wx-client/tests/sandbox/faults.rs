//! What holds for every call with a token, shown on calls of each shape.

use wx_client::calls::{CodeStyle, LinkTarget, Lives, UnlimitedCode};
use wx_client::{Class, Error, Result};
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::{APPID, Bench};

const CALLS: [Endpoint; 3] = [Endpoint::EncryptKey, Endpoint::UrlLink, Endpoint::UnlimitedCode];

/// A GET, a POST, and a POST that is answered with a picture.
async fn call(bench: &Bench, endpoint: Endpoint) -> Result<()> {
    let code = UnlimitedCode { scene: "x", page: None, check_path: false, style: CodeStyle::default() };
    match endpoint {
        Endpoint::EncryptKey => bench.client.encrypt_keys(APPID, &bench.openid, &bench.signature()).await.map(drop),
        Endpoint::UrlLink => bench.client.url_link(APPID, &LinkTarget::default(), Lives::Days(1)).await.map(drop),
        _ => bench.client.unlimited_code(APPID, &code).await.map(drop),
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_and_the_call_repeated_once() {
    let bench = Bench::new().await;
    for endpoint in CALLS {
        call(&bench, endpoint).await.unwrap();
        bench.sandbox.rotate_token(APPID).unwrap();
        call(&bench, endpoint).await.unwrap();
        bench.sandbox.expire_token(APPID).unwrap();
        call(&bench, endpoint).await.unwrap();
        let answers: Vec<_> =
            bench.sandbox.calls().iter().filter(|call| call.path == endpoint.path()).map(|call| call.errcode).collect();
        assert_eq!(answers, [Some(0), Some(40001), Some(0), Some(42001), Some(0)]);
    }
}

#[tokio::test]
async fn a_busy_wechat_and_a_limit_are_the_callers_to_wait_for() {
    let bench = Bench::new().await;
    for endpoint in CALLS {
        for (errcode, class) in [(-1, Class::Retry), (45011, Class::Limit), (48001, Class::Configuration)] {
            bench.sandbox.fault(endpoint, FaultKind::Errcode(errcode).times(1)).unwrap();
            let error = call(&bench, endpoint).await.unwrap_err();
            assert_eq!((error.errcode(), error.class()), (Some(errcode), class));
        }
    }
}

#[tokio::test]
async fn a_broken_answer_is_an_error_and_no_reason_to_ask_again() {
    let bench = Bench::new().await;
    for endpoint in CALLS {
        let faults = [FaultKind::Status(500), FaultKind::Html, FaultKind::Garbage, FaultKind::ResetBefore];
        for fault in faults {
            let before = bench.sandbox.calls().len();
            bench.sandbox.fault(endpoint, fault.clone().times(1)).unwrap();
            let error = call(&bench, endpoint).await.unwrap_err();
            assert!(
                matches!(error, Error::Unreadable { .. } | Error::Unreachable { sent: true, .. }),
                "{fault:?} {error}"
            );
            let asked = bench.sandbox.calls().split_off(before);
            assert_eq!(asked.iter().filter(|call| call.path == endpoint.path()).count(), 1);
        }
    }
}
