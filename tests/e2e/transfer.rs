//! Members out of one server and into another, from the files that people have.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::support::{Bench, Process, Request, Server, delete, get, post, program, until};

/// A file beside the configuration.
fn put(bench: &Bench, name: &str, content: impl AsRef<[u8]>) {
    fs::write(bench.dir().join(name), content).unwrap();
}

async fn import(bench: &Bench, arguments: &[&str]) -> (Option<i32>, Value) {
    let ended = bench.run(&[&["import", "--json"], arguments].concat(), "").await;
    let tally = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended.code, tally)
}

/// The counts of a tally.
fn counts(tally: &Value) -> [u64; 4] {
    ["added", "filled", "same", "refused"].map(|key| tally[key].as_u64().unwrap())
}

/// What an export of JSON lines says.
async fn members(bench: &Bench) -> Vec<Value> {
    let exported = bench.run(&["export", "--json", "--with-phones"], "").await;
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn log_in(bench: &Bench, server: &Server, user: &str, name: &str) -> String {
    let skey = server.login(&bench.code(user)).await;
    let code = bench.sandbox.phone(bench.appid(), user).unwrap().code;
    let phone = post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": code }));
    assert_eq!(server.public.send(phone).await.status, 200);
    let renamed = Request::new("PATCH", "/v1/me").bearer(&skey).json(&json!({ "nickName": name }));
    assert_eq!(server.public.send(renamed).await.status, 200);
    skey
}

/// How many members there are, and how many were asked for.
fn there(bench: &Bench, such: &str) -> i64 {
    let database = Connection::open(bench.data().join("wxgate.db")).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {such}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_export_is_imported_elsewhere_as_it_was() {
    let (one, two) = (Bench::new().await, Bench::new().await);
    let server = one.serve().await;
    log_in(&one, &server, "alice", "=1+1").await;
    log_in(&one, &server, "bob", "O'Neil, \"B\"").await;
    let id = members(&one).await[0]["id"].as_str().unwrap().to_owned();
    let change = ["member", "attributes", &id, r#"{"level":3}"#];
    assert_eq!(one.run(&change, "").await.code, Some(0));
    let note = ["member", "note", &id, "+two\nlines"];
    assert_eq!(one.run(&note, "").await.code, Some(0));
    let known = members(&one).await;
    for format in ["csv", "jsonl"] {
        let name = format!("all.{format}");
        let exported = one.run(&["export", "--with-phones", "--format", format, "--out", &name], "").await;
        assert_eq!((exported.code, exported.stderr.contains("2 members")), (Some(0), true), "{}", exported.stderr);
        let file = one.dir().join(&name);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        fs::remove_dir_all(two.data()).ok();
        configure_as(&two, &one);
        let file = file.to_str().unwrap();
        let (code, tally) = import(&two, &[file]).await;
        assert_eq!((code, counts(&tally)), (Some(0), [2, 0, 0, 0]), "{tally}");
        assert_eq!(members(&two).await, known, "{format}");
        let (_, again) = import(&two, &[file]).await;
        assert_eq!(counts(&again), [0, 0, 2, 0]);
    }
    let csv = fs::read_to_string(one.dir().join("all.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}id,appid,openid"));
    assert!(csv.contains(",'=1+1,") && csv.contains(",\"O'Neil, \"\"B\"\"\",") && csv.contains(",'+86 1"), "{csv}");
    assert!(csv.contains(",\"'+two\nlines\","), "{csv}");
    let masked = one.run(&["export"], "").await.stdout;
    assert!(masked.contains("****") && !masked.contains("+86"), "{masked}");
    assert_eq!(there(&one, "audit WHERE action = 'members.exported' AND actor = 'command'"), 5);
    let existing = one.run(&["export", "--out", "all.csv"], "").await;
    assert_eq!((existing.code, existing.stdout.as_str()), (Some(1), ""));
    assert_eq!(fs::read_to_string(one.dir().join("all.csv")).unwrap(), csv, "what is there is never replaced");
    let left = fs::read_dir(one.dir())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".all"));
    assert_eq!(left.count(), 0);
    assert_eq!(server.stop().await.code, Some(0));
}

/// Gives one the mini program of another.
fn configure_as(bench: &Bench, other: &Bench) {
    let config = fs::read_to_string(bench.dir().join("wxgate.toml")).unwrap();
    let (head, _) = config.split_once("[[app]]").unwrap();
    let secret = other.secret_file(&other.apps[0]);
    let app = format!("[[app]]\nappid = \"{}\"\nsecret_file = \"{}\"\n", other.appid(), secret.display());
    put(bench, "wxgate.toml", format!("{head}{app}"));
}

#[tokio::test]
async fn dumps_of_tutorials_and_of_wafer_are_taken_in() {
    let bench = Bench::new().await;
    let dump = r"
        /*!40101 SET NAMES utf8mb4 */;
        CREATE TABLE `member` (
          `id` int(11) NOT NULL AUTO_INCREMENT, `nickname` varchar(64) DEFAULT '' COMMENT 'a, (b)',
          `mobile` varchar(20), `sex` tinyint(1), `avatar` varchar(200), `openid` char(28), `create_time` datetime,
          PRIMARY KEY (`id`), UNIQUE KEY `openid` (`openid`)
        ) ENGINE=InnoDB;
        INSERT INTO `other` VALUES ('skipped;',1);
        INSERT INTO `member` VALUES (1,'Tom \'T\'','13800138000',1,'http://wx.qlogo.cn/a/0','oTom','2020-01-01 08:00:00'),
        (2,'微信用户',NULL,0,'javascript:x','oNobody','0000-00-00 00:00:00');
        INSERT INTO `member` VALUES (3,'','1',2,'','oWrongPhone',NULL),(4,'x','',0,'','o bad',''),(5,'','',0,'','oDay','2020-02-30');
    ";
    put(&bench, "member.sql", dump);
    let (code, tried) = import(&bench, &["member.sql", "--dry-run"]).await;
    assert_eq!((code, counts(&tried)), (Some(1), [2, 0, 0, 3]), "{tried}");
    let (code, tally) = import(&bench, &["member.sql", "--rejects", "refused"]).await;
    assert_eq!((code, counts(&tally)), (Some(1), counts(&tried)), "{tally}");
    assert_eq!(tally["left_out"], json!({ "avatarUrl": 1 }));
    let refused = fs::read_to_string(bench.dir().join("refused")).unwrap();
    assert_eq!(fs::metadata(bench.dir().join("refused")).unwrap().permissions().mode() & 0o7777, 0o600);
    let refused: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = refused.iter().map(|line| (&line["row"], &line["member"]["openid"])).collect();
    let expected =
        [(2, "oNobody"), (3, "oWrongPhone"), (4, "o bad"), (5, "oDay")].map(|(row, id)| (json!(row), json!(id)));
    let mut said: Vec<_> = said.into_iter().map(|(row, id)| (row.clone(), id.clone())).collect();
    said.sort_by_key(|(row, _)| row.as_u64());
    assert_eq!(said, expected);
    let phone = refused.iter().find(|line| line["row"] == 3).unwrap();
    assert_eq!((&phone["line"], phone["reason"].as_str().unwrap().contains("`phone`")), (&json!(11), true), "{phone}");

    put(&bench, "wafer.sql", include_str!("../../bin/fuzz/sql_dump/wafer.sql"));
    let wrong = bench.run(&["import", "wafer.sql", "--format", "sql:users"], "").await;
    assert_eq!((wrong.code, wrong.stderr.contains("sql:TABLE")), (Some(1), true), "{}", wrong.stderr);
    let (code, tally) = import(&bench, &["wafer.sql"]).await;
    assert_eq!((code, counts(&tally)), (Some(0), [2, 0, 0, 0]), "{tally}");

    let members = members(&bench).await;
    let openids: Vec<_> = members.iter().map(|member| member["openid"].as_str().unwrap()).collect();
    assert_eq!(openids, ["oTom", "oNobody", "oA", "oB"], "in the order of the files");
    let [tom, nobody, a, _] = &members[..] else { panic!("four") };
    assert_eq!((&a["nickName"], &a["gender"]), (&json!("小明"), &json!(1)));
    assert_eq!((&nobody["nickName"], &nobody["avatarUrl"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&tom["nickName"], &tom["phone"], &tom["phone_trust"]),
        (&json!("Tom 'T'"), &json!("+86 13800138000"), &json!("local"))
    );
    assert_eq!((&tom["created_at"], &tom["avatarUrl"]), (&json!(1_577_836_800), &json!("https://wx.qlogo.cn/a/0")));
}

#[tokio::test]
async fn what_members_chose_stays_and_who_was_erased_stays_so_beside_a_running_server() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = log_in(&bench, &server, "alice", "Alice").await;
    let gone = server.login(&bench.code("bob")).await;
    assert_eq!(server.public.send(delete("/v1/me").bearer(&gone)).await.status, 200);
    let [alice, bob] = ["alice", "bob"].map(|user| bench.sandbox.openid(bench.appid(), user));
    let people = format!("key,nick,city\n{alice},Mallory,Shenzhen\n{bob},Bob,\noCarol,Carol,\noCarol,,Beijing\n");
    put(&bench, "people.csv", people);
    let arguments = ["people.csv", "--map", "openid=key"];
    let (_, tried) = import(&bench, &[&arguments[..], &["--dry-run"]].concat()).await;
    assert_eq!((counts(&tried), &tried["repeated"]), ([1, 1, 0, 1], &json!(1)), "{tried}");
    assert_eq!(members(&bench).await.len(), 1, "nothing is written");
    let (code, tally) = import(&bench, &arguments).await;
    assert_eq!((code, counts(&tally)), (Some(1), [1, 2, 0, 1]), "a row that is repeated may fill in: {tally}");
    assert!(tally["reasons"].to_string().contains("erased here"), "{tally}");
    let me = server.public.send(get("/v1/me").bearer(&skey)).await.json();
    assert_eq!(me["member"]["nickName"], json!("Alice"));
    let known = members(&bench).await;
    let said: Vec<_> = known.iter().map(|member| (&member["nickName"], &member["city"])).collect();
    assert_eq!(said, [(&json!("Alice"), &json!("Shenzhen")), (&json!("Carol"), &json!("Beijing"))]);
    let code = bench.sandbox.login(bench.appid(), "alice").unwrap();
    server.login(&code).await;
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn rows_that_are_no_members_are_refused_by_line_and_the_rest_is_taken() {
    let bench = Bench::new().await;
    let wide = format!("oWide{}\n", ",x".repeat(1_000_000));
    let long = format!("oLong,{}\n", "x".repeat(1 << 20));
    let mut file = b"openid,nick\noA,a\noB,\xff\n".to_vec();
    write!(file, "{wide}{long}oA,again\n,nobody\noC,\"two\nlines\"\no\0D,d\noD,d\n").unwrap();
    put(&bench, "bad.csv", &file);
    let arguments = ["bad.csv", "--rejects", "refused"];
    let (code, tally) = import(&bench, &arguments).await;
    assert_eq!((code, counts(&tally)), (Some(1), [3, 0, 1, 5]), "{tally}");
    let refused = fs::read_to_string(bench.dir().join("refused")).unwrap();
    let refused: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons = refused.iter().filter(|line| line["reason"].is_string());
    let mut lines: Vec<_> = reasons.map(|line| line["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [3, 4, 5, 7, 10]);
    let taken = refused.iter().find(|line| line["left_out"] == json!(["nickName"])).unwrap();
    assert_eq!(
        (&taken["line"], &taken["member"]["openid"]),
        (&json!(8), &json!("oC")),
        "which is kept without its name"
    );
    let existing = bench.run(&[&["import"], &arguments[..]].concat(), "").await;
    assert_eq!((existing.code, existing.stderr.contains("refused")), (Some(1), true), "{}", existing.stderr);
    let (_, resumed) = import(&bench, &["bad.csv", "--resume", "6"]).await;
    assert_eq!(counts(&resumed), [0, 0, 2, 1]);
}

#[tokio::test]
async fn a_file_that_is_no_table_of_members_is_refused_in_words() {
    let bench = Bench::new().await;
    let endless = vec![b'x'; 4 << 20];
    let sql = &["--format", "sql"][..];
    let wrong: [(&[u8], &[&str], &str); 10] = [
        (b"", &[], "the file is empty"),
        (b"openid\n", &[], "no row in it"),
        (b"a,b\n1,2\n", &[], "--map openid="),
        (b"\xd0\xd5\xc3\xfb,openid\n1,2\n", &[], "save the file as CSV UTF-8"),
        (b"a,openid\n1,2\n", &["--map", "openid=b"], "--map names a column"),
        (&endless, &[], "more than 256 columns or 64 KiB"),
        (b"INSERT INTO member VALUES (1)", sql, "CREATE TABLE"),
        (b"INSERT INTO member (openid) VALUES ('a", sql, "a text without an end"),
        (b"INSERT INTO member (openid) VALUES (now())", sql, "a text, a number or NULL"),
        (b"DROP TABLE member; INSERT INTO x VALUES (1)", sql, "sql:TABLE"),
    ];
    for (content, flags, words) in wrong {
        put(&bench, "file", content);
        let ended = bench.run(&[&["import", "file"], flags].concat(), "").await;
        assert_eq!((ended.code, ended.stderr.contains(words)), (Some(1), true), "{ended:?}");
    }
    for arguments in [&["import", "nowhere"][..], &["import", "file", "--rejects", "no/where"]] {
        assert_eq!(bench.run(arguments, "").await.code, Some(1));
    }
    for flags in [["--map", "secret=x"], ["--format", "xlsx"]] {
        assert_eq!(bench.run(&[&["import", "file"], &flags[..]].concat(), "").await.code, Some(2));
    }
    let other = bench.run(&["import", "-", "--appid", "wx00000000000000ff", "--json"], "openid\noA\n").await;
    assert_eq!((other.code, other.stdout.contains("`appid`")), (Some(1), true), "{other:?}");
}

/// `o1` to `o2000`, two of whom are none.
fn two_thousand() -> String {
    (1..=2000).fold("openid,nick,phone\n".to_owned(), |mut file, number| {
        let phone = if [3, 1999].contains(&number) { "1".to_owned() } else { format!("138{number:08}") };
        writeln!(file, "o{number},name {number},{phone}").unwrap();
        file
    })
}

/// An import that has got the first rows of a file and waits for more.
async fn begun(bench: &Bench, file: &str, rejects: &str) -> Child {
    let mut command = program(bench.dir());
    command.args(["import", "-", "--rejects", rejects]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let first = file.lines().take(1001).fold(String::new(), |text, line| text + line + "\n");
    child.stdin.as_mut().unwrap().write_all(first.as_bytes()).unwrap();
    until("some members", || (there(bench, "members") >= 599).then_some(())).await;
    child
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on_and_one_that_was_killed_is_done_again() {
    let (bench, other) = (Bench::new().await, Bench::new().await);
    let file = two_thousand();
    let server = bench.serve().await;
    put(&bench, "all.csv", &file);
    let stopped = begun(&bench, &file, "refused").await;
    kill_process(Pid::from_child(&stopped), Signal::INT).unwrap();
    let stopped = stopped.wait_with_output().unwrap();
    let said = String::from_utf8(stopped.stderr).unwrap();
    let row = said.split("--resume ").nth(1).unwrap_or_else(|| panic!("{said}")).split(',').next().unwrap();
    assert_eq!(stopped.status.code(), Some(1));
    assert_eq!(there(&bench, "members") + 1, row.parse::<i64>().unwrap(), "up to there it is done: {said}");
    let (code, tally) = import(&bench, &["all.csv", "--resume", row, "--rejects", "refused"]).await;
    assert_eq!((code, counts(&tally)), (Some(1), [2000 - row.parse::<u64>().unwrap() - 1, 0, 0, 1]), "{tally}");
    assert_eq!(fs::read_to_string(bench.dir().join("refused")).unwrap().lines().count(), 2);
    assert_eq!(server.stop().await.code, Some(0));

    configure_as(&other, &bench);
    other.serve().await.stop().await;
    put(&other, "all.csv", &file);
    let mut killed = begun(&other, &file, "lost").await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (_, again) = import(&other, &["all.csv", "--rejects", "refused"]).await;
    let [added, filled, same, refused] = counts(&again);
    assert_eq!((added + same, filled, refused), (1998, 0, 2), "{again}");
    assert!(added > 0 && same >= 599, "{again}");
    let without_ids = |mut members: Vec<Value>| {
        for member in &mut members {
            for key in ["id", "created_at", "last_login_at", "updated_at", "phone_bound_at"] {
                member.as_object_mut().unwrap().remove(key);
            }
        }
        members
    };
    assert_eq!(without_ids(members(&other).await), without_ids(members(&bench).await));
}

#[tokio::test]
async fn webhooks_are_told_of_an_import_if_it_says_so() {
    let bench = Bench::new().await;
    let made = bench.run(&["token", "create", "--name", "ops", "--scope", "admin"], "").await;
    let receiver = Receiver::start(Arc::new(|_| Some(200))).await;
    let server = bench.serve_with(&["webhooks.allow_private=true"]).await;
    let hook = post("/api/v1/webhooks").bearer(made.stdout.trim()).json(&json!({ "url": receiver.url }));
    assert_eq!(server.internal.send(hook).await.status, 200);
    put(&bench, "quiet.csv", "openid\noA\n");
    put(&bench, "loud.csv", "openid\noB\n");
    assert_eq!(counts(&import(&bench, &["quiet.csv"]).await.1), [1, 0, 0, 0]);
    assert_eq!(counts(&import(&bench, &["loud.csv", "--announce"]).await.1), [1, 0, 0, 0]);
    until("an event", || (receiver.count() == 1).then_some(())).await;
    assert_eq!(there(&bench, "outbox"), 1, "one event in all");
    let told = receiver.accepted()[0].body.clone();
    let id = members(&bench).await[1]["id"].clone();
    assert_eq!((&told["type"], &told["data"]["member_id"]), (&json!("member.created"), &id));
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn nobody_but_the_servers_user_and_root_gets_members_out_or_in() {
    const NOBODY: u32 = 65_534;
    if !geteuid().is_root() {
        return;
    }
    let bench = Bench::new().await;
    let server = bench.serve().await;
    server.login(&bench.code("alice")).await;
    fs::set_permissions(bench.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let tool = bench.dir().join("tool");
    // By another process: while this one writes a program, no child of its other tests may run it.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_wxgate")).arg(&tool).status().unwrap();
    assert!(copied.success());
    let elsewhere = tempfile::tempdir().unwrap();
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(elsewhere.path().join("in.csv"), "openid\noA\n").unwrap();
    for arguments in [["export", "--json"], ["import", "in.csv"]] {
        let mut command = Command::new(&tool);
        command.current_dir(elsewhere.path()).env_clear().args(arguments).uid(NOBODY).gid(NOBODY);
        command.env("WXGATE_DATA_DIR", bench.data()).env("WXGATE_APP__APPID", bench.appid());
        let refused = Process::spawn(command, "").end().await;
        assert_eq!((refused.code, refused.stderr.contains("cannot be asked")), (Some(1), true), "{refused:?}");
        assert!(!refused.stdout.contains("openid"), "{refused:?}");
    }
    assert_eq!(server.stop().await.code, Some(0));
    chown(bench.data(), Some(NOBODY), None).unwrap();
    let refused = bench.run(&["export"], "").await;
    assert_eq!((refused.code, refused.stderr.contains("sudo -u")), (Some(1), true), "{}", refused.stderr);
    assert_eq!(there(&bench, "members"), 1);
}
