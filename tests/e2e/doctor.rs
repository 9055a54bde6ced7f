//! What is wrong with an installation is found, named, and said to be mended by what mends it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wxgate_sandbox::{Endpoint, FaultKind, UserSpec};

use crate::nginx::Nginx;
use crate::support::{At, Bench, Process, Server, post, program};

/// What a proxy must do, and what many do besides.
const GOOD: &str = "location / { proxy_pass http://public; proxy_http_version 1.1; proxy_set_header Connection '';
                    proxy_set_header X-Forwarded-For 203.0.113.7; }";

/// A report: the exit code, and each check.
struct Report {
    code: Option<i32>,
    checks: BTreeMap<String, Value>,
}

impl Report {
    async fn of(dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = program(dir);
        command.envs(variables.iter().copied()).args(["doctor", "--json"]).args(arguments);
        let ended = Process::spawn(command, "").end().await;
        let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
        let check = |check: &Value| (check["id"].as_str().unwrap().to_owned(), check.clone());
        Self { code: ended.code, checks: report["checks"].as_array().unwrap().iter().map(check).collect() }
    }

    async fn at(bench: &Bench, url: &str) -> Self {
        Self::of(bench.dir(), &[], &["--set", &format!("public_url={url}")]).await
    }

    fn state(&self, id: &str) -> &str {
        self.checks[id]["state"].as_str().unwrap()
    }

    /// It failed, is said to, and what is said holds these words.
    fn failed(&self, id: &str, words: &[&str]) {
        let said = self.checks[id].to_string();
        assert_eq!((self.code, self.state(id)), (Some(1), "fail"), "{said}");
        assert!(words.iter().all(|word| said.contains(word)) && self.checks[id]["cure"].is_string(), "{said}");
    }

    fn with_state(&self, state: &str) -> Vec<&str> {
        self.checks.keys().map(String::as_str).filter(|id| self.state(id) == state).collect()
    }
}

fn url(nginx: &Nginx) -> String {
    let At::Tcp(address) = &nginx.at else { unreachable!() };
    format!("http://{address}")
}

#[tokio::test]
async fn from_init_to_a_server_with_nothing_wrong() {
    let bench = Bench::new().await;
    fs::remove_file(bench.dir().join("wxgate.toml")).unwrap();
    let init = ["init", "--yes", "--appid", bench.appid(), "--secret-file", "-", "--listen", "127.0.0.1:0"];
    let made = bench.run(&init, &bench.apps[0].secret).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert_eq!(bench.run(&["config", "check"], "").await.code, Some(0));
    let sandbox = format!("wechat.base_url=http://{}", bench.wechat);
    let server = bench.serve_with(&["listen.internal=127.0.0.1:0", &sandbox]).await;
    let nginx = Nginx::start(&server, GOOD).await;
    server.login(&bench.code("alice")).await;
    let public = format!("public_url={}", url(&nginx));
    let bare = Report::of(bench.dir(), &[], &["--set", &public, "--set", &sandbox]).await;
    assert_eq!((bare.code, bare.state("backup.last"), bare.state("backup.verified")), (Some(0), "warn", "skipped"));
    let backup = bench.run(&["backup", "create"], "").await;
    assert_eq!(bench.run(&["backup", "verify", backup.stdout.trim()], "").await.code, Some(0), "{}", backup.stderr);
    let report = Report::of(bench.dir(), &[], &["--set", &public, "--set", &sandbox]).await;
    assert_eq!((report.code, report.with_state("fail")), (Some(0), Vec::<&str>::new()), "{:?}", report.checks);
    // Only https is for phones, and here is none.
    assert!(
        report.with_state("warn").iter().all(|id| ["public.url", "system.logs"].contains(id)),
        "{:?}",
        report.checks
    );
    assert!(report.with_state("ok").len() >= 20, "{:?}", report.with_state("ok"));
    assert_eq!(server.stop().await.code, Some(0));

    let report = Report::of(bench.dir(), &[], &["--set", &sandbox]).await;
    assert_eq!((report.code, report.state("server.running")), (Some(0), "warn"));
    assert_eq!((report.state("database.check"), report.state("database.probe")), ("ok", "ok"));
}

#[tokio::test]
async fn what_the_proxy_does_to_requests_and_answers_is_found() {
    let bench = Bench::new().await;
    let (server, other) = (bench.serve().await, Bench::new().await);
    let elsewhere = other.serve().await;

    let good = Nginx::start(&server, GOOD).await;
    let report = Report::at(&bench, &url(&good)).await;
    let public: Vec<&str> = report.with_state("ok").into_iter().filter(|id| id.starts_with("public.")).collect();
    assert_eq!(public, ["public.clients", "public.instance", "public.internal", "public.query", "public.refusals"]);

    let stranger = Nginx::start(&elsewhere, GOOD).await;
    Report::at(&bench, &url(&stranger)).await.failed("public.instance", &["not this server"]);

    let rewriting = "rewrite ^/healthz$ /healthz?probe=$arg_probe&sign=x? break; proxy_intercept_errors on; \
                     error_page 401 =200 /login.html; \
                     location /readyz { proxy_pass http://internal; } location /openapi.json { proxy_pass http://internal; } \
                     location / { proxy_pass http://public; }";
    let nginx = Nginx::start(&server, rewriting).await;
    let report = Report::at(&bench, &url(&nginx)).await;
    report.failed("public.query", &["proxy_pass"]);
    report.failed("public.refusals", &["proxy_intercept_errors"]);
    report.failed("public.internal", &["/readyz", "/openapi.json"]);
    assert_eq!((report.state("public.instance"), report.state("public.clients")), ("ok", "warn"));
    let said = Report::at(&bench, "http://127.0.0.1:9").await;
    said.failed("public.instance", &["cannot be connected to"]);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_named() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["listen.trusted_proxies=10.0.0.0/8"]).await;
    let nginx = Nginx::start(&server, GOOD).await;
    Report::at(&bench, &url(&nginx)).await.failed("public.clients", &["add 127.0.0.1 to listen.trusted_proxies"]);
}

/// A certificate authority in `dir`, and a certificate of it for `name` that is good for `days`.
fn certify(dir: &Path, name: &str, days: i32) {
    let openssl = |arguments: &str| {
        let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    fs::write(dir.join("ext"), format!("subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\n")).unwrap();
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 400 -subj /CN=authority",
    );
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=own");
    openssl(&format!("x509 -req -in own.csr -CA ca.pem -CAkey ca.key -out own.pem -days {days} -extfile ext"));
}

#[tokio::test]
async fn a_certificate_is_judged_as_a_phone_judges_it() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for (name, days, trusted, state, words) in [
        ("localhost", 90, true, "ok", ""),
        ("localhost", 7, true, "warn", "renew"),
        ("localhost", 90, false, "fail", "fullchain.pem"),
        ("elsewhere.example", 90, true, "fail", "domain of public_url"),
        ("localhost", -1, true, "fail", "renew it"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        certify(dir.path(), name, days);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let here = dir.path().display();
        let tls = format!(
            "return 404; }} server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {here}/own.pem; \
             ssl_certificate_key {here}/own.key; {GOOD}"
        );
        let _nginx = Nginx::start(&server, &tls).await;
        let roots = dir.path().join(if trusted { "ca.pem" } else { "own.pem" });
        let public = format!("public_url=https://localhost:{port}");
        let roots = [("SSL_CERT_FILE", roots.to_str().unwrap()), ("SSL_CERT_DIR", "/nonexistent")];
        let report = Report::of(bench.dir(), &roots, &["--set", &public]).await;
        let said = &report.checks["public.certificate"];
        assert_eq!(said["state"], state, "{name} {days} {trusted}: {said}");
        assert!(said.to_string().contains(words), "{said}");
        assert_eq!(report.state("public.instance"), if state == "fail" { "fail" } else { "ok" });
    }
}

#[tokio::test]
async fn what_wechat_says_of_the_installation_is_passed_on_with_the_cure() {
    let bench = Bench::new().await;
    let report = Report::of(bench.dir(), &[], &[]).await;
    let ok = ["wechat.allow_list", "wechat.clock", "wechat.reachable", "wechat.secret"];
    assert!(ok.iter().all(|id| report.state(id) == "ok"), "{:?}", report.checks);
    let fault = |errcode| bench.sandbox.fault(Endpoint::StableToken, FaultKind::Errcode(errcode).forever()).unwrap();
    fault(40164);
    let report = Report::of(bench.dir(), &[], &[]).await;
    report.failed("wechat.allow_list", &["add 127.0.0.1 to the IP allow list"]);
    assert_eq!(report.state("wechat.secret"), "skipped");
    fault(40125);
    let report = Report::of(bench.dir(), &[], &[]).await;
    report.failed("wechat.secret", &["40125", bench.appid()]);
    assert_eq!(report.state("wechat.allow_list"), "skipped");
    let away = Report::of(bench.dir(), &[], &["--set", "wechat.base_url=http://127.0.0.1:9"]).await;
    away.failed("wechat.reachable", &["http://127.0.0.1:9"]);
    assert_eq!((away.state("wechat.clock"), away.state("wechat.secret")), ("skipped", "warn"));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_held_against_wechats() {
    let bench = Bench::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let wechat = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2048];
            assert_ne!(stream.read(&mut request).await.unwrap_or(0), 0, "a request");
            let answer = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    let report = Report::of(bench.dir(), &[], &["--set", &format!("wechat.base_url=http://{address}")]).await;
    report.failed("wechat.clock", &["timedatectl"]);
    wechat.abort();
}

#[tokio::test]
async fn a_push_address_is_tried_as_wechat_tries_it() {
    let bench = Bench::new().await;
    let file = bench.dir().join("wxgate.toml");
    let key = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0f";
    let push = format!("[app.push]\ntoken = \"pushtoken\"\nencoding_aes_key = \"{key}\"\n");
    fs::write(&file, fs::read_to_string(&file).unwrap() + &push).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let server = bench.serve().await;
    let good = Nginx::start(&server, GOOD).await;
    assert_eq!(Report::at(&bench, &url(&good)).await.state("wechat.push"), "ok");
    let closed = Nginx::start(&server, &format!("location /wx/ {{ return 404; }} {GOOD}")).await;
    Report::at(&bench, &url(&closed)).await.failed("wechat.push", &["/wx/push/"]);
}

#[tokio::test]
async fn loose_files_and_wrong_keys_and_damage_are_found_and_modes_are_mended() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    server.login(&bench.code("alice")).await;
    server.stop().await;
    let (database, key) = (bench.data().join("wxgate.db"), bench.data().join("wxgate.key"));
    let loosen = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    loosen(&key, 0o644);
    loosen(&bench.data(), 0o755);
    loosen(&bench.secret_file(&bench.apps[0]), 0o640);
    let loose = Report::of(bench.dir(), &[], &[]).await;
    for (id, path) in [
        ("data.files", &key),
        ("data.directory", &bench.data()),
        ("config.secrets", &bench.secret_file(&bench.apps[0])),
    ] {
        loose.failed(id, &["chmod", path.to_str().unwrap()]);
    }
    loose.failed("config.valid", &["app.secret_file"]);
    Report::of(bench.dir(), &[], &["--fix"]).await;
    let mended = Report::of(bench.dir(), &[], &[]).await;
    assert_eq!(mended.with_state("fail"), Vec::<&str>::new(), "{:?}", mended.checks);

    let kept = fs::read(&key).unwrap();
    let other = Bench::new().await;
    other.serve().await.stop().await;
    fs::write(&key, fs::read(other.data().join("wxgate.key")).unwrap()).unwrap();
    Report::of(bench.dir(), &[], &[]).await.failed("database.probe", &["another key"]);
    fs::remove_file(&key).unwrap();
    Report::of(bench.dir(), &[], &[]).await.failed("data.key", &["restore"]);
    fs::write(&key, kept).unwrap();
    loosen(&key, 0o600);

    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096 * 3..middle].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    Report::of(bench.dir(), &[], &[]).await.failed("database.check", &["backup"]);
}

#[tokio::test]
async fn a_configuration_that_is_refused_is_one_finding_among_the_others() {
    let bench = Bench::new().await;
    let report = Report::of(bench.dir(), &[], &["--set", "session.idle_dayz=3"]).await;
    report.failed("config.valid", &["session.idle_days"]);
    assert_eq!(report.state("wechat.reachable"), "ok");
}

#[tokio::test]
async fn the_bundle_tells_a_helper_much_and_no_secret() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let user =
        bench.sandbox.add_user(UserSpec { phone: Some("13987654321".to_owned()), ..UserSpec::named("alice") }).id;
    let skey = server.login(&bench.code(&user)).await;
    let tap = bench.sandbox.phone(bench.appid(), &user).unwrap();
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let token = bench.run(&["token", "create", "--name", "canary-name", "--scope", "admin"], "").await.stdout;
    let variables = [("WXGATE_APP__PUSH__TOKEN", "pushcanary"), ("WXGATE_STORE__QUEUE", "4000")];
    let report = Report::of(bench.dir(), &variables, &["--bundle", "diagnosis.json"]).await;
    let path = bench.dir().join("diagnosis.json");
    let bundle = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(bench.data().join("wxgate.key")).unwrap();
    let session_key = bench.sandbox.session_key(bench.appid(), &user).unwrap();
    let canaries = [
        bench.apps[0].secret.as_str(),
        key.split_whitespace().last().unwrap(),
        &skey,
        token.trim(),
        "13987654321",
        &bench.sandbox.openid(bench.appid(), &user),
        session_key.expose(),
        "pushcanary",
        "canary-name",
    ];
    for canary in canaries {
        assert!(!canary.is_empty() && !bundle.contains(canary), "{canary} is in {bundle}");
    }
    let told: Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(told["report"]["checks"].as_array().unwrap().len(), report.checks.len());
    assert_eq!(told["configuration"]["app"][0]["secret"], "***");
    assert_eq!(told["variables"], json!(["WXGATE_APP__PUSH__TOKEN", "WXGATE_STORE__QUEUE"]));
    assert!(told["files"].as_array().unwrap().iter().any(|file| file["name"] == "wxgate.db"), "{bundle}");
    let again = bench.run(&["doctor", "--bundle", "diagnosis.json"], "").await;
    assert_eq!((again.code, again.stderr.contains("there already")), (Some(1), true), "{}", again.stderr);
}

#[tokio::test]
async fn it_speaks_the_terminals_language() {
    let bench = Bench::new().await;
    let server: Server = bench.serve().await;
    let english = bench.run(&["doctor"], "").await.stdout;
    let mut command = program(bench.dir());
    command.env("LANG", "zh_CN.UTF-8").arg("doctor");
    let chinese = Process::spawn(command, "").end().await.stdout;
    let is_chinese = |text: &str| text.chars().any(|char| matches!(char, '\u{4e00}'..='\u{9fff}'));
    assert!(english.contains("it runs and answers commands") && !is_chinese(&english), "{english}");
    assert!(chinese.contains("正在运行，并回应命令") && !chinese.contains("answers"), "{chinese}");
    server.stop().await;
}
