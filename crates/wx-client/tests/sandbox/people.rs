use std::time::Duration;

use secrecy::ExposeSecret;
use wx_client::Error;
use wx_client::calls::{
    EncryptKeyRefusal, PaidBy, PaidUnionidRefusal, PluginRefusal, RiskQuestion, RiskRefusal, RiskScene,
};
use wxgate_sandbox::{AppSpec, Endpoint, FaultKind, UserSpec};

use crate::{APPID, Bench, NOW};

#[tokio::test]
async fn the_newest_encrypt_key_is_the_one_in_the_mini_program() {
    let bench = Bench::new().await;
    let keys = async || bench.client.encrypt_keys(APPID, &bench.openid, &bench.signature()).await.unwrap();
    let inside = bench.sandbox.user_key(APPID, "alice").unwrap();
    let [key] = &keys().await[..] else { panic!("one key") };
    assert_eq!(key.encrypt_key.expose_secret(), inside.encrypt_key);
    assert_eq!(key.iv.expose_secret(), inside.iv);
    assert_eq!((key.version, key.remaining, key.created_at), (1, Duration::from_hours(1), NOW));
    for version in 2..=4 {
        bench.sandbox.advance(3600);
        assert_eq!(keys().await[0].version, version);
    }
    let kept: Vec<_> = keys().await.iter().map(|key| (key.version, key.remaining.is_zero())).collect();
    assert_eq!(kept, [(4, false), (3, true), (2, true)]);
}

#[tokio::test]
async fn encrypt_keys_are_refused_to_a_signature_of_another_session_key() {
    let bench = Bench::new().await;
    let signature = bench.signature();
    bench.sandbox.rotate_key(APPID, "alice").unwrap();
    let error = bench.client.encrypt_keys(APPID, &bench.openid, &signature).await.unwrap_err();
    assert_eq!(EncryptKeyRefusal::of(&error), Some(EncryptKeyRefusal::SessionKeyReplaced));
    bench.sandbox.expire_key(APPID, "alice").unwrap();
    let error = bench.client.encrypt_keys(APPID, &bench.openid, &signature).await.unwrap_err();
    assert_eq!(EncryptKeyRefusal::of(&error), Some(EncryptKeyRefusal::SessionKeyExpired));
}

#[tokio::test]
async fn a_payment_gives_the_unionid_for_five_minutes() {
    let bench = Bench::new().await;
    let paid = bench.sandbox.pay(APPID, "alice").unwrap();
    let trade = PaidBy::Trade { mch_id: &paid.mch_id, out_trade_no: &paid.out_trade_no };
    bench.sandbox.advance(300);
    for by in [PaidBy::Transaction(&paid.transaction_id), trade] {
        let unionid = bench.client.paid_unionid(APPID, &bench.openid, by).await.unwrap();
        assert_eq!(unionid, bench.sandbox.unionid("alice"));
    }
    bench.sandbox.advance(1);
    let refusal = async |openid: &str| {
        PaidUnionidRefusal::of(&bench.client.paid_unionid(APPID, openid, trade).await.unwrap_err())
    };
    assert_eq!(refusal(&bench.openid).await, Some(PaidUnionidRefusal::Payment));
    assert_eq!(refusal("oNobody").await, Some(PaidUnionidRefusal::Openid));
    let unbound = AppSpec { appid: Some(APPID.into()), open_platform: Some(false), ..AppSpec::default() };
    bench.sandbox.put_app(unbound);
    assert_eq!(refusal(&bench.openid).await, Some(PaidUnionidRefusal::Unbound));
}

#[tokio::test]
async fn a_plugin_code_gives_the_openpid_once() {
    let bench = Bench::new().await;
    let code = bench.sandbox.plugin_login(APPID, "alice").unwrap();
    let openpid = bench.client.plugin_openpid(APPID, &code).await.unwrap();
    assert!(openpid.starts_with('G') && openpid.len() == 28 && openpid != bench.openid);
    let refusal =
        async |code: &str| PluginRefusal::of(&bench.client.plugin_openpid(APPID, code).await.unwrap_err()).unwrap();
    assert_eq!(refusal(&code).await, PluginRefusal::Invalid, "used");
    assert_eq!(refusal(&bench.sandbox.login(APPID, "alice").unwrap()).await, PluginRefusal::Invalid, "of wx.login");
    assert_eq!(refusal("").await, PluginRefusal::Malformed);
}

#[tokio::test]
async fn a_plugin_code_is_not_sent_twice() {
    let bench = Bench::new().await;
    bench.sandbox.fault(Endpoint::PluginOpenpid, FaultKind::ResetAfter.times(1)).unwrap();
    let code = bench.sandbox.plugin_login(APPID, "alice").unwrap();
    let error = bench.client.plugin_openpid(APPID, &code).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: true, .. }), "{error:?}");
    let sent = bench.sandbox.calls().iter().filter(|call| call.path == Endpoint::PluginOpenpid.path()).count();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn a_risk_rank_is_told_of_somebody_who_is_active() {
    let bench = Bench::new().await;
    bench.sandbox.add_user(UserSpec { risk_rank: Some(3), ..UserSpec::named("alice") });
    let question = RiskQuestion {
        openid: &bench.openid,
        scene: RiskScene::Registration,
        client_ip: "2001:db8::1".parse().unwrap(),
        mobile_no: Some("13800138000"),
        is_test: true,
    };
    assert_eq!(bench.client.user_risk_rank(APPID, &question).await.unwrap().rank, 3);
    let stranger = RiskQuestion { openid: "oNobody", scene: RiskScene::Content, ..question.clone() };
    let error = bench.client.user_risk_rank(APPID, &stranger).await.unwrap_err();
    assert_eq!(RiskRefusal::of(&error), Some(RiskRefusal::Openid));
    bench.sandbox.advance(7201);
    let error = bench.client.user_risk_rank(APPID, &question).await.unwrap_err();
    assert_eq!(RiskRefusal::of(&error), Some(RiskRefusal::Inactive));
}

#[tokio::test]
async fn a_rank_that_is_none_cannot_be_read() {
    let bench = Bench::new().await;
    bench.sandbox.add_user(UserSpec { risk_rank: Some(5), ..UserSpec::named("alice") });
    let question = RiskQuestion {
        openid: &bench.openid,
        scene: RiskScene::Marketing,
        client_ip: "192.0.2.1".parse().unwrap(),
        mobile_no: None,
        is_test: false,
    };
    let error = bench.client.user_risk_rank(APPID, &question).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}
