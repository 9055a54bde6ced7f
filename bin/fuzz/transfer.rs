use wxgate_fuzz::Target;

use super::csv::{Csv, write_cell};
use super::field::Field;
use super::sql::Dump;
use super::{COLUMNS, Next, ROW_BYTES, Rows};

const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// How a file comes out: what its last row was, or that it cannot be read.
fn outcome(rows: &mut dyn Rows) -> &'static str {
    let mut found = "nothing";
    loop {
        match rows.next() {
            Ok(None) => return found,
            Err(_) => return "broken",
            Ok(Some(Next::Refused { .. })) => found = "refused",
            Ok(Some(Next::Row(row))) => {
                assert!(row.cells.len() <= COLUMNS && row.cells.iter().all(|(_, cell)| cell.len() <= ROW_BYTES));
                found = "row";
            }
        }
    }
}

#[test]
fn csv_cell() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/fuzz/csv_cell");
    let words = &["=", "+", "-", "@", "\t", "\r", "\n", "\"", "'", ",", "=cmd|' /C calc'!A0"];
    let head: Vec<&str> = Field::all().map(Field::name).collect();
    Target { corpus, words, inputs: 10_000, outcomes: &["as it is", "guarded"] }.run(|input| {
        let cell = String::from_utf8_lossy(input);
        let mut written = Vec::new();
        write_cell(&mut written, &cell, false).unwrap();
        let text = str::from_utf8(&written).unwrap();
        let shown = text.strip_prefix('"').unwrap_or(text);
        assert!(!shown.starts_with(FORMULA), "a spreadsheet computes {text:?}");
        let mut file = format!("{}\r\n", head.join(",")).into_bytes();
        for field in Field::all() {
            if field != Field::Id {
                file.push(b',');
            }
            if field == Field::Note {
                file.extend_from_slice(&written);
            }
        }
        file.extend_from_slice(b"\r\n");
        let mut csv = Csv::new(&*file, &[]).unwrap();
        let Some(Next::Row(row)) = csv.next().unwrap() else { panic!("no row") };
        let kept: String = row.cells.into_iter().map(|(_, cell)| cell).collect();
        assert_eq!(kept, cell, "what is read is what was written");
        assert_eq!(csv.next().unwrap(), None);
        if shown.starts_with('\'') { "guarded" } else { "as it is" }
    });
}

#[test]
fn csv_file() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/fuzz/csv_file");
    let words = &["openid", "\u{feff}", "\"", ",", "\r\n", "\n"];
    let outcomes = &["row", "refused", "nothing", "broken"];
    Target { corpus, words, inputs: 10_000, outcomes }.run(|input| match Csv::new(input, &[]) {
        Ok(mut csv) => outcome(&mut csv),
        Err(_) => "broken",
    });
}

#[test]
fn sql_dump() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/fuzz/sql_dump");
    #[rustfmt::skip]
    let words = &[
        "INSERT INTO ", "CREATE TABLE ", "`cSessionInfo`", "(`open_id`)", " VALUES ", "('oA')", "'", "\\", "''", "`", "\"", "--", "/*", "*/", "#",
        ";", ",", "(", ")", "NULL", "_binary ", "-1", "\n",
    ];
    let outcomes = &["row", "refused", "nothing", "broken"];
    Target { corpus, words, inputs: 10_000, outcomes }
        .run(|input| outcome(&mut Dump::new(input, vec!["cSessionInfo".to_owned()], &[])));
}
