//! H5, H6, H7: the configurations that `wxgate proxy-config` prints, as they are, in real proxies.

mod stage;

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::json;

use self::stage::{GRANTED, KINDS, Kind, Stage};
use crate::support::{Server, delete, get, until};

/// Headers with which a client could try to be somebody else; `FORGED` is what it claims.
const ALIASES: [&[&str]; 20] = [
    &["Wxgate-Member: FORGED"],
    &["wxgate-member: FORGED"],
    &["WXGATE-MEMBER: FORGED"],
    &["wXgAtE-mEmBeR: FORGED"],
    &["Wxgate_Member: FORGED"],
    &["wxgate_member: FORGED"],
    &["WXGATE_MEMBER: FORGED"],
    &["Wxgate.Member: FORGED"],
    &["wxgate.member: FORGED"],
    &["Wxgate-Member: FORGED", "Wxgate-Member: FORGED"],
    &["Wxgate-Member: FORGED", "wxgate_member: FORGED", "wxgate.member: FORGED"],
    &["Wxgate-Member: FORGED", "Connection: Wxgate-Member"],
    &["Connection: close, wxgate-member, wxgate-session", "Wxgate-Session: FORGED"],
    &["Connection: Wxgate-Member, Wxgate-App, Wxgate-Openid, Wxgate-Unionid, Wxgate-Name, Wxgate-Session"],
    &["Wxgate-App: FORGED", "Wxgate-Session: FORGED"],
    &["Wxgate-Openid: FORGED", "Wxgate_Openid: FORGED"],
    // Of what wxgate does not know it says nothing: an empty header must replace the client's too.
    &["Wxgate-Unionid: FORGED"],
    &["Wxgate-Name: FORGED", "WXGATE_NAME: FORGED"],
    &["X-Forwarded-For: FORGED", "X-Request-Id: FORGED"],
    &["Wxgate-Member : FORGED", "Wxgate-Member:FORGED"],
];

/// A signal is sent before it is obeyed, and each thread obeys by itself.
fn has_stopped(server: &Server) -> bool {
    let state = |thread: PathBuf| {
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    fs::read_dir(server.proc("task")).unwrap().all(|thread| state(thread.unwrap().path()))
}

/// The values of a header, under whatever name a service might take for it.
fn identity<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let same = |found: &str| found.replace(['_', '.'], "-").eq_ignore_ascii_case(name);
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(found, _)| same(found.trim())).map(|(_, value)| value.trim()).collect()
}

async fn forged_headers_never_arrive(kind: Kind) {
    let stage = Stage::new(kind).await;
    let skey = stage.login("alice").await;
    let me = stage.ask_as(&skey, "/v1/me", &[]).await;
    let member = me.json()["member"]["id"].as_str().unwrap().to_owned();
    let mut arrived = 0;
    for alias in ALIASES {
        let arguments: Vec<_> = alias.iter().flat_map(|header| ["--header", header]).collect();
        let said = stage.ask_as(&skey, "/api/cart", &arguments).await;
        for request in stage.service.take() {
            arrived += 1;
            assert!(!request.contains("FORGED"), "{kind:?} {alias:?}: {request}");
            assert_eq!(identity(&request, "Wxgate-Member"), [&member], "{kind:?} {alias:?}: {request}");
            assert_eq!(identity(&request, "Wxgate-App"), [stage.bench.appid()], "{kind:?} {alias:?}: {request}");
            assert!(!request.contains(&skey), "the skey is not the service's to know: {request}");
        }
        assert!([200, 400].contains(&said.status), "{kind:?} {alias:?}: {said:?}");
        let stranger = stage.ask("/api/cart", &arguments).await;
        assert!([400, 401].contains(&stranger.status) && stage.service.take().is_empty(), "{kind:?} {alias:?}");
    }
    assert!(arrived >= 18, "{arrived} of 20 requests of a member");
}

#[tokio::test]
async fn forward_auth_nginx() {
    forged_headers_never_arrive(Kind::Nginx).await;
}

#[tokio::test]
async fn forward_auth_caddy() {
    forged_headers_never_arrive(Kind::Caddy).await;
}

#[tokio::test]
async fn forward_auth_fail_closed() {
    for kind in KINDS {
        let stage = Stage::new(kind).await;
        let skey = stage.login("alice").await;
        let granted = stage.ask_as(&skey, "/api/x", &[]).await;
        assert_eq!((granted.status, granted.body.as_str()), (200, GRANTED), "{kind:?} {granted:?}");
        let gone = stage.login("bob").await;
        assert_eq!(stage.server.public.send(delete("/v1/session").bearer(&gone)).await.status, 200);
        stage.service.take();
        for nobody in [gone.as_str(), "", "wxg_", "wxg_AAAA", &skey[..skey.len() - 1]] {
            for method in ["GET", "POST", "DELETE"] {
                let refused = stage.ask_as(nobody, "/api/x", &["--request", method]).await;
                assert_eq!(refused.status, 401, "{kind:?} {nobody:?} {method} {refused:?}");
                assert_eq!(
                    (&refused.json()["error"], &refused.json()["errcode"]),
                    (&json!("unauthorized"), &json!(-401))
                );
                assert_eq!(refused.header("content-type"), ["application/json"], "{refused:?}");
                assert_eq!(refused.header("www-authenticate"), ["Bearer error=\"invalid_token\""], "{refused:?}");
                assert_eq!(refused.header("cache-control"), ["no-store"], "{refused:?}");
            }
        }
        // It hangs: the proxy gives up and lets nobody in.
        stage.server.signal(Signal::STOP);
        until("a process whose threads have all stopped", || has_stopped(&stage.server).then_some(())).await;
        let hung = stage.ask_as(&skey, "/api/x", &[]).await;
        stage.server.signal(Signal::CONT);
        assert_eq!(hung.status, 503, "{kind:?} {hung:?}");
        assert_eq!((&hung.json()["error"], hung.header("retry-after")), (&json!("unavailable"), vec!["5"]), "{hung:?}");
        assert!(stage.service.take().is_empty());
        assert_eq!(stage.ask_as(&skey, "/api/x", &[]).await.status, 200, "{}", stage.stderr());
        stage.service.take();
        stage.server.signal(Signal::KILL);
        until("a server that is gone", || fs::read(stage.server.proc("stat")).map_or(Some(()), |stat| is_dead(&stat)))
            .await;
        let killed = stage.ask_as(&skey, "/api/x", &[]).await;
        assert_eq!((killed.status, stage.service.take().len()), (503, 0), "{kind:?} {killed:?}");
    }
}

/// wxgate is there, but cannot tell: what it would have to read cannot be read.
#[tokio::test]
async fn forward_auth_undecided() {
    for kind in KINDS {
        let stage = Stage::with(kind, &["session.index_max_bytes=0"]).await;
        let skey = stage.login("alice").await;
        // The next login waits until memory has let go of the one before.
        stage.login("bob").await;
        assert_eq!(stage.ask_as(&skey, "/api/x", &[]).await.status, 200);
        stage.service.take();
        let database = rusqlite::Connection::open(stage.bench.data().join("wxgate.db")).unwrap();
        database.execute("ALTER TABLE sessions RENAME TO away", []).unwrap();
        let said = stage.server.internal.send(get("/forward-auth").bearer(&skey)).await;
        assert_eq!((said.status, said.text("error").as_str()), (503, "outcome_unknown"), "{said:?}");
        // nginx knows no 503 of whom it asks and says its own word; Caddy passes on what it got.
        let word = if kind == Kind::Nginx { "unavailable" } else { "outcome_unknown" };
        for method in ["GET", "POST", "DELETE"] {
            let refused = stage.ask_as(&skey, "/api/x", &["--request", method]).await;
            assert_eq!((refused.status, &refused.json()["error"]), (503, &json!(word)), "{kind:?} {refused:?}");
            assert_ne!(refused.header("retry-after"), [""; 0], "{refused:?}");
        }
        assert!(stage.service.take().is_empty(), "{kind:?}");
        database.execute("ALTER TABLE away RENAME TO sessions", []).unwrap();
        assert_eq!(stage.ask_as(&skey, "/api/x", &[]).await.status, 200, "{}", stage.stderr());
    }
}

/// A process that nobody has waited for yet is a zombie: it answers no more.
fn is_dead(stat: &[u8]) -> Option<()> {
    let stat = String::from_utf8_lossy(stat);
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')).then_some(())
}

#[tokio::test]
async fn what_a_proxy_passes_on_arrives_as_it_was_sent_and_its_log_holds_no_skey() {
    for kind in KINDS {
        let stage = Stage::new(kind).await;
        let skey = stage.login("alice").await;
        let named = ["--request", "PATCH", "--json", "{\"nickName\":\"张三 + 李四\"}"];
        assert_eq!(stage.ask_as(&skey, "/v1/me", &named).await.json()["member"]["nickName"], "张三 + 李四");
        let path = "/api/%E5%BC%A0%E4%B8%89/a+b%2B?q=a+b%2B%20c&n=%E5%BC%A0%E4%B8%89";
        let posted = ["--data", "a=1", "--header", "X-Forwarded-For: 1.2.3.4", "--header", "X-Request-Id: mine"];
        assert_eq!(stage.ask_as(&skey, path, &posted).await.status, 200);
        let [request] = &stage.service.take()[..] else { panic!("one request") };
        assert!(request.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{kind:?} {request}");
        assert_eq!(identity(request, "Wxgate-Name"), ["%E5%BC%A0%E4%B8%89%20%2B%20%E6%9D%8E%E5%9B%9B"], "{request}");
        assert_eq!(identity(request, "X-Forwarded-For"), ["127.0.0.1"], "{request}");
        let [id] = identity(request, "X-Request-Id")[..] else { panic!("{request}") };
        assert!(id.len() >= 32, "{id}");

        let misplaced = stage.ask(&format!("/v1/session?skey={skey}"), &[]).await;
        assert_eq!(misplaced.json()["error"], "bad_request", "{misplaced:?}");
        stage
            .ask_as(&skey, &format!("/api/last?skey={skey}"), &["--header", &format!("Referer: https://a/?{skey}")])
            .await;
        let log = stage.log("/api/last").await;
        let secret = skey.strip_prefix("wxg_").unwrap();
        assert!(log.contains("/v1/session") && !log.contains(secret), "{kind:?} {log}");
        assert!(!stage.stderr().contains(secret));
    }
}

#[tokio::test]
async fn a_proxy_shows_nothing_of_the_internal_listener_and_takes_no_more_than_the_server_does() {
    for kind in KINDS {
        let stage = Stage::new(kind).await;
        let skey = stage.login("alice").await;
        for path in [
            "/forward-auth",
            "/forward-auth/nginx",
            "/introspect",
            "/metrics",
            "/openapi.json",
            "/readyz",
            "/_wxgate",
            "/_wxgate_refusal",
            "/",
        ] {
            assert_eq!(stage.ask_as(&skey, path, &[]).await.status, 404, "{kind:?} {path}");
        }
        assert_eq!(stage.ask("/healthz", &[]).await.status, 200, "{kind:?}");
        let large = stage.bench.dir().join("large");
        fs::write(&large, vec![b'x'; 3 << 20]).unwrap();
        let upload = format!("avatar=@{}", large.display());
        let refused = stage.ask_as(&skey, "/v1/me/avatar", &["--form", &upload]).await;
        assert_eq!(refused.status, 413, "{kind:?} {refused:?}");
    }
}
