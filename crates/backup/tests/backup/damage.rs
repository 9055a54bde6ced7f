//! Whatever is wrong with a file is found, said in words of its own, and leaves nothing behind.

use std::io::Write;

use rusqlite::Connection;
use wxgate_backup::{Error, Manifest};
use wxgate_crypto::Vault;
use wxgate_crypto::age::{self, Identity};

use crate::{Bench, names};

#[tokio::test]
async fn a_damaged_byte_is_found_wherever_it_is() {
    let bench = Bench::with(&["alice"]).await;
    let mut bytes = bench.backup();
    assert_eq!(bench.verify(&bytes).unwrap().opened, 2);
    for at in 0..bytes.len() {
        bytes[at] ^= 1 << (at % 8);
        let found = bench.verify(&bytes);
        let is_said =
            matches!(found, Err(Error::NotABackup | Error::OtherKey | Error::CutOff { .. } | Error::Damaged { .. }));
        assert!(is_said, "byte {at}: {found:?}");
        bytes[at] ^= 1 << (at % 8);
    }
    assert_eq!(names(bench.dir.path()), ["data"]);
}

#[tokio::test]
async fn a_file_that_ends_too_early_is_found_wherever_it_ends() {
    let bench = Bench::with(&["alice"]).await;
    let bytes = bench.backup();
    for length in (0..bytes.len()).step_by(97) {
        let found = bench.verify(&bytes[..length]);
        assert!(matches!(found, Err(Error::NotABackup | Error::CutOff { .. })), "{length}: {found:?}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert!(matches!(bench.verify(&longer), Err(Error::CutOff { .. })));
}

#[tokio::test]
async fn damage_in_the_middle_of_a_large_file_is_said_by_its_place() {
    let bench = Bench::with(&["alice"]).await;
    let random = Connection::open(bench.data().join("wxgate.db")).unwrap();
    random.execute_batch("INSERT INTO avatars (member_id, id, picture, kept_at) SELECT id, randomblob(16), randomblob(400000), 0 FROM members").unwrap();
    let mut bytes = bench.backup();
    bytes[200_000] ^= 1;
    match bench.verify(&bytes) {
        Err(Error::Damaged { from, to }) => assert!((from..to).contains(&200_000) && to - from < 70_000),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_key_opens_nothing() {
    let mut bench = Bench::with(&["alice"]).await;
    let bytes = bench.backup();
    bench.keys = vec![Identity::generate()];
    assert!(matches!(bench.verify(&bytes), Err(Error::OtherKey)));
}

#[tokio::test]
async fn each_of_several_keys_opens() {
    let mut bench = Bench::with(&["alice"]).await;
    bench.keys.push(Identity::generate());
    let bytes = bench.backup();
    for key in std::mem::take(&mut bench.keys) {
        bench.keys = vec![key];
        bench.verify(&bytes).unwrap();
    }
}

/// A file that is sealed as backups are, and holds these entries.
fn forged(bench: &Bench, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    let mut plain = zstd::Encoder::new(Vec::new(), 0).unwrap();
    plain.write_all(&archive.into_inner().unwrap()).unwrap();
    let (mut bytes, mut sealer) = age::seal(&[bench.keys[0].recipient()]);
    let plain = plain.finish().unwrap();
    let chunks: Vec<_> = plain.chunks(age::CHUNK_BYTES).collect();
    for (number, chunk) in (1..).zip(&chunks) {
        let mut chunk = chunk.to_vec();
        sealer.seal(&mut chunk, number == chunks.len());
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

/// What is found in a file whose manifest was changed, or whose key is another.
async fn found_in_a_forgery(change: impl FnOnce(&mut Manifest), key_file: Option<&str>) -> Error {
    let bench = Bench::with(&["alice"]).await;
    let database = std::fs::read(bench.data().join("wxgate.db")).unwrap();
    let mut manifest = bench.verify(&bench.backup()).unwrap().manifest;
    manifest.bytes = database.len() as u64;
    manifest.sha256 = sha256(&database);
    change(&mut manifest);
    let text = serde_json::to_vec(&manifest).unwrap();
    let key = key_file.unwrap_or(&bench.key_file).as_bytes();
    let bytes = forged(&bench, &[("manifest.json", &text), ("wxgate.key", key), ("wxgate.db", &database)]);
    let found = bench.verify(&bytes);
    assert_eq!(names(bench.dir.path()), ["data"]);
    found.unwrap_err()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    wxgate_backup::hex(&Sha256::digest(bytes))
}

#[tokio::test]
async fn what_a_newer_wxgate_made_is_refused_by_its_version() {
    let newer: [fn(&mut Manifest); 2] = [|manifest| manifest.format = 2, |manifest| manifest.schema_version = 9999];
    for newer in newer {
        match found_in_a_forgery(newer, None).await {
            Error::Newer(version) => assert!(version.starts_with("0.1.0"), "{version}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_not_as_the_manifest_says_is_found() {
    let differs = async |change: fn(&mut Manifest)| match found_in_a_forgery(change, None).await {
        Error::Differs(what) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(differs(|manifest| manifest.bytes += 1).await, "the size of its database");
    assert_eq!(differs(|manifest| manifest.sha256 = "0".repeat(64)).await, "the SHA-256 of its database");
    assert_eq!(differs(|manifest| manifest.schema_version = 1).await, "the schema of its database");
    let forget = |manifest: &mut Manifest| *manifest.counts.get_mut("members").unwrap() = 2;
    assert_eq!(differs(forget).await, "the number of rows in its database");
}

#[tokio::test]
async fn a_sealing_key_that_opens_nothing_inside_is_found() {
    let other = Vault::generate_key_file();
    for key in [&other, "", "nonsense"] {
        assert!(matches!(found_in_a_forgery(|_| {}, Some(key)).await, Error::Unsealable));
    }
}

#[tokio::test]
async fn a_file_of_age_that_holds_something_else_is_no_backup() {
    let bench = Bench::new();
    for entries in [&[][..], &[("notes.txt", b"x".as_slice())], &[("manifest.json", b"{}")]] {
        assert!(matches!(bench.verify(&forged(&bench, entries)), Err(Error::Foreign(_))));
    }
    assert!(matches!(bench.verify(b"PK\x03\x04"), Err(Error::NotABackup)));
    assert!(matches!(bench.verify(&vec![b'a'; 1 << 20]), Err(Error::NotABackup)));
}
