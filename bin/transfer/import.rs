//! `wxgate import`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};

use super::batch::{Batches, Manner};
use super::csv::Csv;
use super::field::Field;
use super::jsonl::JsonLines;
use super::member::Reading;
use super::rejects::Rejects;
use super::sql::Dump;
use super::tally::Tally;
use super::{Broken, Next, Rows};
use crate::lang::{Lang, words};
use crate::local::Need;
use crate::manage::Here;
use crate::out::{self, Exit, Failure, Outcome};

/// Rows that are read ahead.
const AHEAD: usize = 400;

/// What a file is.
#[derive(Clone)]
enum Format {
    /// An export of ours, or any table with a column of openids.
    Csv,
    /// An export of ours.
    Jsonl,
    /// A mysqldump with one of these tables.
    Sql(Vec<String>),
}

/// What may be said about an import.
#[derive(Args)]
pub(crate) struct Flags {
    /// What to read; - is standard input. 要导入的文件，- 表示标准输入
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// csv, jsonl, sql or sql:TABLE; else by the file's name. 格式，默认看扩展名；sql:表名
    #[arg(long, value_parser = format)]
    format: Option<Format>,
    /// Whose members they are, where rows do not say. 所属小程序 AppID
    #[arg(long)]
    appid: Option<String>,
    /// What columns mean: openid=user_key,phone=tel2. 列名对应
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',', value_parser = mapping)]
    map: Vec<(String, String)>,
    /// Say what would come of it, and write nothing. 只检查，不写入
    #[arg(long)]
    dry_run: bool,
    /// Note refused rows and why in this new file. 记录被拒绝的行及原因
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Go on behind the row that a stopped import named. 从中断处继续
    #[arg(long, value_name = "ROW", default_value_t = 0, hide_default_value = true)]
    resume: u64,
    /// Tell webhooks and plugins of each member. 通知 webhook 和插件
    #[arg(long)]
    announce: bool,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

/// The tables that the tutorials and wafer make.
fn usual_tables() -> Vec<String> {
    ["member", "cSessionInfo"].map(str::to_owned).to_vec()
}

fn format(text: &str) -> Result<Format, &'static str> {
    match (text, text.strip_prefix("sql:")) {
        ("csv", _) => Ok(Format::Csv),
        ("jsonl", _) => Ok(Format::Jsonl),
        ("sql", _) => Ok(Format::Sql(usual_tables())),
        (_, Some(table)) if !table.is_empty() => Ok(Format::Sql(vec![table.to_owned()])),
        _ => Err("expected csv, jsonl, sql, or sql:TABLE. 应为 csv、jsonl、sql 或 sql:表名"),
    }
}

fn mapping(text: &str) -> Result<(String, String), &'static str> {
    let (field, column) = text.split_once('=').ok_or("expected FIELD=COLUMN. 应为 字段=列名，如 openid=user_key")?;
    Field::exported(field)
        .map(|_| (field.to_owned(), column.to_owned()))
        .ok_or("expected a field that an export has. 字段应为导出文件中的列名")
}

impl Flags {
    fn format(&self) -> Format {
        let extension = self.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        self.format.clone().unwrap_or_else(|| match extension.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Format::Jsonl,
            "sql" => Format::Sql(usual_tables()),
            _ => Format::Csv,
        })
    }

    /// Opens the file, and reads what its rows are named by.
    fn rows(&self) -> Result<Box<dyn Rows>, Failure> {
        let broken = |error: Broken| cannot_read(&self.file, &error);
        let file: Box<dyn BufRead + Send> = if self.file == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(&self.file).map_err(|error| broken(error.into()))?))
        };
        let fields = self.map.iter().filter_map(|(field, column)| Some((Field::exported(field)?, column.clone())));
        let map: Vec<(Field, String)> = fields.collect();
        Ok(match self.format() {
            Format::Csv => Box::new(Csv::new(file, &map).map_err(broken)?),
            Format::Jsonl => Box::new(JsonLines::new(file)),
            Format::Sql(tables) => Box::new(Dump::new(file, tables, &map)),
        })
    }
}

/// Runs `wxgate import`: a problem if a row is refused.
pub(crate) fn run(flags: &Flags, here: Here<'_>) -> Outcome {
    let rows = flags.rows()?;
    let zone = here.global.time_zone()?;
    let rejects = flags.rejects.as_deref().map(|path| Rejects::create(path, flags.resume > 0)).transpose()?;
    here.with_api(Need::Anything, async |local| {
        let manner =
            Manner { is_dry_run: flags.dry_run, is_told: flags.announce, resume: flags.resume, lang: here.lang };
        let reading = Reading { appid: flags.appid.clone(), zone };
        let mut batches = Batches::new(local, manner, reading, rejects);
        let done = take_in(flags, rows, &mut batches).await;
        let finished = batches.finish();
        let tally = std::mem::take(&mut batches.tally);
        drop(batches);
        tell(&tally, flags, here)?;
        done.and(finished).map_err(|failure| stopped(failure, &tally, flags))?;
        Ok(if tally.refused.is_empty() { Exit::Done } else { Exit::Problem })
    })
}

/// Takes the rows one by one, until there are no more or somebody wants it to stop.
async fn take_in(flags: &Flags, rows: Box<dyn Rows>, batches: &mut Batches<'_>) -> Result<(), Failure> {
    let mut ahead = read_ahead(rows);
    let stop = |kind| signal(kind).map_err(|error| cannot_read(&flags.file, &error.into()));
    let (mut interrupted, mut terminated) = (stop(SignalKind::interrupt())?, stop(SignalKind::terminate())?);
    let mut is_empty = true;
    loop {
        let next = tokio::select! {
            biased;
            _ = interrupted.recv() => return Err(interruption()),
            _ = terminated.recv() => return Err(interruption()),
            next = ahead.recv() => next,
        };
        match next {
            Some(Ok(next)) => batches.take(next).await?,
            Some(Err(broken)) => {
                batches.send().await?;
                return Err(cannot_read(&flags.file, &broken));
            }
            None if is_empty => return Err(nothing_in(&flags.file)),
            None => return batches.send().await,
        }
        is_empty = false;
    }
}

/// Reads in a thread of its own, which ends with the program: what it waits for may never come.
fn read_ahead(mut rows: Box<dyn Rows>) -> Receiver<Result<Next, Broken>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        while let Some(next) = rows.next().transpose() {
            let is_last = next.is_err();
            if sender.blocking_send(next).is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

fn tell(tally: &Tally, flags: &Flags, here: Here<'_>) -> Result<(), Failure> {
    if flags.json {
        return out::print_json(&tally.as_json(flags.dry_run));
    }
    out::print(&tally.as_text(flags.dry_run, here.lang))?;
    tally.details(here.lang).iter().for_each(|line| out::complain(line));
    Ok(())
}

fn interruption() -> Failure {
    Failure::problem(words("已中断", "interrupted"))
}

fn nothing_in(path: &Path) -> Failure {
    let path = path.display();
    Failure::problem(words(
        format!("{path}：没有可导入的行；若是 mysqldump，请用 --format sql:表名 指明是哪张表"),
        format!("{path}: there is no row in it. Of a mysqldump, say with --format sql:TABLE which table it is"),
    ))
}

fn cannot_read(path: &Path, error: &Broken) -> Failure {
    let (path, said) = (path.display(), error.words());
    let [zh, en] = [Lang::Zh, Lang::En].map(|lang| said.say(lang));
    Failure::problem(words(format!("{path}：无法读取：{zh}"), format!("{path}: cannot be read: {en}")))
}

/// Adds how to go on.
fn stopped(failure: Failure, tally: &Tally, flags: &Flags) -> Failure {
    let row = tally.row;
    if row == 0 || flags.dry_run {
        return failure;
    }
    let [zh, en] = [Lang::Zh, Lang::En].map(|lang| failure.words.say(lang));
    let words = words(
        format!("{zh}；第 {row} 行记录及以前已写入，可用 --resume {row} 继续，或重新执行（不会重复导入）"),
        format!(
            "{en}. Up to row {row} it is done: go on with --resume {row}, or do it all again, which adds nobody twice"
        ),
    );
    Failure { exit: failure.exit, words }
}
