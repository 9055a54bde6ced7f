//! Calls to WeChat that are encrypted and signed (服务端 API 签名加密), from the configuration to the answer of a member.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use wxgate_sandbox::{ApiSecuritySpec, Endpoint, FaultKind};

use crate::support::{Answer, Bench, Server, post};

const SYMMETRIC_KEY: &str = "otUpngOjU+nVQaWJIC3D/yMLV17RKaP6t4Ot9tbnzLY=";
const APP: [&str; 2] = [
    include_str!("../../crates/crypto/tests/keys/app.pem"),
    include_str!("../../crates/crypto/tests/keys/app-public.pem"),
];
/// A key of WeChat's and the one that follows it: private, public.
const WECHAT: [&str; 2] = [
    include_str!("../../crates/crypto/tests/keys/wechat.pem"),
    include_str!("../../crates/crypto/tests/keys/wechat-public.pem"),
];
const NEXT: [&str; 2] = [
    include_str!("../../crates/crypto/tests/keys/wechat-next.pem"),
    include_str!("../../crates/crypto/tests/keys/wechat-next-public.pem"),
];

/// What WeChat holds: it signs with `key`, and with the one before as well while it changes them.
fn console(serial: &str, key: &str, deprecated: Option<(&str, &str)>) -> ApiSecuritySpec {
    ApiSecuritySpec {
        symmetric_serial: "sym1".to_owned(),
        symmetric_key: SYMMETRIC_KEY.to_owned(),
        app_serial: "app1".to_owned(),
        app_public_key: APP[1].to_owned(),
        platform_serial: serial.to_owned(),
        platform_key: key.to_owned(),
        deprecated: deprecated.map(|(serial, key)| (serial.to_owned(), key.to_owned())),
    }
}

/// A server whose app has these keys of WeChat's: serial and public key.
async fn serve(bench: &Bench, keys: &[(&str, &str)], private_key: &str) -> Server {
    let write = |name: &str, text: &str| {
        let path = bench.dir().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let file = bench.dir().join("wxgate.toml");
    let text = fs::read_to_string(&file).unwrap();
    let before = text.split("[app.api_security]").next().unwrap();
    let section = format!(
        "[app.api_security]\nsymmetric_serial = \"sym1\"\nsymmetric_key_file = \"{}\"\nown_serial = \"app1\"\n\
         private_key_file = \"{}\"\n",
        write("symmetric", SYMMETRIC_KEY),
        write("private.pem", private_key),
    );
    let of_wechat = keys.iter().zip(["", "previous_"]).map(|((serial, key), prefix)| {
        let path = write(&format!("{serial}.pem"), key);
        format!("{prefix}wechat_serial = \"{serial}\"\n{prefix}wechat_certificate_file = \"{path}\"\n")
    });
    fs::write(&file, [before, &section, &of_wechat.collect::<String>()].concat()).unwrap();
    bench.serve().await
}

/// A member binds the number of their phone, which is a call that is signed.
async fn bind(bench: &Bench, server: &Server) -> Answer {
    let skey = server.login(&bench.code("alice")).await;
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await
}

#[tokio::test]
async fn calls_are_signed_and_their_answers_are_read() {
    let bench = Bench::new().await;
    bench.sandbox.secure(bench.appid(), console("wechat1", WECHAT[0], None)).unwrap();
    let server = serve(&bench, &[("wechat1", WECHAT[1])], APP[0]).await;
    let bound = bind(&bench, &server).await;
    assert_eq!((bound.status, bound.json()["trust"].as_str()), (200, Some("code")), "{bound:?}");
    // Sealed: neither the code nor the openid stands in the body that WeChat got.
    let calls = bench.calls(Endpoint::PhoneNumber);
    let names: Vec<_> = calls[0].body.keys().map(String::as_str).collect();
    assert_eq!((calls.len(), names), (1, vec!["authtag", "data", "iv"]));
    // A token that somebody else replaced is refused in plain words, and the call made again.
    bench.sandbox.rotate_token(bench.appid()).unwrap();
    assert_eq!(bind(&bench, &server).await.status, 200);
    assert_eq!(bench.calls(Endpoint::PhoneNumber).len(), 3);
}

#[tokio::test]
async fn an_answer_that_wechat_did_not_sign_so_is_none() {
    let bench = Bench::new().await;
    bench.sandbox.secure(bench.appid(), console("wechat1", WECHAT[0], None)).unwrap();
    let server = serve(&bench, &[("wechat1", WECHAT[1])], APP[0]).await;
    for fault in [FaultKind::BadSignature, FaultKind::UnknownSerial, FaultKind::OldTimestamp, FaultKind::Unsigned] {
        bench.sandbox.fault(Endpoint::PhoneNumber, fault.clone().times(1)).unwrap();
        let refused = bind(&bench, &server).await;
        assert_eq!(refused.refusal(), (503, "wechat_unreachable".to_owned(), -503), "{fault:?}");
    }
    assert_eq!(bind(&bench, &server).await.status, 200);
    let ended = server.stop().await;
    for said in ["signed by no key of WeChat's", "signed more than five minutes ago", "not signed"] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    for secret in [SYMMETRIC_KEY, APP[0].lines().nth(3).unwrap()] {
        assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret));
    }
}

#[tokio::test]
async fn wechat_changes_its_key_and_no_call_fails() {
    let bench = Bench::new().await;
    // Before the change; during it, with the old key alone and with both; after it.
    let steps = [
        (console("wechat1", WECHAT[0], None), &[("wechat1", WECHAT[1])][..], false),
        (console("wechat2", NEXT[0], Some(("wechat1", WECHAT[0]))), &[("wechat1", WECHAT[1])], true),
        (console("wechat1", WECHAT[0], None), &[("wechat2", NEXT[1]), ("wechat1", WECHAT[1])], false),
        (
            console("wechat2", NEXT[0], Some(("wechat1", WECHAT[0]))),
            &[("wechat2", NEXT[1]), ("wechat1", WECHAT[1])],
            false,
        ),
        (console("wechat2", NEXT[0], None), &[("wechat2", NEXT[1])], false),
    ];
    for (at, (console, keys, warns)) in steps.into_iter().enumerate() {
        bench.sandbox.secure(bench.appid(), console).unwrap();
        let server = serve(&bench, keys, APP[0]).await;
        assert_eq!(bind(&bench, &server).await.status, 200, "step {at}");
        let ended = server.stop().await;
        assert_eq!(ended.stderr.contains("WeChat changes its key"), warns, "step {at}: {}", ended.stderr);
    }
    // Who has still the old one alone believes nothing more.
    let server = serve(&bench, &[("wechat1", WECHAT[1])], APP[0]).await;
    assert_eq!(bind(&bench, &server).await.refusal(), (503, "wechat_unreachable".to_owned(), -503));
}

#[tokio::test]
async fn what_wechat_refuses_of_signed_calls_is_the_operators_to_mend() {
    let bench = Bench::new().await;
    bench.sandbox.secure(bench.appid(), console("wechat1", WECHAT[0], None)).unwrap();
    // With another key than the one that was uploaded; and without the section, while it is switched on in the console.
    let server = serve(&bench, &[("wechat1", WECHAT[1])], NEXT[0]).await;
    assert_eq!(bind(&bench, &server).await.refusal(), (502, "wechat_refused".to_owned(), 40234));
    drop(server);
    let file = bench.dir().join("wxgate.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.split("[app.api_security]").next().unwrap()).unwrap();
    let server = bench.serve().await;
    assert_eq!(bind(&bench, &server).await.refusal(), (502, "wechat_refused".to_owned(), 40233));
}

#[tokio::test]
async fn keys_that_others_can_read_and_files_of_another_kind_stop_the_start() {
    let bench = Bench::new().await;
    drop(serve(&bench, &[("wechat1", WECHAT[1])], APP[0]).await);
    let check = async || {
        let checked = bench.run(&["config", "check"], "").await;
        (checked.code, checked.stderr)
    };
    assert_eq!(check().await.0, Some(0));
    let shown = bench.run(&["config", "show"], "").await.stdout;
    assert!(shown.contains("api_security.private_key = \"***\""), "{shown}");
    assert!(!shown.contains(SYMMETRIC_KEY) && !shown.contains("PRIVATE KEY"), "{shown}");
    let private = bench.dir().join("private.pem");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = check().await;
    assert!(
        code == Some(78) && said.contains("app.api_security.private_key_file") && said.contains("chmod 600"),
        "{said}"
    );
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&private, APP[1]).unwrap();
    let (code, said) = check().await;
    assert!(code == Some(78) && said.contains("expected an RSA private key in PEM"), "{said}");
    fs::write(&private, APP[0]).unwrap();
    fs::write(bench.dir().join("wechat1.pem"), APP[0]).unwrap();
    let (code, said) = check().await;
    assert!(code == Some(78) && said.contains("expected WeChat's certificate or public key in PEM"), "{said}");
    assert!(said.contains("wxgate.toml:") && !said.contains(APP[0].lines().nth(3).unwrap()), "{said}");
}
