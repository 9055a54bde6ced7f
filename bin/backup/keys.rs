//! The key that opens backups: `wxgate.backup.key` in the data directory. It is another than the sealing key, so that it can
//! be kept elsewhere, and changed.

use std::io;
use std::path::{Path, PathBuf};

use wxgate_backup::adopt;
use wxgate_crypto::age::{Identity, Recipient};

use crate::config::{self, Guard};
use crate::lang::{Lang, words};
use crate::out::{self, Failure};
use crate::private_file;

/// In the data directory.
pub(crate) const NAME: &str = "wxgate.backup.key";

/// The keys in a file.
pub(super) fn read(path: &Path) -> Result<Vec<Identity>, Failure> {
    let text = config::read_secret(path, Guard::Mode).map_err(Failure::problem)?;
    Identity::parse_file(&text).map_err(|error| {
        let path = path.display();
        Failure::problem(words(format!("{path}：不是备份密钥文件"), format!("{path}: {error}")))
    })
}

/// For whom a backup of this data directory is: whoever has its key, which is made if there is none.
pub(super) fn own(data_dir: &Path, lang: Lang) -> Result<Recipient, Failure> {
    let path = data_dir.join(NAME);
    let key = Identity::generate();
    let created = private_file::create(&path, key.to_file().as_bytes()).and_then(|()| adopt(&path, data_dir));
    match created {
        Ok(()) => out::complain(&made(&path, lang)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            let path = path.display();
            return Err(Failure::problem(words(
                format!("无法建立 {path}：{error}"),
                format!("cannot make {path}: {error}"),
            )));
        }
    }
    // Of several the first makes, all open.
    read(&path)?
        .first()
        .map(Identity::recipient)
        .ok_or_else(|| Failure::problem(words("没有备份密钥", "no backup key")))
}

fn made(path: &Path, lang: Lang) -> String {
    let path = path.display();
    lang.pick(
        format!("已生成备份密钥 {path}。请另存一份到别处：没有它，任何备份都打不开。"),
        format!("{path} is made: the key to every backup. Keep a copy of it elsewhere; without it no backup opens."),
    )
}

/// Whom a flag or the configuration names.
pub(super) fn recipients(texts: &[String]) -> Result<Vec<Recipient>, Failure> {
    let parsed = texts.iter().map(|text| Recipient::parse(text).map_err(|_| text));
    parsed.collect::<Result<_, _>>().map_err(|text| {
        Failure::usage(words(
            format!("{text:?} 不是 age 收件人；应为 age1 加 58 个字母数字"),
            format!("{text:?} is no recipient of age: age1 and 58 letters and digits"),
        ))
    })
}

/// The file that `--key` names, or the first of these directories' own.
pub(super) fn choose(flag: Option<&Path>, directories: &[&Path]) -> Result<PathBuf, Failure> {
    let own = || directories.iter().map(|dir| dir.join(NAME)).find(|path| path.exists());
    flag.map(Path::to_owned).or_else(own).ok_or_else(|| {
        Failure::problem(words(
            format!("没有找到备份密钥 {NAME}；请用 --key 指定"),
            format!("there is no {NAME} here; name the key's file with --key"),
        ))
    })
}
