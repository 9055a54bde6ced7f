//! What a request spends on cryptography: `cargo bench -p wxgate-crypto`.
//!
//! Rounds are interleaved, and each figure is also set against the SHA-256 of the payload in the same round, since
//! machines drift: compare the ratios.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and tells by printing")]

use std::hint::black_box;
use std::time::Instant;

use sha2::{Digest, Sha256};
use wxgate_crypto::payload::{self, Encrypted, Expect, Phone};
use wxgate_crypto::{Purpose, SessionKey, Skey, SkeyMint, Vault};

const ROUNDS: usize = 7;
const CALLS: u32 = 20_000;
const APPID: &str = "wx0123456789abcdef";
const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const NOW: i64 = 1_700_000_000;

/// Nanoseconds of a call.
fn time(call: &dyn Fn()) -> f64 {
    let begin = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let key = SessionKey::parse("ABEiM0RVZneImaq7zN3u/w==").unwrap();
    let text = format!(
        r#"{{"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86",
            "watermark":{{"timestamp":{NOW},"appid":"{APPID}"}}}}"#
    );
    let made = payload::seal(text.as_bytes(), &key, *b"16 random bytes!");
    let (data, iv) = (made.encrypted_data().to_owned(), made.iv_text());
    let expect = Expect { appid: APPID, now: NOW };
    let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
    let sealed = vault.seal(Purpose::SessionKey, APPID, OPENID, key.expose().as_bytes());
    let mint = SkeyMint::new();
    let skey = mint.mint(NOW * 1000).expose();

    let open = || {
        let encrypted = Encrypted::parse(&data, &iv).unwrap();
        black_box(payload::open::<Phone>(&encrypted, &key, &expect).unwrap());
    };
    let seal = || {
        black_box(vault.seal(Purpose::SessionKey, APPID, OPENID, key.expose().as_bytes()));
    };
    let unseal = || {
        black_box(vault.open(Purpose::SessionKey, APPID, OPENID, &sealed).unwrap());
    };
    let mint = || {
        black_box(mint.mint(NOW * 1000).hash());
    };
    let read = || {
        black_box(Skey::parse(&skey).unwrap().hash());
    };
    let calls: [(&str, &dyn Fn()); 5] = [
        ("open a payload of the phone button", &open),
        ("seal a session_key", &seal),
        ("open a sealed session_key", &unseal),
        ("mint an skey and hash it", &mint),
        ("read an skey and hash it", &read),
    ];

    let mut found = calls.map(|_| (vec![], vec![]));
    for _ in 0..ROUNDS {
        let hash = time(&|| {
            black_box(Sha256::digest(data.as_bytes()));
        });
        for ((_, call), (times, ratios)) in calls.iter().zip(&mut found) {
            let took = time(call);
            times.push(took);
            ratios.push(took / hash);
        }
    }
    for ((what, _), (times, ratios)) in calls.iter().zip(found) {
        println!("{what}: {:.0} ns, {:.2} times a SHA-256 of the payload", median(times), median(ratios));
    }
}
