use super::*;

const START: UnixSeconds = UnixSeconds(1_795_000_000);
const LIFETIME: i64 = 300;

fn key(number: i64, created_at: UnixSeconds) -> Key {
    let private = JwtKey::generate();
    Key { number, created_at, public: private.public(), private: Some(private) }
}

fn ring(created_at: &[UnixSeconds]) -> Ring {
    Ring::new(created_at.iter().zip(1..).map(|(at, number)| key(number, *at)).collect())
}

fn signer(ring: &Ring, now: UnixSeconds) -> i64 {
    ring.signer(now).unwrap().number
}

#[test]
fn the_first_key_signs_at_once_and_the_next_after_it_was_shown_for_a_day() {
    let next = START + SIGNS;
    let ring = ring(&[START, next]);
    assert_eq!(signer(&ring, START), 1);
    assert_eq!(signer(&ring, next + (SHOWN_BEFORE - 1)), 1);
    assert_eq!(signer(&ring, next + SHOWN_BEFORE), 2);
}

#[test]
fn a_key_is_shown_until_the_last_token_it_signed_has_ended() {
    let ring = ring(&[START, START + SIGNS]);
    let no_longer_signs_at = START + SIGNS + SHOWN_BEFORE;
    for (seconds, superseding) in [(-1, None), (0, None), (LIFETIME, None), (LIFETIME + MARGIN, Some(2))] {
        assert_eq!(ring.superseding(no_longer_signs_at + seconds, LIFETIME), superseding, "{seconds}");
    }
}

#[test]
fn a_key_alone_is_superseded_by_nobody() {
    assert_eq!(ring(&[START]).superseding(START + 10 * SIGNS, LIFETIME), None);
    assert_eq!(Ring::new(Vec::new()).superseding(START, LIFETIME), None);
}

#[test]
fn another_key_is_wanted_when_the_newest_is_thirty_days_old_and_at_first() {
    let ring = ring(&[START, START + SIGNS]);
    assert!(!ring.wants_another(START + SIGNS));
    assert!(!ring.wants_another(START + (2 * SIGNS - 1)));
    assert!(ring.wants_another(START + 2 * SIGNS));
    assert!(Ring::new(Vec::new()).wants_another(START));
}

#[test]
fn a_clock_that_jumps_leaves_a_key_that_signs_and_a_next_one() {
    let years = 3650 * DAY;
    // It was ten years ahead when the second key came, for less than a day.
    let jumped = ring(&[START, START + years]);
    assert_eq!(signer(&jumped, START), 1);
    assert!(jumped.wants_another(START), "the second is of a time that may never come");
    let mended = ring(&[START, START + years, START]);
    assert!(!mended.wants_another(START));
    assert_eq!(signer(&mended, START + SHOWN_BEFORE), 3);
    assert_eq!(mended.superseding(START + SIGNS, LIFETIME), Some(3));
    // Back before the first key was made.
    for now in [START + -years, UnixSeconds(0), UnixSeconds(i64::from(i32::MIN))] {
        assert_eq!(signer(&jumped, now), 1);
        assert_eq!(jumped.superseding(now, LIFETIME), None);
    }
}

#[test]
fn a_clock_set_by_hours_brings_no_key() {
    assert!(!ring(&[START]).wants_another(START + -SHOWN_BEFORE));
    assert!(ring(&[START]).wants_another(START + (-SHOWN_BEFORE - 1)));
}

#[test]
fn a_key_that_does_not_open_is_shown_and_does_not_sign() {
    let lost = Key { private: None, ..key(1, START) };
    let public = lost.public;
    let ring = Ring::new(vec![lost, key(2, START + SIGNS)]);
    assert_eq!(signer(&ring, START + SIGNS), 2, "at once: there is no other");
    assert!(String::from_utf8(ring.jwks().to_vec()).unwrap().contains(&public.kid()));
    assert!(Ring::new(vec![Key { private: None, ..key(1, START) }]).signing(START).is_none());
}
