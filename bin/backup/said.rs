//! What went wrong with a backup, in words that people can act on.

use std::path::Path;

use wxgate_backup::Error;

use crate::lang::{Words, words};
use crate::out::Failure;

/// About the backup `name`.
pub(super) fn failure(name: &Path, error: &Error) -> Failure {
    Failure::problem(said(name, error))
}

fn said(name: &Path, error: &Error) -> Words {
    let file = name.display();
    let of_file = |zh: String, en: String| words(format!("{file}：{zh}"), format!("{file}: {en}"));
    match error {
        Error::File { path, error } => words(
            format!("{}：{error}；什么也没有留下", path.display()),
            format!("{}: {error}. Nothing is left behind", path.display()),
        ),
        Error::Exists(path) => words(
            format!("{} 已存在；不会覆盖，请换一个文件名", path.display()),
            format!("{} is there already and is not replaced: give another name", path.display()),
        ),
        Error::NoRoom { dir, needed, free } => words(
            format!("{}：需要 {} 空间，只剩 {}", dir.display(), mebibytes(*needed), mebibytes(*free)),
            format!("{}: {} are needed, {} are free", dir.display(), mebibytes(*needed), mebibytes(*free)),
        ),
        Error::NotABackup => {
            of_file("不是备份文件，或文件开头已损坏".into(), "not a backup, or damaged in its first lines".into())
        }
        Error::OtherKey => of_file(
            "是用另一把密钥加密的；请用 --key 指定对应的密钥文件".into(),
            "made for another key: name the right key's file with --key".into(),
        ),
        Error::Damaged { from, to } => {
            of_file(format!("已损坏：第 {from} 到 {to} 字节之间"), format!("damaged between byte {from} and byte {to}"))
        }
        Error::CutOff { from } => of_file(
            format!("被截断，或末尾已损坏：从第 {from} 字节起"),
            format!("cut off, or damaged in its last part: from byte {from} on"),
        ),
        Error::Foreign(why) => of_file(format!("不是 wxgate 的备份：{why}"), format!("not a backup of wxgate: {why}")),
        Error::Newer(version) => of_file(
            format!("由更新的 wxgate（{version}）生成；请用该版本或更新的版本恢复"),
            format!("made by a newer wxgate ({version}): use that one, or a later one"),
        ),
        Error::Differs(what) => {
            of_file(format!("内容与清单不符：{what}"), format!("{what} is not what its manifest says"))
        }
        Error::Unsealable => of_file(
            "其中的封存密钥打不开其中的数据".into(),
            "the sealing key in it does not open what is sealed in it".into(),
        ),
        Error::NoErasure { path, line } => words(
            format!("{}:{line}：不是删除名单的一行；请修正后重试，或用 --erasures 指定另一份名单", path.display()),
            format!(
                "{}:{line}: not a line of a list of erasures: mend it, or name another with --erasures",
                path.display()
            ),
        ),
        Error::NotEmpty(dir) => words(
            format!("{} 不是空目录；加 --force 会先把原有数据移到其中的 before-restore-… 目录", dir.display()),
            format!("{} is not empty: --force sets its data aside, in before-restore-… within it", dir.display()),
        ),
        Error::Store(wxgate_store::Error::Busy) => words(
            "服务写入太频繁，无法取得一致的副本；请在较空闲时重试",
            "the server writes faster than its database can be copied: try again at a quieter time",
        ),
        Error::Store(wxgate_store::Error::Full) => {
            words("磁盘已满；什么也没有留下", "No space left on device. Nothing is left behind")
        }
        error => words(format!("未能完成：{error}"), format!("not done: {error}")),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
