use serde_json::json;
use wxgate_sandbox::{AppSpec, Limits, Rotation, Settings, UserSpec};

use crate::bench::{Bench, NOW, settings};

#[tokio::test]
async fn a_code_is_exchanged_once_and_success_carries_no_errcode() {
    let bench = Bench::new().await;
    let code = bench.login();
    let answer = bench.exchange(&code).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
    let unionid = bench.sandbox.unionid("alice");
    assert_eq!(
        answer.json(),
        json!({"session_key": bench.key().expose(), "openid": bench.openid(), "unionid": unionid})
    );
    assert!(answer.body.starts_with(b"{\"session_key\":"));
    assert_eq!(bench.exchange(&code).await.errcode(), 40163);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_exchanges_at_once_exactly_one_wins() {
    let bench = Bench::new().await;
    let code = bench.login();
    let exchange = || bench.exchange(&code);
    let (a, b, c, d) = tokio::join!(exchange(), exchange(), exchange(), exchange());
    let mut errcodes = [a.errcode(), b.errcode(), c.errcode(), d.errcode()];
    errcodes.sort_unstable();
    assert_eq!(errcodes, [0, 40163, 40163, 40163]);
}

#[tokio::test]
async fn a_code_lives_for_five_minutes() {
    let bench = Bench::new().await;
    let (young, old) = (bench.login(), bench.login());
    bench.sandbox.advance(300);
    assert_eq!(bench.exchange(&young).await.errcode(), 0);
    bench.sandbox.advance(1);
    assert_eq!(bench.exchange(&old).await.errcode(), 40029);
}

#[tokio::test]
async fn what_an_expired_code_answers_can_be_set() {
    let bench = Bench::with(Settings { expired_code: 40163, ..settings() }).await;
    let code = bench.login();
    bench.sandbox.expire_codes(bench.appid(), "alice").unwrap();
    assert_eq!(bench.exchange(&code).await.errcode(), 40163);
}

#[tokio::test]
async fn codes_of_another_app_and_of_another_kind_are_invalid_and_stay_unused() {
    let bench = Bench::new().await;
    let other = bench.sandbox.add_app();
    let code = bench.login();
    assert_eq!(bench.exchange_as(&other, &code).await.errcode(), 40029);
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    assert_eq!(bench.exchange(&tap.code).await.errcode(), 40029);
    assert_eq!(bench.exchange("0made-up").await.errcode(), 40029);
    assert_eq!(bench.exchange(&code).await.errcode(), 0);
}

#[tokio::test]
async fn checks_come_in_wechats_order() {
    let bench = Bench::new().await;
    let (appid, secret, code) = (&bench.app.appid, &bench.app.secret, bench.login());
    let cases = [
        ("secret=x&js_code=x&grant_type=x".to_owned(), 41002),
        ("appid=&secret=x".to_owned(), 41002),
        ("appid=wxffffffffffffffff".to_owned(), 40013),
        (format!("appid={appid}&js_code={code}"), 41004),
        (format!("appid={appid}&secret=x"), 40125),
        (format!("appid={appid}&secret={secret}&grant_type=x"), 41008),
        (format!("appid={appid}&secret={secret}&js_code=x"), 40002),
        (format!("appid={appid}&secret={secret}&js_code=x&grant_type=client_credential"), 40002),
        (format!("appid={appid}&secret={secret}&js_code=x&grant_type=authorization_code"), 40029),
    ];
    for (query, errcode) in cases {
        assert_eq!(bench.get(&format!("/sns/jscode2session?{query}")).await.errcode(), errcode, "{query}");
    }
    let fields = json!({"appid": appid, "secret": secret, "js_code": code, "grant_type": "authorization_code"});
    assert_eq!(bench.post("/sns/jscode2session", &fields).await.errcode(), 41002, "fields in a body are not seen");
}

#[tokio::test]
async fn an_errmsg_names_the_time_in_its_rid() {
    let bench = Bench::new().await;
    let errmsg = bench.exchange("0made-up").await.text("errmsg");
    assert!(errmsg.starts_with(&format!("invalid code, rid: {NOW:08x}-")), "{errmsg}");
}

#[tokio::test]
async fn slashes_in_a_session_key_are_escaped() {
    let bench = Bench::with(Settings { rotation: Rotation::Always, ..settings() }).await;
    let code = loop {
        let code = bench.login();
        if bench.key().expose().contains('/') {
            break code;
        }
    };
    let answer = bench.exchange(&code).await;
    let raw = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!(raw.matches('/').count(), raw.matches("\\/").count());
    assert!(raw.contains("\\/"));
    assert_eq!(answer.text("session_key"), bench.key().expose());
}

#[tokio::test]
async fn the_key_rotates_when_a_code_is_minted_as_the_policy_says() {
    for (rotation, at_once, after_a_minute) in
        [(Rotation::MinInterval(60), false, true), (Rotation::Always, true, true), (Rotation::Never, false, false)]
    {
        let bench = Bench::with(Settings { rotation, ..settings() }).await;
        let keys = [0, 59, 1].map(|seconds| {
            bench.sandbox.advance(seconds);
            bench.login();
            bench.key()
        });
        assert_eq!(keys[0].expose() != keys[1].expose(), at_once, "{rotation:?}");
        assert_eq!(keys[1].expose() != keys[2].expose(), after_a_minute, "{rotation:?}");
    }
}

#[tokio::test]
async fn an_exchange_gives_the_key_of_the_moment_the_code_was_minted() {
    let bench = Bench::with(Settings { rotation: Rotation::Always, ..settings() }).await;
    let (first, first_key) = (bench.login(), bench.key());
    let (second, second_key) = (bench.login(), bench.key());
    assert_eq!(bench.exchange(&second).await.text("session_key"), second_key.expose());
    assert_eq!(bench.exchange(&first).await.text("session_key"), first_key.expose());
}

#[tokio::test]
async fn a_unionid_comes_once_the_app_is_bound() {
    let bench = Bench::new().await;
    let bind = |bound| {
        let appid = Some(bench.app.appid.clone());
        bench.sandbox.put_app(AppSpec { appid, open_platform: Some(bound), ..AppSpec::default() })
    };
    bind(false);
    assert!(bench.exchange(&bench.login()).await.json().get("unionid").is_none());
    assert_eq!(bind(true).secret, bench.app.secret, "changing one thing leaves the others");
    assert_eq!(bench.exchange(&bench.login()).await.text("unionid"), bench.sandbox.unionid("alice"));
}

#[tokio::test]
async fn a_blocked_user_is_refused_until_unblocked() {
    let bench = Bench::new().await;
    let code = bench.login();
    bench.sandbox.block("alice", true).unwrap();
    assert_eq!(bench.exchange(&code).await.errcode(), 40226);
    bench.sandbox.block("alice", false).unwrap();
    assert_eq!(bench.exchange(&code).await.errcode(), 0);
}

#[tokio::test]
async fn a_user_may_log_in_a_hundred_times_a_minute() {
    let bench = Bench::new().await;
    bench.sandbox.add_user(UserSpec::named("bob"));
    let bobs = bench.sandbox.login(bench.appid(), "bob").unwrap();
    for _ in 0..100 {
        assert_eq!(bench.exchange(&bench.login()).await.errcode(), 0);
    }
    let code = bench.login();
    assert_eq!(bench.exchange(&code).await.errcode(), 45011);
    assert_eq!(bench.exchange(&bobs).await.errcode(), 0, "the limit is each user's own");
    bench.sandbox.advance(60);
    assert_eq!(bench.exchange(&code).await.errcode(), 0, "a refused code is not used up");
}

#[tokio::test]
async fn the_login_limit_can_be_set() {
    let limits = Limits { code2session_per_minute: 1, ..Limits::default() };
    let bench = Bench::with(Settings { limits, ..settings() }).await;
    assert_eq!(bench.exchange(&bench.login()).await.errcode(), 0);
    assert_eq!(bench.exchange(&bench.login()).await.errcode(), 45011);
}
