use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::secret::Secret;
use crate::target::Target;

/// A receiver that answers every request with these bytes, and then keeps quiet; or never says a word.
struct Receiver {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn answering(answer: impl Into<Option<Vec<u8>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&requests), answer.into());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, kept) = (answer.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    let mut bytes = vec![0; 8192];
                    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                        kept.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                        if let Some(answer) = &answer
                            && stream.write_all(answer).await.is_err()
                        {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }

    fn message(&self, answer_bytes: Option<usize>) -> Message {
        let target = Target::parse(&format!("http://127.0.0.1:{}/a?b", self.port), true).unwrap();
        Message {
            target,
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            timestamp: 1_614_265_330,
            secrets: vec![Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()],
            body: Bytes::from_static(br#"{"test": 2432232314}"#),
            time: Duration::from_secs(20),
            answer_bytes,
        }
    }
}

fn said(status: &str, head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{head}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn a_message_is_signed_as_the_standard_says() {
    let receiver = Receiver::answering(said("204 No Content", "", "")).await;
    let mut message = receiver.message(None);
    message.secrets.push(Secret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap());
    let answer = Client::new().post(&message).await;
    assert_eq!(answer, Ok(Answer { status: 204, body: Vec::new() }));
    let request = receiver.requests.lock().unwrap().concat();
    assert!(request.starts_with("POST /a?b HTTP/1.1\r\n"), "{request}");
    let other = message.secrets[1].sign(&message.id, message.timestamp, &message.body);
    for line in [
        "content-type: application/json",
        "content-length: 20",
        "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp: 1614265330",
        &format!("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= {other}"),
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line}: {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"test\": 2432232314}"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nothing_follows_it() {
    let elsewhere = Receiver::answering(said("200 OK", "content-length: 0\r\n", "")).await;
    let location = format!("location: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n", elsewhere.port);
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let receiver = Receiver::answering(said(status, &location, "")).await;
        let answer = Client::new().post(&receiver.message(None)).await.unwrap();
        assert_eq!(answer.status.to_string(), status[..3]);
    }
    assert!(elsewhere.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_never_ends_holds_nobody() {
    let (endless, body) = ("transfer-encoding: chunked\r\n", format!("ffffff\r\n{}", "a".repeat(100_000)));
    let receiver = Receiver::answering(said("200 OK", endless, &body)).await;
    assert_eq!(Client::new().post(&receiver.message(None)).await.map(|answer| answer.status), Ok(200));
    let receiver = Receiver::answering(said("200 OK", endless, "1\r\na\r\n")).await;
    assert_eq!(Client::new().post(&receiver.message(None)).await.map(|answer| answer.status), Ok(200));
}

#[tokio::test]
async fn a_body_that_is_wanted_has_its_limit_and_its_end() {
    let receiver = Receiver::answering(said("200 OK", "content-length: 9\r\n", "123456789")).await;
    let body = Client::new().post(&receiver.message(Some(9))).await.map(|answer| answer.body);
    assert_eq!(body, Ok(b"123456789".to_vec()));
    assert_eq!(Client::new().post(&receiver.message(Some(8))).await, Err(Failure::TooLarge));
    let quiet = Receiver::answering(said("200 OK", "content-length: 9\r\n", "1234")).await;
    let message = Message { time: Duration::from_millis(50), ..quiet.message(Some(9)) };
    assert_eq!(Client::new().post(&message).await, Err(Failure::Timeout));
}

#[tokio::test]
async fn what_is_no_answer_is_told_by_its_cause() {
    let silent = Receiver::answering(None).await;
    let message = Message { time: Duration::from_millis(50), ..silent.message(None) };
    assert_eq!(Client::new().post(&message).await, Err(Failure::Timeout));
    let garbage = Receiver::answering(b"what is this?\r\n\r\n".to_vec()).await;
    assert_eq!(Client::new().post(&garbage.message(None)).await, Err(Failure::Broken));
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let target = Target::parse(&format!("http://127.0.0.1:{port}/"), true).unwrap();
    let message = Message { target, ..silent.message(None) };
    assert_eq!(Client::new().post(&message).await, Err(Failure::Unreachable));
}

#[tokio::test]
async fn a_name_that_stands_for_something_else_today_is_not_connected_to() {
    let receiver = Receiver::answering(said("200 OK", "content-length: 0\r\n", "")).await;
    let target = Target::unjudged(&format!("https://localhost:{}/", receiver.port), Rule::Public);
    let message = Message { target, ..receiver.message(None) };
    assert_eq!(Client::new().post(&message).await, Err(Failure::Address));
    assert!(receiver.requests.lock().unwrap().is_empty());
}
