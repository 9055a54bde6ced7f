//! What somebody does in the mini program, by the control interface, and what a server then gets for it.

use serde_json::json;
use wxgate_crypto::signature::login_state;

use crate::bench::Bench;

#[tokio::test]
async fn a_plugin_login_gives_an_openpid() {
    let bench = Bench::new().await;
    let code = bench.post("/_sandbox/plugin", &json!({})).await.text("code");
    let target = format!("/wxa/getpluginopenpid?access_token={}", bench.token().await);
    let answer = bench.post(&target, &json!({"code": code})).await;
    assert!(answer.errcode() == 0 && answer.text("openpid").starts_with('G'), "{answer:?}");
    let again = bench.post(&target, &json!({"code": code})).await;
    assert_eq!(again.errcode(), 1007);
    assert!(again.text("errmsg").starts_with(" rid: "), "{again:?}");
    assert_eq!(bench.exchange(&code).await.errcode(), 40029, "it is no login code");
}

#[tokio::test]
async fn a_payment_gives_a_unionid() {
    let bench = Bench::new().await;
    let paid = bench.post("/_sandbox/pay", &json!({})).await;
    let (token, openid) = (bench.token().await, bench.openid());
    let unionid = async |query: String| {
        bench.get(&format!("/wxa/getpaidunionid?access_token={token}&openid={openid}&{query}")).await
    };
    let by_transaction = unionid(format!("transaction_id={}", paid.text("transaction_id"))).await;
    let by_trade = format!("mch_id={}&out_trade_no={}", paid.text("mch_id"), paid.text("out_trade_no"));
    let expected = json!({"unionid": bench.sandbox.unionid("alice"), "errcode": 0, "errmsg": "ok"});
    assert_eq!(by_transaction.json(), expected);
    assert_eq!(unionid(by_trade).await.json(), expected);
    assert_eq!(unionid("mch_id=1&out_trade_no=2".to_owned()).await.errcode(), 89300);
}

#[tokio::test]
async fn the_same_user_key_is_in_the_mini_program_and_at_the_server() {
    let bench = Bench::new().await;
    let inside = bench.post("/_sandbox/user-key", &json!({})).await;
    let signature = login_state(&bench.key(), b"");
    let query = format!("openid={}&signature={signature}&sig_method=hmac_sha256", bench.openid());
    let target = format!("/wxa/business/getuserencryptkey?access_token={}&{query}", bench.token().await);
    let empty_post = format!("POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    for answer in [bench.get(&target).await, crate::bench::Answer::parse(&bench.raw(&empty_post).await)] {
        let key = &answer.json()["key_info_list"][0];
        assert_eq!((&key["encrypt_key"], &key["iv"]), (&inside.json()["encryptKey"], &inside.json()["iv"]));
        assert_eq!((&key["version"], &key["expire_in"]), (&json!(1), &json!(3600)));
    }
}

#[tokio::test]
async fn a_message_needs_the_users_leave() {
    let bench = Bench::new().await;
    let target = format!("/cgi-bin/message/subscribe/send?access_token={}", bench.token().await);
    bench.login();
    let body = json!({"touser": bench.openid(), "template_id": "T1", "data": {"thing1": {"value": "x"}}});
    assert_eq!(bench.post(&target, &body).await.errcode(), 43101);
    bench.post("/_sandbox/subscribe", &json!({"template_id": "T1"})).await;
    assert_eq!(bench.post(&target, &body).await.errcode(), 0);
    assert_eq!(bench.post(&target, &body).await.errcode(), 43101);
}

#[tokio::test]
async fn a_code_is_a_jpeg_that_tells_its_path_and_counts() {
    let bench = Bench::new().await;
    let target = format!("/wxa/getwxacode?access_token={}", bench.token().await);
    let body = json!({"path": "pages/index?id=7"});
    for number in ["1", "2"] {
        let answer = bench.post(&target, &body).await;
        assert_eq!((answer.header("content-type"), answer.header("num-used")), (Some("image/jpeg"), Some(number)));
        assert!(answer.body.starts_with(&[0xFF, 0xD8]) && answer.body.ends_with(&[0xFF, 0xD9]));
        assert!(answer.body.windows(16).any(|window| window == b"pages/index?id=7"));
    }
    let refused = bench.post(&target, &json!({"path": ""})).await;
    assert_eq!((refused.errcode(), refused.header("num-used")), (40159, None));
}
