//! SIGHUP: what of the configuration a running server takes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Bench, Notices, Server, get, post, program, until};

/// Changes the configuration, or any file beside it.
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Has the server read its configuration, and gives the lines that it logged of that.
async fn reload(server: &Server) -> String {
    let before = server.log().len();
    server.signal(Signal::HUP);
    until("the end of a reload", || {
        let said = server.log().split_off(before);
        let is_over = said.contains("the configuration was read anew") || said.contains("nothing is changed");
        // What waits for a restart is said behind it.
        (is_over && said.ends_with('\n')).then_some(said)
    })
    .await
}

#[tokio::test]
async fn a_secret_that_was_wrong_is_right_after_a_reload() {
    let bench = Bench::new().await;
    let file = bench.secret_file(&bench.apps[0]);
    fs::write(&file, "0".repeat(32)).unwrap();
    let server = bench.serve().await;
    let login = || post("/v1/login").json(&json!({ "code": bench.code("alice") }));
    assert_ne!(server.public.send(login()).await.status, 200);
    fs::write(&file, &bench.apps[0].secret).unwrap();
    let said = reload(&server).await;
    assert!(said.contains(&format!("app.secret of {}", bench.appid())), "{said}");
    assert_eq!(server.public.send(login()).await.status, 200);
    let log = server.stop().await.stderr;
    assert!(!log.contains(&bench.apps[0].secret) && !log.contains(&"0".repeat(32)), "{log}");
}

#[tokio::test]
async fn limits_proxies_and_the_level_of_the_log_change_and_the_rest_waits() {
    let bench = Bench::new().await;
    let config = bench.dir().join("wxgate.toml");
    let server = bench.serve().await;
    let ask = |from: &'static str| get("/v1/session").header("X-Forwarded-For", from);
    let status = async |from| server.public.send(ask(from)).await.status;
    assert_eq!(status("203.0.113.7").await, 401);
    edit(
        &config,
        "requests_per_minute = 0",
        "requests_per_minute = 1\n[session]\nidle_days = 3\n[log]\nlevel = \"debug\"",
    );
    let said = reload(&server).await;
    assert!(said.contains("limits.requests_per_minute") && said.contains("log.level"), "{said}");
    let waiting = until("what waits", || {
        server.log().lines().find(|line| line.contains("wait for a restart")).map(str::to_owned)
    });
    let waiting = waiting.await;
    assert!(waiting.contains("session.idle_days") && !waiting.contains("log.level"), "{waiting}");
    assert_eq!([status("203.0.113.7").await, status("203.0.113.7").await], [401, 429]);
    assert_eq!(status("203.0.113.8").await, 401, "another client behind the proxy");
    // Now the proxy is trusted no more: all are one client.
    edit(&config, "[wechat]", "trusted_proxies = []\n[wechat]");
    let said = reload(&server).await;
    assert!(said.contains("listen.trusted_proxies") && !said.contains("limits."), "{said}");
    assert_eq!([status("203.0.113.9").await, status("203.0.113.10").await], [401, 429]);
    edit(&config, "level = \"debug\"", "level = \"error\"");
    // Of this reload nothing is said any more, but that it is over is told.
    let before = server.log().len();
    server.signal(Signal::HUP);
    server.signal(Signal::HUP);
    assert_eq!(server.internal.send(get("/healthz")).await.status, 200);
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr[before..].contains("stopping"), "{}", &ended.stderr[before..]);
}

#[tokio::test]
async fn a_broken_configuration_changes_nothing_and_is_said_line_by_line() {
    let bench = Bench::new().await;
    let config = bench.dir().join("wxgate.toml");
    let mut command = program(bench.dir());
    command.arg("serve");
    let notices = Notices::of(&mut command, bench.dir());
    let server = Server::start(command).await;
    notices.hear("READY=1").await;
    let good = fs::read_to_string(&config).unwrap();
    fs::write(&config, good.replace("requests_per_minute = 0", "requests_per_minute = 1\nlogin_per_minute = 5"))
        .unwrap();
    let said = reload(&server).await;
    assert!(said.contains("nothing is changed") && said.contains("wxgate.toml:"), "{said}");
    assert!(said.contains("logins_per_minute"), "the nearest key: {said}");
    let reloading = notices.hear("RELOADING=1").await;
    assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading}");
    assert!(notices.hear("READY=1").await.contains("refused"));
    for _ in 0..3 {
        assert_eq!(server.public.send(get("/v1/session")).await.status, 401, "no limit");
    }
    // A secret that others may read is as bad.
    fs::write(&config, good).unwrap();
    let secret = bench.secret_file(&bench.apps[0]);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let said = reload(&server).await;
    assert!(said.contains("nothing is changed") && said.contains("chmod 600"), "{said}");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(reload(&server).await.contains("read anew"));
    notices.hear("RELOADING=1").await;
    notices.hear("RELOADING=1").await;
    assert_eq!(notices.hear("READY=1").await, "READY=1\nSTATUS=serving");
    server.login(&bench.code("alice")).await;
    assert_eq!(server.stop().await.code, Some(0));
}
