//! Comma-separated values (RFC 4180), UTF-8. Spreadsheets take a cell that begins like a formula for one: such a cell gets an
//! apostrophe in front, and so does a number that is a text.

use std::io::{self, BufRead, Write};

use csv_core::{ReadRecordResult, Reader};

use super::field::Field;
use super::{Broken, COLUMNS, NO_OPENID, NOT_UTF8, Next, ROW_BYTES, Row, Rows, Why, why};

/// By which spreadsheets know that a file is UTF-8.
pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();
const GUARD: char = '\'';
const TOO_LONG: Why = why(
    "超过 256 列或 64 KiB：是否有未闭合的引号？",
    "more than 256 columns or 64 KiB: is there a quote without its end?",
);

/// Writes one cell of a line. `is_text` is for digits that must stay what they are.
pub(super) fn write_cell(out: &mut impl Write, cell: &str, is_text: bool) -> io::Result<()> {
    let is_guarded = is_text && !cell.is_empty() || cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', GUARD]);
    let is_quoted = cell.contains(['"', ',', '\r', '\n']);
    let guard = if is_guarded { "'" } else { "" };
    if is_quoted { write!(out, "\"{guard}{}\"", cell.replace('"', "\"\"")) } else { write!(out, "{guard}{cell}") }
}

/// The cell as it was before it was guarded.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(GUARD).unwrap_or(cell)
}

/// Reads a file whose first line names the columns.
pub(super) struct Csv<R> {
    file: R,
    reader: Reader,
    /// The text of a record, and where its cells end.
    text: Vec<u8>,
    ends: Vec<usize>,
    columns: Vec<Option<Field>>,
    is_ours: bool,
}

/// One record, before anything is made of it.
enum Record {
    Cells { line: u64, count: usize },
    TooLong { line: u64 },
    End,
}

impl<R: BufRead> Csv<R> {
    /// Reads the names of the columns. `map` says what some of them mean.
    pub(super) fn new(mut file: R, map: &[(Field, String)]) -> Result<Self, Broken> {
        if file.fill_buf()?.starts_with(BOM) {
            file.consume(BOM.len());
        }
        let (text, ends) = (vec![0; ROW_BYTES], vec![0; COLUMNS]);
        let mut csv = Self { file, reader: Reader::new(), text, ends, columns: Vec::new(), is_ours: false };
        let names: Vec<String> = match csv.record()? {
            Record::Cells { count, .. } => csv.cells(count).map_err(|why| Broken::Syntax { line: 1, why })?,
            Record::TooLong { .. } => {
                return Err(Broken::Syntax { line: 1, why: TOO_LONG });
            }
            Record::End => return Err(Broken::Syntax { line: 1, why: why("文件是空的", "the file is empty") }),
        };
        csv.is_ours = Field::all().map(Field::name).eq(names.iter().map(String::as_str));
        let column = |name: &String| match map.iter().find(|(_, mapped)| mapped == name) {
            Some((field, _)) => Some(*field),
            None if csv.is_ours => Field::exported(name),
            // What is mapped from elsewhere has no second source.
            None => Field::foreign(name).filter(|field| !map.iter().any(|(mapped, _)| mapped == field)),
        };
        csv.columns = names.iter().map(column).collect();
        if map.iter().any(|(_, name)| !names.contains(name)) {
            let why = why("--map 指定的列不在首行中", "--map names a column that the first line does not have");
            return Err(Broken::Syntax { line: 1, why });
        }
        if !csv.columns.contains(&Some(Field::Openid)) {
            return Err(Broken::Syntax { line: 1, why: NO_OPENID });
        }
        Ok(csv)
    }

    fn record(&mut self) -> Result<Record, Broken> {
        let (mut length, mut count, mut is_too_long) = (0, 0, false);
        let mut line = None;
        loop {
            let part = self.file.fill_buf()?;
            let line = *line.get_or_insert(self.reader.line());
            let (result, read, written, ended) =
                self.reader.read_record(part, &mut self.text[length..], &mut self.ends[count..]);
            self.file.consume(read);
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                // Read on to its end, over what was kept of it.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (length, count, is_too_long) = (0, 0, true);
                }
                ReadRecordResult::Record if is_too_long => return Ok(Record::TooLong { line }),
                ReadRecordResult::Record => return Ok(Record::Cells { line, count }),
                ReadRecordResult::End => return Ok(Record::End),
            }
        }
    }

    fn cells(&self, count: usize) -> Result<Vec<String>, Why> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let cells = begins.zip(&self.ends).take(count).map(|(begin, end)| &self.text[begin..*end]);
        cells.map(|cell| str::from_utf8(cell).map(str::to_owned).map_err(|_| NOT_UTF8)).collect()
    }
}

impl<R: BufRead + Send> Rows for Csv<R> {
    fn next(&mut self) -> Result<Option<Next>, Broken> {
        let (line, count) = match self.record()? {
            Record::End => return Ok(None),
            Record::TooLong { line } => return Ok(Some(Next::Refused { line, why: TOO_LONG })),
            Record::Cells { line, count } => (line, count),
        };
        let refused = |why| Ok(Some(Next::Refused { line, why }));
        if count != self.columns.len() {
            return refused(why("列数与首行不同", "another number of columns than the first line"));
        }
        let cells = match self.cells(count) {
            Ok(cells) => cells,
            Err(why) => return refused(why),
        };
        let known = self.columns.iter().zip(cells).filter_map(|(field, cell)| Some(((*field)?, cell)));
        let cells = known.map(|(field, cell)| (field, if self.is_ours { unguarded(&cell).to_owned() } else { cell }));
        Ok(Some(Next::Row(Row { line, cells: cells.filter(|(_, cell)| !cell.is_empty()).collect() })))
    }
}
