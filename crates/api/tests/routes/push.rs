//! Message push: what is taken, what is refused, and what it does.

use serde_json::{Value, json};
use wxgate_crypto::push::{EncodingAesKey, PushToken};
use wxgate_store::Store;

use super::support::push::{KEY, Pushed, channel, event};
use super::support::{APPID, Answer, Member, START, TestApp, raw, request};

const CANCELLED: &str = "user_authorization_cancellation";
const REVOKED: &str = "user_authorization_revoke";

#[track_caller]
fn taken(answer: &Answer) {
    let said = (answer.status, answer.header("content-type"), answer.text.as_str());
    assert_eq!(said, (200, "text/plain", "success"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

/// A member with a name, a picture and a number.
async fn whole_member(app: &TestApp, openid: &str) -> Member {
    let member = app.login(openid).await;
    let code = app.wechat.phone_code(openid, "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    let profile = json!({ "nickName": "小明", "avatarUrl": "https://thirdwx.qlogo.cn/1" });
    app.send(request("PATCH", "/v1/me", Some(&member.skey), Some(profile))).await.ok();
    member
}

async fn me(app: &TestApp, member: &Member) -> [Value; 3] {
    let me = app.get("/v1/me", &member.skey).await.ok()["member"].clone();
    ["nickName", "avatarUrl", "phone"].map(|name| me[name].clone())
}

async fn export(app: &TestApp, member: &Member) -> Value {
    app.get("/v1/me/export", &member.skey).await.ok().clone()
}

#[tokio::test]
async fn echostr_html() {
    let app = TestApp::with_push().await;
    let (time, nonce) = (START.to_string(), "1514711492");
    let signature = channel(APPID).signature(&time, nonce);
    let path = |appid: &str, signature: &str, time: &str, more: &str| {
        format!("/wx/push/{appid}?signature={signature}&timestamp={time}&nonce={nonce}{more}")
    };
    let html = "&echostr=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let answer = app.send(raw("GET", &path(APPID, &signature, &time, html), None, "")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "<script>alert(1)</script>"));
    assert_eq!((answer.header("content-type"), answer.header("x-content-type-options")), ("text/plain", "nosniff"));
    let old = (START - 301).to_string();
    let of_old = channel(APPID).signature(&old, nonce);
    for path in [
        path(APPID, &signature.replace(['0', '1'], "2"), &time, html),
        path(APPID, "", &time, html),
        path(APPID, &signature, &time, ""),
        path("wx0000000000000000", &signature, &time, html),
        path(APPID, &of_old, &old, html),
        format!("/wx/push/{APPID}?echostr=1"),
        format!("/wx/push/{APPID}"),
    ] {
        let refused = app.send(raw("GET", &path, None, "")).await;
        refused.failed("forbidden", 403, -403);
        assert!(!refused.text.contains("script"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_push_is_taken_in_xml_and_in_json_outside_and_inside() {
    let app = TestApp::with_push().await;
    let member = app.login("o1").await;
    let xml = format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName>\
         <CreateTime>{START}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe_msg_popup_event]]></Event>\
         <SubscribeMsgPopupEvent><List><TemplateId>a</TemplateId></List><List><TemplateId>b</TemplateId></List>\
         </SubscribeMsgPopupEvent></xml>"
    );
    let popup = |list: Value| {
        event("subscribe_msg_popup_event", "o1", &json!({ "List": list, "CreateTime": START.to_string() }))
    };
    for (nonce, content) in [
        ("1", xml),
        ("2", popup(json!({ "TemplateId": "a" }))),
        ("3", popup(json!([{ "TemplateId": "a" }, { "TemplateId": "b" }]))),
        ("4", event("an_event_of_tomorrow", "o1", &json!({ " Blank": " x" }))),
        ("5", event("debug_demo", "somebody else", &json!({ "debug_str": "hello world" }))),
    ] {
        taken(&app.push(&Pushed::of(&content, START, nonce)).await);
        taken(&app.push(&Pushed::of(&content, START, &format!("x{nonce}")).in_xml()).await);
    }
    let events = export(&app, &member).await["wechat_events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 4, "one of each, and none of somebody else: {events}");
    assert_eq!(events[0]["event"], "an_event_of_tomorrow");
    assert_eq!((&events[0]["happened_at"], &events[0]["content"]["Blank"]), (&json!(START), &json!(" x")));
    assert_eq!(events[3]["content"]["SubscribeMsgPopupEvent"]["List"][1]["TemplateId"], "b");
}

#[tokio::test]
async fn push_plain_refused() {
    let app = TestApp::with(|settings| {
        settings.push.insert(APPID.to_owned(), channel(APPID));
        settings.appids.push("wx00000000000000ff".to_owned());
    })
    .await;
    let cancelled = event(CANCELLED, "o1", &json!({}));
    let good = Pushed::of(&cancelled, START, "1");
    let with = |change: &dyn Fn(&mut Pushed)| {
        let mut push = good.clone();
        change(&mut push);
        push
    };
    let both = |push: &Pushed, plain: &str| {
        let mut body: Value = serde_json::from_str(plain).unwrap();
        body["Encrypt"] = serde_json::from_str::<Value>(&push.body).unwrap()["Encrypt"].clone();
        body.to_string()
    };
    let plain = with(&|push| (push.msg_signature, push.encrypt_type, push.body) = (None, None, cancelled.clone()));
    let other_token = wxgate_crypto::push::Channel::new(
        APPID,
        PushToken::parse("othertoken").unwrap(),
        EncodingAesKey::parse(KEY).unwrap(),
    );
    let refused = [
        ("plain", plain),
        ("raw", with(&|push| push.encrypt_type = Some("raw"))),
        ("no mode", with(&|push| push.encrypt_type = None)),
        (
            "compatible without msg_signature",
            with(&|push| (push.msg_signature, push.body) = (None, both(push, &cancelled))),
        ),
        ("the URL's signature for the body's", with(&|push| push.msg_signature = Some(push.signature.clone()))),
        ("plain in the dress of security", with(&|push| push.body = cancelled.clone())),
        ("no signature", with(&|push| push.signature.clear())),
        ("upper case", with(&|push| push.signature = push.signature.to_uppercase())),
        ("an app without push", with(&|push| push.appid = "wx00000000000000ff".to_owned())),
        ("an unknown app", with(&|push| push.appid = "wx0000000000000000".to_owned())),
        ("another receiver", Pushed::by(&channel("wx00000000000000ff"), &cancelled, START, "1")),
        ("another token", Pushed::by(&other_token, &cancelled, START, "1")),
        ("old", Pushed::of(&cancelled, START - 301, "1")),
        ("early", Pushed::of(&cancelled, START + 301, "1")),
        ("an old event", Pushed::of(&event(CANCELLED, "o1", &json!({ "CreateTime": START - 86_401 })), START, "1")),
        ("no event", Pushed::of("{}", START, "1")),
        ("no content", Pushed::of("", START, "1")),
        ("a document type", Pushed::of(&format!("<!DOCTYPE xml>{}", xml_of(CANCELLED)), START, "1")),
        ("a document type outside", with(&|push| push.body = format!("<!DOCTYPE xml>{}", good.clone().in_xml().body))),
        ("nothing", with(&|push| push.body.clear())),
    ];
    let member = app.wechat.login_code("o1").0;
    let login = json!({ "code": member, "appid": APPID });
    let skey =
        app.send(request("POST", "/v1/login", None, Some(login))).await.ok()["skey"].as_str().unwrap().to_owned();
    let mut answers = Vec::new();
    for (name, push) in &refused {
        let mut answer = app.push(push).await;
        assert_eq!(answer.status, 403, "{name}: {answer:?}");
        answer.failed("forbidden", 403, -403);
        answer.headers.remove("x-request-id");
        answer.json["rid"].take();
        answers.push((answer.headers, answer.json));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "every refusal looks alike");
    app.get("/v1/session", &skey).await.ok();
    // The compatible mode has the plain text as well; what is believed is the encrypted part.
    taken(&app.push(&with(&|push| push.body = both(push, &event(CANCELLED, "o2", &json!({}))))).await);
    app.get("/v1/session", &skey).await.failed("unauthorized", 401, -401);
}

fn xml_of(name: &str) -> String {
    format!("<xml><Event>{name}</Event><CreateTime>{START}</CreateTime><OpenID>o1</OpenID></xml>")
}

#[tokio::test]
async fn a_push_of_64_kib_is_taken_and_a_larger_one_is_not() {
    let app = TestApp::with_push().await;
    let filled = |bytes: usize| {
        let mut push = Pushed::of(&event("e", "o1", &json!({})), START, "1");
        push.body += &" ".repeat(bytes - push.body.len());
        push
    };
    app.push(&filled(64 * 1024 + 1)).await.failed("too_large", 413, -413);
    taken(&app.push(&filled(64 * 1024)).await);
}

/// Every bit of what WeChat signs: nothing altered is ever taken. (It does not sign `openid` and `ToUserName`, and nobody
/// here reads them.)
#[tokio::test]
async fn no_altered_push_is_taken() {
    let app = TestApp::with_push().await;
    let member = app.login("o1").await;
    let push = Pushed::of(&event(CANCELLED, "o1", &json!({})), START, "415670741");
    let (path, query) = push.path().split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap();
    let openid = query.find("openid").unwrap()..query.find("&encrypt_type").unwrap();
    let envelope = push.body.find("Encrypt").unwrap()..push.body.find("ToUserName").unwrap() - 3;
    let places = (0..query.len()).filter(|at| !openid.contains(at)).map(|at| (true, at));
    for (in_query, at) in places.chain(envelope.map(|at| (false, at))) {
        for bit in 0..7 {
            let mut bytes = if in_query { query.clone() } else { push.body.clone() }.into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            let (query, body) =
                if in_query { (altered.as_str(), push.body.clone()) } else { (query.as_str(), altered.clone()) };
            let Ok(uri) = format!("{path}?{query}").parse::<http::Uri>() else { continue };
            let request = raw("POST", &uri.to_string(), None, body);
            let answer = app.send(request).await;
            assert_ne!(answer.text, "success", "{query} {altered}");
        }
    }
    app.get("/v1/session", &member.skey).await.ok();
    taken(&app.push(&push).await);
}

#[tokio::test]
async fn push_replay() {
    let app = TestApp::with_push().await;
    let member = whole_member(&app, "o1").await;
    let revoked = event(REVOKED, "o1", &json!({ "RevokeInfo": "8" }));
    let push = Pushed::of(&revoked, START, "1795000200");
    taken(&app.push(&push).await);
    assert_eq!(me(&app, &member).await[2], json!(null));

    let again = whole_member(&app, "o1").await;
    taken(&app.push(&push).await);
    taken(&app.push(&Pushed::of(&revoked, START + 5, "2")).await);
    assert_eq!(me(&app, &again).await[2], "138****8000", "one event has one effect, however often it comes");

    let other = Pushed::of(&event(REVOKED, "o1", &json!({ "RevokeInfo": "6" })), START, "1795000200");
    app.push(&other).await.failed("forbidden", 403, -403);
    // Time and nonce stand sorted in what is signed, so they can be exchanged.
    let exchanged = Pushed { timestamp: 1_795_000_200, nonce: START.to_string(), ..push.clone() };
    taken(&app.push(&exchanged).await);
    assert_eq!(me(&app, &again).await[2], "138****8000");
    app.clock.advance(301);
    app.push(&push).await.failed("forbidden", 403, -403);
    assert_eq!(export(&app, &again).await["wechat_events"].as_array().unwrap().len(), 1);

    // A nonce that will be the present time one day does not bring an old event back then.
    let later = START + 40 * 86_400;
    let push = Pushed::of(&event(REVOKED, "o1", &json!({ "RevokeInfo": "6" })), START + 301, &later.to_string());
    taken(&app.push(&push).await);
    app.clock.advance(40 * 86_400 - 301);
    while app.store.purge(wxgate_store::UnixSeconds(later), 500).await.unwrap().more {}
    let member = whole_member(&app, "o1").await;
    let exchanged = Pushed { timestamp: later, nonce: (START + 301).to_string(), ..push };
    app.push(&exchanged).await.failed("forbidden", 403, -403);
    assert_eq!(me(&app, &member).await[0], "小明");
}

#[tokio::test]
async fn the_key_before_is_good_while_it_is_configured() {
    let old = EncodingAesKey::parse(&KEY.replace("abc", "xyz")).unwrap();
    let by_old = wxgate_crypto::push::Channel::new(APPID, PushToken::parse("sandboxtoken").unwrap(), old.clone());
    let push = Pushed::by(&by_old, &event("e", "o1", &json!({})), START, "1");
    TestApp::with_push().await.push(&push).await.failed("forbidden", 403, -403);
    let app = TestApp::with(|settings| {
        settings.push.insert(APPID.to_owned(), channel(APPID).with_previous(old));
    })
    .await;
    taken(&app.push(&push).await);
    taken(&app.push(&Pushed::of(&event("e", "o2", &json!({})), START, "2")).await);
}

#[tokio::test]
async fn what_is_withdrawn_is_gone_and_the_rest_stays() {
    let app = TestApp::with_push().await;
    let whole = [json!("小明"), json!("https://thirdwx.qlogo.cn/1"), json!("138****8000")];
    let (no_phone, no_profile) =
        ([&whole[..2], &[json!(null)]].concat(), vec![json!(null), json!(null), whole[2].clone()]);
    for (at, (revoke_info, left)) in [
        ("8", no_phone),
        ("6", no_profile.clone()),
        ("19", no_profile.clone()),
        ("20", no_profile),
        ("16", whole.to_vec()),
        ("1,13|18", whole.to_vec()),
        ("8,20", vec![Value::Null; 3]),
        ("99", vec![Value::Null; 3]),
    ]
    .into_iter()
    .enumerate()
    {
        let member = whole_member(&app, &format!("o{at}")).await;
        let content = event(REVOKED, &member.openid, &json!({ "RevokeInfo": revoke_info }));
        taken(&app.push(&Pushed::of(&content, START, &format!("{at}"))).await);
        assert_eq!(me(&app, &member).await.to_vec(), left, "{revoke_info}");
        app.get("/v1/session", &member.skey).await.ok();
        assert_eq!(export(&app, &member).await["wechat_events"][0]["event"], REVOKED);
    }
}

#[tokio::test]
async fn a_withdrawn_number_is_not_answered_again() {
    let app = TestApp::with_push().await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    let revoked = event(REVOKED, "o1", &json!({ "RevokeInfo": "8" }));
    taken(&app.push(&Pushed::of(&revoked, START, "1")).await);
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.failed("code_invalid", 400, 40029);
    assert_eq!(me(&app, &member).await[2], json!(null));
    assert_eq!(export(&app, &member).await["phone_proofs"][0]["phone_info"], json!(null));
}

#[tokio::test]
async fn user_info_modified() {
    let app = TestApp::with_push().await;
    let member = whole_member(&app, "o1").await;
    let name = async || app.send_inside(request("GET", "/forward-auth", Some(&member.skey), None)).await;
    assert_ne!(name().await.header("wxgate-name"), "");
    taken(&app.push(&Pushed::of(&event("user_info_modified", "o1", &json!({})), START, "1")).await);
    assert_eq!(me(&app, &member).await, [json!(null), json!(null), json!("138****8000")]);
    assert_eq!(name().await.header("wxgate-name"), "");
    let audit = export(&app, &member).await["audit"].clone();
    assert_eq!((&audit[1]["actor"], &audit[1]["action"]), (&json!("wechat"), &json!("profile.cleared")));
}

#[tokio::test]
async fn somebody_who_closes_their_account_is_gone_at_once() {
    let app = TestApp::with_push().await;
    let (leaving, other) = (whole_member(&app, "o1").await, whole_member(&app, "o2").await);
    let second = app.login("o1").await;
    taken(&app.push(&Pushed::of(&event(CANCELLED, "o1", &json!({})), START, "1")).await);
    for skey in [&leaving.skey, &second.skey] {
        app.get("/v1/session", skey).await.failed("unauthorized", 401, -401);
        let answer = app.send_inside(request("GET", "/forward-auth", Some(skey), None)).await;
        answer.failed("unauthorized", 401, -401);
    }
    app.get("/v1/session", &other.skey).await.ok();
    let back = app.login("o1").await;
    assert_eq!(back.login.json["is_new"], true);
    let export = export(&app, &back).await;
    assert_eq!((&export["wechat_events"], export["audit"].as_array().unwrap().len()), (&json!([]), 1), "its own line");
}

#[tokio::test]
async fn a_push_is_for_the_app_in_its_path() {
    let other = "wx00000000000000ff";
    let app = TestApp::with(|settings| {
        settings.appids.push(other.to_owned());
        settings.push.insert(APPID.to_owned(), channel(APPID));
        settings.push.insert(other.to_owned(), channel(other));
    })
    .await;
    let (code, _) = app.wechat.login_code("o1");
    let login = app.send(request("POST", "/v1/login", None, Some(json!({ "code": code, "appid": APPID })))).await;
    let skey = login.ok()["skey"].as_str().unwrap();
    let cancelled = event(CANCELLED, "o1", &json!({}));
    let elsewhere = Pushed { appid: other.to_owned(), ..Pushed::by(&channel(other), &cancelled, START, "1") };
    taken(&app.push(&elsewhere).await);
    app.get("/v1/session", skey).await.ok();
}
