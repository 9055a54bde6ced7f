//! What operators do with a server that runs.

use std::fs;

use serde_json::{Value, json};
use wxgate_sandbox::UserSpec;

use crate::support::{Answer, Bench, Request, Server, delete, get, post};

const PHONE: &str = "13977771111";
const CANARIES: [&str; 3] = ["canary-nickname", "canary-note", "canary-attribute"];

async fn token(bench: &Bench, scopes: &str) -> String {
    let made = bench.run(&["token", "create", "--name", "team", "--scope", scopes], "").await;
    made.stdout.trim().to_owned()
}

/// `alice`, with a name and a number: her skey, and the path at which the team finds her.
async fn alice(bench: &Bench, server: &Server) -> (String, String) {
    bench.sandbox.add_user(UserSpec { phone: Some(PHONE.to_owned()), ..UserSpec::named("alice") });
    let login = server.public.send(post("/v1/login").json(&json!({ "code": bench.code("alice") }))).await;
    let (skey, id) = (login.text("skey"), login.json()["member"]["id"].as_str().unwrap().to_owned());
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let name = Request::new("PATCH", "/v1/me").bearer(&skey).json(&json!({ "nickName": CANARIES[0] }));
    assert_eq!(server.public.send(name).await.status, 200);
    (skey, format!("/api/v1/members/{id}"))
}

async fn change(server: &Server, path: &str, token: &str, change: &Value) -> Answer {
    server.internal.send(Request::new("PATCH", path).bearer(token).json(change)).await
}

async fn checked(server: &Server, skey: &str) -> u16 {
    server.internal.send(get("/forward-auth").bearer(skey)).await.status
}

#[tokio::test]
async fn a_member_is_found_by_number_and_blocked_over_a_restart() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let (skey, path) = alice(&bench, &server).await;
    let token = token(&bench, "members:read,members:write").await;
    let found = server.internal.send(get(&format!("/api/v1/members?phone=%2B86{PHONE}")).bearer(&token)).await;
    let members = found.json()["members"].as_array().unwrap().clone();
    assert_eq!((members.len(), &members[0]["phone"]), (1, &json!("139****1111")));
    assert_eq!(checked(&server, &skey).await, 200);
    assert_eq!(change(&server, &path, &token, &json!({ "status": "blocked" })).await.status, 200);
    assert_eq!(checked(&server, &skey).await, 403);
    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve().await;
    assert_eq!(checked(&server, &skey).await, 403);
    assert_eq!(change(&server, &path, &token, &json!({ "status": "active" })).await.status, 200);
    assert_eq!(checked(&server, &skey).await, 200);
}

#[tokio::test]
async fn whom_an_operator_erases_is_in_no_file_and_no_log() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["log.level=trace"]).await;
    let (skey, path) = alice(&bench, &server).await;
    for number in 0..20 {
        server.login(&bench.code(&format!("other-{number}"))).await;
    }
    let token = token(&bench, "admin").await;
    let said = json!({ "note": CANARIES[1], "attributes": { CANARIES[2]: 1 } });
    assert_eq!(change(&server, &path, &token, &said).await.status, 200);
    let export = server.internal.send(get(&format!("{path}/export")).bearer(&token)).await;
    assert!(CANARIES.iter().all(|canary| export.body.contains(canary)), "{export:?}");
    let found = || {
        let files =
            fs::read_dir(bench.data()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
        let bytes = files.collect::<Vec<_>>().concat();
        let holds = |canary: &&str| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        CANARIES.into_iter().filter(holds).collect::<Vec<_>>()
    };
    assert_eq!(found(), CANARIES, "they were there");
    assert_eq!(server.internal.send(delete(&path).bearer(&token)).await.status, 200);
    assert_eq!(found(), [""; 0]);
    assert_eq!(checked(&server, &skey).await, 401);
    let audit = server.internal.send(get("/api/v1/audit").bearer(&token)).await;
    assert!(!CANARIES.iter().any(|canary| audit.body.contains(canary)), "{audit:?}");
    let actions: Vec<_> = audit.json()["audit"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["member.erased", "member.exported", "member.changed", "token.created"]);
    let logged = server.stop().await.stderr;
    assert!(logged.contains("member erased by an operator"));
    for canary in CANARIES.into_iter().chain([PHONE, &token]) {
        assert!(!logged.contains(canary), "{canary} in {logged}");
    }
}
