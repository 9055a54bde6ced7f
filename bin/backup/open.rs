//! `wxgate backup verify`, `restore` and `erasures`.

use std::collections::BTreeSet;
use std::env::temp_dir;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use wxgate_api::{Clock, SystemClock};
use wxgate_backup::{ERASURES, Event, Journal, Record, Restored, Target, erasure_line, read_erasures};
use wxgate_store::{Erasure, Snapshot};

use super::progress::Bar;
use super::{DIRECTORY, Input, directory, keys, room, said};
use crate::cli::Global;
use crate::config::quoted;
use crate::key_file::DATABASE;
use crate::lang::{Lang, words};
use crate::local::Local;
use crate::out::{self, Exit, Failure, Outcome};
use crate::private_file::directory_of;
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
    /// Whom to erase again; else wxgate-erasures.jsonl beside the backup. 删除名单
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
    let lists = lists(flags, global);
    let journal = journal(&lists)?;
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
    tell(&restored, &lists, flags, lang)
}

fn tell(restored: &Restored, lists: &[PathBuf], flags: &RestoreFlags, lang: Lang) -> Outcome {
    let journal = match restored.journal {
        Journal::None | Journal::Applied => None,
        // Whoever was erased stands in the list as well.
        Journal::Unreadable | Journal::OtherKey if !lists.is_empty() => None,
        Journal::Unreadable => Some(words(
            "原数据库已损坏，读不出删除名单，旁边也没有 wxgate-erasures.jsonl：备份之后被删除的人可能又出现了；\
             若别处存有名单，请用 --erasures 重新恢复",
            "the damaged database does not tell who was erased, and there is no wxgate-erasures.jsonl: people erased \
             since the backup may be back. If the list is elsewhere, restore again with --erasures",
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
            "erasure_lists": lists,
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
    for list in lists {
        let list = list.display();
        out::complain(&lang.pick(format!("删除名单取自 {list}"), format!("who was erased was read from {list}")));
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

pub(super) fn erasures(global: &Global) -> Outcome {
    let data_dir = global.data_dir()?;
    on_runtime(Local::check_reader(&data_dir))?;
    let database = data_dir.join(DATABASE);
    let read = Snapshot::open(&database).and_then(|snapshot| snapshot.erasures());
    for erasure in read.map_err(|error| said::failure(&database, &error.into()))? {
        out::print(&erasure_line(&erasure))?;
    }
    Ok(Exit::Done)
}

/// The lists that say whom to erase again: the one that is named, or those that are beside the backup, in the directory
/// that it is restored to, and where this server keeps its backups.
fn lists(flags: &RestoreFlags, global: &Global) -> Vec<PathBuf> {
    if let Some(named) = &flags.erasures {
        return vec![named.clone()];
    }
    let beside = (flags.input.file != Path::new("-")).then(|| directory_of(&flags.input.file).to_owned());
    let own = global.settings().ok().map(|settings| directory(&settings));
    let places = [beside, Some(flags.to.join(DIRECTORY)), own].into_iter().flatten();
    let found: BTreeSet<PathBuf> = places.filter_map(|dir| dir.join(ERASURES).canonicalize().ok()).collect();
    found.into_iter().collect()
}

/// Who is in these lists.
fn journal(lists: &[PathBuf]) -> Result<Vec<Erasure>, Failure> {
    let read = lists.iter().map(|list| read_erasures(list).map_err(|error| said::failure(list, &error)));
    Ok(read.collect::<Result<Vec<_>, _>>()?.concat())
}
