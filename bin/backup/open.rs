//! `wxgate backup verify`, `restore` and `erasures`.

use std::env::temp_dir;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use wxgate_api::{Clock, SystemClock};
use wxgate_backup::{Event, Journal, Record, Restored, Target, hex};
use wxgate_store::{Erasure, Snapshot, UnixSeconds};

use super::progress::Bar;
use super::{Input, keys, room, said};
use crate::cli::Global;
use crate::config::quoted;
use crate::key_file::DATABASE;
use crate::lang::{Lang, words};
use crate::local::Local;
use crate::out::{self, Exit, Failure, Outcome};
use crate::serve::on_runtime;

/// What may be said about a backup that is to be checked.
#[derive(Args)]
pub(crate) struct VerifyFlags {
    #[command(flatten)]
    input: Input,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

/// What must be said about a backup that is to be restored.
#[derive(Args)]
pub(crate) struct RestoreFlags {
    #[command(flatten)]
    input: Input,
    /// The data directory: not there yet, or empty. 恢复到的数据目录
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Set aside the data that is there. 先移走目录中原有的数据
    #[arg(long)]
    force: bool,
    /// Whom to erase again, as `backup erasures` printed it. 删除名单
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

impl Input {
    fn open(&self) -> Result<Box<dyn Read + Send>, Failure> {
        if self.file == Path::new("-") {
            return Ok(Box::new(io::stdin()));
        }
        File::open(&self.file).map(|file| Box::new(file) as _).map_err(|error| cannot_read(&self.file, &error))
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(words(format!("{path}：无法读取：{error}"), format!("{path}: cannot be read: {error}")))
}

/// The data directory of the configuration, if there is one: a backup is also opened where no server ever was.
fn data_dir(global: &Global) -> Option<PathBuf> {
    global.data_dir().ok().filter(|dir| dir.is_dir())
}

pub(super) fn verify(flags: &VerifyFlags, global: &Global, lang: Lang) -> Outcome {
    let (input, own) = (&flags.input, data_dir(global));
    let keys = keys::read(&keys::choose(input.key.as_deref(), own.as_deref().as_slice())?)?;
    // Whoever may read the data may read what is unpacked beside it.
    let room = own.as_deref().map_or_else(temp_dir, room);
    let mut bar = Bar::new(lang);
    let show = &mut |stage, done, all| bar.show(stage, done, all);
    let verified = wxgate_backup::verify(&mut input.open()?, &input.file, &keys, &room, show);
    drop(bar);
    let verified = verified.map_err(|error| said::failure(&input.file, &error))?;
    let manifest = &verified.manifest;
    if let Some(own) = own {
        let event = Event::new(SystemClock.now().0, manifest, &input.file);
        let noted = Record::change(&own, |record| record.verified = Some(event));
        noted.map_err(|error| said::failure(&input.file, &error))?;
    }
    if flags.json {
        out::print_json(&json!({ "ok": true, "file": input.file, "manifest": manifest, "opened": verified.opened }))?;
    } else {
        let (file, members, schema) = (input.file.display(), manifest.members(), manifest.schema_version);
        out::print(&lang.pick(
            format!("{file}：完好，{members} 名成员，结构版本 {schema}，wxgate {}", manifest.wxgate),
            format!("{file}: good, {members} members, schema {schema}, wxgate {}", manifest.wxgate),
        ))?;
    }
    Ok(Exit::Done)
}

pub(super) fn restore(flags: &RestoreFlags, global: &Global, lang: Lang) -> Outcome {
    let (input, own) = (&flags.input, data_dir(global));
    let directories: Vec<&Path> = [Some(flags.to.as_path()), own.as_deref()].into_iter().flatten().collect();
    let keys = keys::read(&keys::choose(input.key.as_deref(), &directories)?)?;
    let journal = flags.erasures.as_deref().map_or(Ok(Vec::new()), journal)?;
    let now = SystemClock.now().0;
    let target = Target { dir: &flags.to, force: flags.force, now };
    let mut bar = Bar::new(lang);
    let mut file = input.open()?;
    let show = &mut |stage, done, all| bar.show(stage, done, all);
    let restored = on_runtime(async {
        let restored = wxgate_backup::restore(&mut file, &input.file, &keys, &target, journal, show).await;
        restored.map_err(|error| said::failure(&input.file, &error))
    });
    drop(bar);
    let restored = restored?;
    let event = Event::new(now, &restored.manifest, &input.file);
    let noted = Record::change(&flags.to, |record| record.restored = Some(event));
    noted.map_err(|error| said::failure(&flags.to, &error))?;
    tell(&restored, flags, lang)
}

fn tell(restored: &Restored, flags: &RestoreFlags, lang: Lang) -> Outcome {
    let journal = match restored.journal {
        Journal::None | Journal::Applied => None,
        Journal::Unreadable => Some(words(
            "原数据库已损坏，读不出删除名单：备份之后被删除的人可能又出现了；若另存有名单，请用 --erasures 重新恢复",
            "the damaged database does not tell who was erased: people erased since the backup may be back. If you \
             keep a list elsewhere, restore again with --erasures",
        )),
        Journal::OtherKey => Some(words(
            "原数据库使用另一把封存密钥，其删除名单对不上：备份之后被删除的人可能又出现了",
            "the database that was there had another sealing key, so that its list of erasures names nobody here: people \
             erased since the backup may be back",
        )),
    };
    if let Some(warning) = &journal {
        out::complain(warning.say(lang));
    }
    if flags.json {
        out::print_json(&json!({
            "dir": flags.to,
            "manifest": restored.manifest,
            "schema_version": restored.schema_version,
            "erased": restored.erased,
            "journal_applied": journal.is_none(),
            "set_aside": restored.set_aside,
        }))?;
        return Ok(Exit::Done);
    }
    let (dir, members, erased) = (flags.to.display(), restored.manifest.members(), restored.erased);
    out::print(&lang.pick(
        format!("{dir}：已恢复 {members} 名成员，其中 {erased} 名此前已删除，再次删除"),
        format!("{dir}: {members} members restored, {erased} of them erased again as they were before"),
    ))?;
    if fs::metadata(&flags.to).is_ok_and(|to| to.uid() == 0) {
        let to = quoted(&flags.to);
        out::complain(&lang.pick(
            format!("该目录属于 root；若服务以其他用户运行，请先执行 chown -R 用户 {to}"),
            format!("it belongs to root: if the server is another user's, run chown -R USER {to} first"),
        ));
    }
    if let Some(aside) = &restored.set_aside {
        let aside = aside.display();
        out::complain(&lang.pick(
            format!("原有数据在 {aside}；确认无误后请删除它"),
            format!("what was there is in {aside}: remove it when all is well"),
        ));
    }
    Ok(Exit::Done)
}

/// A line of the list of erasures.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// 64 hexadecimal digits, which name nobody without the sealing key.
    pseudonym: String,
    /// In Unix seconds.
    erased_at: i64,
}

pub(super) fn erasures(global: &Global) -> Outcome {
    let data_dir = global.data_dir()?;
    on_runtime(Local::check_reader(&data_dir))?;
    let database = data_dir.join(DATABASE);
    let read = Snapshot::open(&database).and_then(|snapshot| snapshot.erasures());
    for erasure in read.map_err(|error| said::failure(&database, &error.into()))? {
        out::print_json(&json!(Line { pseudonym: hex(&erasure.pseudonym), erased_at: erasure.erased_at.0 }))?;
    }
    Ok(Exit::Done)
}

/// Reads what [`erasures`] printed.
fn journal(path: &Path) -> Result<Vec<Erasure>, Failure> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let mut journal = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| cannot_read(path, &error))?;
        journal.push(erasure(&line).ok_or_else(|| {
            let path = path.display();
            Failure::problem(words(
                format!("{path}:{number}：不是 backup erasures 输出的一行"),
                format!("{path}:{number}: not a line that backup erasures prints"),
            ))
        })?);
    }
    Ok(journal)
}

fn erasure(line: &str) -> Option<Erasure> {
    let Line { pseudonym, erased_at } = serde_json::from_str(line).ok()?;
    if pseudonym.len() != 64 || !pseudonym.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&pseudonym[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(Erasure { pseudonym: bytes, erased_at: UnixSeconds(erased_at) })
}
