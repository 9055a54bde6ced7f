//! `wxgate export` and `wxgate import`: members out of a server and into one. Here files are read and written; the server,
//! asked a page or a batch at a time, judges and keeps.

mod batch;
mod csv;
mod export;
mod field;
#[cfg(test)]
#[path = "../fuzz/transfer.rs"]
mod fuzz;
mod import;
mod jsonl;
mod member;
mod progress;
mod rejects;
mod sql;
mod tally;
mod text;

pub(crate) use export::{Flags as ExportFlags, run as export};
pub(crate) use import::{Flags as ImportFlags, run as import};

use std::io;

use field::Field;

use crate::lang::{Lang, Words, words};

/// Bytes of a row, far above what a member takes; a longer one is refused and does not grow.
const ROW_BYTES: usize = 64 << 10;
/// Columns of a row.
const COLUMNS: usize = 256;

/// Why a row is no member, or a file no table of them, in both languages and with nothing of either in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Why {
    zh: &'static str,
    en: &'static str,
}

const fn why(zh: &'static str, en: &'static str) -> Why {
    Why { zh, en }
}

impl Why {
    fn say(self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }
}

const NOT_UTF8: Why = why("不是 UTF-8 编码：请另存为 CSV UTF-8", "not UTF-8: save the file as CSV UTF-8");
const NO_OPENID: Why = why(
    "没有名为 openid 的列：请用 --map openid=列名 指明",
    "no column is called openid: say which one it is with --map openid=NAME",
);

/// One row of a file: what it says, by the fields it says it of.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    /// Where it begins, counted from 1.
    line: u64,
    /// None of them empty.
    cells: Vec<(Field, String)>,
}

impl Row {
    fn cell(&self, field: Field) -> Option<&str> {
        self.cells.iter().find(|(found, _)| *found == field).map(|(_, text)| text.as_str())
    }
}

/// What a reader of a file finds next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Row(Row),
    /// A row that cannot be one of a member; those after it may be.
    Refused {
        line: u64,
        why: Why,
    },
}

/// Why nothing more can be read from a file.
#[derive(Debug)]
enum Broken {
    Io(io::Error),
    Syntax { line: u64, why: Why },
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Broken {
    fn words(&self) -> Words {
        match self {
            Self::Io(error) => words(error.to_string(), error.to_string()),
            Self::Syntax { line, why } => {
                words(format!("第 {line} 行：{}", why.zh), format!("line {line}: {}", why.en))
            }
        }
    }
}

/// Reads the rows of a file, one after the other, in bounded memory.
trait Rows: Send {
    /// `None` at the end.
    fn next(&mut self) -> Result<Option<Next>, Broken>;
}
