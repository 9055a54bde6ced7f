//! The plugins that the program has: mini programs of others' protocols, unchanged.

use rusqlite::Connection;
use serde_json::{Value, json};
use wxgate_sandbox::{Endpoint, PhoneTap, ProfileApi, ProfileAsk, UserSpec};

use crate::support::{Answer, Bench, Request, Server, delete, get, post};

const CLASSIC: &str = "plugins.classic.phone_by_code=true";

/// What a mini program has in its hands when it logs in: code, rawData, signature, encryptedData, iv.
fn gifts(bench: &Bench) -> [String; 5] {
    let code = bench.code("alice");
    bench.sandbox.add_user(UserSpec { nick_name: Some("小明".to_owned()), ..UserSpec::named("alice") });
    let ask = ProfileAsk { api: ProfileApi::GetUserProfile, real: true };
    let profile = bench.sandbox.profile(bench.appid(), "alice", ask).unwrap();
    [code, profile.raw_data, profile.signature, profile.data.encrypted_data, profile.data.iv]
}

/// Percent-encodes whatever is not a letter or a digit.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |done, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => done + &char::from(byte).to_string(),
        _ => format!("{done}%{byte:02X}"),
    })
}

/// The answer of the tutorials to what went well.
#[track_caller]
fn classic(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&json["result"], &json["code"], &json["msg"]), (&json!(0), &json!("1"), &json!("请求成功")));
    json
}

/// … and to what did not: the status and the core's word.
#[track_caller]
fn refused(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    assert_eq!((&json["code"], json["result"] != 0), (&json!("2"), true), "{answer:?}");
    assert!(json["msg"].as_str().unwrap().len() > 10, "{answer:?}");
    (answer.status, answer.text("error"))
}

#[tokio::test]
async fn a_tutorials_login_is_taken_as_json_as_form_and_by_query_and_its_code_is_never_logged() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[CLASSIC, "log.level=trace"]).await;
    let mut sent = Vec::new();
    let mut skeys = Vec::new();
    for way in 0..4 {
        let [code, raw, signature, data, iv] = gifts(&bench);
        let named =
            [("code", &code), ("rawData", &raw), ("signature", &signature), ("encrypteData", &data), ("iv", &iv)];
        let form = named.map(|(name, value)| format!("{name}={}", encoded(value))).join("&");
        let path = "/x/classic/login";
        let answer = server.public.send(match way {
            0 => post(path).json(&named.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()),
            1 => post(path).form(&form),
            2 => post(&format!("{path}?{form}")),
            _ => get(&format!("{path}?{form}&avatarUrl=whatever+a+tutorial+sends")),
        });
        let json = classic(&answer.await);
        assert_eq!(json["userInfo"]["nickName"].as_str(), Some("小明"), "{json}");
        assert_eq!((&json["userInfo"]["openId"], &json["openid"]), (&json!(null), &json!(null)));
        let skey = json["skey"].as_str().unwrap().to_owned();
        assert_eq!(server.public.send(get("/v1/session").bearer(&skey)).await.status, 200);
        sent.extend([code, signature, skey.clone()]);
        skeys.push(skey);
    }
    skeys.dedup();
    assert_eq!(skeys.len(), 4, "every login has a fresh skey");
    let used = server.public.send(get(&format!("/x/classic/login?code={}", sent[0]))).await;
    assert_eq!(refused(&used), (400, "code_used".to_owned()));
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 4);
    let ended = server.stop().await;
    for secret in sent {
        assert!(!ended.stderr.contains(&secret), "a secret in the log");
    }
}

#[tokio::test]
async fn a_tutorials_failures_say_what_helps() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[CLASSIC]).await;
    let ask = async |request: Request| refused(&server.public.send(request).await);
    let login = |body: Value| post("/x/classic/login").json(&body);
    let word = |status, word: &str| (status, word.to_owned());
    assert_eq!(ask(login(json!({}))).await, word(400, "bad_request"));
    assert_eq!(ask(login(json!({ "code": "unknown" }))).await, word(400, "code_invalid"));
    assert_eq!(ask(login(json!({ "code": "x", "rawData": "{}" }))).await, word(400, "bad_request"));
    assert_eq!(ask(get("/x/classic/login")).await, word(400, "bad_request"));
    assert_eq!(ask(get("/x/classic/login?code=x&skey=wxg_x")).await, word(400, "bad_request"));
    assert_eq!(ask(Request::new("PUT", "/x/classic/login")).await, word(405, "method_not_allowed"));
    assert_eq!(ask(get("/x/classic/phone?code=x")).await, word(405, "method_not_allowed"));
    assert_eq!(
        ask(post("/x/classic/login").json(&json!({ "code": "x".repeat(17_000) }))).await,
        word(413, "too_large")
    );
    let said = server.public.send(login(json!({})).header("Accept-Language", "zh")).await.json();
    assert!(said["msg"].as_str().unwrap().contains("`code`"), "{said}");
}

fn phone(tap: &PhoneTap, who: (&str, &str)) -> Request {
    let (data, iv) = (&tap.data.encrypted_data, &tap.data.iv);
    post("/x/classic/phone").json(&json!({ "encrypteData": data, "iv": iv, who.0: who.1 }))
}

/// A login by the tutorials' way: its code and its skey.
async fn log_in(bench: &Bench, server: &Server) -> (String, String) {
    let code = bench.code("alice");
    let json = classic(&server.public.send(post("/x/classic/login").json(&json!({ "code": code }))).await);
    (code, json["skey"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_tutorials_phone_takes_an_skey_or_where_switched_on_the_logins_code() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[CLASSIC]).await;
    let (code, skey) = log_in(&bench, &server).await;
    for who in [("code", code.as_str()), ("skey", skey.as_str())] {
        let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
        let json = classic(&server.public.send(phone(&tap, who)).await);
        assert_eq!((&json["phoneNumber"], &json["trust"]), (&json!("138****8000"), &json!("hash")));
        let again = classic(&server.public.send(phone(&tap, who)).await);
        assert_eq!(again, json, "the same proof in the same session");
    }
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let by_code = post("/x/classic/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }));
    assert_eq!(classic(&server.public.send(by_code).await)["trust"], "code");
    for who in [("code", "another"), ("skey", "wxg_another"), ("skey", code.as_str())] {
        assert_eq!(refused(&server.public.send(phone(&tap, who)).await), (401, "unauthorized".to_owned()), "{who:?}");
    }
    // The code stands for its session, over a restart, and no longer than that.
    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve_with(&[CLASSIC]).await;
    classic(&server.public.send(phone(&tap, ("code", &code))).await);
    assert_eq!(server.public.send(delete("/v1/session").bearer(&skey)).await.status, 200);
    let over = server.public.send(phone(&tap, ("code", &code))).await;
    assert_eq!(refused(&over), (401, "unauthorized".to_owned()));
    server.stop().await;

    let database = Connection::open(bench.data().join("wxgate.db")).unwrap();
    let row = "SELECT key, sealed_value, expires_at, member_id IS NULL FROM plugin_entries WHERE plugin = 'classic'";
    let kept: (String, Vec<u8>, i64, bool) =
        database.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    assert!(kept.0.starts_with("code:") && !kept.0.contains(&code), "remembered as its hash: {}", kept.0);
    assert!((3 * 86_400 - 60..=3 * 86_400).contains(&(kept.2 - bench.sandbox.now())), "for three days");
    assert!(!kept.3, "with the member");
}

#[tokio::test]
async fn a_code_opens_no_phone_unless_that_is_switched_on() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["plugins.classic.phone_by_code=false"]).await;
    let (code, skey) = log_in(&bench, &server).await;
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    assert_eq!(refused(&server.public.send(phone(&tap, ("code", &code))).await), (401, "unauthorized".to_owned()));
    classic(&server.public.send(phone(&tap, ("skey", &skey))).await);
}

#[tokio::test]
async fn a_tutorials_phone_gives_a_forger_one_answer_and_five_tries() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[CLASSIC]).await;
    let (code, skey) = log_in(&bench, &server).await;
    let mut bodies = Vec::new();
    for length in [16, 32, 48, 64, 80] {
        let forged = json!({ "encryptedData": "A".repeat(length * 4), "iv": "A".repeat(22) + "==", "code": code });
        let answer = server.public.send(post("/x/classic/phone").json(&forged)).await;
        assert_eq!(refused(&answer), (422, "unopenable".to_owned()));
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let spent = server.public.send(phone(&tap, ("code", &code))).await;
    assert_eq!((refused(&spent).0, spent.header("retry-after").is_some()), (429, true));
    let (data, iv) = (&tap.data.encrypted_data, &tap.data.iv);
    let direct = post("/v1/phone").bearer(&skey).json(&json!({ "encryptedData": data, "iv": iv }));
    assert_eq!(server.public.send(direct).await.status, 429, "one budget, whichever way");
}

#[tokio::test]
async fn wafers_headers_log_in_and_a_dead_session_is_told_apart() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[&format!("plugins.wafer.appid={}", bench.appid())]).await;
    let [code, _, _, data, iv] = gifts(&bench);
    let login = get("/x/wafer/login").header("X-WX-Code", &code);
    let login = login.header("X-WX-Encrypted-Data", &data).header("X-WX-IV", &iv);
    let answer = server.public.send(login).await;
    let said = answer.json();
    assert_eq!((answer.status, &said["code"]), (200, &json!(0)), "{answer:?}");
    assert_eq!(said["data"]["userinfo"]["nickName"], "小明");
    let skey = said["data"]["skey"].as_str().unwrap();
    let user = |skey: &str| server.public.send(get("/x/wafer/user").header("X-WX-Skey", skey));
    assert_eq!(user(skey).await.json(), json!({ "code": 0, "data": said["data"]["userinfo"] }));
    let dead = user("wxg_dead").await;
    assert_eq!((dead.status, &dead.json()["code"]), (401, &json!(-1)));
    let no_code = server.public.send(get("/x/wafer/login")).await;
    assert_eq!(
        (no_code.status, &no_code.json()["code"], no_code.text("error")),
        (400, &json!(1), "bad_request".into())
    );
    let half = get("/x/wafer/login").header("X-WX-Code", &bench.code("alice")).header("X-WX-IV", &iv);
    assert_eq!(server.public.send(half).await.status, 400);
}

#[tokio::test]
async fn a_plugin_that_no_section_switches_on_serves_nothing() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for path in ["/x/classic/login", "/x/wafer/login", "/x/example/greeting"] {
        assert_eq!(server.public.send(get(path)).await.refusal(), (404, "not_found".to_owned(), -404), "{path}");
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_plugins_that_end() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[CLASSIC]).await;
    log_in(&bench, &server).await;
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("stopped") && !ended.stderr.contains("cut off"), "{}", ended.stderr);
}

#[cfg(feature = "plugin-example")]
#[tokio::test]
async fn the_example_greets_counts_and_brings_up_to_date_what_it_kept() {
    use wxgate_crypto::{Purpose, Vault};

    let bench = Bench::new().await;
    let on = ["plugins.example.greeting=嗨"];
    let server = bench.serve_with(&on).await;
    let login = async |server: &Server| {
        server.public.send(post("/v1/login").json(&json!({ "code": bench.code("alice") }))).await.json()
    };
    let first = login(&server).await;
    assert_eq!(
        (&first["member"]["attributes"], &login(&server).await["member"]["attributes"]),
        (&json!({ "visits": 1 }), &json!({ "visits": 2 }))
    );
    let skey = first["skey"].as_str().unwrap();
    let greeting = server.public.send(get("/x/example/greeting").bearer(skey)).await.json();
    assert_eq!((&greeting["greeting"], &greeting["visits"]), (&json!("嗨"), &json!(2)));
    let stranger = server.public.send(get("/x/example/greeting")).await;
    assert_eq!((stranger.status, stranger.json()["greeting"].is_string()), (401, true));
    let made = bench.run(&["token", "create", "--name", "t", "--scope", "stats:read", "--json"], "").await;
    let token = serde_json::from_str::<Value>(&made.stdout).unwrap()["token"].as_str().unwrap().to_owned();
    let visits = async |server: &Server| {
        server.internal.send(get("/x/example/visits").bearer(&token)).await.json()["visits"].clone()
    };
    assert_eq!(visits(&server).await, 2);
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    server.public.send(post("/v1/phone").bearer(skey).json(&json!({ "phoneCode": tap.code }))).await;
    let ended = server.stop().await;
    assert!(ended.stderr.contains("somebody gave a phone number"), "{}", ended.stderr);

    // As its first version left it: a bare number, and no schema.
    let vault = Vault::parse_key_file(&std::fs::read_to_string(bench.data().join("wxgate.key")).unwrap()).unwrap();
    let key = format!("visits:{}", first["member"]["id"].as_str().unwrap());
    let number = vault.seal(Purpose::PluginEntry, "example", &key, b"41");
    let database = Connection::open(bench.data().join("wxgate.db")).unwrap();
    database.execute("UPDATE plugin_entries SET sealed_value = ?1 WHERE key = ?2", (number, &key)).unwrap();
    assert_eq!(database.execute("DELETE FROM plugin_entries WHERE key = ''", []).unwrap(), 1);
    drop(database);
    let server = bench.serve_with(&on).await;
    assert_eq!(visits(&server).await, 41);
    assert_eq!(login(&server).await["member"]["attributes"], json!({ "visits": 42 }));
}
