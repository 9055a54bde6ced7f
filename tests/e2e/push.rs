//! Message push as WeChat makes it, to the built program: refused, taken, lost on the way, and what is left of a person.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Map, Value, json};
use wxgate_sandbox::{Broken, ProfileApi, ProfileAsk, PushFormat, PushSpec, Pushed, UserSpec};

use crate::avatar::upload;
use crate::support::{At, Bench, Request, Server, get, post};

pub const TOKEN: &str = "pushtoken";
pub const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// A bench whose app uses message push, its secrets in files.
pub async fn bench() -> Bench {
    let bench = Bench::new().await;
    let configuration = bench.dir().join("wxgate.toml");
    let mut text = fs::read_to_string(&configuration).unwrap() + "[app.push]\n";
    for (name, secret) in [("token", TOKEN), ("encoding_aes_key", KEY)] {
        let file = bench.dir().join(name);
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        text.extend([name, "_file = \"", file.to_str().unwrap(), "\"\n"]);
    }
    fs::write(configuration, text).unwrap();
    bench
}

/// A push of `event` as WeChat makes it to this server.
pub fn spec(server: &Server, bench: &Bench, event: &str) -> PushSpec {
    let At::Tcp(address) = &server.public else { unreachable!("benches listen on TCP") };
    PushSpec {
        url: format!("http://{address}/wx/push/{}", bench.appid()),
        token: TOKEN.to_owned(),
        encoding_aes_key: KEY.to_owned(),
        event: event.to_owned(),
        fields: Map::new(),
        format: PushFormat::Xml,
        broken: None,
    }
}

async fn push(bench: &Bench, user: &str, spec: &PushSpec) -> Pushed {
    bench.sandbox.push(bench.appid(), user, spec).await.unwrap()
}

async fn status(server: &Server, skey: &str) -> u16 {
    server.internal.send(get("/forward-auth").bearer(skey)).await.status
}

/// A login of `user` with a phone number and a name.
async fn whole_member(bench: &Bench, server: &Server, user: &str) -> String {
    let skey = server.login(&bench.code(user)).await;
    let tap = bench.sandbox.phone(bench.appid(), user).unwrap();
    let phone = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(phone.status, 200, "{phone:?}");
    skey
}

#[tokio::test]
async fn what_is_broken_is_refused_and_what_is_whole_is_taken_once() {
    let bench = bench().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    for broken in [Broken::Plain, Broken::Signature, Broken::Receiver, Broken::Stale, Broken::Doctype] {
        for format in [PushFormat::Json, PushFormat::Xml] {
            let cancelled = spec(&server, &bench, "user_authorization_cancellation");
            let pushed = push(&bench, "alice", &PushSpec { broken: Some(broken), format, ..cancelled }).await;
            assert!(!pushed.received && pushed.answers.iter().all(|answer| answer.status == Some(403)), "{pushed:?}");
        }
    }
    assert_eq!(status(&server, &skey).await, 200);
    let modified = PushSpec { broken: Some(Broken::Replayed), ..spec(&server, &bench, "user_info_modified") };
    let pushed = push(&bench, "alice", &modified).await;
    assert!(pushed.received && pushed.answers.len() == 2, "{pushed:?}");
    let export = server.public.send(get("/v1/me/export").bearer(&skey)).await.json();
    assert_eq!(export["wechat_events"].as_array().unwrap().len(), 1);
    assert_eq!(export["audit"].as_array().unwrap().len(), 2, "the push, and the export itself");
}

#[tokio::test]
async fn a_push_by_the_sandboxs_own_interface_ends_every_session_of_the_person() {
    let bench = bench().await;
    let server = bench.serve().await;
    let skeys = [server.login(&bench.code("alice")).await, server.login(&bench.code("alice")).await];
    let wechat = At::Tcp(bench.wechat.to_string());
    let PushSpec { url, token, encoding_aes_key, event, .. } = spec(&server, &bench, "user_authorization_cancellation");
    let body = json!({ "url": url, "token": token, "encoding_aes_key": encoding_aes_key, "event": event });
    let said = wechat.send(post("/_sandbox/push").json(&body)).await;
    assert_eq!((said.status, &said.json()["received"]), (200, &json!(true)), "{said:?}");
    for skey in &skeys {
        assert_eq!(status(&server, skey).await, 401);
    }
}

#[tokio::test]
async fn push_retry_after_kill9() {
    let bench = bench().await;
    let server = bench.serve().await;
    let skey = whole_member(&bench, &server, "alice").await;
    let mut revoked = spec(&server, &bench, "user_authorization_revoke");
    revoked.fields.insert("RevokeInfo".to_owned(), "8".into());
    revoked.fields.insert("CreateTime".to_owned(), bench.sandbox.now().into());
    // Killed while it is at it: whether it came so far or not, what WeChat sends again is received and has its effect.
    tokio::join!(push(&bench, "alice", &revoked), server.kill());
    let server = bench.serve().await;
    revoked.url = spec(&server, &bench, "").url;
    assert!(push(&bench, "alice", &revoked).await.received);
    // And what was acknowledged is there.
    server.kill().await;

    let server = bench.serve().await;
    let phone = async |skey: &str| -> Value {
        let me = server.public.send(get("/v1/me").bearer(skey)).await;
        me.json()["member"]["phone"].clone()
    };
    assert_eq!(phone(&skey).await, Value::Null);
    let skey = whole_member(&bench, &server, "alice").await;
    revoked.url = spec(&server, &bench, "").url;
    assert!(push(&bench, "alice", &revoked).await.received, "a delivery that WeChat repeats is received");
    assert_ne!(phone(&skey).await, Value::Null, "and the number given since is not the one that was withdrawn");
    let export = server.public.send(get("/v1/me/export").bearer(&skey)).await.json();
    assert_eq!(export["wechat_events"].as_array().unwrap().len(), 1);
}

/// Of whom WeChat says that they left, nothing is left: not in the file, its log, or what was said on the way.
#[tokio::test]
async fn erase_everywhere() {
    let bench = bench().await;
    let server = bench.serve_with(&["log.level=trace"]).await;
    for number in 0..20 {
        server.login(&bench.code(&format!("other-{number}"))).await;
    }
    bench.sandbox.add_user(UserSpec {
        phone: Some("13977770000".to_owned()),
        nick_name: Some("canary-nickname".to_owned()),
        avatar_url: Some("https://thirdwx.qlogo.cn/canary-avatar".to_owned()),
        ..UserSpec::named("alice")
    });
    let skey = whole_member(&bench, &server, "alice").await;
    let ask = ProfileAsk { real: true, api: ProfileApi::GetUserProfile };
    let profile = bench.sandbox.profile(bench.appid(), "alice", ask).unwrap();
    let signed = json!({ "rawData": profile.raw_data, "signature": profile.signature });
    let named = server.public.send(post("/v1/me/profile").bearer(&skey).json(&signed)).await;
    assert_eq!(named.status, 200, "{named:?}");
    let (openid, unionid) = (bench.sandbox.openid(bench.appid(), "alice"), bench.sandbox.unionid("alice"));
    let canaries = [&openid, &unionid, "canary-nickname", "canary-avatar", "13977770000", "139****0000"];
    assert!(push(&bench, "alice", &spec(&server, &bench, "debug_demo")).await.received);
    let found = || {
        let files =
            fs::read_dir(bench.data()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
        let bytes = files.collect::<Vec<_>>().concat();
        let holds = |canary: &&&str| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        canaries.iter().filter(holds).copied().collect::<Vec<_>>()
    };
    assert_eq!(found(), canaries[..4], "they were there");
    assert!(push(&bench, "alice", &spec(&server, &bench, "user_authorization_cancellation")).await.received);
    assert!(push(&bench, "alice", &spec(&server, &bench, "user_info_modified")).await.received, "one that comes late");
    assert_eq!(found(), [""; 0]);
    assert_eq!(status(&server, &skey).await, 401);
    let said = server.stop().await.stderr;
    for canary in canaries.into_iter().chain([TOKEN, KEY, &skey]) {
        assert!(!said.contains(canary), "{canary} in {said}");
    }
    assert!(said.contains("user_authorization_cancellation"));
    assert_eq!(found(), [""; 0]);
}

/// What WeChat finds in a check, by message push.
async fn find(bench: &Bench, server: &Server, trace_id: &str, suggest: &str) {
    let result = json!({ "trace_id": trace_id, "errcode": 0, "result": { "suggest": suggest, "label": 20002 } });
    let fields = result.as_object().unwrap().clone();
    let pushed = push(bench, "alice", &PushSpec { fields, ..spec(server, bench, "wxa_media_check") }).await;
    assert!(pushed.received, "{pushed:?}");
}

#[tokio::test]
async fn wechat_judges_names_before_and_pictures_after_they_are_shown() {
    let bench = bench().await;
    let configuration = bench.dir().join("wxgate.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, text + "[app.content_check]\nnicknames = true\navatars = true\n").unwrap();
    let server = bench.serve_with(&["public_url=https://api.example.com"]).await;
    let skey = server.login(&bench.code("alice")).await;

    let rename = |name: &str| Request::new("PATCH", "/v1/me").bearer(&skey).json(&json!({ "nickName": name }));
    assert_eq!(server.public.send(rename("小明")).await.status, 200);
    let refused = server.public.send(rename("SANDBOX-RISKY")).await;
    assert_eq!(refused.refusal(), (400, "bad_request".to_owned(), -400));

    let path = upload(&server, &skey).await;
    let check = bench.sandbox.media_checks().pop().unwrap();
    assert_eq!(check.media_url, format!("https://api.example.com{path}"));
    find(&bench, &server, &check.trace_id, "pass").await;
    assert_eq!(server.public.send(get(&path)).await.status, 200);
    let path = upload(&server, &skey).await;
    let checks = bench.sandbox.media_checks();
    let second = checks.iter().find(|other| other.trace_id != check.trace_id).unwrap();
    find(&bench, &server, &second.trace_id, "risky").await;
    assert_eq!(server.public.send(get(&path)).await.status, 404);
    let member = server.public.send(get("/v1/me").bearer(&skey)).await.json()["member"].clone();
    assert_eq!((&member["nickName"], &member["avatarUrl"]), (&json!("小明"), &Value::Null));
}
