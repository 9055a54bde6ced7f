//! `[app.risk]`: WeChat warns of somebody, and the server listens.

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::json;
use wxgate_sandbox::{Endpoint, UserSpec};

use crate::support::{Bench, post};

#[tokio::test]
async fn somebody_whom_wechat_warns_of_is_refused() {
    let bench = Bench::new().await;
    let mut file = OpenOptions::new().append(true).open(bench.dir().join("wxgate.toml")).unwrap();
    file.write_all(b"[app.risk]\nscene = \"registration\"\nthreshold = 3\naction = \"refuse\"\n").unwrap();
    let server = bench.serve().await;
    for (rank, status) in [(2, 200), (3, 403), (0, 200)] {
        let code = bench.code("alice");
        bench.sandbox.add_user(UserSpec { risk_rank: Some(rank), ..UserSpec::named("alice") });
        let answer = server.public.send(post("/v1/login").json(&json!({ "code": code }))).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert_eq!(bench.calls(Endpoint::RiskRank).len(), 3);
}
