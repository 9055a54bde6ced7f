//! JSON lines: a member a line, by the names of an export.

use std::io::{BufRead, Read};

use serde_json::{Map, Value};

use super::field::Field;
use super::{Broken, NOT_UTF8, Next, ROW_BYTES, Row, Rows, Why, why};

/// Reads one object a line.
pub(super) struct JsonLines<R> {
    file: R,
    line: u64,
}

impl<R: BufRead> JsonLines<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file, line: 0 }
    }
}

impl<R: BufRead + Send> Rows for JsonLines<R> {
    fn next(&mut self) -> Result<Option<Next>, Broken> {
        loop {
            self.line += 1;
            let line = self.line;
            let mut text = Vec::new();
            let most = ROW_BYTES as u64 + 1;
            if self.file.by_ref().take(most).read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            if text.len() > ROW_BYTES && !text.ends_with(b"\n") {
                self.file.skip_until(b'\n')?;
                return Ok(Some(Next::Refused { line, why: why("一行超过 64 KiB", "a line of more than 64 KiB") }));
            }
            if !text.trim_ascii().is_empty() {
                let row = cells(&text).map(|cells| Next::Row(Row { line, cells }));
                return Ok(Some(row.unwrap_or_else(|why| Next::Refused { line, why })));
            }
        }
    }
}

fn cells(text: &[u8]) -> Result<Vec<(Field, String)>, Why> {
    let text = str::from_utf8(text).map_err(|_| NOT_UTF8)?;
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| why("不是一个 JSON 对象", "not one JSON object"))?;
    let mut cells = Vec::new();
    for (name, value) in object {
        let field = Field::named(&name).ok_or(why("含有导出文件中没有的字段", "a key that no export has"))?;
        let text = match (field, value) {
            (_, Value::Null) => continue,
            (_, Value::String(text)) => text,
            (_, Value::Number(number)) => number.to_string(),
            (Field::Attributes | Field::UserInfo, value @ Value::Object(_)) => value.to_string(),
            _ => return Err(why("字段的值既不是文本也不是数字", "a value that is neither text nor number")),
        };
        if !text.is_empty() {
            cells.push((field, text));
        }
    }
    Ok(cells)
}
