use std::time::Duration;

use secrecy::ExposeSecret;
use wx_client::calls::{DiagnosisRefusal, LinkTarget, Lives, RateLimit};
use wx_client::{Client, Error, WeChat};

use crate::{APPID, Bench, NOW};

#[tokio::test]
async fn a_quota_counts_what_was_called_today() {
    let bench = Bench::new().await;
    bench.client.url_link(APPID, &LinkTarget::default(), Lives::Days(1)).await.unwrap();
    let quota = bench.client.api_quota(APPID, "/wxa/generatescheme").await.unwrap();
    assert_eq!((quota.daily_limit, quota.used, quota.remain), (500_000, 1, 499_999));
    assert_eq!(quota.rate_limit, Some(RateLimit { calls: 100, every: Duration::from_secs(1) }));
    bench.sandbox.advance(86_400);
    let quota = bench.client.api_quota(APPID, "/wxa/generatescheme").await.unwrap();
    assert_eq!(quota.used, 0);
    for (path, expected) in
        [("/sns/jscode2session", DiagnosisRefusal::PathUntold), ("/wxa/nothing", DiagnosisRefusal::PathUnknown)]
    {
        let error = bench.client.api_quota(APPID, path).await.unwrap_err();
        assert_eq!(DiagnosisRefusal::of(&error), Some(expected));
    }
}

/// The rid of a refusal that is not of `/sns/…`.
async fn refused(client: &Client) -> String {
    match client.phone_number(APPID, "canary", "o1").await.unwrap_err() {
        Error::Refused { rid: Some(rid), .. } => rid,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_rid_leads_to_the_request() {
    let bench = Bench::new().await;
    let rid = refused(&bench.client).await;
    let info = bench.client.rid_info(APPID, &rid).await.unwrap();
    assert_eq!((info.invoked_at, info.client_ip.as_str()), (NOW, "127.0.0.1"));
    assert!(info.request_url.expose_secret().starts_with("wxa/business/getuserphonenumber?access_token="));
    assert!(info.response_body.expose_secret().contains(&rid));
    assert!(!format!("{info:?}").contains("getuserphonenumber"), "it may hold secrets");
}

#[tokio::test]
async fn a_rid_that_leads_nowhere_says_why() {
    let bench = Bench::new().await;
    let rid = refused(&bench.client).await;
    let refusal = async |rid: &str| DiagnosisRefusal::of(&bench.client.rid_info(APPID, rid).await.unwrap_err());
    assert_eq!(refusal("623ea70a").await, Some(DiagnosisRefusal::RidMalformed));
    assert_eq!(refusal("623ea70a-74b9b592-3e3d489a").await, Some(DiagnosisRefusal::RidUnknown));
    bench.sandbox.advance(7 * 86_400 + 1);
    assert_eq!(refusal(&rid).await, Some(DiagnosisRefusal::RidTooOld));
}
