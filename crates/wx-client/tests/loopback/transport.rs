//! Connections that fail, and how long that may take.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;
use wx_client::{Client, Error, NoKeep, Settings, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, LOGIN, client, client_at, credentials};

fn sent(result: Result<wx_client::Code2Session, Error>) -> bool {
    match result {
        Err(Error::Unreachable { sent, .. }) => sent,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_never_sent_twice() {
    let half = Act::Cut("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"openid\":");
    for act in [Act::Close, Act::Reset, Act::Cut("HTTP/1.1 2"), half] {
        let server = Server::start([act, Act::text(LOGIN)]).await;
        assert!(sent(client(&server).code2session(APPID, "code").await));
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_kept_connection_that_ends_under_a_request_is_no_reason_to_repeat_it() {
    let server = Server::start([Act::text(LOGIN), Act::Close, Act::text(LOGIN)]).await;
    let client = client(&server);
    client.code2session(APPID, "first").await.unwrap();
    assert!(sent(client.code2session(APPID, "second").await));
    assert_eq!((server.requests().len(), server.connections()), (2, 1));
}

#[tokio::test]
async fn a_port_where_nobody_listens_gets_nothing() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(!sent(client_at(format!("http://{free}")).code2session(APPID, "code").await));
}

#[tokio::test]
async fn a_host_that_cannot_be_connected_to_is_passed_over() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let other = Server::start([Act::text(LOGIN), Act::Close]).await;
    let settings = Settings {
        base_url: format!("http://{free}"),
        fallback_urls: vec![format!("http://{}", other.address)],
        ..Settings::default()
    };
    let client = Client::new(&settings, credentials(), Arc::new(NoKeep)).unwrap();
    client.code2session(APPID, "first").await.unwrap();
    assert!(sent(client.code2session(APPID, "second").await), "what may have arrived is sent nowhere else");
    assert_eq!(other.requests().len(), 2);
}

#[tokio::test]
async fn a_host_that_was_sent_to_is_the_last_one() {
    let (main, other) = (Server::start([Act::Close]).await, Server::start([Act::text(LOGIN)]).await);
    let settings = Settings {
        base_url: format!("http://{}", main.address),
        fallback_urls: vec![format!("http://{}", other.address)],
        ..Settings::default()
    };
    let client = Client::new(&settings, credentials(), Arc::new(NoKeep)).unwrap();
    assert!(sent(client.code2session(APPID, "code").await));
    assert_eq!((main.requests().len(), other.connections()), (1, 0));
}

#[tokio::test]
async fn a_connection_without_tls_gets_nothing_and_is_tried_twice() {
    let server = Server::start([Act::Reset, Act::Reset, Act::Reset]).await;
    // Two clients at once, each with its own TLS, and no default for the process.
    let (first, second) = (client_at(format!("https://{}", server.address)), client_at("https://localhost:1".into()));
    assert!(!sent(first.code2session(APPID, "code").await));
    assert_eq!(server.connections(), 2);
    assert!(!sent(second.code2session(APPID, "code").await));
}

#[tokio::test]
async fn a_connection_that_is_not_made_within_2_seconds_is_tried_once_more() {
    // The server waits for a line of HTTP and never says a word of TLS.
    let server = Server::start([]).await;
    let client = client_at(format!("https://{}", server.address));
    let begun = Instant::now();
    let (result, ()) = tokio::join!(client.code2session(APPID, "code"), async {
        while server.connections() == 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
    });
    assert!(!sent(result));
    let took = begun.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_millis(4200)).contains(&took), "{took:?}");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn silence_and_a_dripping_answer_end_after_5_seconds() {
    for act in [Act::Hang, Act::Drip] {
        let server = Server::start([act]).await;
        let client = client(&server);
        let begun = Instant::now();
        let (result, ()) = tokio::join!(client.code2session(APPID, "code"), async {
            server.arrived().await;
            tokio::time::pause();
        });
        assert!(sent(result));
        let took = begun.elapsed();
        assert!((Duration::from_secs(5)..Duration::from_millis(5200)).contains(&took), "{took:?}");
        assert_eq!(server.requests().len(), 1);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_call_without_a_slot_gives_up_after_2_seconds() {
    let server = Server::start([Act::Hang, Act::text(LOGIN)]).await;
    let settings = Settings { base_url: format!("http://{}", server.address), max_in_flight: 1, ..Settings::default() };
    let client = Client::new(&settings, credentials(), Arc::new(NoKeep)).unwrap();
    let waiting = async {
        server.arrived().await;
        tokio::time::pause();
        let begun = Instant::now();
        (client.code2session(APPID, "second").await, begun.elapsed())
    };
    let (first, (second, took)) = tokio::join!(client.code2session(APPID, "first"), waiting);
    assert!(matches!(second, Err(Error::Busy)), "{second:?}");
    assert!((Duration::from_secs(2)..Duration::from_millis(2100)).contains(&took), "{took:?}");
    assert!(sent(first));
    assert_eq!(server.requests().len(), 1);
    tokio::time::resume();
    client.code2session(APPID, "third").await.unwrap();
}

#[tokio::test]
async fn a_wechat_that_does_not_answer_is_asked_once_in_five_seconds_until_it_does() {
    let html = || Act::http("502 Bad Gateway", "<html>");
    let failures = (0..20).map(|call| if call % 2 == 0 { Act::Close } else { html() });
    let server = Server::start(failures.chain([Act::Close, Act::text(LOGIN), Act::text(LOGIN)])).await;
    let client = client(&server);
    let login = || client.code2session(APPID, "code");
    for _ in 0..20 {
        login().await.unwrap_err();
    }
    for asked in 20..22 {
        let paused = login().await.unwrap_err();
        let Error::Paused { remaining } = paused else { panic!("{paused}") };
        assert!(remaining <= Duration::from_secs(5), "{remaining:?}");
        assert_eq!(server.requests().len(), asked, "nothing was sent");
        tokio::time::pause();
        tokio::time::advance(remaining).await;
        tokio::time::resume();
        if asked == 20 {
            assert!(sent(login().await), "the probe that is lost");
        }
    }
    for _ in 0..2 {
        login().await.unwrap();
    }
}

#[tokio::test]
async fn logins_and_the_calls_that_need_a_token_fail_by_themselves() {
    let server = Server::start((0..21).map(|_| Act::Close)).await;
    let client = client(&server);
    for _ in 0..21 {
        client.code2session(APPID, "code").await.unwrap_err();
    }
    assert_eq!(server.requests().len(), 20);
    client.access_token(APPID).await.unwrap_err();
    assert_eq!(server.requests().len(), 21);
}

/// Runs one test of this file again, in a process whose environment names a proxy that does not exist.
#[test]
fn env_proxy_ignored() {
    let proxy = "http://127.0.0.1:1";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "calls::a_login_sends_four_fields_in_the_query_and_nothing_else"])
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, proxy)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
}
