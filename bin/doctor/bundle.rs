//! What a helper needs to know, in one file without a secret in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::system::uname;
use serde_json::{Value, json};

use super::case::Case;
use super::{Finding, report};
use crate::lang::{Lang, words};
use crate::out::{self, Failure};
use crate::private_file;

/// Writes it (0600), or prints it for `-`. Nothing is written over.
pub(super) fn write(path: &Path, case: &Case, findings: &[Finding], lang: Lang) -> Result<(), Failure> {
    let bundle = bundle(case, findings, lang);
    if path == Path::new("-") {
        return out::print_json(&bundle);
    }
    private_file::create(path, format!("{bundle:#}\n").as_bytes()).map_err(|error| {
        let path = path.display();
        let exists = error.kind() == io::ErrorKind::AlreadyExists;
        let why = if exists {
            words("已存在", "it is there already")
        } else {
            words(error.to_string(), error.to_string())
        };
        let (zh, en) = (why.say(Lang::Zh), why.say(Lang::En));
        Failure::problem(words(format!("无法写入 {path}：{zh}"), format!("cannot write {path}: {en}")))
    })
}

/// Only what is listed here gets in: findings, masked settings, names and sizes of files, names of variables.
fn bundle(case: &Case, findings: &[Finding], lang: Lang) -> Value {
    let system = uname();
    let name = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let database = case.database.as_ref().and_then(|found| found.as_ref().ok());
    let mut variables: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("WXGATE_"))
        .collect();
    variables.sort();
    json!({
        "wxgate": env!("CARGO_PKG_VERSION"),
        "system": { "name": name(system.sysname()), "release": name(system.release()), "machine": name(system.machine()) },
        "report": report::json(findings, lang),
        "configuration": case.config.masked(),
        "variables": variables,
        "files": files(&case.data_dir()),
        "database": database.map(|found| json!({ "schema_version": found.schema_version, "faults": found.faults })),
    })
}

fn files(dir: &Path) -> Vec<Value> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<(String, Value)> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let mode = format!("{:04o}", metadata.mode() & 0o7777);
            let value = json!({ "name": name, "bytes": metadata.len(), "mode": mode, "user": metadata.uid() });
            Some((name, value))
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files.into_iter().map(|(_, value)| value).collect()
}
