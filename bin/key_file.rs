//! The sealing key: `data_dir/wxgate.key`, made at the first start, or the systemd credential `wxgate_key`.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wxgate_crypto::Vault;
use zeroize::Zeroizing;

use crate::config::{self, Guard, quoted};
use crate::filesystem;
use crate::lang::words;
use crate::out::Failure;
use crate::private_file;

pub(crate) const KEY: &str = "wxgate.key";
/// The database beside the key.
pub(crate) const DATABASE: &str = "wxgate.db";
const CREDENTIAL: &str = "wxgate_key";

/// Opens the vault, and makes `data_dir` (0700) and the key (0600) if nothing is there yet. Never a new key beside an
/// old database: what is sealed there would be lost. `credentials` is systemd's directory.
pub(crate) fn open(data_dir: &Path, credentials: Option<&Path>) -> Result<Vault, Failure> {
    make_directory(data_dir)?;
    if let Some(vault) = existing(data_dir, credentials)? {
        return Ok(vault);
    }
    let file = data_dir.join(KEY);
    refuse_beside_database(data_dir, &file)?;
    make_key(&file).map_err(|error| cannot_make(&file, &error))?;
    vault(&file, Guard::Mode)
}

/// Opens the vault, if its key is there.
pub(crate) fn existing(data_dir: &Path, credentials: Option<&Path>) -> Result<Option<Vault>, Failure> {
    place(data_dir, credentials)?.map(|(path, guard)| vault(&path, guard)).transpose()
}

/// The text of the key, if it is there.
pub(crate) fn text(data_dir: &Path, credentials: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
    let place = place(data_dir, credentials)?;
    place.map(|(path, guard)| config::read_secret(&path, guard).map_err(Failure::refused)).transpose()
}

/// The file in `data_dir`, or the credential that takes its place.
fn place(data_dir: &Path, credentials: Option<&Path>) -> Result<Option<(PathBuf, Guard)>, Failure> {
    let file = data_dir.join(KEY);
    let credential = credentials.map(|dir| dir.join(CREDENTIAL)).filter(|path| path.exists());
    match credential {
        Some(path) if file.exists() => Err(two_keys(&path, &file)),
        Some(path) => Ok(Some((path, Guard::Systemd))),
        None => Ok(file.exists().then_some((file, Guard::Mode))),
    }
}

fn vault(path: &Path, guard: Guard) -> Result<Vault, Failure> {
    let text = config::read_secret(path, guard).map_err(Failure::refused)?;
    Vault::parse_key_file(&text).map_err(|error| {
        let path = path.display();
        Failure::refused(words(
            format!("{path}：密钥文件无法使用：{error}"),
            format!("{path}: not a usable key file: {error}"),
        ))
    })
}

fn make_directory(data_dir: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(|error| cannot_make(data_dir, &error))?;
    let mode = fs::metadata(data_dir).map_err(|error| cannot_make(data_dir, &error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let (path, chmod) = (data_dir.display(), format!("chmod 700 {}", quoted(data_dir)));
        return Err(Failure::refused(words(
            format!("{path}：其他用户可以访问数据目录；请执行 {chmod}"),
            format!("{path}: others have access to the data directory; run {chmod}"),
        )));
    }
    filesystem::check(data_dir)
}

fn refuse_beside_database(data_dir: &Path, key: &Path) -> Result<(), Failure> {
    let database = data_dir.join(DATABASE);
    if !database.exists() {
        return Ok(());
    }
    let (key, database) = (key.display(), database.display());
    Err(Failure::refused(words(
        format!("{key} 不存在，而 {database} 已有数据；请从备份恢复该密钥文件，新密钥打不开旧数据"),
        format!(
            "{key} is missing beside {database}; restore that key file from your backup, a new key cannot open what is sealed there"
        ),
    )))
}

/// Where two processes start at once, the second finds the first one's.
fn make_key(key: &Path) -> io::Result<()> {
    match private_file::create(key, Vault::generate_key_file().as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn two_keys(credential: &Path, file: &Path) -> Failure {
    let (credential, file) = (credential.display(), file.display());
    Failure::refused(words(
        format!("密钥有两份：{credential} 和 {file}；只能保留一份"),
        format!("two sealing keys: {credential} and {file}; keep one of them"),
    ))
}

fn cannot_make(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::refused(words(format!("无法建立 {path}：{error}"), format!("cannot make {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use wxgate_crypto::Purpose;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refusal(data_dir: &Path, credentials: Option<&Path>) -> String {
        let failure = open(data_dir, credentials).unwrap_err();
        assert_eq!(failure.exit, crate::out::Exit::Refused);
        failure.words.say(Lang::En).to_owned()
    }

    #[test]
    fn the_first_start_makes_directory_and_key_and_the_second_opens_what_the_first_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        let sealed = open(&data, None).unwrap().seal(Purpose::Phone, "a", "o", b"x");
        assert_eq!((mode(&data), mode(&data.join(KEY))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
        assert_eq!(**open(&data, None).unwrap().open(Purpose::Phone, "a", "o", &sealed).unwrap(), *b"x");
    }

    #[test]
    fn a_key_is_never_made_over_old_data() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        open(&data, None).unwrap();
        fs::remove_file(data.join(KEY)).unwrap();
        fs::write(data.join(DATABASE), "").unwrap();
        assert!(refusal(&data, None).contains("restore that key file"));
        assert!(!data.join(KEY).exists());
    }

    #[test]
    fn loose_modes_are_refused_with_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        open(&data, None).unwrap();
        fs::set_permissions(data.join(KEY), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refusal(&data, None).contains(&format!("chmod 600 {}", data.join(KEY).display())));
        fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(refusal(&data, None).contains(&format!("chmod 700 {}", data.display())));
    }

    #[test]
    fn a_credential_takes_the_files_place_and_both_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (data, credentials) = (dir.path().join("data"), dir.path().join("credentials"));
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join(CREDENTIAL), Vault::generate_key_file().as_bytes()).unwrap();
        open(&data, Some(&credentials)).unwrap();
        assert!(!data.join(KEY).exists());
        open(&data, None).unwrap();
        assert!(refusal(&data, Some(&credentials)).contains("keep one of them"));
    }

    #[test]
    fn a_broken_key_file_is_refused_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        open(&data, None).unwrap();
        fs::write(data.join(KEY), "wxgate-key-1 00000000 canary\n").unwrap();
        let refusal = refusal(&data, None);
        assert!(refusal.contains("line 1") && !refusal.contains("canary"), "{refusal}");
    }
}
