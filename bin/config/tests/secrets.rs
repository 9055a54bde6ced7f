//! Where an app's secrets come from: one place each.

use secrecy::ExposeSecret;

use super::{APP, APPID, Bench, CANARY};

fn secret(bench: &Bench) -> String {
    let config = bench.load();
    assert_eq!(config.apps.len(), 1);
    config.apps[0].secret.expose_secret().to_owned()
}

fn appid_only() -> String {
    format!("[[app]]\nappid = \"{APPID}\"\n")
}

#[test]
fn an_app_comes_from_variables_alone() {
    let bench = Bench::new().variable("WXGATE_APP__APPID", APPID).variable("WXGATE_APP__SECRET", CANARY);
    assert_eq!(secret(&bench), CANARY);
    let bench = Bench::new().variable("WXGATE_APP__APPID", APPID);
    let path = bench.write("secret", &format!("{CANARY}\n"), 0o600);
    assert_eq!(secret(&bench.variable("WXGATE_APP__SECRET_FILE", path.to_str().unwrap())), CANARY);
}

#[test]
fn a_secret_of_digits_keeps_its_zeros() {
    let bench = Bench::new().variable("WXGATE_APP__APPID", APPID).variable("WXGATE_APP__SECRET", "0123");
    assert_eq!(secret(&bench), "0123");
}

#[test]
fn a_credential_gives_the_secret_of_the_only_app_or_of_the_app_it_names() {
    assert_eq!(secret(&Bench::new().file(&appid_only()).credential("app_secret", CANARY)), CANARY);
    let named = format!("app_secret_{APPID}");
    assert_eq!(secret(&Bench::new().file(&appid_only()).credential(&named, &format!("{CANARY}\n"))), CANARY);
}

#[test]
fn a_secret_in_two_places_is_refused_with_both() {
    let variable = Bench::new().file(APP).variable("WXGATE_APP__SECRET", CANARY).flaws();
    assert_eq!(
        variable,
        ["WXGATE_APP__SECRET: app.secret: given already by app.secret (wxgate.toml:3); keep one of them"]
    );
    let credential = Bench::new().file(APP).credential("app_secret", CANARY).flaws();
    assert_eq!(credential, ["app_secret: app.secret: given already by app.secret (wxgate.toml:3); keep one of them"]);
    let both = Bench::new()
        .file(&appid_only())
        .credential("app_secret", CANARY)
        .credential(&format!("app_secret_{APPID}"), CANARY);
    assert_eq!(both.flaws().len(), 1);
}

#[test]
fn a_credential_that_is_the_copy_of_the_named_file_is_no_second_place() {
    let with = |text: &str| {
        let bench = Bench::new();
        let path = bench.write("secret", &format!("{text}\n"), 0o600);
        bench.file(&format!("{}secret_file = \"{}\"\n", appid_only(), path.display())).credential("app_secret", CANARY)
    };
    assert_eq!(secret(&with(CANARY)), CANARY);
    let other = with(&CANARY.replace('c', "d")).flaws();
    assert_eq!(
        other,
        ["app_secret: app.secret: given already by app.secret_file (wxgate.toml:3); keep one of them"],
        "another secret is a second one"
    );
}

#[test]
fn a_variable_or_credential_that_could_mean_several_apps_is_refused() {
    let two = format!("{APP}{}", APP.replace("wx01", "wx02"));
    let variable = Bench::new().file(&two).variable("WXGATE_APP__SECRET", CANARY).flaws();
    assert!(variable[0].starts_with("WXGATE_APP__SECRET: app.secret: the file has 2 [[app]]"), "{variable:?}");
    let credential = Bench::new().file(&two).credential("app_secret", CANARY).flaws();
    assert!(credential[0].ends_with("name it app_secret_<appid>"), "{credential:?}");
}

#[test]
fn a_secret_file_that_others_can_read_is_refused_with_the_cure() {
    let bench = Bench::new();
    let path = bench.write("secret", CANARY, 0o644);
    let flaws = bench.file(&format!("{}secret_file = \"{}\"\n", appid_only(), path.display())).flaws();
    assert_eq!(flaws, ["wxgate.toml:3: app.secret_file: secret: others have access to it; run chmod 600 secret"]);
}

#[test]
fn a_file_that_holds_no_secret_is_refused_without_its_text() {
    let bench = Bench::new();
    let path = bench.write("secret", &format!("{CANARY}\n{CANARY}\n"), 0o600);
    let flaws = bench.file(&format!("{}secret_file = \"{}\"\n", appid_only(), path.display())).flaws();
    assert_eq!(flaws, ["wxgate.toml:3: app.secret_file: expected 1 to 128 visible ASCII characters"]);
}

#[test]
fn an_unusual_secret_and_a_readable_file_are_worth_a_warning() {
    let mut bench = Bench::new();
    assert_eq!(bench.write("quiet.toml", APP, 0o600).exists().then(|| Bench::new().file(APP).warnings()), Some(vec![]));
    bench.sources.file = Some(bench.write("loud.toml", &APP.replace(CANARY, "short"), 0o644));
    let warnings = bench.warnings();
    assert!(warnings[0].starts_with("loud.toml:3: app.secret: others can read it; run chmod 600"), "{warnings:?}");
    assert!(warnings[1].starts_with("loud.toml:3: app.secret: unlike an AppSecret"), "{warnings:?}");
}

#[test]
fn an_internal_listener_that_others_reach_and_trust_in_everybody_are_worth_a_warning() {
    let listen = "[listen]\ninternal = \"0.0.0.0:8521\"\ntrusted_proxies = [\"0.0.0.0/0\"]\n";
    assert_eq!(Bench::new().file(&format!("{listen}{APP}")).warnings().len(), 2);
}

#[test]
fn push_secrets_are_held_whatever_their_source() {
    let bench = Bench::new();
    let key = format!("{CANARY}c0ffee00c0f");
    let path = bench.write("key", &format!("{key}\n"), 0o600);
    let push = format!("[app.push]\ntoken = \"{}\"\nencoding_aes_key_file = \"{}\"\n", "c0ffee", path.display());
    let config = bench.file(&format!("{APP}{push}")).load();
    let push = config.apps[0].push.as_ref().unwrap();
    assert_eq!((push.token.1.expose_secret(), push.key.1.expose_secret()), ("c0ffee", key.as_str()));
    assert!(push.previous.is_none() && push.channel(APPID).is_ok());
}

const KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0f";
const OLD_KEY: &str = "c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0f";

#[test]
fn push_comes_from_credentials_alone_of_the_only_app_or_of_the_app_they_name() {
    for suffix in [String::new(), format!("_{APPID}")] {
        let bench = Bench::new()
            .file(APP)
            .credential(&format!("push_token{suffix}"), "c0ffee\n")
            .credential(&format!("encoding_aes_key{suffix}"), KEY)
            .credential(&format!("previous_encoding_aes_key{suffix}"), OLD_KEY);
        let config = bench.load();
        let push = config.apps[0].push.as_ref().unwrap();
        let (_, previous) = push.previous.as_ref().unwrap();
        assert_eq!((push.key.1.expose_secret(), previous.expose_secret()), (KEY, OLD_KEY));
        assert_eq!(push.token.1.expose_secret(), "c0ffee");
    }
    let two = format!("{APP}{}", APP.replace("wx01", "wx02"));
    let unclear = Bench::new().file(&two).credential("push_token", "c0ffee").flaws();
    assert_eq!(unclear.len(), 1);
    assert!(unclear[0].ends_with("name it push_token_<appid>"), "{unclear:?}");
}

#[test]
fn each_push_secret_stands_in_one_place() {
    let bench = Bench::new();
    let path = bench.write("a file", KEY, 0o600);
    let push = format!("{APP}[app.push]\ntoken = \"c0ffee\"\nencoding_aes_key = \"{KEY}\"\n");
    let file = |name: &str| format!("{push}{name} = \"{}\"\n", path.display());
    let flaw = |bench: Bench| {
        let flaws = bench.flaws();
        assert_eq!(flaws.len(), 1, "{flaws:?}");
        flaws[0].clone()
    };
    let given = "given already by app.push.";
    let said = flaw(Bench::new().file(&file("token_file")));
    assert!(said.starts_with("wxgate.toml:7: app.push.token_file: ") && said.contains(given), "{said}");
    let said = flaw(Bench::new().file(&file("encoding_aes_key_file")));
    assert!(said.starts_with("wxgate.toml:7: app.push.encoding_aes_key_file: ") && said.contains(given), "{said}");
    let said = flaw(Bench::new().file(&push).credential("encoding_aes_key", KEY));
    assert!(said.starts_with("encoding_aes_key: app.push.encoding_aes_key: ") && said.contains(given), "{said}");
    let previous = format!("{}previous_encoding_aes_key = \"{OLD_KEY}\"\n", file("previous_encoding_aes_key_file"));
    let said = flaw(Bench::new().file(&previous));
    assert!(said.starts_with("wxgate.toml:7: app.push.previous_encoding_aes_key_file: "), "{said}");
}

#[test]
fn no_push_secret_is_shown() {
    let push = format!(
        "[app.push]\ntoken = \"c0ffee\"\nencoding_aes_key = \"{KEY}\"\nprevious_encoding_aes_key = \"{OLD_KEY}\"\n"
    );
    let config = Bench::new().file(&format!("{APP}{push}")).load();
    let shown = config.report.values();
    for name in ["push.token", "push.encoding_aes_key", "push.previous_encoding_aes_key"] {
        assert!(shown.contains(&format!("{name} = \"***\"")), "{shown}");
    }
    let all = format!("{shown}{}{:?}", config.report.values_json(), config.apps);
    assert!(!all.contains("c0ffee"), "{all}");
}

const API_KEY: &str = include_str!("../../../crates/crypto/tests/keys/app.pem");
const API_PUBLIC: &str = include_str!("../../../crates/crypto/tests/keys/app-public.pem");
const SYMMETRIC: &str = "otUpngOjU+nVQaWJIC3D/yMLV17RKaP6t4Ot9tbnzLY=";

/// A section with everything but what is `left_out`.
fn api_security(certificate: &str, left_out: &str) -> String {
    let lines = [
        "symmetric_serial = \"a1\"".to_owned(),
        format!("symmetric_key = \"{SYMMETRIC}\""),
        "own_serial = \"b2\"".to_owned(),
        format!("private_key = \"{}\"", API_KEY.replace('\n', "\\n")),
        "wechat_serial = \"c3\"".to_owned(),
        format!("wechat_certificate_file = \"{certificate}\""),
    ];
    let kept = lines.into_iter().filter(|line| left_out.is_empty() || !line.starts_with(left_out));
    format!("{APP}[app.api_security]\n{}\n", kept.collect::<Vec<_>>().join("\n"))
}

#[test]
fn no_key_that_signs_calls_is_shown_and_every_file_is_of_its_kind() {
    let bench = Bench::new();
    // A certificate is no secret: who may read its file is nobody's concern.
    let certificate = bench.write("wechat.pem", API_PUBLIC, 0o644).display().to_string();
    let private = bench.write("private.pem", API_KEY, 0o600).display().to_string();
    let bench = bench.file(&api_security(&certificate, ""));
    let config = bench.load();
    assert!(config.apps[0].api_security.is_some());
    let shown = format!("{}{}{:?}", config.report.values(), config.report.values_json(), config.apps);
    for name in ["api_security.symmetric_key", "api_security.private_key"] {
        assert!(shown.contains(&format!("{name} = \"***\"")), "{shown}");
    }
    let line = API_KEY.lines().nth(3).unwrap();
    assert!(!shown.contains(SYMMETRIC) && !shown.contains(line), "{shown}");
    assert!(shown.contains("api_security.wechat_serial = \"c3\""), "{shown}");

    let flaw = |text: &str| {
        let flaws = Bench::new().file(text).flaws();
        assert_eq!(flaws.len(), 1, "{flaws:?}");
        flaws[0].clone()
    };
    for key in ["symmetric_serial", "own_serial", "wechat_serial", "wechat_certificate_file"] {
        let said = flaw(&api_security(&certificate, key));
        assert!(said.starts_with(&format!("wxgate.toml:1: app.api_security.{key}: missing")), "{said}");
    }
    for key in ["symmetric_key =", "private_key ="] {
        let said = flaw(&api_security(&certificate, key));
        assert!(said.contains(": missing: write app.api_security."), "{said}");
    }
    let whole = api_security(&certificate, "");
    let said = flaw(&whole.replace(SYMMETRIC, "YXBwaWRkdXNlZm9ydGVzdA=="));
    assert!(said.starts_with("wxgate.toml:6: app.api_security.symmetric_key: expected base64 of 32 bytes"), "{said}");
    let said = flaw(&whole.replace("PRIVATE KEY", "PUBLIC KEY"));
    assert!(said.starts_with("wxgate.toml:8: app.api_security.private_key: expected an RSA private key"), "{said}");
    let said = flaw(&whole.replace("\"c3\"", "\"c 3\""));
    assert!(said.starts_with("wxgate.toml:9: app.api_security.wechat_serial: expected a serial"), "{said}");
    let said = flaw(&api_security(&private, ""));
    assert!(said.starts_with("wxgate.toml:10: app.api_security.wechat_certificate_file: "), "{said}");
    assert!(said.ends_with("expected WeChat's certificate or public key in PEM, RSA of 2048 bits or more"), "{said}");
    let said = flaw(&api_security("/no/such/file", ""));
    assert!(said.contains("wechat_certificate_file") && said.contains("cannot be read"), "{said}");
    let said = flaw(&format!("{whole}previous_wechat_serial = \"d4\"\n"));
    assert!(said.contains("app.api_security.previous_wechat_certificate_file: missing"), "{said}");
}
