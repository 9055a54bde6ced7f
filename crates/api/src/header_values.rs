//! Header values that are made for one answer.

use std::cell::Cell;

use bytes::BytesMut;
use http::HeaderValue;

/// Bytes that a thread takes at once.
const ROOM_BYTES: usize = 16 * 1024;

thread_local! {
    /// What is left of the thread's room. An answer's values are gone once its head is written, and then the room is
    /// used again: none of them is an allocation of its own.
    static ROOM: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// The value that `write` writes; it must be visible ASCII.
pub fn header_value(write: impl FnOnce(&mut BytesMut)) -> HeaderValue {
    let mut room = ROOM.take();
    if room.capacity() == 0 {
        room.reserve(ROOM_BYTES);
    }
    write(&mut room);
    let value = HeaderValue::from_maybe_shared(room.split().freeze());
    ROOM.set(room);
    value.expect("visible ASCII is a header value")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn values_are_what_was_written_however_many_are_kept() {
        let values: Vec<_> = (0..10_000).map(|n| header_value(|room| write!(room, "value {n}").unwrap())).collect();
        for (n, value) in values.iter().enumerate() {
            assert_eq!(value, &format!("value {n}"));
        }
    }
}
