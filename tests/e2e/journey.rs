//! What a mini program does from the first tap to the last, and an operator from the first command to the worst day.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use wxgate_crypto::payload;
use wxgate_sandbox::{Endpoint, ProfileApi, ProfileAsk};

use crate::support::{Bench, Ended, Process, Server, delete, get, post};

#[tokio::test]
async fn a_member_logs_in_gives_a_phone_number_both_ways_and_logs_out() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let login = server.public.send(post("/v1/login").json(&json!({ "code": bench.code("alice") }))).await;
    let said = login.json();
    assert_eq!((login.status, &said["is_new"], &said["profile"]), (200, &json!(true), &json!("absent")));
    let (skey, member) = (login.text("skey"), said["member"]["id"].clone());

    let session = server.public.send(get("/v1/session").bearer(&skey)).await.json();
    assert_eq!((&session["member"]["id"], &session["member"]["phone"]), (&member, &json!(null)));

    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let phone = |body: Value| server.public.send(post("/v1/phone").bearer(&skey).json(&body));
    let by_code = phone(json!({ "phoneCode": tap.code })).await.json();
    assert_eq!((&by_code["phone_info"]["phoneNumber"], &by_code["trust"]), (&json!("138****8000"), &json!("code")));

    let sealed = json!({ "encryptedData": tap.data.encrypted_data, "iv": tap.data.iv });
    let by_payload = phone(sealed).await.json();
    assert_eq!((&by_payload["phone_info"], &by_payload["trust"]), (&by_code["phone_info"], &json!("hash")));
    let asked = bench.calls(Endpoint::CheckEncrypted);
    assert_eq!(asked.iter().map(|call| call.errcode).collect::<Vec<_>>(), [Some(0)]);

    let who = server.internal.send(get("/forward-auth").bearer(&skey)).await;
    assert_eq!((who.status, who.header("wxgate-member")), (200, member.as_str()));
    assert_eq!(who.header("wxgate-openid"), Some(bench.sandbox.openid(bench.appid(), "alice").as_str()));

    assert_eq!(server.public.send(delete("/v1/session").bearer(&skey)).await.status, 200);
    for again in [delete("/v1/session"), get("/v1/session"), get("/v1/me")] {
        assert_eq!(server.public.send(again.bearer(&skey)).await.refusal(), (401, "unauthorized".to_owned(), -401));
    }
    assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 401);
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 1);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn forge_with_known_key() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("mallory")).await;
    let key = bench.sandbox.session_key(bench.appid(), "mallory").unwrap();
    let text = json!({
        "phoneNumber": "13900139000", "purePhoneNumber": "13900139000", "countryCode": "86",
        "watermark": { "timestamp": bench.sandbox.now(), "appid": bench.appid() },
    });
    let forged = payload::seal(text.to_string().as_bytes(), &key, [7; 16]);
    let body = json!({ "encryptedData": forged.encrypted_data(), "iv": forged.iv_text() });
    let answer = server.public.send(post("/v1/phone").bearer(&skey).json(&body)).await;
    assert_eq!(answer.refusal(), (422, "unopenable".to_owned(), -422));
    assert_eq!(bench.calls(Endpoint::CheckEncrypted).len(), 1, "it opened, so WeChat was asked");
}

#[tokio::test]
async fn a_profile_that_wechat_signed_is_kept_and_named_to_the_services_behind() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let code = bench.code("小明");
    let ask = ProfileAsk { real: true, api: ProfileApi::GetUserInfo };
    let profile = bench.sandbox.profile(bench.appid(), "小明", ask).unwrap();
    let body = json!({ "code": code, "rawData": profile.raw_data, "signature": profile.signature });
    let login = server.public.send(post("/v1/login").json(&body)).await;
    let said = login.json();
    assert_eq!(
        (&said["profile"], &said["member"]["nickName"]),
        (&json!("stored"), &json!(profile.user_info.nick_name))
    );
    let who = server.internal.send(get("/forward-auth").bearer(&login.text("skey"))).await;
    let name = who.header("wxgate-name").unwrap();
    assert!(!name.is_empty() && name.is_ascii(), "{name}");
    assert_eq!(unescaped(name), profile.user_info.nick_name);
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

/// A machine with nothing but the program on it, which anything may happen to.
struct Machine {
    dir: TempDir,
    wechat: String,
}

impl Machine {
    /// The program, installed.
    fn installed(bench: &Bench) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap(), wechat: format!("http://{}", bench.wechat) };
        // By another process: a file that this one has open for writing, and so each child of a test beside, cannot be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_wxgate")).arg(machine.path("wxgate")).status().unwrap();
        assert!(copied.success());
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("wxgate"));
        command.current_dir(self.dir.path()).env_clear().args(arguments);
        command.env("WXGATE_WECHAT__BASE_URL", &self.wechat).env("WXGATE_LISTEN__INTERNAL", "127.0.0.1:0");
        command
    }

    /// What a command says that does what it is asked.
    async fn ran(&self, arguments: &[&str], input: &str) -> Ended {
        let ended = Process::spawn(self.command(arguments), input).end().await;
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        ended
    }

    /// Four answers, and nothing wrong with the result.
    async fn configured(&self, bench: &Bench) {
        let init = ["init", "--yes", "--appid", bench.appid(), "--secret-file", "-", "--listen", "127.0.0.1:0"];
        self.ran(&init, &bench.apps[0].secret).await;
        self.ran(&["config", "check"], "").await;
        self.ran(&["doctor"], "").await;
    }
}

#[tokio::test]
async fn installed_served_backed_up_destroyed_and_restored_an_old_skey_is_still_valid() {
    let bench = Bench::new().await;
    let machine = Machine::installed(&bench);
    machine.configured(&bench).await;
    let server = Server::start(machine.command(&["serve"])).await;
    let skey = server.login(&bench.code("alice")).await;
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let held = server.public.send(get("/v1/me").bearer(&skey)).await.json();
    machine.ran(&["doctor"], "").await;

    // What is not on the machine: the backup and the key that opens it.
    let elsewhere = tempfile::tempdir().unwrap();
    let [backup, key] = ["backup.age", "backup.key"].map(|name| elsewhere.path().join(name));
    let [backup, key] = [&backup, &key].map(|path| path.to_str().unwrap());
    machine.ran(&["backup", "create", "--out", backup], "").await;
    fs::rename(machine.path("wxgate-data/wxgate.backup.key"), key).unwrap();
    let late = server.login(&bench.code("bob")).await;
    server.kill().await;
    drop(machine);

    let machine = Machine::installed(&bench);
    machine.ran(&["backup", "verify", backup, "--key", key], "").await;
    machine.ran(&["backup", "restore", backup, "--key", key, "--to", "wxgate-data"], "").await;
    machine.configured(&bench).await;
    let server = Server::start(machine.command(&["serve"])).await;
    assert_eq!(server.public.send(get("/v1/me").bearer(&skey)).await.json(), held);
    assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200);
    let gone = server.public.send(get("/v1/me").bearer(&late)).await;
    assert_eq!(gone.status, 401, "who came after the backup logs in again");
    assert_eq!(server.stop().await.code, Some(0));
}
