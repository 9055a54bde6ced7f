//! Commands: their exit codes, and what they say where.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};
use wxgate_sandbox::UserSpec;

use crate::support::{At, Bench, Ended, Process, program};

const SECRET: &str = "c0ffee5ec7e7c0ffee5ec7e7c0ffee00";

async fn run(dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = program(dir);
    command.envs(variables.iter().copied()).args(arguments);
    Process::spawn(command, "").end().await
}

#[tokio::test]
async fn a_broken_configuration_is_refused_with_all_its_faults_at_once_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let broken = format!(
        "data_dir = \"data\"\n[session]\nidle_dayz = 7\nmax_per_member = 0\n\
         [phone]\nreply = \"all\"\n[[app]]\nappid = \"wx1\"\nsecret = \"{SECRET} \"\n"
    );
    fs::write(dir.path().join("wxgate.toml"), broken).unwrap();
    let faults = [
        "wxgate.toml:3: session.idle_dayz",
        "wxgate.toml:4: session.max_per_member",
        "wxgate.toml:6: phone.reply",
        "wxgate.toml:8: app.appid",
        "wxgate.toml:9: app.secret",
        "WXGATE_STORE__QUEUE: store.queue",
        "--set: log.level",
    ];
    let token = ["token", "create", "--name", "n", "--scope", "admin"];
    for command in [&["serve"][..], &["config", "check"], &["config", "show"], &token, &["healthcheck"]] {
        let arguments = [command, &["--set", "log.level=loud"]].concat();
        let refused = run(dir.path(), &[("WXGATE_STORE__QUEUE", SECRET)], &arguments).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(78), ""), "{command:?}");
        let lines: Vec<&str> = refused.stderr.lines().map(str::trim_start).skip(1).collect();
        assert_eq!(lines.len(), faults.len(), "{}", refused.stderr);
        for (line, fault) in lines.iter().zip(faults) {
            assert!(line.starts_with(&format!("{fault}: ")), "{line}");
        }
        assert!(!refused.stderr.contains(SECRET), "{command:?}");
    }
    assert!(!dir.path().join("data").exists(), "nothing is made of a configuration that is refused");
}

#[tokio::test]
async fn faults_are_told_in_chinese_where_the_terminal_is_chinese() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, word) in [("zh_CN.UTF-8", "拒绝启动"), ("en_US.UTF-8", "configuration refused")] {
        let refused = run(dir.path(), &[("LANG", lang)], &["serve"]).await;
        assert_eq!((refused.code, refused.stderr.contains(word)), (Some(78), true), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn arguments_that_make_no_sense_exit_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let scope = ["token", "create", "--name", "n", "--scope", "root"];
    for arguments in [&[][..], &["serv"], &["serve", "--port", "80"], &scope, &["healthcheck", "--url", "https://a/"]] {
        let refused = run(dir.path(), &[], arguments).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!refused.stderr.is_empty(), "{arguments:?}");
    }
    let version = run(dir.path(), &[], &["--version"]).await;
    assert_eq!((version.code, version.stdout.trim()), (Some(0), concat!("wxgate ", env!("CARGO_PKG_VERSION"))));
}

const NOBODY: &str = "01980c2e-7c1e-7000-8000-000000000000";

#[tokio::test]
async fn what_is_wrong_with_arguments_is_said_in_the_language_of_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, zh, en) in [
        (&["serv"][..], "没有 serv 这个命令\n  是否想用：serve", "unrecognized subcommand 'serv'"),
        (&["serve", "--port", "80"], "没有 --port 这个参数", "unexpected argument '--port'"),
        (&["member", "show"], "缺少 <ID>\n\n用法：wxgate member show", "arguments were not provided:\n  <ID>"),
        (&["member", "show", "x"], "的值 \"x\" 无效：应为列表中显示的 id", "expected an id as a list shows it"),
        (&["token", "revoke", "x"], "应为列表中显示的 id", "expected an id as a list shows it"),
        (&["trace", "x"], "应为 32 位小写十六进制数", "expected 32 lowercase hexadecimal digits"),
        (&["member", "list", "--status", "x"], "可选：active、blocked", "[possible values: active, blocked]"),
        (&["member", "list", "--limit", "0"], "应为 1 到 1000000", "0 is not in 1..=1000000"),
        (&["member", "list", "--limit", "x"], "应为整数", "invalid digit"),
        (&["serve", "--set"], "--set <KEY=VALUE> 缺少值", "a value is required for '--set"),
        (&["serve", "--config", "a", "--config", "b"], "只能写一次", "cannot be used multiple times"),
        (&["session", "end", NOBODY, "1", "--all"], "不能与 --all 同时使用", "cannot be used with '--all'"),
    ] {
        let chinese = run(dir.path(), &[("LANG", "zh_CN.UTF-8")], arguments).await;
        assert_eq!((chinese.code, chinese.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(chinese.stderr.starts_with("错误：") && chinese.stderr.contains(zh), "{}", chinese.stderr);
        for word in ["error", "tip", "Usage", "OPTIONS", "COMMAND", "expected"] {
            assert!(!chinese.stderr.contains(word), "{}", chinese.stderr);
        }
        let english = run(dir.path(), &[], arguments).await;
        assert_eq!((english.code, english.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(english.stderr.starts_with("error: ") && english.stderr.contains(en), "{}", english.stderr);
        assert!(!english.stderr.contains('应'), "{}", english.stderr);
    }
}

/// The whole table but 70, which is a server's alone: `fsync_eio` among the tests of durability.
#[tokio::test]
async fn exit_codes_are_as_documented() {
    let bench = Bench::new().await;
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["member", "list", "--help"], 0),
        (&["--version"], 0),
        (&["config", "check"], 0),
        (&["config", "show", "--json"], 0),
        (&["config", "template"], 0),
        (&["migrate", "--check"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
        (&["token", "create", "--name", "n", "--scope", "admin"], 0),
        (&["token", "list"], 0),
        (&["member", "list"], 0),
        (&["member", "show", NOBODY], 1),
        (&["healthcheck"], 1),
        (&["doctor", "--set", "log.level=loud"], 1),
        (&["init"], 1),
        (&["trace", "01980c2e7c1e70008000000000000000"], 1),
        (&["explain"], 1),
        (&["member", "list", "--data-dir", "elsewhere"], 2),
        (&["member", "list", "--after", "x"], 2),
        (&["demo", "--config", "wxgate.toml"], 2),
        (&["init", "--yes", "--config", "new.toml"], 2),
        (&["config", "check", "--config", "none.toml"], 78),
        (&["token", "list", "--set", "log.level=loud"], 78),
        (&["serve", "--set", "no.key=1"], 78),
    ] {
        let ended = bench.run(arguments, "not JSON").await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        // Whatever was not even tried is explained, and not where a program reads.
        assert!(code < 2 || ended.stdout.is_empty() && !ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[tokio::test]
async fn instants_are_shown_by_the_clock_of_the_team() {
    let bench = Bench::new().await;
    bench.run(&["token", "create", "--name", "n", "--scope", "admin"], "").await;
    for (zone, offset) in [("Asia/Shanghai", "+08:00"), ("UTC", "+00:00"), ("Asia/Kolkata", "+05:30")] {
        let listed = bench.run(&["token", "list", "--set", &format!("timezone={zone}")], "").await;
        assert_eq!((listed.code, listed.stdout.contains(offset)), (Some(0), true), "{}", listed.stdout);
    }
    let usual = bench.run(&["token", "list"], "").await;
    assert!(usual.stdout.contains("+08:00"), "{}", usual.stdout);
    let json: Value = serde_json::from_str(&bench.run(&["token", "list", "--json"], "").await.stdout).unwrap();
    assert!(json[0]["created_at"].is_i64(), "{json}");
}

#[tokio::test]
async fn a_good_configuration_is_checked_and_shown_without_its_secrets() {
    let bench = Bench::new().await;
    let checked = bench.run(&["config", "check"], "").await;
    assert_eq!((checked.code, checked.stdout.lines().next()), (Some(0), Some("ok: wxgate.toml")));
    assert!(checked.stdout.contains("wxgate.toml:1"), "{}", checked.stdout);
    let shown = bench.run(&["config", "show", "--json"], "").await;
    let values: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(values["app"][0], json!({ "appid": bench.appid(), "secret": "***" }));
    for said in [checked, shown] {
        assert!(!said.stdout.contains(&bench.apps[0].secret) && said.stderr.is_empty());
    }
    assert!(!bench.data().exists(), "who only looks makes nothing");
}

#[tokio::test]
async fn the_template_is_a_configuration_once_its_secret_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let template = run(dir.path(), &[], &["config", "template"]).await;
    let text = template.stdout.replace("secret_file = \"/etc/wxgate/app_secret\"", "secret = \"x\"");
    fs::write(dir.path().join("wxgate.toml"), text).unwrap();
    let checked = run(dir.path(), &[], &["config", "check"]).await;
    assert_eq!((template.code, checked.code), (Some(0), Some(0)), "{}", checked.stderr);
}

#[tokio::test]
async fn a_healthcheck_is_0_while_the_server_serves_and_1_when_nobody_does() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let At::Tcp(address) = &server.public else { unreachable!() };
    let url = format!("http://{address}/healthz");
    assert_eq!(bench.run(&["healthcheck", "--url", &url], "").await.code, Some(0));
    let elsewhere = bench.run(&["healthcheck", "--url", &format!("http://{address}/none")], "").await;
    assert_eq!((elsewhere.code, elsewhere.stderr.contains("404")), (Some(1), true));
    server.stop().await;

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setting = format!("listen.public={nobody}");
    let away = bench.run(&["healthcheck", "--set", &setting], "").await;
    assert_eq!((away.code, away.stderr.contains(&nobody.to_string())), (Some(1), true), "{}", away.stderr);
}

#[tokio::test]
async fn explain_reads_a_payload_from_standard_input_and_says_why_it_does_not_open() {
    let bench = Bench::new().await;
    let user = bench.sandbox.add_user(UserSpec { phone: Some("13987654321".to_owned()), ..UserSpec::default() }).id;
    let tap = bench.sandbox.phone(bench.appid(), &user).unwrap();
    let key = bench.sandbox.session_key(bench.appid(), &user).unwrap();
    let question = |session_key: &str, data: &str| {
        json!({ "session_key": session_key, "encryptedData": data, "iv": tap.data.iv, "appid": bench.appid() })
            .to_string()
    };
    let good = question(key.expose(), &tap.data.encrypted_data);
    let opens = bench.run(&["explain"], &good).await;
    assert_eq!((opens.code, opens.stdout.contains("13987654321")), (Some(0), false), "{}", opens.stdout);
    assert!(bench.run(&["explain", "--show"], &good).await.stdout.contains("13987654321"));

    let newer = bench.sandbox.rotate_key(bench.appid(), &user).unwrap();
    let wrong = bench.run(&["explain", "--json"], &question(newer.expose(), &tap.data.encrypted_data)).await;
    let said: Value = serde_json::from_str(&wrong.stdout).unwrap();
    assert_eq!((wrong.code, &said["cause"]), (Some(1), &json!("stale_session_key")), "{said}");
    for secret in [newer.expose(), &tap.data.encrypted_data] {
        assert!(!wrong.stdout.contains(secret) && !wrong.stderr.contains(secret));
    }
    let nonsense = bench.run(&["explain"], "not JSON").await;
    assert_eq!((nonsense.code, nonsense.stdout.as_str()), (Some(1), ""));
}
