//! `wxgate export`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::csv::{BOM, write_cell};
use super::field::Field;
use super::member::cell;
use super::progress::Counter;
use super::rejects::cannot_write;
use crate::local::{Local, Need, Question};
use crate::manage::{Here, part};
use crate::out::{Exit, Failure, Outcome};
use crate::private_file::Draft;

/// Members of one request.
const PAGE: &str = "200";
const BUFFER_BYTES: usize = 64 << 10;

/// How members are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For spreadsheets: UTF-8 with a mark, a line of names.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

/// What may be said about an export.
#[derive(Args)]
pub(crate) struct Flags {
    /// csv for spreadsheets, or jsonl. 格式：csv 或 jsonl
    #[arg(long, value_enum, default_value = "csv", hide_possible_values = true)]
    format: Format,
    /// As --format jsonl. 等同 --format jsonl
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Into this file, which must not be there yet. 输出文件，- 表示标准输出
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Whole phone numbers instead of masked ones. 输出完整手机号
    #[arg(long)]
    with_phones: bool,
    /// Of this mini program. 小程序 AppID
    #[arg(long)]
    appid: Option<String>,
}

/// How many were written.
#[derive(Default)]
struct Written {
    members: u64,
    /// Whose number could not be opened.
    without_number: u64,
}

/// Runs `wxgate export`: a problem if a number is kept that does not open any more.
pub(crate) fn run(flags: &Flags, here: Here<'_>) -> Outcome {
    here.with_api(Need::Database, async |local| {
        let written = if flags.out == Path::new("-") {
            write(flags, local, here, &mut BufWriter::with_capacity(BUFFER_BYTES, io::stdout())).await?
        } else {
            let draft = Draft::new(&flags.out).map_err(|error| cannot_write(&flags.out, &error))?;
            let mut out = BufWriter::with_capacity(BUFFER_BYTES, draft);
            let written = write(flags, local, here, &mut out).await?;
            let draft = out.into_inner().map_err(io::IntoInnerError::into_error);
            draft.and_then(Draft::publish).map_err(|error| cannot_write(&flags.out, &error))?;
            written
        };
        let Some(Written { members, without_number }) = written else { return Ok(Exit::Done) };
        here.done(&format!("已导出 {members} 名成员"), &format!("{members} members exported"));
        if without_number == 0 {
            return Ok(Exit::Done);
        }
        here.done(
            &format!("其中 {without_number} 个手机号无法用现在的密钥文件打开，未导出；请检查 wxgate.key"),
            &format!("{without_number} of their numbers do not open with today's key file and are not in it: check wxgate.key"),
        );
        Ok(Exit::Problem)
    })
}

/// Writes page after page; `None` when nobody reads any more, who then has what they wanted.
async fn write(flags: &Flags, local: &Local, here: Here<'_>, out: &mut impl Write) -> Result<Option<Written>, Failure> {
    let is_csv = flags.format == Format::Csv && !flags.json;
    let counter = Counter::new(here.lang);
    let cannot = |error: io::Error| cannot_write(&flags.out, &error);
    let phones = if flags.with_phones { "whole" } else { "masked" };
    let question = |after: Option<&str>| {
        let appid = flags.appid.as_deref();
        let parameters = [("appid", appid), ("phones", Some(phones)), ("limit", Some(PAGE)), ("after", after)];
        Question::get("/api/v1/export").with(&parameters)
    };
    let mut written = Written::default();
    let mut after: Option<String> = None;
    loop {
        let page = local.ask_patiently(&question(after.as_deref())).await?;
        let members = part(&page, "members")?.as_array().map_or(&[][..], Vec::as_slice);
        match rows(out, is_csv, after.is_none(), members) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(None),
            done => done.map_err(cannot)?,
        }
        counter.add(members.len());
        written.members += members.len() as u64;
        let is_without = |member: &&Value| member["phone"].is_null() && !member["phone_trust"].is_null();
        written.without_number += members.iter().filter(is_without).count() as u64;
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return Ok(Some(written));
        }
    }
}

fn rows(out: &mut impl Write, is_csv: bool, is_first: bool, members: &[Value]) -> io::Result<()> {
    if is_csv && is_first {
        head(out)?;
    }
    for member in members {
        if is_csv { cells(out, member) } else { writeln!(out, "{member}") }?;
    }
    out.flush()
}

fn head(out: &mut impl Write) -> io::Result<()> {
    out.write_all(BOM)?;
    let names: Vec<_> = Field::all().map(Field::name).collect();
    write!(out, "{}\r\n", names.join(","))
}

fn cells(out: &mut impl Write, member: &Value) -> io::Result<()> {
    for (number, field) in Field::all().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        write_cell(out, &cell(member, field), field == Field::Phone)?;
    }
    out.write_all(b"\r\n")
}
