//! `wxgate trace`: one request's whole story, from what failed and from the log.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use wxgate_api::TimeZone;

use crate::key_file;
use crate::lang::{Lang, words};
use crate::local::{Need, Question};
use crate::manage::Here;
use crate::out::{self, Exit, Failure, Outcome};
use crate::table;

/// Rows that one request can have, and some.
const ROWS: &str = "100";
/// What a line says by its place already, or what all lines of a request have in common.
const COMMON: &[&str] = &["timestamp", "level", "message", "target", "rid", "span", "spans"];

/// Which request, and where its log is.
#[derive(Args)]
pub(crate) struct Flags {
    /// Its id: `rid` of a failure, or X-Request-Id. 请求的 rid 或 X-Request-Id
    #[arg(value_parser = rid)]
    rid: Uuid,
    /// The server's log; - for standard input. 服务日志，- 为标准输入
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

fn rid(text: &str) -> Result<Uuid, &'static str> {
    let is_plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Uuid::try_parse(text)
        .ok()
        .filter(|_| is_plain)
        .ok_or("expected 32 lowercase hexadecimal digits. 应为 32 位小写十六进制数")
}

/// What is known of a request.
struct Story {
    rid: String,
    /// Unix seconds, as its id says.
    began_at: Option<i64>,
    /// As `GET /api/v1/failures` says them.
    failures: Vec<Value>,
    /// Lines as they stand in the log.
    lines: Vec<String>,
}

/// Runs `wxgate trace`: a problem if nothing is known of the request.
pub(crate) fn run(flags: &Flags, here: Here<'_>) -> Outcome {
    let lang = here.lang;
    let rid = flags.rid.simple().to_string();
    let data_dir = here.global.data_dir()?;
    let failures = failures(here, &data_dir, &rid)?;
    let lines = match &flags.log {
        None => Vec::new(),
        Some(path) => lines(path, &rid).map_err(|error| unreadable(path, &error))?,
    };
    let began_at = flags.rid.get_timestamp().and_then(|at| at.to_unix().0.try_into().ok());
    let story = Story { rid, began_at, failures, lines };
    if flags.json {
        out::print_json(&story.as_json())
    } else {
        out::print(&story.as_text(lang, &here.global.time_zone()?))
    }?;
    if story.is_empty() {
        let where_to_look = match flags.log {
            Some(_) => words(
                "没有这个请求的记录：日志可能已轮转",
                "nothing is known of this request: the log may have been rotated",
            ),
            None => words(
                "没有失败记录；用 --log 指定服务日志",
                "it is no failure that is kept; name the server's log with --log",
            ),
        };
        return Err(Failure::problem(where_to_look));
    }
    Ok(Exit::Done)
}

/// What the server has kept of it; nothing where there was never a server.
fn failures(here: Here<'_>, data_dir: &Path, rid: &str) -> Result<Vec<Value>, Failure> {
    if !data_dir.join(key_file::DATABASE).exists() {
        return Ok(Vec::new());
    }
    let question = Question::get("/api/v1/failures").with(&[("rid", Some(rid)), ("limit", Some(ROWS))]);
    let answer = here.asked(Need::Database, &question)?;
    Ok(answer["failures"].as_array().cloned().unwrap_or_default())
}

/// The lines that name the request.
fn lines(path: &Path, rid: &str) -> io::Result<Vec<String>> {
    if path == Path::new("-") {
        return those_of(rid, io::stdin().lock());
    }
    those_of(rid, BufReader::new(File::open(path)?))
}

fn those_of(rid: &str, mut log: impl BufRead) -> io::Result<Vec<String>> {
    let (mut found, mut line) = (Vec::new(), Vec::new());
    while log.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if text.contains(rid) {
            found.push(text.trim_end().to_owned());
        }
        line.clear();
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(words(format!("无法读取 {path}：{error}"), format!("cannot read {path}: {error}")))
}

impl Story {
    fn is_empty(&self) -> bool {
        self.failures.is_empty() && self.lines.is_empty()
    }

    fn as_json(&self) -> Value {
        let line = |line: &String| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line.as_str()));
        json!({
            "rid": self.rid,
            "began_at": self.began_at,
            "failures": self.failures,
            "log": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    fn as_text(&self, lang: Lang, zone: &TimeZone) -> String {
        let mut text = vec![format!("rid {}", self.rid)];
        let began = self.began_at.map(|at| table::instant(at, zone));
        text.extend(began.map(|at| format!("{} {at}", lang.pick("开始于", "began at"))));
        for failure in &self.failures {
            let said = |key: &str| failure[key].as_str().unwrap_or_default().to_owned();
            text.push(format!("{} {} ({})", lang.pick("失败", "failed"), said("cause"), said("kind")));
            text.push(format!("  {}", said("sentence")));
            text.push(format!("  {} {}", lang.pick("办法", "cure"), said("cure")));
            text.extend(failure["member"].as_str().map(|id| format!("  {} {id}", lang.pick("用户", "member"))));
        }
        text.extend(self.lines.iter().map(|line| shortened(line)));
        text.join("\n")
    }
}

/// A line of JSON as people read it; any other as it stands.
fn shortened(line: &str) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else { return line.to_owned() };
    // What the request's span knows belongs to the line.
    if let Some(Value::Object(span)) = fields.remove("span") {
        fields.extend(span.into_iter().filter(|(key, _)| key != "name"));
    }
    let said =
        |fields: &Map<String, Value>, key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let head = ["timestamp", "level", "message"].map(|key| said(&fields, key)).join(" ");
    let rest = fields.iter().filter(|(key, _)| !COMMON.contains(&key.as_str()));
    rest.fold(head, |line, (key, value)| match value.as_str() {
        Some(text) => format!("{line} {key}={text}"),
        None => format!("{line} {key}={value}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RID: &str = "01980c2e7c1e70008000000000000000";

    #[test]
    fn only_a_requests_id_is_one() {
        assert!(rid(RID).is_ok());
        for bad in ["", "x", "01980C2E7C1E70008000000000000000", "01980c2e-7c1e-7000-8000-000000000000"] {
            assert!(rid(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_lines_of_a_request_are_found_and_told_shortly() {
        let log = format!(
            "{{\"timestamp\":\"T\",\"level\":\"INFO\",\"message\":\"refused\",\"status\":422,\"rid\":\"{RID}\",\"target\":\"t\"}}\n\
             another one\n\
             {{\"message\":\"m\",\"span\":{{\"name\":\"request\",\"rid\":\"{RID}\",\"member.id\":\"1\"}}}}\n\
             text of a terminal rid={RID}"
        );
        let found = those_of(RID, log.as_bytes()).unwrap();
        let told: Vec<_> = found.iter().map(|line| shortened(line)).collect();
        assert_eq!(told, ["T INFO refused status=422", "  m member.id=1", &format!("text of a terminal rid={RID}")]);
    }

    #[test]
    fn a_log_that_is_no_text_is_read_all_the_same() {
        let log = [b"\xff\xfe ", RID.as_bytes(), b"\n\xff"].concat();
        assert_eq!(those_of(RID, log.as_slice()).unwrap().len(), 1);
    }
}
