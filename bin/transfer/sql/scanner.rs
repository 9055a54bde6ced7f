//! The words, names and values of SQL as mysqldump writes it.

use std::io::{BufRead, Bytes};
use std::iter::Peekable;

use super::super::{Broken, COLUMNS, ROW_BYTES, Why, why};

/// Bytes of a name; MySQL's have at most 64 characters.
const NAME_BYTES: usize = 256;

/// Nothing for `NULL`.
type Value = Option<Vec<u8>>;

/// Reads words, names and values, byte by byte.
pub(super) struct Scanner<R: BufRead> {
    bytes: Peekable<Bytes<R>>,
    line: u64,
}

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(file: R) -> Self {
        Self { bytes: file.bytes().peekable(), line: 1 }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn broken(&self, why: Why) -> Broken {
        Broken::Syntax { line: self.line, why }
    }

    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        match self.bytes.peek() {
            Some(Ok(byte)) => Ok(Some(*byte)),
            Some(Err(_)) => self.bump(),
            None => Ok(None),
        }
    }

    pub(super) fn bump(&mut self) -> Result<Option<u8>, Broken> {
        let byte = self.bytes.next().transpose()?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// Skips blanks and comments.
    pub(super) fn blank(&mut self) -> Result<(), Broken> {
        while let Some(byte) = self.peek()? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => drop(self.bump()?),
                b'#' => self.skip_line()?,
                b'-' => {
                    self.bump()?;
                    if self.peek()? != Some(b'-') {
                        return Err(self.broken(why("此处不应有减号", "a minus where none is expected")));
                    }
                    self.skip_line()?;
                }
                b'/' => {
                    self.bump()?;
                    if self.bump()? != Some(b'*') {
                        return Err(self.broken(why("此处不应有斜杠", "a slash where none is expected")));
                    }
                    self.skip_comment()?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn skip_line(&mut self) -> Result<(), Broken> {
        while !matches!(self.bump()?, None | Some(b'\n')) {}
        Ok(())
    }

    fn skip_comment(&mut self) -> Result<(), Broken> {
        let mut star = false;
        loop {
            match self.bump()? {
                None => return Err(self.broken(why("注释没有结束", "a comment without an end"))),
                Some(b'/') if star => return Ok(()),
                Some(byte) => star = byte == b'*',
            }
        }
    }

    /// The first word of the next statement, in capitals. `None` at the end.
    pub(super) fn statement(&mut self) -> Result<Option<String>, Broken> {
        loop {
            self.blank()?;
            match self.peek()? {
                None => return Ok(None),
                Some(b';') => drop(self.bump()?),
                Some(_) => {
                    let word = self.word()?.to_ascii_uppercase();
                    if !word.is_empty() {
                        return Ok(Some(word));
                    }
                    self.skip_statement()?;
                }
            }
        }
    }

    /// Skips to the end of a statement, over whatever is in quotes.
    pub(super) fn skip_statement(&mut self) -> Result<(), Broken> {
        loop {
            match self.bump()? {
                None | Some(b';') => return Ok(()),
                Some(quote @ (b'\'' | b'"' | b'`')) => drop(self.quoted(quote, 0)?),
                Some(_) => {}
            }
        }
    }

    /// A bare word; empty where none begins.
    pub(super) fn word(&mut self) -> Result<String, Broken> {
        self.blank()?;
        let mut word = String::new();
        while let Some(byte) = self.peek()?.filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            if word.len() == 64 {
                return Err(self.broken(why("一个词超过 64 个字母", "a word of more than 64 letters")));
            }
            word.push(char::from(byte));
            self.bump()?;
        }
        Ok(word)
    }

    /// A name, bare or in quotes.
    pub(super) fn name(&mut self) -> Result<String, Broken> {
        self.blank()?;
        if let Some(quote @ (b'`' | b'"')) = self.peek()? {
            self.bump()?;
            let name = self.quoted(quote, NAME_BYTES)?;
            if name.len() > NAME_BYTES {
                return Err(self.broken(why("名称超过 256 字节", "a name of more than 256 bytes")));
            }
            return String::from_utf8(name).map_err(|_| self.broken(why("名称不是 UTF-8", "a name that is not UTF-8")));
        }
        let word = self.word()?;
        if word.is_empty() { Err(self.broken(why("此处应为名称", "a name is expected"))) } else { Ok(word) }
    }

    /// The rest of a quoted text, of which so many bytes are kept at most, and one more of a longer one.
    fn quoted(&mut self, quote: u8, most: usize) -> Result<Vec<u8>, Broken> {
        let mut text = Vec::new();
        loop {
            let byte = match self.bump()? {
                None => return Err(self.broken(why("文本没有结束的引号", "a text without an end"))),
                Some(b'\\') if quote != b'`' => match self.bump()? {
                    None => return Err(self.broken(why("文本没有结束的引号", "a text without an end"))),
                    Some(escaped) => unescaped(escaped),
                },
                Some(byte) if byte == quote => {
                    if self.peek()? != Some(quote) {
                        return Ok(text);
                    }
                    self.bump()?;
                    quote
                }
                Some(byte) => byte,
            };
            if text.len() <= most {
                text.push(byte);
            }
        }
    }

    pub(super) fn is_next(&mut self, mark: u8) -> Result<bool, Broken> {
        self.blank()?;
        Ok(self.peek()? == Some(mark))
    }

    pub(super) fn mark(&mut self) -> Result<Option<u8>, Broken> {
        self.blank()?;
        self.bump()
    }

    fn expect(&mut self, mark: u8, why: Why) -> Result<(), Broken> {
        if self.mark()? == Some(mark) { Ok(()) } else { Err(self.broken(why)) }
    }

    /// `(a, b)`
    pub(super) fn names(&mut self) -> Result<Vec<String>, Broken> {
        self.expect(b'(', why("此处应为括号", "a parenthesis is expected"))?;
        let mut names = Vec::new();
        loop {
            self.push(&mut names, Self::name)?;
            match self.mark()? {
                Some(b',') => {}
                Some(b')') => return Ok(names),
                _ => return Err(self.broken(why("此处应为逗号或括号", "a comma or a parenthesis is expected"))),
            }
        }
    }

    fn push<T>(&mut self, list: &mut Vec<T>, read: fn(&mut Self) -> Result<T, Broken>) -> Result<(), Broken> {
        if list.len() == COLUMNS {
            return Err(self.broken(why("超过 256 列", "more than 256 columns")));
        }
        list.push(read(self)?);
        Ok(())
    }

    /// The names of the columns in the parentheses of `CREATE TABLE`. They are in quotes; keys and the like begin bare.
    pub(super) fn column_definitions(&mut self) -> Result<Vec<String>, Broken> {
        self.expect(b'(', why("此处应为表的列", "the columns of the table are expected"))?;
        let mut names = Vec::new();
        loop {
            if self.is_next(b'`')? {
                self.push(&mut names, Self::name)?;
            }
            let mut depth = 0;
            loop {
                match self.bump()? {
                    None => return Err(self.broken(why("表的定义没有结束", "a table without an end"))),
                    Some(quote @ (b'\'' | b'"' | b'`')) => drop(self.quoted(quote, 0)?),
                    Some(b'(') => depth += 1,
                    Some(b')') if depth == 0 => return Ok(names),
                    Some(b')') => depth -= 1,
                    Some(b',') if depth == 0 => break,
                    Some(_) => {}
                }
            }
        }
    }

    /// `(1, 'a', NULL)`, and whether that is all: of a row that is too long, the rest is skipped.
    pub(super) fn values(&mut self) -> Result<(Vec<Value>, bool), Broken> {
        self.expect(b'(', why("此处应为一行值", "a row of values is expected"))?;
        let (mut values, mut left, mut fits) = (Vec::new(), ROW_BYTES, true);
        loop {
            let value = self.value(left)?;
            let length = value.as_ref().map_or(0, Vec::len);
            fits &= length <= left && values.len() < COLUMNS;
            left = left.saturating_sub(length);
            if fits {
                values.push(value);
            }
            match self.mark()? {
                Some(b',') => {}
                Some(b')') => return Ok((values, fits)),
                _ => {
                    return Err(
                        self.broken(why("值后面应为逗号或括号", "a comma or a parenthesis is expected after a value"))
                    );
                }
            }
        }
    }

    /// A text, a number, or nothing, of which so many bytes are kept at most, and one more of a longer one.
    fn value(&mut self, most: usize) -> Result<Value, Broken> {
        while matches!(self.peek()?, Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.bump()?;
        }
        match self.peek()? {
            Some(quote @ (b'\'' | b'"')) => {
                self.bump()?;
                self.quoted(quote, most).map(Some)
            }
            Some(byte) if byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.') => self.number(most).map(Some),
            _ => {
                let word = self.word()?;
                if word.eq_ignore_ascii_case("NULL") {
                    return Ok(None);
                }
                // A character set before a text.
                if word.starts_with('_') && self.is_next(b'\'')? {
                    self.bump()?;
                    return self.quoted(b'\'', most).map(Some);
                }
                Err(self.broken(why("值只能是文本、数字或 NULL", "a value must be a text, a number or NULL")))
            }
        }
    }

    /// Of binary values, too, which are written as `0x…`.
    fn number(&mut self, most: usize) -> Result<Vec<u8>, Broken> {
        let mut number = Vec::new();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        while let Some(byte) = self.peek()?.filter(is_part) {
            if number.len() <= most {
                number.push(byte);
            }
            self.bump()?;
        }
        Ok(number)
    }
}

/// What MySQL means by a backslash and this.
fn unescaped(byte: u8) -> u8 {
    match byte {
        b'0' => 0,
        b'b' => 8,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'Z' => 26,
        other => other,
    }
}
