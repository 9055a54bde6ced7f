//! The headers of an answer, in memory that is used again.

use std::cell::Cell;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue};

/// How many headers an answer has at most, with those that the edge adds.
const HEADERS: usize = 12;
/// Bytes that a thread takes at once.
const ROOM_BYTES: usize = 16 * 1024;

thread_local! {
    /// What is left of the thread's room. An answer's values are gone once its head is written, and then the room is
    /// used again: none of them is an allocation of its own.
    static ROOM: Cell<BytesMut> = Cell::new(BytesMut::new());
    /// A table for headers that has served its request and is empty.
    static SPARE: Cell<HeaderMap> = Cell::default();
}

/// No headers, and room for those of an answer.
pub fn no_headers() -> HeaderMap {
    let mut headers = SPARE.take();
    headers.reserve(HEADERS);
    headers
}

/// Leaves the table of a request that has been read to the next answer. hyper in turn reads the next request into that
/// answer's, so that neither takes memory.
pub fn give_back(mut headers: HeaderMap) {
    headers.clear();
    SPARE.set(headers);
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
    fn nothing_of_a_request_is_in_the_headers_of_an_answer() {
        let mut request = HeaderMap::new();
        for value in ["one", "two"] {
            request.append("wxgate-member", HeaderValue::from_static(value));
        }
        give_back(request);
        let answer = no_headers();
        assert!(answer.is_empty() && answer.get("wxgate-member").is_none() && answer.capacity() >= HEADERS);
        assert!(no_headers().is_empty(), "two answers have a table each");
    }

    #[test]
    fn values_are_what_was_written_however_many_are_kept() {
        let values: Vec<_> = (0..10_000).map(|n| header_value(|room| write!(room, "value {n}").unwrap())).collect();
        for (n, value) in values.iter().enumerate() {
            assert_eq!(value, &format!("value {n}"));
        }
    }
}
