//! The data directory, and the disk it is on.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::statvfs;
use rustix::process::geteuid;

use super::configuration::tight;
use super::{Case, Verdict, needs};
use crate::backup::KEY as BACKUP_KEY;
use crate::config::{credentials_directory, quoted};
use crate::key_file::{self, DATABASE, KEY};
use crate::lang::{Words, words};
use crate::{filesystem, out};

const MIB: u64 = 1 << 20;
/// Below this the server cannot hold back what logging out takes on a full disk.
const LEAST_BYTES: u64 = 64 * MIB;
/// Below this it will not last long.
const FEW_BYTES: u64 = 1024 * MIB;
const FEW_FILES: u64 = 1000;
/// What the server keeps in the directory and nobody else may read.
const FILES: &[&str] = &[
    DATABASE,
    "wxgate.db-wal",
    "wxgate.db-shm",
    "wxgate.lock",
    "wxgate.reserve",
    KEY,
    BACKUP_KEY,
    "wxgate.backups.json",
];

/// `data.directory`
pub(super) fn directory(case: &Case) -> Verdict {
    let path = case.data_dir();
    if !path.is_dir() {
        let shown = path.display();
        return Verdict::warn(
            words(format!("{shown} 还不存在"), format!("{shown} is not there yet")),
            words(
                "wxgate serve 首次启动时会建立；若应已存在，请检查 data_dir",
                "wxgate serve makes it at its first start; if it should be there, check data_dir",
            ),
        );
    }
    tight(std::iter::once(path.as_path()), 0o700, case.fix)
}

/// `data.files`
pub(super) fn files(case: &Case) -> Verdict {
    let paths: Vec<PathBuf> = FILES.iter().map(|name| case.data_dir().join(name)).collect();
    tight(paths.iter().map(AsRef::as_ref), 0o600, case.fix)
}

/// `data.owner`: whatever is in the directory is its owner's, or the server cannot open it.
pub(super) fn owner(case: &Case) -> Verdict {
    let dir = case.data_dir();
    let Ok(owner) = fs::metadata(&dir).map(|metadata| metadata.uid()) else { return no_directory() };
    let files = FILES.iter().map(|name| dir.join(name)).filter_map(|path| {
        let user = fs::symlink_metadata(&path).ok()?.uid();
        Some((path, user))
    });
    judge_owner(owner, files)
}

fn judge_owner(owner: u32, files: impl Iterator<Item = (PathBuf, u32)>) -> Verdict {
    let foreign: Vec<String> = files.filter(|(_, user)| *user != owner).map(|(path, _)| quoted(&path)).collect();
    if foreign.is_empty() {
        return Verdict::ok(words(format!("都属于用户 {owner}"), format!("all of user {owner}")));
    }
    let paths = foreign.join(" ");
    Verdict::fail(
        words(format!("不属于用户 {owner}：{paths}"), format!("not of user {owner}: {paths}")),
        words(
            format!("停止服务后执行 chown {owner} {paths}"),
            format!("stop the server and run chown {owner} {paths}"),
        ),
    )
}

/// `data.filesystem`
pub(super) fn filesystem(case: &Case) -> Verdict {
    let dir = case.data_dir();
    if !dir.is_dir() {
        return no_directory();
    }
    match filesystem::check(&dir) {
        Ok(()) => Verdict::ok(words("在本机的磁盘上", "on a disk of this machine")),
        Err(out::Failure { words: why, .. }) => {
            Verdict::fail(why, words("把 data_dir 移到本机磁盘", "move data_dir to a disk of this machine"))
        }
    }
}

/// `data.space`
pub(super) fn space(case: &Case) -> Verdict {
    let dir = case.data_dir();
    let Ok(stat) = statvfs(&dir) else { return no_directory() };
    judge_space(stat.f_bavail * stat.f_frsize, (stat.f_files > 0).then_some(stat.f_favail))
}

/// By the bytes that are free, and the files that may still be made where they are counted.
fn judge_space(bytes: u64, files: Option<u64>) -> Verdict {
    let evidence: Words = words(format!("剩余 {} MiB", bytes / MIB), format!("{} MiB free", bytes / MIB));
    let cure = words(
        "清理磁盘或换更大的磁盘；磁盘满时无法登录",
        "free room or take a larger disk: when it is full nobody can log in",
    );
    if bytes < LEAST_BYTES || files == Some(0) {
        Verdict::fail(evidence, cure)
    } else if bytes < FEW_BYTES || files.is_some_and(|files| files < FEW_FILES) {
        Verdict::warn(evidence, cure)
    } else {
        Verdict::ok(evidence)
    }
}

/// `data.key`: the sealing key is there and can be read. It is not made here.
pub(super) fn key(case: &Case) -> Verdict {
    let credentials = credentials_directory();
    match key_file::existing(&case.data_dir(), credentials.as_deref()) {
        Ok(Some(_)) => Verdict::ok(words("密钥文件可以使用", "the key file is usable")),
        Ok(None) if case.server().is_some() => needs(
            "密钥不在数据目录中：可能只有服务持有（systemd 凭据）",
            "not in the data directory: only the server has it, as a systemd credential",
        ),
        Ok(None) if case.data_dir().join(DATABASE).exists() => Verdict::fail(
            words("有数据而没有密钥", "there are data and no key to them"),
            words(
                "从备份恢复 wxgate.key；没有它，手机号和会话密钥无法读出",
                "restore wxgate.key from your backup: without it phone numbers cannot be read",
            ),
        ),
        Ok(None) => needs("首次启动时生成", "made at the first start"),
        Err(failure) => Verdict::fail(
            failure.words,
            words("修复权限，或从备份恢复 wxgate.key", "mend its mode, or restore wxgate.key from your backup"),
        ),
    }
}

fn no_directory() -> Verdict {
    if geteuid().is_root() {
        return needs("数据目录还不存在", "there is no data directory yet");
    }
    needs(
        "看不到数据目录；请以 root 或服务的用户执行",
        "the data directory cannot be seen: run this as root or as the server's user",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_file_of_somebody_else_is_a_failure_with_the_cure() {
        let files = |user| [(PathBuf::from("/d/wxgate.db"), 7), (PathBuf::from("/d/wxgate.db-wal"), user)].into_iter();
        assert_eq!(judge_owner(7, files(7)).state, State::Ok);
        let found = judge_owner(7, files(0));
        let cure = "stop the server and run chown 7 /d/wxgate.db-wal";
        assert_eq!((found.state, found.cure.unwrap().say(crate::lang::Lang::En)), (State::Fail, cure));
    }

    #[test]
    fn little_room_is_a_warning_and_none_a_failure() {
        let state = |bytes, files| judge_space(bytes, files).state;
        assert_eq!(state(FEW_BYTES, None), State::Ok);
        assert_eq!(state(FEW_BYTES - 1, Some(1 << 20)), State::Warn);
        assert_eq!(state(FEW_BYTES, Some(FEW_FILES - 1)), State::Warn);
        assert_eq!(state(LEAST_BYTES - 1, None), State::Fail);
        assert_eq!(state(1 << 40, Some(0)), State::Fail);
    }
}
