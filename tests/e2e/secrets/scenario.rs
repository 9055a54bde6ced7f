//! Everything that a server has to do with secrets, once, and the ways in which it goes wrong.

use std::cell::RefCell;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wxgate_sandbox::{Broken, Endpoint, FaultKind, PushFormat, PushSpec, Scene, UserSpec};

use super::forms::Canary;
use crate::push;
use crate::support::{Answer, At, Bench, Request, Server, delete, get, post};

/// A number that appears nowhere by chance.
pub const PHONE: &str = "13987654321";

struct Stage<'a> {
    bench: &'a Bench,
    server: &'a Server,
    canaries: Vec<Canary>,
    answers: RefCell<String>,
}

/// Plays it all. Gives the secrets that took part, and every answer of the server.
pub async fn played(bench: &Bench, server: &Server) -> (Vec<Canary>, String) {
    let mut stage = Stage { bench, server, canaries: Vec::new(), answers: RefCell::default() };
    let (alice, phone) = (Some("alice".to_owned()), Some(PHONE.to_owned()));
    bench.sandbox.add_user(UserSpec { id: alice, phone, ..UserSpec::default() });
    let skey = stage.session().await;
    stage.phones(&skey).await;
    stage.troubles().await;
    stage.pushes(&skey).await;
    stage.misplaced(&skey).await;
    stage.tokens(&skey).await;
    stage.operators(&skey).await;
    stage.endings(&skey).await;
    for path in ["/openapi.json", "/readyz", "/healthz"] {
        assert_eq!(stage.ask(&server.internal, get(path)).await.status, 200, "{path}");
    }
    (stage.canaries, stage.answers.into_inner())
}

impl Stage<'_> {
    /// Asks, and keeps the answer.
    async fn ask(&self, at: &At, request: Request) -> Answer {
        let answer = at.send(request).await;
        writeln!(self.answers.borrow_mut(), "{answer:?}").unwrap();
        answer
    }

    fn code(&mut self) -> String {
        let code = self.bench.sandbox.login(self.bench.appid(), "alice").unwrap();
        self.canaries.push(Canary::text("code", &code));
        code
    }

    fn keep_session_key(&mut self) {
        let key = self.bench.sandbox.session_key(self.bench.appid(), "alice").unwrap();
        self.canaries.push(Canary::text("session_key", key.expose()));
        self.canaries.push(Canary::bytes("bytes of a session_key", &STANDARD.decode(key.expose()).unwrap()));
    }

    fn keep_skey(&mut self, skey: &str) {
        self.canaries.push(Canary::text("skey", skey));
        let bytes = URL_SAFE_NO_PAD.decode(skey.strip_prefix("wxg_").unwrap()).unwrap();
        // In front stands the session's id, which is no secret.
        self.canaries.push(Canary::bytes("bytes of an skey", &bytes[8..]));
    }

    async fn session(&mut self) -> String {
        let code = self.code();
        let login = post("/v1/login").json(&json!({ "code": code }));
        let skey = self.ask(&self.server.public, login).await.text("skey");
        self.keep_session_key();
        self.keep_skey(&skey);
        skey
    }

    async fn phone(&self, skey: &str, body: &Value) -> u16 {
        self.ask(&self.server.public, post("/v1/phone").bearer(skey).json(body)).await.status
    }

    async fn phones(&mut self, skey: &str) {
        let tap = self.bench.sandbox.phone(self.bench.appid(), "alice").unwrap();
        self.canaries.push(Canary::text("code of the button", &tap.code));
        let sealed = json!({ "encryptedData": tap.data.encrypted_data, "iv": tap.data.iv });
        assert_eq!(self.phone(skey, &json!({ "phoneCode": tap.code })).await, 200);
        assert_eq!(self.phone(skey, &sealed).await, 200);
        let mut bytes = STANDARD.decode(&tap.data.encrypted_data).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = json!({ "encryptedData": STANDARD.encode(bytes), "iv": tap.data.iv });
        assert_eq!(self.phone(skey, &damaged).await, 422);
        for path in ["/v1/me", "/v1/me/export"] {
            assert_eq!(self.ask(&self.server.public, get(path).bearer(skey)).await.status, 200, "{path}");
        }
        self.access_token().await;
    }

    /// The shared token, as WeChat gives it to whoever knows the AppSecret.
    async fn access_token(&mut self) {
        let app = &self.bench.apps[0];
        let ask = json!({ "grant_type": "client_credential", "appid": app.appid, "secret": app.secret });
        let wechat = At::Tcp(self.bench.wechat.to_string());
        let token = wechat.send(post("/cgi-bin/stable_token").json(&ask)).await.text("access_token");
        self.canaries.push(Canary::text("access_token", &token));
    }

    /// Every way in which a call that carries secrets fails.
    async fn troubles(&mut self) {
        let trouble = [
            FaultKind::Errcode(-1),
            FaultKind::Errcode(40125),
            FaultKind::Status(500),
            FaultKind::Html,
            FaultKind::Redirect("/elsewhere".to_owned()),
            FaultKind::ResetBefore,
            FaultKind::ResetAfter,
            FaultKind::Truncated,
            FaultKind::InvalidUtf8,
            FaultKind::Without("openid".to_owned()),
            FaultKind::HugeBytes(1_000_000),
        ];
        for fault in trouble {
            self.bench.sandbox.fault(Endpoint::Code2Session, fault.clone().times(1)).unwrap();
            let code = self.code();
            let answer = self.ask(&self.server.public, post("/v1/login").json(&json!({ "code": code }))).await;
            assert!(answer.status >= 500, "{fault:?}");
        }
        let skey = self.session().await;
        for endpoint in [Endpoint::PhoneNumber, Endpoint::CheckEncrypted] {
            self.bench.sandbox.fault(endpoint, FaultKind::ResetAfter.times(1)).unwrap();
        }
        let tap = self.bench.sandbox.phone(self.bench.appid(), "alice").unwrap();
        self.canaries.push(Canary::text("code whose answer was lost", &tap.code));
        let sealed = json!({ "encryptedData": tap.data.encrypted_data, "iv": tap.data.iv });
        assert_eq!(self.phone(&skey, &json!({ "phoneCode": tap.code })).await, 503);
        assert_eq!(self.phone(&skey, &sealed).await, 503);
        for scene in [Scene::UsedCode, Scene::ExpiredCode, Scene::OtherApp, Scene::BlockedUser] {
            let code = self.bench.sandbox.scenario(scene, self.bench.appid(), "alice").unwrap().code;
            let answer = self.ask(&self.server.public, post("/v1/login").json(&json!({ "code": code }))).await;
            assert!((400..500).contains(&answer.status), "{scene:?}");
            self.canaries.push(Canary::text("refused code", &code));
        }
    }

    /// What WeChat pushes, whole and in every way in which it is refused: in it is what nobody else may read.
    async fn pushes(&mut self, skey: &str) {
        self.canaries.push(Canary::text("push token", push::TOKEN));
        self.canaries.push(Canary::text("EncodingAESKey", push::KEY));
        self.canaries.push(Canary::bytes("bytes of an EncodingAESKey", &STANDARD.decode(&push::KEY[..40]).unwrap()));
        let (words, number) = ("what was said to the team alone", "13976543210");
        self.canaries.push(Canary::text("words of a push", words));
        self.canaries.push(Canary::text("phone number of a push", number));
        let said = json!({ "Content": words, "phone": number, "skey": skey });
        let refused = [Broken::Plain, Broken::Signature, Broken::Receiver, Broken::Stale, Broken::Doctype].map(Some);
        for broken in refused.into_iter().chain([None, Some(Broken::Replayed)]) {
            for format in [PushFormat::Json, PushFormat::Xml] {
                let fields = said.as_object().unwrap().clone();
                let spec = PushSpec { format, broken, fields, ..push::spec(self.server, self.bench, "debug_demo") };
                let pushed = self.bench.sandbox.push(self.bench.appid(), "alice", &spec).await.unwrap();
                assert_eq!(pushed.received, !refused.contains(&broken), "{broken:?} {format:?} {pushed:?}");
                writeln!(self.answers.borrow_mut(), "{pushed:?}").unwrap();
            }
        }
        let export = self.ask(&self.server.public, get("/v1/me/export").bearer(skey)).await.body;
        assert!(export.contains(words) && export.contains(number), "what is kept of it is the person's own");
    }

    /// Secrets where none belongs.
    async fn misplaced(&mut self, skey: &str) {
        let code = self.code();
        let requests = [
            get(&format!("/v1/session?skey={skey}")),
            get(&format!("/v1/session?token={skey}")),
            get(&format!("/v1/login?code={code}")),
            get(&format!("/v1/session/{skey}")),
            delete(&format!("/v1/sessions/{skey}")).bearer(skey),
            get("/v1/session").header("Authorization", &format!("Basic {skey}")),
            get("/v1/session").bearer(skey).bearer(skey),
            post("/v1/login").json(&json!({ code.clone(): skey })),
            post("/v1/login").json(&json!({ "code": [code], "skey": skey })),
            post("/v1/login").json(&json!({ "code": format!("{code} ") })),
            post("/v1/login").form(&format!("code={code}&code={skey}")),
            post("/v1/phone").bearer(skey).json(&json!({ "code": code })),
            post("/v1/phone").bearer(skey).json(&json!({ "phoneCode": code, "iv": skey })),
            post("/v1/login").header("Idempotency-Key", skey).header("User-Agent", "e2e").json(&json!({ "code": "" })),
        ];
        for (number, request) in requests.into_iter().enumerate() {
            let answer = self.ask(&self.server.public, request).await;
            assert!((400..500).contains(&answer.status), "request {number}: {answer:?}");
        }
    }

    async fn tokens(&mut self, skey: &str) {
        let made = self.bench.run(&["token", "create", "--name", "e2e", "--scope", "introspect"], "").await;
        let token = made.stdout.trim();
        self.canaries.push(Canary::text("API token", token));
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("wxa_").unwrap()).unwrap();
        self.canaries.push(Canary::bytes("bytes of an API token", &bytes[16..]));
        for (bearer, status) in [(token, 200), (skey, 401)] {
            let introspect = post("/introspect").bearer(bearer).form(&format!("token={skey}"));
            assert_eq!(self.ask(&self.server.internal, introspect).await.status, status);
        }
    }

    /// Whoever may do everything: numbers and notes pass by, and a token is made.
    async fn operators(&mut self, skey: &str) {
        let made = self.bench.run(&["token", "create", "--name", "e2e", "--scope", "admin"], "").await;
        let admin = made.stdout.trim();
        let asked = json!({ "name": "service", "scopes": ["members:read"] });
        let request = post("/api/v1/tokens").bearer(admin).json(&asked);
        let token = self.server.internal.send(request).await.text("token");
        for token in [admin, &token] {
            self.canaries.push(Canary::text("API token", token));
        }
        let note = "a note that only operators read";
        self.canaries.push(Canary::text("note", note));
        let id = self.ask(&self.server.public, get("/v1/me").bearer(skey)).await.json()["member"]["id"].clone();
        let member = format!("/api/v1/members/{}", id.as_str().unwrap());
        let change = |body: Value| Request::new("PATCH", &member).bearer(admin).json(&body);
        let requests = [
            (get(&format!("/api/v1/members?phone={PHONE}")).bearer(&token), 200),
            (get(&format!("/api/v1/members?after={token}")).bearer(&token), 400),
            (get(&format!("/api/v1/members/{token}")).bearer(&token), 404),
            (change(json!({ "note": note })), 200),
            (change(json!({ "note": note, "revision": 0 })), 409),
            (change(json!({ "note": null })), 200),
            (get(&format!("{member}/export")).bearer(admin), 200),
            (get(&format!("{member}/sessions")).bearer(admin), 200),
            (get("/api/v1/tokens").bearer(admin), 200),
            (get("/api/v1/audit").bearer(admin), 200),
        ];
        for (number, (request, status)) in requests.into_iter().enumerate() {
            let answer = self.ask(&self.server.internal, request).await;
            assert_eq!(answer.status, status, "request {number}: {answer:?}");
        }
    }

    async fn endings(&mut self, skey: &str) {
        let refreshed = self.ask(&self.server.public, post("/v1/session/refresh").bearer(skey)).await.text("skey");
        self.keep_skey(&refreshed);
        assert_eq!(self.ask(&self.server.internal, get("/forward-auth").bearer(&refreshed)).await.status, 200);
        assert_eq!(self.ask(&self.server.public, delete("/v1/session").bearer(&refreshed)).await.status, 200);
        assert_eq!(self.ask(&self.server.internal, get("/forward-auth").bearer(&refreshed)).await.status, 401);
    }
}
