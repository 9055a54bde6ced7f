//! Two mini programs in one server: neither sees anything of the other.

use serde_json::{Value, json};
use wxgate_sandbox::{App, UserSpec};

use crate::support::{Answer, At, Bench, delete, get, post};

async fn login(public: &At, appid: Option<&str>, code: &str) -> Answer {
    let body = match appid {
        Some(appid) => json!({ "code": code, "appid": appid }),
        None => json!({ "code": code }),
    };
    public.send(post("/v1/login").json(&body)).await
}

#[tokio::test]
async fn two_apps_do_not_mix() {
    let bench = Bench::with_apps(2).await;
    let server = bench.serve().await;
    let [one, other] = &bench.apps[..] else { unreachable!() };
    bench.sandbox.add_user(UserSpec::named("alice"));
    let code = |app: &App| bench.sandbox.login(&app.appid, "alice").unwrap();

    let nameless = login(&server.public, None, &code(one)).await;
    assert_eq!((nameless.status, nameless.text("error")), (400, "bad_request".to_owned()));
    assert!(nameless.text("hint").contains("`appid`"), "{nameless:?}");
    let unknown = login(&server.public, Some("wx0000000000000000"), &code(one)).await;
    assert_eq!((unknown.status, unknown.text("error")), (400, "bad_request".to_owned()));
    let crossed = login(&server.public, Some(&one.appid), &code(other)).await;
    assert_eq!(crossed.refusal(), (400, "code_invalid".to_owned(), 40029));

    let mut members = Vec::new();
    let mut skeys = Vec::new();
    for app in [one, other] {
        let answer = login(&server.public, Some(&app.appid), &code(app)).await;
        assert_eq!((answer.status, &answer.json()["is_new"]), (200, &json!(true)));
        let who = server.internal.send(get("/forward-auth").bearer(&answer.text("skey"))).await;
        assert_eq!(who.header("wxgate-app"), Some(app.appid.as_str()));
        assert_eq!(who.header("wxgate-openid"), Some(bench.sandbox.openid(&app.appid, "alice").as_str()));
        members.push(answer.json()["member"]["id"].clone());
        skeys.push(answer.text("skey"));
    }
    assert_ne!(members[0], members[1]);

    let tap = bench.sandbox.phone(&one.appid, "alice").unwrap();
    let phone = |body: Value| server.public.send(post("/v1/phone").bearer(&skeys[1]).json(&body));
    let sealed = phone(json!({ "encryptedData": tap.data.encrypted_data, "iv": tap.data.iv })).await;
    assert_eq!(sealed.refusal(), (422, "unopenable".to_owned(), -422));
    let by_code = phone(json!({ "phoneCode": tap.code })).await;
    assert_eq!((by_code.status, by_code.text("error")), (400, "code_invalid".to_owned()));

    let sessions = server.public.send(get("/v1/sessions").bearer(&skeys[0])).await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(server.public.send(delete("/v1/sessions").bearer(&skeys[0])).await.status, 200);
    assert_eq!(server.public.send(get("/v1/session").bearer(&skeys[0])).await.status, 401);
    assert_eq!(server.public.send(get("/v1/session").bearer(&skeys[1])).await.status, 200);
}
