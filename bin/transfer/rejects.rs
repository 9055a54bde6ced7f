//! The file of refused rows.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::Row;
use crate::lang::words;
use crate::out::Failure;

/// A new file for its user alone, or one that an import goes on with; JSON lines.
pub(super) struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Rejects {
    pub(super) fn create(path: &Path, goes_on: bool) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.mode(0o600);
        let options = if goes_on { options.append(true).create(true) } else { options.write(true).create_new(true) };
        let file = BufWriter::new(options.open(path).map_err(|error| cannot_write(path, &error))?);
        Ok(Self { path: path.to_owned(), file })
    }

    /// Why the row was refused, and what it said, as far as that could be read.
    pub(super) fn refused(&mut self, number: u64, line: u64, reason: &str, row: Option<&Row>) -> Result<(), Failure> {
        self.write(&json!({ "row": number, "line": line, "reason": reason, "member": row.map(said) }))
    }

    /// What of the row was not kept; the rest was.
    pub(super) fn left_out(&mut self, number: u64, line: u64, left_out: &[String], row: &Row) -> Result<(), Failure> {
        self.write(&json!({ "row": number, "line": line, "left_out": left_out, "member": said(row) }))
    }

    fn write(&mut self, line: &Value) -> Result<(), Failure> {
        writeln!(self.file, "{line}").map_err(|error| cannot_write(&self.path, &error))
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| cannot_write(&self.path, &error))
    }
}

fn said(row: &Row) -> Map<String, Value> {
    row.cells.iter().map(|(field, text)| (field.name().to_owned(), text.as_str().into())).collect()
}

/// For every file that is written here.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(words(format!("{path}：无法写入：{error}"), format!("{path}: cannot be written: {error}")))
}
