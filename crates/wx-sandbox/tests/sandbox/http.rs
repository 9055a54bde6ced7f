use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::json;
use tokio::net::TcpListener;
use wxgate_sandbox::{Endpoint, Error, FaultKind, Sandbox, bind};

use crate::bench::{Answer, Bench, settings};

#[tokio::test]
async fn a_post_without_a_length_is_412_with_nothing_in_it() {
    let bench = Bench::new().await;
    for (header, body) in [("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), ("", "")] {
        let request =
            format!("POST /cgi-bin/stable_token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n{body}");
        let answer = Answer::parse(&bench.raw(&request).await);
        assert_eq!((answer.status, answer.body.len()), (412, 0));
    }
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let bench = Bench::new().await;
    for path in ["/", "/sns/jscode2session/", "/sns/oauth2/access_token"] {
        assert_eq!(bench.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_endless_body_is_refused() {
    let bench = Bench::new().await;
    let head = "POST /cgi-bin/stable_token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1048577\r\n\r\n";
    let answer = bench.raw(&format!("{head}{}", " ".repeat(1_048_577))).await;
    assert_eq!(Answer::parse(&answer).status, 413);
}

#[tokio::test]
async fn every_answer_says_that_it_is_a_sandboxes() {
    let bench = Bench::new().await;
    bench.sandbox.fault(Endpoint::Token, FaultKind::Status(502).forever()).unwrap();
    let answers = [
        bench.exchange("x").await,
        bench.stable_token(false).await,
        bench.plain_token().await,
        bench.get("/nowhere").await,
        bench.get("/_sandbox/").await,
        bench.get("/_sandbox/nothing").await,
        bench.post("/_sandbox/login", &json!({})).await,
    ];
    for answer in answers {
        assert_eq!(answer.header("x-sandbox"), Some("1"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let bench = Bench::new().await;
    let get = |close| format!("GET /nowhere HTTP/1.1\r\nHost: x\r\n{close}\r\n");
    let answers = bench.raw(&format!("{}{}", get(""), get("Connection: close\r\n"))).await;
    assert_eq!(String::from_utf8(answers).unwrap().matches("HTTP/1.1 404").count(), 2);
}

#[tokio::test]
async fn other_machines_are_kept_out() {
    for addr in
        [(Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::new(192, 0, 2, 1), 0).into()]
    {
        assert!(matches!(bind(addr).await, Err(Error::NotLoopback(_))), "{addr}");
    }
    let open = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    let served = Sandbox::new(settings()).serve(open, std::future::pending()).await;
    assert!(matches!(served, Err(Error::NotLoopback(_))));
    assert!(bind((Ipv4Addr::LOCALHOST, 0).into()).await.is_ok());
}

#[tokio::test]
async fn calls_are_recorded_without_their_secrets() {
    let bench = Bench::new().await;
    let code = bench.login();
    let key = bench.exchange(&code).await.text("session_key");
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let token = bench.token().await;
    bench.business("getuserphonenumber", &json!({"code": tap.code, "openid": bench.openid()})).await;
    let answer = bench.get("/_sandbox/calls").await;
    let text = String::from_utf8(answer.body.clone()).unwrap();
    for secret in [&bench.app.secret, &code, &key, &tap.code, &token] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
    let calls = &answer.json()["calls"];
    assert_eq!(calls[0]["path"], "/sns/jscode2session");
    assert_eq!((&calls[0]["query"]["appid"], &calls[0]["query"]["js_code"]), (&json!(bench.appid()), &json!("***")));
    let last = &calls[calls.as_array().unwrap().len() - 1];
    assert_eq!(
        (&last["body"]["openid"], &last["status"], &last["errcode"]),
        (&json!(bench.openid()), &json!(200), &json!(0))
    );
}
