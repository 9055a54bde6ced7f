//! What is sealed opens where it belongs, and nowhere else.

use wxgate_crypto::{Error, Purpose, Vault};

const ONE: &str = "wxgate-key-1 00000001 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const TWO: &str = "wxgate-key-1 0000000b AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ALL: [Purpose; 4] = [Purpose::SessionKey, Purpose::Phone, Purpose::Answer, Purpose::AccessToken];

fn vault(lines: &[&str]) -> Vault {
    Vault::parse_key_file(&lines.join("\n")).expect("a key file")
}

fn open(vault: &Vault, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    vault.open(Purpose::Phone, "wx1", "o1", sealed).map(|plaintext| plaintext.to_vec())
}

#[test]
fn what_is_sealed_opens_where_it_belongs() {
    let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
    for purpose in ALL {
        for plaintext in [b"".as_slice(), b"13800138000", &[0; 1000]] {
            let sealed = vault.seal(purpose, "wx1", "o1", plaintext);
            assert_eq!(sealed.len(), 4 + 24 + plaintext.len() + 16);
            assert_eq!(vault.open(purpose, "wx1", "o1", &sealed).unwrap().as_slice(), plaintext);
        }
    }
}

#[test]
fn it_opens_for_no_other_app_person_or_purpose() {
    let vault = vault(&[ONE]);
    for purpose in ALL {
        let sealed = vault.seal(purpose, "wx1", "o1", b"secret");
        for (appid, openid) in [("wx2", "o1"), ("wx1", "o2"), ("wx1", ""), ("wx1o", "1"), ("wx", "1o1"), ("o1", "wx1")]
        {
            assert_eq!(vault.open(purpose, appid, openid, &sealed).unwrap_err(), Error::Sealed);
        }
        for other in ALL.into_iter().filter(|other| *other != purpose) {
            assert_eq!(vault.open(other, "wx1", "o1", &sealed).unwrap_err(), Error::Sealed);
        }
    }
}

#[test]
fn it_opens_with_no_byte_altered_lost_or_added() {
    let vault = vault(&[ONE]);
    let sealed = vault.seal(Purpose::Phone, "wx1", "o1", b"13800138000");
    for index in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[index] ^= 1 << bit;
            let error = open(&vault, &altered).unwrap_err();
            assert_eq!(matches!(error, Error::UnknownKey(_)), index < 4);
        }
        assert_eq!(open(&vault, &sealed[..index]).unwrap_err(), Error::Sealed);
    }
    assert_eq!(open(&vault, &[sealed, vec![0]].concat()).unwrap_err(), Error::Sealed);
}

#[test]
fn another_key_under_the_same_id_opens_nothing() {
    let sealed = vault(&[ONE]).seal(Purpose::Phone, "wx1", "o1", b"13800138000");
    let other = vault(&[&TWO.replace("0000000b", "00000001")]);
    assert_eq!(open(&other, &sealed).unwrap_err(), Error::Sealed);
}

#[test]
fn equal_secrets_do_not_look_equal() {
    let vault = vault(&[ONE]);
    let seal = || vault.seal(Purpose::Phone, "wx1", "o1", b"13800138000");
    let (one, other) = (seal(), seal());
    assert_ne!(one[4..28], other[4..28]);
    assert_ne!(one[28..], other[28..]);
}

#[test]
fn after_a_rotation_the_new_key_seals_and_the_old_one_opens() {
    let (before, after) = (vault(&[ONE]), vault(&[TWO, ONE]));
    let old = before.seal(Purpose::Phone, "wx1", "o1", b"old");
    let new = after.seal(Purpose::Phone, "wx1", "o1", b"new");
    assert_eq!((&old[..4], &new[..4]), (&[0, 0, 0, 1][..], &[0, 0, 0, 11][..]));
    assert_eq!(open(&after, &old).unwrap(), b"old");
    assert_eq!(open(&after, &new).unwrap(), b"new");
    assert_eq!(open(&before, &new).unwrap_err(), Error::UnknownKey(11));
    assert_eq!(Error::UnknownKey(11).to_string(), "sealed with the key 0000000b, which is not in the key file");
}

#[test]
fn the_index_and_the_pseudonyms_outlive_a_rotation() {
    let (before, after, other) = (vault(&[ONE]), vault(&[TWO, ONE]), vault(&[TWO]));
    assert_eq!(before.phone_index("13800138000"), after.phone_index("13800138000"));
    assert_ne!(before.phone_index("13800138000"), other.phone_index("13800138000"));
    assert_ne!(before.phone_index("13800138000"), before.phone_index("13800138001"));
    assert_eq!(before.pseudonym("wx1", "o1"), after.pseudonym("wx1", "o1"));
    assert_ne!(before.pseudonym("wx1", "o1"), other.pseudonym("wx1", "o1"));
    assert_ne!(before.pseudonym("wx1", "o1"), before.pseudonym("wx1o", "1"), "the border counts");
    assert_ne!(before.pseudonym("", "o1"), before.phone_index("o1"));
    assert_eq!(before.cursor_mark(b"o1"), after.cursor_mark(b"o1"));
    assert_ne!(before.cursor_mark(b"o1"), other.cursor_mark(b"o1"));
    assert_ne!(before.cursor_mark(b"o1"), before.phone_index("o1")[..16]);
}

#[test]
fn what_stands_on_disk_today_opens_in_every_later_version() {
    let vault = vault(&[TWO, ONE]);
    assert_eq!(open(&vault, &hex(SEALED)).unwrap(), b"13800138000");
    assert_eq!(vault.phone_index("13800138000").as_slice(), hex(PHONE_INDEX));
    assert_eq!(vault.pseudonym("wx1", "o1").as_slice(), hex(PSEUDONYM));
}

/// Made by another implementation: a phone number of (wx1, o1) under the key of [`TWO`], with the nonce 0, 1, 2…
const SEALED: &str =
    "0000000b000102030405060708090a0b0c0d0e0f10111213141516171c2ba9276102904a8545cd78b26472bd8c00f5b0f3e7c747cf0d42";
/// Its index, and the name of (wx1, o1), under the key of [`ONE`].
const PHONE_INDEX: &str = "6d29aebdf25721dc36d83cd958dd4f8701a5b2c54e2994d54506c61fef14073f";
const PSEUDONYM: &str = "70aa26f05fc5858ff805c71a0aeef56c101d6beb956d0d397731dceb11670606";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn a_new_key_file_says_what_it_is_and_is_new() {
    let (one, other) = (Vault::generate_key_file(), Vault::generate_key_file());
    assert!(one.starts_with("# wxgate 的封存密钥"));
    assert!(one.contains("\n# The sealing key of wxgate"));
    let key_line = |text: &str| text.lines().find(|line| line.starts_with("wxgate-key-1 ")).unwrap().to_owned();
    assert_ne!(key_line(&one), key_line(&other));
    assert!(one.ends_with(&format!("{}\n", key_line(&one))));
    // Rotation as its comment tells: one file's text above the other's.
    assert!(Vault::parse_key_file(&format!("{}{}", *one, *other)).is_ok());
}

#[test]
fn a_key_file_is_refused_by_line_and_never_quoted() {
    let error = |text: &str| Vault::parse_key_file(text).unwrap_err();
    assert_eq!(error(""), Error::NoKey);
    assert_eq!(error("# nothing\n\n"), Error::NoKey);
    assert!(Vault::parse_key_file(&format!("# windows\r\n\r\n  {ONE}\r\n")).is_ok());
    for (line, wrong) in [
        ("wxgate-key-2 00000001 AAAA", "a key line is"),
        ("wxgate-key-1 00000001", "a key line is"),
        ("wxgate-key-1 00000001 AAAA AAAA", "a key line is"),
        ("wxgate-key-1 0000001 AAAA", "8 hex digits"),
        ("wxgate-key-1 +0000001 AAAA", "8 hex digits"),
        ("wxgate-key-1 0000000g AAAA", "8 hex digits"),
        ("wxgate-key-1 00000002 canary!", "not base64"),
        ("wxgate-key-1 00000002 AAAA", "32 bytes"),
        ("wxgate-key-1 00000001 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "earlier line"),
    ] {
        let error = error(&format!("# first\n{ONE}\n{line}\n"));
        assert!(matches!(error, Error::KeyFile { line: 3, .. }), "{line}: {error:?}");
        let said = format!("{error} {error:?}");
        assert!(said.contains(wrong), "{line}: {said}");
        assert!(!said.contains("canary") && !said.contains("AAAA") && !said.contains("AQEB"));
    }
    assert_eq!(format!("{:?}", vault(&[ONE])), "Vault(..)");
}
