//! What mysqldump writes: the columns of `CREATE TABLE`, the rows of `INSERT INTO`. All other statements are skipped, and
//! nothing is executed.

mod scanner;

use std::io::BufRead;

use self::scanner::Scanner;
use super::field::Field;
use super::{Broken, NO_OPENID, NOT_UTF8, Next, Row, Rows, why};

/// Reads the rows of tables.
pub(super) struct Dump<R: BufRead> {
    scanner: Scanner<R>,
    tables: Vec<String>,
    map: Vec<(Field, String)>,
    /// As `CREATE TABLE` named them.
    created: Vec<String>,
    /// Of the statement that is being read; nothing outside of one.
    columns: Option<Vec<Option<Field>>>,
}

impl<R: BufRead> Dump<R> {
    /// Reads the rows of any of these tables.
    pub(super) fn new(file: R, tables: Vec<String>, map: &[(Field, String)]) -> Self {
        let scanner = Scanner::new(file);
        Self { scanner, tables, map: map.to_vec(), created: Vec::new(), columns: None }
    }

    /// Reads statements up to the rows of an `INSERT` into the table. `false` at the end of the file.
    fn find_insert(&mut self) -> Result<bool, Broken> {
        while let Some(word) = self.scanner.statement()? {
            match word.as_str() {
                "CREATE" if self.is_table_of_ours("TABLE")? => self.created = self.scanner.column_definitions()?,
                "INSERT" | "REPLACE" if self.is_table_of_ours("INTO")? => {
                    let named = self.scanner.is_next(b'(')?.then(|| self.scanner.names()).transpose()?;
                    self.columns = Some(self.fields(named.as_ref().unwrap_or(&self.created))?);
                    let word = self.scanner.word()?;
                    if !word.eq_ignore_ascii_case("VALUES") && !word.eq_ignore_ascii_case("VALUE") {
                        return Err(self.scanner.broken(why("此处应为 VALUES", "VALUES is expected")));
                    }
                    return Ok(true);
                }
                _ => {}
            }
            self.scanner.skip_statement()?;
        }
        Ok(false)
    }

    /// Reads up to the name of a table, which follows `before`.
    fn is_table_of_ours(&mut self, before: &str) -> Result<bool, Broken> {
        for _ in 0..8 {
            let word = self.scanner.word()?;
            if word.is_empty() {
                return Ok(false);
            }
            if word.eq_ignore_ascii_case(before) {
                let mut name = self.scanner.name()?;
                while name.eq_ignore_ascii_case("IF")
                    || name.eq_ignore_ascii_case("NOT")
                    || name.eq_ignore_ascii_case("EXISTS")
                {
                    name = self.scanner.name()?;
                }
                if self.scanner.is_next(b'.')? {
                    self.scanner.bump()?;
                    name = self.scanner.name()?;
                }
                return Ok(self.tables.iter().any(|table| name.eq_ignore_ascii_case(table)));
            }
        }
        Ok(false)
    }

    fn fields(&self, names: &[String]) -> Result<Vec<Option<Field>>, Broken> {
        if names.is_empty() {
            let why = why(
                "列没有名字：导出时请包含 CREATE TABLE",
                "columns without names: dump the table with its CREATE TABLE",
            );
            return Err(self.scanner.broken(why));
        }
        let column = |name: &String| match self.map.iter().find(|(_, mapped)| mapped == name) {
            Some((field, _)) => Some(*field),
            None if name.eq_ignore_ascii_case(Field::UserInfo.name()) => Some(Field::UserInfo),
            None => Field::foreign(name).filter(|field| !self.map.iter().any(|(mapped, _)| mapped == field)),
        };
        let fields: Vec<_> = names.iter().map(column).collect();
        if fields.contains(&Some(Field::Openid)) { Ok(fields) } else { Err(self.scanner.broken(NO_OPENID)) }
    }
}

impl<R: BufRead + Send> Rows for Dump<R> {
    fn next(&mut self) -> Result<Option<Next>, Broken> {
        if self.columns.is_none() && !self.find_insert()? {
            return Ok(None);
        }
        self.scanner.blank()?;
        let line = self.scanner.line();
        let (values, fits) = self.scanner.values()?;
        let columns = self.columns.clone().unwrap_or_default();
        match self.scanner.mark()? {
            Some(b',') => {}
            Some(b';') | None => self.columns = None,
            // ON DUPLICATE KEY UPDATE and the like say nothing about the rows.
            Some(_) => {
                self.scanner.skip_statement()?;
                self.columns = None;
            }
        }
        let refused = |why| Ok(Some(Next::Refused { line, why }));
        if !fits {
            return refused(why("超过 256 列或 64 KiB", "more than 256 columns or 64 KiB"));
        }
        if values.len() != columns.len() {
            return refused(why("值的个数与列数不同", "another number of values than columns"));
        }
        let mut cells = Vec::new();
        for (field, value) in columns.into_iter().zip(values) {
            let (Some(field), Some(value)) = (field, value) else { continue };
            match String::from_utf8(value) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => cells.push((field, text)),
                Err(_) => return refused(NOT_UTF8),
            }
        }
        Ok(Some(Next::Row(Row { line, cells })))
    }
}
