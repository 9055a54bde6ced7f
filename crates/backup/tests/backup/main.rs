//! Backups of real databases: what is found wrong, what is left behind, and who comes back by a restore.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]

mod create;
mod damage;
mod restore;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use uuid::Uuid;
use wxgate_backup::{Made, Out, Restored, Result, Source, Target, Verified, create, restore, verify};
use wxgate_crypto::age::Identity;
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{
    BindPhone, Erasure, Login, LoginOutcome, MemberId, MemberKey, NewSession, SessionId, Settings, SqliteStore, Store,
    Trust, UnixSeconds,
};
use zeroize::Zeroizing;

const NOW: i64 = 1_794_395_200;
const APPID: &str = "wx0000000000000001";

/// A data directory with its keys, and a place for backups.
struct Bench {
    dir: TempDir,
    key_file: Zeroizing<String>,
    keys: Vec<Identity>,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            dir: tempfile::tempdir().unwrap(),
            key_file: Vault::generate_key_file(),
            keys: vec![Identity::generate()],
        };
        drop(bench.open());
        fs::write(bench.data().join("wxgate.key"), bench.key_file.as_bytes()).unwrap();
        bench
    }

    /// With these members, each with a number.
    async fn with(openids: &[&str]) -> Self {
        let bench = Self::new();
        let store = bench.open();
        for openid in openids {
            bench.log_in(&store, openid).await;
        }
        store.close().await;
        bench
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("backup")
    }

    fn vault(&self) -> Vault {
        Vault::parse_key_file(&self.key_file).unwrap()
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&Settings::default(), &self.data()).unwrap()
    }

    async fn log_in(&self, store: &SqliteStore, openid: &str) -> MemberId {
        let (vault, id) = (self.vault(), SessionId(i64::from(number_of(openid))));
        let login = Login {
            member: MemberKey { appid: APPID.to_owned(), openid: openid.to_owned() },
            new_member_id: MemberId(Uuid::now_v7()),
            unionid: None,
            sealed_key: vault.seal(Purpose::SessionKey, APPID, openid, b"session key"),
            profile: None,
            is_risky: false,
            session: NewSession {
                id,
                skey_hash: [1; 32],
                expires_at: UnixSeconds(NOW + 1000),
                ends_at: UnixSeconds(NOW + 1000),
                user_agent: None,
            },
            max_sessions: 10,
            now: UnixSeconds(NOW),
        };
        let LoginOutcome::Session(login) = store.record_login(login).await.unwrap() else { panic!("blocked") };
        let bind = BindPhone {
            member: login.member.id,
            session: id,
            digest: [number_of(openid).to_be_bytes()[3]; 32],
            sealed_answer: Vec::new(),
            phone_sealed: vault.seal(Purpose::Phone, APPID, openid, b"13800000000"),
            phone_index: [2; 32],
            trust: Trust::Code,
            may_replace: true,
            opening: None,
            usable_until: UnixSeconds(NOW + 300),
            now: UnixSeconds(NOW),
        };
        store.bind_phone(bind).await.unwrap();
        login.member.id
    }

    fn create(&self, out: Out<'_>) -> Result<Made> {
        let recipients: Vec<_> = self.keys.iter().map(Identity::recipient).collect();
        let source = Source {
            data_dir: &self.data(),
            room: &self.data(),
            key_file: &self.key_file,
            recipients: &recipients,
            wxgate: "0.1.0",
            now: NOW,
        };
        create(&source, out, &mut |_, _, _| {})
    }

    /// The bytes of a backup.
    fn backup(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.create(Out::Stream(&mut bytes)).unwrap();
        bytes
    }

    fn verify(&self, bytes: &[u8]) -> Result<Verified> {
        verify(&mut &*bytes, Path::new("backup"), &self.keys, self.dir.path(), &mut |_, _, _| {})
    }

    async fn restore_to(&self, dir: &Path, force: bool, journal: Vec<Erasure>) -> Result<Restored> {
        let target = Target { dir, force, now: NOW + 100 };
        let mut file = File::open(self.file()).unwrap();
        restore(&mut file, &self.file(), &self.keys, &target, journal, &mut |_, _, _| {}).await
    }
}

/// A number of a name: the same each time.
fn number_of(name: &str) -> u32 {
    name.bytes().fold(1, |number, byte| number * 31 % 100_003 + u32::from(byte))
}

/// What is in a directory, by name.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
