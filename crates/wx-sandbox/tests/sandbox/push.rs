//! WeChat's message push, as a server receives it.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wxgate_crypto::push::{Channel, EncodingAesKey, Push, PushToken, Stage};
use wxgate_sandbox::{Broken, PushFormat, PushSpec};

use crate::bench::{Bench, NOW};

const TOKEN: &str = "pushtoken";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// What `POST /_sandbox/push` takes for an event to `url`.
pub(crate) fn push(url: &str, event: &str) -> Value {
    json!({ "url": url, "token": TOKEN, "encoding_aes_key": KEY, "event": event })
}

fn spec(url: &str, change: &Value) -> PushSpec {
    let mut spec = push(url, "user_authorization_revoke");
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

/// A server that gives these answers, one after the other, and all that it was sent.
async fn server(answers: &'static [&'static str]) -> (String, tokio::task::JoinHandle<Vec<Received>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/wx/push/wx1", listener.local_addr().unwrap());
    let received = tokio::spawn(async move {
        let mut received = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            received.push(Received::read(&mut stream).await);
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
            let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        received
    });
    (url, received)
}

#[derive(Debug, PartialEq)]
struct Received {
    query: Vec<(String, String)>,
    body: String,
}

impl Received {
    async fn read(stream: &mut tokio::net::TcpStream) -> Self {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    let query = head.split([' ', '?']).nth(2).unwrap();
                    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                    return Self { query, body: body.to_owned() };
                }
            }
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        }
    }

    fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn encrypt(&self) -> String {
        match serde_json::from_str::<Value>(&self.body) {
            Ok(envelope) => envelope["Encrypt"].as_str().unwrap_or_default().to_owned(),
            Err(_) => {
                self.body.split("<Encrypt><![CDATA[").nth(1).and_then(|rest| rest.split(']').next()).unwrap().to_owned()
            }
        }
    }

    fn open(&self, appid: &str) -> Result<String, Stage> {
        let channel = Channel::new(appid, PushToken::parse(TOKEN).unwrap(), EncodingAesKey::parse(KEY).unwrap());
        let (timestamp, nonce) = (self.query("timestamp"), self.query("nonce"));
        assert!(channel.signature_matches(timestamp, nonce, self.query("signature")));
        let push = Push { timestamp, nonce, msg_signature: self.query("msg_signature"), encrypt: &self.encrypt() };
        channel.open(&push).map(|text| text.to_string()).map_err(|refused| refused.stage())
    }
}

#[tokio::test]
async fn a_push_says_what_happened_in_either_format() {
    let bench = Bench::new().await;
    for format in [PushFormat::Json, PushFormat::Xml] {
        let (url, received) = server(&["success"]).await;
        let mut spec = spec(&url, &json!({ "fields": { "RevokeInfo": "8" } }));
        spec.format = format;
        let pushed = bench.sandbox.push(bench.appid(), &bench.user.id, &spec).await.unwrap();
        assert!(pushed.received && pushed.answers.len() == 1, "{pushed:?}");
        let received = &received.await.unwrap()[0];
        assert_eq!((received.query("encrypt_type"), received.query("timestamp")), ("aes", NOW.to_string().as_str()));
        let message = received.open(bench.appid()).unwrap();
        for said in ["user_authorization_revoke", bench.openid().as_str(), "RevokeInfo", &NOW.to_string()] {
            assert!(message.contains(said) && !received.body.contains(said), "{message}");
        }
        assert_eq!(message.starts_with("<xml>"), format == PushFormat::Xml);
    }
}

#[tokio::test]
async fn a_push_is_tried_three_times_and_no_more_once_it_is_received() {
    let bench = Bench::new().await;
    for (answers, received) in
        [(&["busy", "", "never"][..], true), (&["busy", "busy", "busy", "never"], false), (&["success", "never"], true)]
    {
        let (url, server) = server(answers).await;
        let pushed = bench.sandbox.push(bench.appid(), &bench.user.id, &spec(&url, &json!({}))).await.unwrap();
        assert_eq!((pushed.received, pushed.answers.len()), (received, answers.len() - 1), "{pushed:?}");
        server.abort();
    }
    let gone =
        bench.sandbox.push(bench.appid(), &bench.user.id, &spec("http://127.0.0.1:1/", &json!({}))).await.unwrap();
    assert!(!gone.received && gone.answers.iter().all(|answer| answer.status.is_none()), "{gone:?}");
}

#[tokio::test]
async fn each_broken_push_is_broken_in_its_way() {
    let bench = Bench::new().await;
    let sent = async |broken, answers| {
        let (url, received) = server(answers).await;
        let mut spec = spec(&url, &json!({}));
        spec.broken = Some(broken);
        bench.sandbox.push(bench.appid(), &bench.user.id, &spec).await.unwrap();
        received.await.unwrap()
    };
    let plain = &sent(Broken::Plain, &["success"]).await[0];
    assert!(plain.body.contains("user_authorization_revoke") && plain.query("msg_signature").is_empty());
    assert_eq!(sent(Broken::Signature, &["success"]).await[0].open(bench.appid()), Err(Stage::MsgSignature));
    assert_eq!(sent(Broken::Receiver, &["success"]).await[0].open(bench.appid()), Err(Stage::Appid));
    let stale = &sent(Broken::Stale, &["success"]).await[0];
    assert_eq!(stale.query("timestamp"), (NOW - 3600).to_string());
    assert!(
        sent(Broken::Doctype, &["success"]).await[0].open(bench.appid()).unwrap().starts_with("<!DOCTYPE xml><xml>")
    );
    let replayed = sent(Broken::Replayed, &["success", "success"]).await;
    assert_eq!(replayed[0], replayed[1]);
}
