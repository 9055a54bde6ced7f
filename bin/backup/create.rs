//! `wxgate backup create`.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use wxgate_api::{Clock, SystemClock};
use wxgate_backup::{Event, Made, Out, Record, Retention, Source, add_erasures, adopt, create};
use wxgate_crypto::age::Recipient;

use super::progress::Bar;
use super::{directory, keys, make_directory, room, said};
use crate::cli::Global;
use crate::config::{Settings, credentials_directory};
use crate::key_file;
use crate::lang::{Lang, words};
use crate::local::Local;
use crate::out::{self, Exit, Failure, Outcome};
use crate::private_file::directory_of;
use crate::serve::on_runtime;

/// What may be said about a backup that is to be made.
#[derive(Args)]
pub(crate) struct Flags {
    /// A new file, or - for standard output; else one in backup.dir. 输出文件
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Who can open it instead of wxgate.backup.key. 代替本机备份密钥的收件人
    #[arg(long = "recipient", value_name = "age1…")]
    recipients: Vec<String>,
    /// Days that those in backup.dir are kept; else backup.keep_days. 保留天数
    #[arg(long, value_name = "N", conflicts_with = "out", value_parser = clap::value_parser!(u32).range(1..=3650))]
    keep_days: Option<u32>,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(flags: &Flags, global: &Global, lang: Lang) -> Outcome {
    let settings = global.settings()?;
    let now = SystemClock.now().0;
    let data_dir = &settings.data_dir;
    on_runtime(Local::check_reader(data_dir))?;
    let key_file = key_file::text(data_dir, credentials_directory().as_deref())?.ok_or_else(|| no_key(data_dir))?;
    let (recipients, room) = (recipients(flags, &settings, lang)?, room(data_dir));
    let source = Source {
        data_dir,
        room: &room,
        key_file: &key_file,
        recipients: &recipients,
        wxgate: env!("CARGO_PKG_VERSION"),
        now,
    };
    if flags.out.as_deref() == Some(Path::new("-")) {
        let made = to_stdout(&source, lang)?;
        note(data_dir, &made, Path::new("-"))?;
        return Ok(Exit::Done);
    }
    let dir = directory(&settings);
    let path = if let Some(path) = &flags.out {
        path.clone()
    } else {
        make_directory(&dir, data_dir).map_err(|error| cannot_make(&dir, &error))?;
        dir.join(Retention::name(now))
    };
    let made = with_progress(&source, Out::File(&path), &path, lang)?;
    if flags.out.is_none() {
        // What root made here, the server's user must be able to verify and remove.
        adopt(&path, &dir).map_err(|error| cannot_make(&path, &error))?;
    }
    add_erasures(directory_of(&path), &made.erasures).map_err(|error| said::failure(&path, &error))?;
    note(data_dir, &made, &path)?;
    let keep_days = flags.keep_days.unwrap_or(settings.backup.keep_days);
    let removed = match &flags.out {
        Some(_) => Vec::new(),
        None => Retention { keep_days }.apply(&dir, now).map_err(|error| said::failure(&path, &error))?,
    };
    tell(&made, &path, &removed, flags.json, lang)
}

fn no_key(data_dir: &Path) -> Failure {
    let path = data_dir.join(key_file::KEY);
    let path = path.display();
    Failure::problem(words(
        format!(
            "{path} 不存在，没有它的备份打不开手机号。若密钥是服务的 systemd 凭据，请用 systemctl start wxgate-backup 备份，\
             其单元里要有同样的 LoadCredential"
        ),
        format!(
            "there is no {path}, and no phone number in a backup without it would open. If the key is a systemd credential \
             of the server, give wxgate-backup.service the same LoadCredential and run systemctl start wxgate-backup"
        ),
    ))
}

fn recipients(flags: &Flags, settings: &Settings, lang: Lang) -> Result<Vec<Recipient>, Failure> {
    let named = if flags.recipients.is_empty() { &settings.backup.recipients } else { &flags.recipients };
    if named.is_empty() { Ok(vec![keys::own(&settings.data_dir, lang)?]) } else { keys::recipients(named) }
}

fn cannot_make(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(words(format!("无法建立 {path}：{error}"), format!("cannot make {path}: {error}")))
}

fn to_stdout(source: &Source<'_>, lang: Lang) -> Result<Made, Failure> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return Err(Failure::usage(words(
            "备份是二进制数据，不能写到终端；请重定向到文件或管道",
            "a backup is no text for a terminal: send it to a file or a pipe",
        )));
    }
    with_progress(source, Out::Stream(&mut stdout.lock()), Path::new("-"), lang)
}

fn with_progress(source: &Source<'_>, out: Out<'_>, name: &Path, lang: Lang) -> Result<Made, Failure> {
    let mut bar = Bar::new(lang);
    create(source, out, &mut |stage, done, all| bar.show(stage, done, all)).map_err(|error| said::failure(name, &error))
}

fn note(data_dir: &Path, made: &Made, path: &Path) -> Result<(), Failure> {
    let event = Event::new(made.manifest.created_at, &made.manifest, path);
    Record::change(data_dir, |record| record.created = Some(event)).map_err(|error| said::failure(path, &error))
}

fn tell(made: &Made, path: &Path, removed: &[PathBuf], json: bool, lang: Lang) -> Outcome {
    if json {
        out::print_json(&json!({ "file": path, "bytes": made.bytes, "manifest": made.manifest, "removed": removed }))?;
        return Ok(Exit::Done);
    }
    out::print(&path.display().to_string())?;
    let (members, kibibytes) = (made.manifest.members(), made.bytes.div_ceil(1024));
    out::complain(&lang.pick(
        format!("{members} 名成员，{kibibytes} KiB；清理了 {} 个旧备份", removed.len()),
        format!("{members} members, {kibibytes} KiB; {} old backups removed", removed.len()),
    ));
    Ok(Exit::Done)
}
