//! What the program leaves on the disk, and who may read it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem::find;
use wxgate_crypto::Skey;

use crate::support::{Bench, Server, get};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn modes(dir: &Path) -> BTreeMap<String, u32> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path()))).collect()
}

#[tokio::test]
async fn what_the_program_makes_is_its_own_users_alone_whatever_the_umask() {
    let bench = Bench::new().await;
    let mut open_handed = Command::new("/bin/sh");
    open_handed.args(["-c", "umask 0; exec \"$0\" serve", env!("CARGO_BIN_EXE_wxgate")]);
    open_handed.current_dir(bench.dir()).env_clear();
    let server = Server::start(open_handed).await;
    server.login(&bench.code("alice")).await;
    assert_eq!(mode(&bench.data()), 0o700);
    let files = modes(&bench.data());
    for name in ["wxgate.db", "wxgate.db-wal", "wxgate.db-shm", "wxgate.key"] {
        assert!(files.contains_key(name), "{name} is not in {files:?}");
    }
    assert!(files.values().all(|mode| *mode == 0o600), "{files:?}");
    server.stop().await;
    assert!(modes(&bench.data()).values().all(|mode| *mode == 0o600));
}

/// S2. Every form of every secret, and all that is said of them, are the concern of `secret_scan`.
#[tokio::test]
async fn no_token_in_file() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let secret = URL_SAFE_NO_PAD.decode(skey.strip_prefix("wxg_").unwrap()).unwrap().split_off(8);
    let hash = Skey::parse(&skey).unwrap().hash();
    let kept = |name: &str| fs::read(bench.data().join(name)).unwrap();
    let while_it_runs = [kept("wxgate.db"), kept("wxgate.db-wal")].concat();
    server.stop().await;
    for stored in [while_it_runs, kept("wxgate.db")] {
        assert!(find(&stored, skey.as_bytes()).is_none() && find(&stored, &secret).is_none());
        assert!(find(&stored, &hash).is_some(), "what is kept of an skey is found there");
    }
}

#[tokio::test]
async fn files_that_others_can_read_are_refused_at_the_start_with_the_cure() {
    let bench = Bench::new().await;
    bench.serve().await.stop().await;
    let secret = bench.secret_file(&bench.apps[0]);
    let loose = [
        (bench.data().join("wxgate.db"), 0o644, 1),
        (bench.data().join("wxgate.key"), 0o640, 78),
        (bench.data(), 0o755, 78),
        (secret, 0o604, 78),
    ];
    for (path, loosened, code) in loose {
        let tight = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(loosened)).unwrap();
        let refused = bench.run(&["serve"], "").await;
        assert_eq!(refused.code, Some(code), "{}", refused.stderr);
        let cure = format!("chmod {:o} {}", tight.mode() & 0o777, path.display());
        assert!(refused.stderr.contains(&cure), "{}", refused.stderr);
        fs::set_permissions(&path, tight).unwrap();
    }
    assert_eq!(bench.serve().await.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_lost_key_file_is_never_replaced_beside_data_that_it_sealed() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    server.stop().await;
    let (key, away) = (bench.data().join("wxgate.key"), bench.dir().join("away"));
    fs::rename(&key, &away).unwrap();
    let refused = bench.run(&["serve"], "").await;
    assert_eq!((refused.code, key.exists()), (Some(78), false));
    assert!(refused.stderr.contains("restore that key file from your backup"), "{}", refused.stderr);
    fs::rename(&away, &key).unwrap();
    let server = bench.serve().await;
    assert_eq!(server.public.send(get("/v1/session").bearer(&skey)).await.status, 200);
}
