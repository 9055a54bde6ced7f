//! A look at a request's head before hyper reads it. hyper settles by itself what is ambiguous about where a request ends,
//! as the standard allows; a proxy in front of it may settle it otherwise, and then the two see different requests. So
//! what is ambiguous is refused, and only the raw bytes still show it.

use memchr::memchr;

/// So much of a line's start tells whether it matters: `transfer-encoding` and what follows it.
const START_BYTES: usize = 18;

/// Watches the bytes of one head.
#[derive(Debug, Default)]
pub struct Head {
    /// The start of the line under way, and how much of it is there.
    start: [u8; START_BYTES],
    started: usize,
    last: u8,
    lines: u32,
    lengths: u32,
    encodings: u32,
    bare_line_feed: bool,
    complete: bool,
}

impl Head {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what arrived. Gives how much of it stands after the head's end, which is not looked at.
    pub fn read(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !self.complete {
            let Some(end) = memchr(b'\n', rest) else {
                self.text(rest);
                return 0;
            };
            self.text(&rest[..end]);
            self.line_ends();
            rest = &rest[end + 1..];
        }
        rest.len()
    }

    /// Whether its end has been seen.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the head says in two ways where the request ends, or ends a line in a way that not everybody takes for one.
    pub fn is_ambiguous(&self) -> bool {
        self.bare_line_feed || self.lengths + self.encodings > 1
    }

    fn text(&mut self, text: &[u8]) {
        let taken = text.len().min(START_BYTES - self.started);
        self.start[self.started..self.started + taken].copy_from_slice(&text[..taken]);
        self.started += taken;
        self.last = text.last().copied().unwrap_or(self.last);
    }

    fn line_ends(&mut self) {
        self.bare_line_feed |= self.last != b'\r';
        self.lengths += u32::from(self.names(b"content-length"));
        self.encodings += u32::from(self.names(b"transfer-encoding"));
        // Empty lines before the first one are passed over, as hyper does.
        let is_empty = matches!(&self.start[..self.started], b"" | b"\r");
        self.complete = is_empty && self.lines > 0;
        self.lines += u32::from(!is_empty);
        self.started = 0;
        self.last = 0;
    }

    fn names(&self, header: &[u8]) -> bool {
        let start = &self.start[..self.started];
        let (name, rest) = start.split_at(start.len().min(header.len()));
        name.eq_ignore_ascii_case(header) && matches!(rest.first(), Some(b':' | b' ' | b'\t'))
    }
}

#[cfg(test)]
#[path = "../../fuzz/head.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "POST /v1/login HTTP/1.1\r\nHost: x\r\n";
    const BEYOND: &str = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";

    fn ambiguous(headers: &str) -> bool {
        let bytes = format!("{START}{headers}\r\n{BEYOND}").into_bytes();
        let mut whole = Head::new();
        let beyond = whole.read(&bytes);
        let mut bytewise = Head::new();
        assert_eq!(bytes.chunks(1).map(|byte| bytewise.read(byte)).sum::<usize>(), beyond, "{headers:?}");
        assert!(bytes[..bytes.len() - beyond].ends_with(b"\r\n\r\n") && beyond == BEYOND.len(), "{headers:?}");
        assert_eq!(whole.is_ambiguous(), bytewise.is_ambiguous(), "{headers:?}");
        assert!(whole.complete && bytewise.complete, "{headers:?}");
        whole.is_ambiguous()
    }

    #[test]
    fn a_head_that_says_once_where_the_request_ends_is_clear_whatever_follows_it() {
        for headers in [
            "",
            "Content-Length: 5\r\n",
            "transfer-encoding: chunked\r\n",
            "Content-Lengthy: 1\r\nContent-Length: 2\r\n",
        ] {
            assert!(!ambiguous(headers), "{headers:?}");
        }
        let mut head = Head::new();
        head.read(b"\r\n\r\nGET / HTTP/1.1\r\n");
        assert!(!head.complete && !head.is_ambiguous());
    }

    #[test]
    fn a_head_that_says_it_twice_or_ends_its_lines_oddly_is_ambiguous() {
        for headers in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\ncontent-length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length : 5\r\nTransfer-Encoding\t: chunked\r\n",
            "X: y\nContent-Length: 5\r\n",
        ] {
            assert!(ambiguous(headers), "{headers:?}");
        }
    }
}
