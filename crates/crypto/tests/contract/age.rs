//! age, version 1: what others wrote opens, and what is sealed opens only in its place.

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use wxgate_crypto::age::{
    AgeError, CHUNK_BYTES, Header, Identity, PAYLOAD_NONCE_BYTES, Recipient, SEALED_CHUNK_BYTES, seal,
};

/// Made by age-keygen and age 1.1.1.
const RECIPIENT: &str = "age187qjgavz28jn00fxg2pzhm68zqqwdzn0dncd8nueq798etl0cgmqcvt7mc";
const KEY: &str = "AGE-SECRET-KEY-1T4NXGK3GS5JCP4963X9K5V5E2FDXL55EZKCZ85FEPJ62AHZV33LQ9P8G6C";
const FILE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBSOTQwRjcrbjBLazVxdG52U2RsclF4N2ZzL3NMSTd4VVlkMklGZ3B1V2lJCnRua3lPSUJsVkFIaHZJZEJNQ0M3U3VrdGJGQkNrcVduNTJBTUl6NUs0ZWcKLS0tIGxSVWJnSVZ2aTVvMHg1UnBhcTZybFZDZ1YyeVR4d0p1dkNQNFE4aXlJRnMK/gdWAJqHkajs5Vr+C0mYk/x1sTLolPqRjn1NKS6r2sEK6LBSBU0=";

fn keys(text: &str) -> Vec<Identity> {
    Identity::parse_file(text).expect("a key file")
}

/// A whole file, made as a stream makes it.
fn sealed(recipients: &[Recipient], content: &[u8]) -> Vec<u8> {
    let (mut file, mut sealer) = seal(recipients);
    let mut chunks: Vec<&[u8]> = content.chunks(CHUNK_BYTES).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    for (number, chunk) in (1..).zip(&chunks) {
        let mut chunk = chunk.to_vec();
        sealer.seal(&mut chunk, number == chunks.len());
        file.extend_from_slice(&chunk);
    }
    file
}

fn opened(file: &[u8], keys: &[Identity]) -> Result<Vec<u8>, AgeError> {
    let ends = file.windows(5).position(|window| window == b"\n--- ").ok_or(AgeError::Header)? + 1;
    let length = ends + file[ends..].iter().position(|byte| *byte == b'\n').ok_or(AgeError::Header)? + 1;
    let (head, rest) = file.split_at(length);
    let (nonce, rest) = rest.split_first_chunk::<PAYLOAD_NONCE_BYTES>().ok_or(AgeError::Chunk)?;
    let mut opener = Header::parse(head)?.open(keys, nonce)?;
    let chunks: Vec<&[u8]> = rest.chunks(SEALED_CHUNK_BYTES).collect();
    let mut content = Vec::new();
    for (number, chunk) in (1..).zip(&chunks) {
        let mut chunk = chunk.to_vec();
        opener.open(&mut chunk, number == chunks.len())?;
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

#[test]
fn a_file_of_the_age_tool_opens_with_its_key() {
    let file = BASE64_STANDARD.decode(FILE).expect("base64");
    assert_eq!(opened(&file, &keys(KEY)).as_deref(), Ok(b"wxgate".as_slice()));
    assert_eq!(keys(KEY)[0].recipient().to_string(), RECIPIENT);
    assert_eq!(Recipient::parse(RECIPIENT), Ok(keys(KEY)[0].recipient()));
}

#[test]
fn a_key_file_is_what_it_was_written_from() {
    let key = Identity::generate();
    let text = key.to_file();
    let read = keys(&text);
    assert_eq!((read.len(), read[0].recipient()), (1, key.recipient()));
    assert!(text.contains(&key.recipient().to_string()));
    assert!(!format!("{key:?}").contains("SECRET"));
}

#[test]
fn what_is_no_key_is_refused() {
    for text in
        ["", "# nothing", RECIPIENT, &KEY.to_lowercase(), &KEY[..73], &KEY.replace('K', "Q"), "AGE-SECRET-KEY-1"]
    {
        assert_eq!(Identity::parse_file(text).err(), Some(AgeError::Identity), "{text}");
    }
    for text in ["", "age1", KEY, &RECIPIENT.to_uppercase(), &RECIPIENT[..61], &format!("{RECIPIENT} ")] {
        assert_eq!(Recipient::parse(text).err(), Some(AgeError::Recipient), "{text}");
    }
}

#[test]
fn each_recipient_opens_and_nobody_else() {
    let several = [Identity::generate(), Identity::generate(), Identity::generate()];
    let file = sealed(&[several[0].recipient(), several[1].recipient()], b"content");
    let [one, two, stranger] = several.map(|key| opened(&file, &[key]));
    assert_eq!((one, two, stranger), (Ok(b"content".to_vec()), Ok(b"content".to_vec()), Err(AgeError::NoKey)));
}

#[test]
fn chunks_open_in_their_place_only() {
    let key = [Identity::generate()];
    let content = vec![7; 3 * CHUNK_BYTES];
    let file = sealed(&[key[0].recipient()], &content);
    assert_eq!(opened(&file, &key), Ok(content));
    let at = file.len() - 3 * SEALED_CHUNK_BYTES;
    let mut swapped = file.clone();
    swapped[at..at + 2 * SEALED_CHUNK_BYTES].rotate_left(SEALED_CHUNK_BYTES);
    assert_eq!(opened(&swapped, &key), Err(AgeError::Chunk));
    for cut in [1, SEALED_CHUNK_BYTES, 2 * SEALED_CHUNK_BYTES] {
        assert_eq!(opened(&file[..file.len() - cut], &key), Err(AgeError::Chunk), "{cut}");
    }
}

#[test]
fn a_header_that_was_altered_is_refused() {
    let key = [Identity::generate()];
    let file = sealed(&[key[0].recipient(), Identity::generate().recipient()], b"content");
    let length = file.len() - b"content".len() - 16 - PAYLOAD_NONCE_BYTES;
    for at in 0..length {
        let mut altered = file.clone();
        altered[at] ^= 1;
        assert!(opened(&altered, &key).is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(content in prop::collection::vec(any::<u8>(), 0..200_000)) {
        let key = [Identity::generate()];
        prop_assert_eq!(opened(&sealed(&[key[0].recipient()], &content), &key), Ok(content));
    }

    #[test]
    fn no_header_panics(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Header::parse(&text);
        let _ = Header::parse(&[b"age-encryption.org/v1\n-> X25519 ".as_slice(), &text].concat());
    }
}
