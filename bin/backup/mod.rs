//! `wxgate backup`: makes, checks and restores backups, also while the server runs.

mod create;
mod erasures;
mod keys;
mod open;
mod progress;
mod said;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use wxgate_api::Backups;
use wxgate_backup::{Event, Record, adopt, is_others};
use wxgate_store::UnixSeconds;

use crate::cli::Global;
use crate::config::Settings;
use crate::lang::Lang;
use crate::out::Outcome;

pub(crate) use erasures::keep_list;
pub(crate) use keys::NAME as KEY;

/// Where backups are in the data directory, unless `backup.dir` says another place.
const DIRECTORY: &str = "backups";

/// What can be done with backups.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make one, also while the server runs. 备份，服务不必停
    #[command(after_help = CREATE_HELP)]
    Create(create::Flags),
    /// Restore one into the void: is it whole, and does its key open it? 检验备份
    #[command(after_help = "Example:\n  wxgate backup verify wxgate-20261121T030000Z.tar.zst.age")]
    Verify(open::VerifyFlags),
    /// Restore one into a data directory that no server uses. 恢复备份
    #[command(after_help = "Example:\n  wxgate backup restore FILE --key wxgate.backup.key --to /var/lib/wxgate")]
    Restore(open::RestoreFlags),
    /// Print who was erased, so that no older backup brings them back. 导出删除名单
    #[command(after_help = "Example:\n  wxgate backup erasures > erasures.jsonl")]
    Erasures,
}

const CREATE_HELP: &str = "Example:
  wxgate backup create --keep-days 30
  wxgate backup create --out - | ssh nas 'cat > wxgate.age'";

/// A file that a command reads, or `-` for standard input.
#[derive(clap::Args)]
pub(crate) struct Input {
    /// The backup; - reads standard input. 备份文件
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Opens it; else wxgate.backup.key in data_dir. 备份密钥文件
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Where the copy of a database is put meanwhile: beside it, or, for root in another user's directory, where that user
/// cannot exchange it for something that only root may read.
fn room(data_dir: &Path) -> PathBuf {
    if is_others(data_dir) { "/var/tmp".into() } else { data_dir.to_owned() }
}

/// `backup.dir`, or `backups` in the data directory.
pub(crate) fn directory(settings: &Settings) -> PathBuf {
    let dir = &settings.backup.dir;
    if dir.as_os_str().is_empty() { settings.data_dir.join(DIRECTORY) } else { dir.clone() }
}

/// What was last done about the backups of `data_dir`; nothing where that cannot be read.
pub(crate) fn last(data_dir: &Path) -> Backups {
    let record = Record::read(data_dir).unwrap_or_default();
    let at = |event: Option<Event>| event.map(|event| UnixSeconds(event.at));
    Backups { created_at: at(record.created), verified_at: at(record.verified) }
}

/// Makes it, for whoever has the data.
fn make_directory(dir: &Path, data_dir: &Path) -> io::Result<()> {
    if dir.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).and_then(|()| adopt(dir, data_dir))
}

/// Runs `wxgate backup …`.
pub(crate) fn run(command: &Command, global: &Global, lang: Lang) -> Outcome {
    match command {
        Command::Create(flags) => create::run(flags, global, lang),
        Command::Verify(flags) => open::verify(flags, global, lang),
        Command::Restore(flags) => open::restore(flags, global, lang),
        Command::Erasures => open::erasures(global),
    }
}
