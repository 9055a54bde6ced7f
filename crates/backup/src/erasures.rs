//! Who was erased, in a file outside the database: for the day on which the database that knows it is gone.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Deserialize;
use wxgate_store::{Erasure, UnixSeconds};

use crate::create::hex;
use crate::error::{Error, Result};
use crate::owner::adopt;
use crate::scratch::sync;

/// The list's name, beside the backups that it belongs to.
pub const ERASURES: &str = "wxgate-erasures.jsonl";

/// A line of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// 64 hexadecimal digits, which name nobody without the sealing key.
    pseudonym: String,
    /// In Unix seconds.
    erased_at: i64,
}

/// An erasure as a line of a list, without its end.
pub fn erasure_line(erasure: &Erasure) -> String {
    format!(r#"{{"pseudonym":"{}","erased_at":{}}}"#, hex(&erasure.pseudonym), erasure.erased_at.0)
}

/// Reads a list. What a kill left of a last line is no line.
///
/// # Errors
/// [`Error::NoErasure`] names the first line that is none; [`Error::File`].
pub fn read_erasures(path: &Path) -> Result<Vec<Erasure>> {
    let mut text = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut text)).map_err(Error::at(path))?;
    let lines = (1..).zip(text[..whole(&text)].split(|byte| *byte == b'\n')).filter(|(_, line)| !line.is_empty());
    lines.map(|(line, text)| parse(text).ok_or(Error::NoErasure { path: path.to_owned(), line })).collect()
}

/// Adds to the list in `dir` who is not in it, and has it on the disk. How many that were. Several may do so at once.
///
/// # Errors
/// [`Error::File`]
pub fn add_erasures(dir: &Path, erasures: &[Erasure]) -> Result<u64> {
    let path = dir.join(ERASURES);
    if erasures.is_empty() {
        return Ok(0);
    }
    add(dir, &path, erasures).map_err(Error::at(&path))
}

fn add(dir: &Path, path: &Path, erasures: &[Erasure]) -> io::Result<u64> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    file.lock()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = whole(&text);
    if whole < text.len() {
        file.set_len(whole as u64)?;
    }
    let known: BTreeMap<_, _> = text[..whole].split(|byte| *byte == b'\n').filter_map(parse).map(pair).collect();
    let missing = erasures.iter().filter(|erasure| known.get(&erasure.pseudonym) < Some(&erasure.erased_at.0));
    let lines: Vec<String> = missing.map(|erasure| erasure_line(erasure) + "\n").collect();
    if !lines.is_empty() {
        file.write_all(lines.concat().as_bytes())?;
        file.sync_all()?;
    }
    if is_new {
        adopt(path, dir)?;
        sync(dir)?;
    }
    Ok(lines.len() as u64)
}

fn pair(erasure: Erasure) -> ([u8; 32], i64) {
    (erasure.pseudonym, erasure.erased_at.0)
}

/// Bytes up to the end of the last whole line.
fn whole(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

fn parse(line: &[u8]) -> Option<Erasure> {
    let Line { pseudonym, erased_at } = serde_json::from_slice(line).ok()?;
    let digits = pseudonym.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(Erasure { pseudonym: bytes, erased_at: UnixSeconds(erased_at) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn erased(name: u8, at: i64) -> Erasure {
        Erasure { pseudonym: [name; 32], erased_at: UnixSeconds(at) }
    }

    #[test]
    fn a_list_grows_by_who_is_not_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ERASURES);
        assert_eq!(add_erasures(dir.path(), &[]).unwrap(), 0);
        assert!(!path.exists(), "nobody, no list");
        assert_eq!(add_erasures(dir.path(), &[erased(1, 10), erased(0xab, 11)]).unwrap(), 2);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        // Erased, back again, and erased again: the later one counts.
        assert_eq!(add_erasures(dir.path(), &[erased(0xab, 11), erased(1, 12)]).unwrap(), 1);
        assert_eq!(read_erasures(&path).unwrap(), [erased(1, 10), erased(0xab, 11), erased(1, 12)]);
    }

    #[test]
    fn what_a_kill_left_of_a_line_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ERASURES);
        add_erasures(dir.path(), &[erased(1, 10), erased(2, 10)]).unwrap();
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(read_erasures(&path).unwrap(), [erased(1, 10)]);
        assert_eq!(add_erasures(dir.path(), &[erased(1, 10), erased(2, 10)]).unwrap(), 1);
        assert_eq!(fs::read(&path).unwrap(), text);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        let good = erasure_line(&erased(1, 10));
        for bad in
            ["x", "{}", r#"{"pseudonym":"00","erased_at":1}"#, &good.replace("01", "0é"), &good.replace(':', " ")]
        {
            fs::write(&path, format!("{good}\n{bad}\n")).unwrap();
            assert!(matches!(read_erasures(&path), Err(Error::NoErasure { line: 2, .. })), "{bad}");
        }
    }
}
