//! The secret that names a session.

use std::collections::HashSet;
use wxgate_crypto::{Skey, SkeyMint};

/// 2023-11-14, in milliseconds.
const NOW_MS: i64 = 1_700_000_000_123;

#[test]
fn token_format() {
    let skey = SkeyMint::new().mint(NOW_MS);
    let text = skey.expose();
    assert_eq!(text.len(), 58);
    assert!(
        text.strip_prefix("wxg_").unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    let read = Skey::parse(&text).unwrap();
    assert_eq!((read.session_id(), read.hash(), read.expose()), (skey.session_id(), skey.hash(), text));
    assert_eq!(format!("{skey:?}"), "Skey(..)");
}

#[test]
fn no_other_text_is_an_skey() {
    let text = SkeyMint::new().mint(NOW_MS).expose().to_string();
    for wrong in [
        text[4..].to_owned(),
        format!("wxa_{}", &text[4..]),
        format!("WXG_{}", &text[4..]),
        format!("{text}A"),
        format!("{text}=="),
        format!(" {text}"),
        text[..57].to_owned(),
        format!("{}+", &text[..57]),
        format!("{}\u{e9}", &text[..56]),
        // The last character holds two bits that must be zero: another writing of the same bytes.
        format!("{}B", &text[..57]),
        // Session id 0, and a negative one.
        format!("wxg_{}", "A".repeat(54)),
        format!("wxg__{}", "A".repeat(53)),
        String::new(),
    ] {
        assert!(Skey::parse(&wrong).is_none(), "{wrong}");
    }
}

#[test]
fn token_entropy() {
    let id = 7;
    let (one, other) = (Skey::for_session(id), Skey::for_session(id));
    assert_eq!((one.session_id(), other.session_id()), (id, id));
    assert_ne!(one.expose(), other.expose());
    assert!(one.matches(&one.hash()));
    assert!(!one.matches(&other.hash()));
    // Each of the 32 random bytes takes many values.
    let halves: Vec<_> = (0..64).map(|_| Skey::for_session(id).expose()).collect();
    for position in 16..57 {
        assert!(halves.iter().map(|text| text.as_bytes()[position]).collect::<HashSet<_>>().len() > 8);
    }
}

#[test]
fn ids_grow_with_time_and_tell_no_count() {
    let mint = SkeyMint::new();
    let id = mint.mint(NOW_MS).session_id();
    assert_eq!(id >> 21, NOW_MS);
    assert!(mint.mint(NOW_MS + 1).session_id() > id);
    let tails: HashSet<_> = (0..20).map(|_| SkeyMint::new().mint(NOW_MS).session_id()).collect();
    assert!(tails.len() > 15);
}

#[test]
fn ids_grow_when_the_clock_does_not() {
    let mint = SkeyMint::new();
    let mut last = mint.mint(NOW_MS).session_id();
    for now in [NOW_MS, NOW_MS, NOW_MS - 86_400_000, 0, -1, i64::MIN] {
        let next = mint.mint(now).session_id();
        assert!(next > last);
        last = next;
    }
    assert!(SkeyMint::new().mint(i64::MIN).session_id() > 0);
    assert!(SkeyMint::new().mint(i64::MAX).session_id() > 0);
}

#[test]
fn threads_never_share_an_id() {
    let mint = SkeyMint::new();
    let ids: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..500).map(|_| mint.mint(NOW_MS).session_id()).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 2_000);
}
