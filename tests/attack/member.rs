//! An ordinary member whose client does as its owner likes.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use wxgate_crypto::payload;
use wxgate_sandbox::{Sandbox, UserSpec};

use crate::block::{Block, Payload};
use crate::line::{Line, Seen};
use crate::support::{At, Bench};

/// Who the attacker wants to be.
pub const VICTIM: &str = "13900139000";

/// A member with a session, a connection and a genuine payload.
pub struct Member {
    pub user: String,
    pub number: String,
    pub genuine: Payload,
    /// One that was accepted in an earlier session.
    pub spent: Option<Payload>,
    pub skey: String,
    sandbox: Sandbox,
    appid: String,
    pub line: Line,
    /// What was posted to the phone route, and what became of it.
    pub posted: Posted,
}

/// Requests to the phone route, by their answers.
#[derive(Debug, Default, Clone, Copy)]
pub struct Posted {
    /// The key was used.
    pub opened: usize,
    /// The failure budget was spent.
    pub turned_away: usize,
    /// Taken for genuine though it was not.
    pub forged: usize,
}

impl Posted {
    pub fn all(&self) -> usize {
        self.opened + self.turned_away
    }

    pub fn add(&mut self, other: Self) {
        self.opened += other.opened;
        self.turned_away += other.turned_away;
        self.forged += other.forged;
    }
}

impl Member {
    /// Somebody new, who taps the phone button once.
    pub async fn new(bench: &Bench, server: &At) -> Self {
        static MEMBERS: AtomicUsize = AtomicUsize::new(0);
        let user = format!("member {}", MEMBERS.fetch_add(1, Ordering::Relaxed));
        let appid = bench.appid().to_owned();
        let (sandbox, mut line) = (bench.sandbox.clone(), Line::to(server).await);
        let code = bench.code(&user);
        let number = sandbox.add_user(UserSpec::named(&user)).phone;
        let skey = login(&mut line, &appid, &code).await;
        let mut member = Self {
            user,
            number,
            genuine: Payload::default(),
            spent: None,
            skey,
            sandbox,
            appid,
            line,
            posted: Posted::default(),
        };
        member.genuine = member.tap();
        member
    }

    /// A tap on the phone button: another payload under the key of the last login.
    pub fn tap(&self) -> Payload {
        let tap = self.sandbox.phone(&self.appid, &self.user).unwrap();
        Payload::read(&tap.data.encrypted_data, &tap.data.iv)
    }

    /// The text of a payload with the member's number.
    pub fn number_for(&self, appid: &str, timestamp: i64) -> String {
        let rest = format!(r#""timestamp":{timestamp},"appid":"{appid}"}}}}"#);
        self.known_text() + &rest
    }

    /// What whoever has the session_key can make.
    pub fn sealed(&self, text: &str, iv: Block) -> Payload {
        let key = self.sandbox.session_key(&self.appid, &self.user).unwrap();
        let sealed = payload::seal(text.as_bytes(), &key, iv);
        Payload::read(sealed.encrypted_data(), &sealed.iv_text())
    }

    /// A new session. WeChat keeps the session_key for a minute, so the payloads stay good.
    pub async fn login_again(&mut self) {
        let code = self.sandbox.login(&self.appid, &self.user).unwrap();
        self.skey = login(&mut self.line, &self.appid, &code).await;
    }

    /// The text of the genuine payload up to where the time stands: what every member knows of their own.
    pub fn known_text(&self) -> String {
        let number = &self.number;
        format!(r#"{{"phoneNumber":"{number}","purePhoneNumber":"{number}","countryCode":"86","watermark":{{"#)
    }

    /// Block `index` of it.
    pub fn known_block(&self, index: usize) -> Block {
        self.known_text().as_bytes()[index * 16..][..16].try_into().unwrap()
    }

    /// Posts a payload and keeps count.
    pub async fn post(&mut self, payload: &Payload) -> Seen {
        let seen = self.line.post("/v1/phone", Some(&self.skey), &payload.body()).await;
        match seen.status {
            200 => {
                self.posted.opened += 1;
                let info = &seen.body["phone_info"];
                // Whatever is accepted but one's own payload is a forgery, also if it says the same.
                let own = *payload == self.genuine;
                self.posted.forged += usize::from(!own || info["phoneNumber"] != self.number);
            }
            400 | 422 => self.posted.opened += 1,
            429 => self.posted.turned_away += 1,
            _ => panic!("{}", seen.bytes()),
        }
        seen
    }
}

pub async fn login(line: &mut Line, appid: &str, code: &str) -> String {
    let seen = line.post("/v1/login", None, &json!({ "appid": appid, "code": code })).await;
    assert_eq!(seen.status, 200, "{}", seen.bytes());
    seen.body["skey"].as_str().unwrap().to_owned()
}
