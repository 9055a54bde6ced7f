//! A disk that is full.

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::{Answer, Bench, Server, delete, get, post};

async fn log_in(bench: &Bench, server: &Server, user: &str) -> Answer {
    server.public.send(post("/v1/login").json(&json!({ "code": bench.code(user) }))).await
}

async fn alive(server: &Server, skey: &str) -> bool {
    server.public.send(get("/v1/session").bearer(skey)).await.status == 200
}

fn limit_file_size(server: &Server, bytes: Option<u64>) {
    prlimit(Some(server.pid()), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_new_logins_keeps_old_sessions_and_heals_by_itself() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let kept = server.login(&bench.code("alice")).await;
    limit_file_size(&server, Some(0));
    let mut refused = Vec::new();
    for user in ["bob", "carol", "dave"] {
        let answer = log_in(&bench, &server, user).await;
        assert_eq!((answer.status, answer.text("error").as_str()), (503, "storage_full"), "{answer:?}");
        refused.push(user);
        assert!(alive(&server, &kept).await);
    }
    limit_file_size(&server, None);
    for user in refused {
        let answer = log_in(&bench, &server, user).await;
        assert_eq!((answer.status, &answer.json()["is_new"]), (200, &json!(true)), "nothing of the first try was kept");
    }
    assert_eq!(server.public.send(delete("/v1/session").bearer(&kept)).await.status, 200);
    assert_eq!(server.stop().await.code, Some(0));
    assert!(!alive(&bench.serve().await, &kept).await);
}
