//! The record that the disk keeps: what was done, in the order in which it was.

use std::path::Path;

/// One record of `disk.c`.
pub enum Event {
    Made(String),
    Removed(String),
    Written {
        name: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        name: String,
        size: usize,
    },
    Synced(String),
    NamesSynced,
    /// The answer to the request with this id leaves.
    Answered(String),
}

/// Reads a trace, leaving out a record at its end that is not whole.
pub fn read(path: &Path) -> Vec<Event> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    std::iter::from_fn(|| event(&mut rest)).collect()
}

fn event(rest: &mut &[u8]) -> Option<Event> {
    let (&[kind], [name]) = (rest.split_off(..1)?.first_chunk()?, rest.split_off(..1)?.first_chunk()?);
    let length = u32::from_le_bytes(*rest.split_off(..4)?.first_chunk()?);
    let at = u64::from_le_bytes(*rest.split_off(..8)?.first_chunk()?);
    let name = String::from_utf8(rest.split_off(..usize::from(*name))?.to_owned()).unwrap();
    let bytes = rest.split_off(..usize::try_from(length).unwrap())?.to_owned();
    let at = usize::try_from(at).unwrap();
    Some(match kind {
        b'M' => Event::Made(name),
        b'R' => Event::Removed(name),
        b'W' => Event::Written { name, at, bytes },
        b'C' => Event::Cut { name, size: at },
        b'S' => Event::Synced(name),
        b'N' => Event::NamesSynced,
        b'A' => Event::Answered(rid(&bytes)),
        other => panic!("a record of the kind {other}"),
    })
}

fn rid(answer: &[u8]) -> String {
    let head = String::from_utf8_lossy(answer);
    let rid = head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    rid.unwrap_or_else(|| panic!("an answer without a request id: {head}")).to_owned()
}
