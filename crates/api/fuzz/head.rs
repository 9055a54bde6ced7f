use wxgate_fuzz::Target;

use super::Head;

/// hyper takes as many.
const MOST_HEADERS: usize = 100;
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "Content-Length", "content-length: 5\r\n", "Transfer-Encoding", "transfer-encoding: chunked\r\n", "X: y\r\n", ":", " :",
    "\t", "\r\n", "\n", "\r", "\r\n\r\n", "\r\n ", "\0", " ", "GET / HTTP/1.1\r\n", "+5", "chunked", "_", "HTTP/1.0",
];

#[test]
fn a_clear_head_says_at_most_once_where_the_request_ends() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/head");
    let outcomes = ["clear", "ambiguous", "clear but broken", "ambiguous and broken", "unfinished"];
    Target { corpus, words: WORDS, inputs: 100_000, outcomes: &outcomes }.run(|input| {
        let mut head = Head::new();
        let behind = head.read(input);
        for size in [1, 2, 7] {
            let mut piecewise = Head::new();
            let behind_pieces: usize = input.chunks(size).map(|piece| piecewise.read(piece)).sum();
            let seen = |head: &Head, behind| (head.is_ambiguous(), head.complete, behind);
            assert_eq!(seen(&piecewise, behind_pieces), seen(&head, behind), "in pieces of {size}");
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(input);
        match (parsed, head.is_ambiguous()) {
            (Ok(httparse::Status::Complete(end)), false) => {
                assert!(head.complete, "the parser is at the end, and so is the look at it");
                assert!(framings(request.headers) <= 1 && !bare_line_feed(&input[..end]));
                "clear"
            }
            (Ok(httparse::Status::Complete(_)), true) => "ambiguous",
            (Ok(httparse::Status::Partial), _) => "unfinished",
            (Err(_), false) => "clear but broken",
            (Err(_), true) => "ambiguous and broken",
        }
    });
}

fn framings(headers: &[httparse::Header<'_>]) -> usize {
    let frames = |name: &str| ["content-length", "transfer-encoding"].iter().any(|of| name.eq_ignore_ascii_case(of));
    headers.iter().filter(|header| frames(header.name)).count()
}

fn bare_line_feed(head: &[u8]) -> bool {
    head.starts_with(b"\n") || head.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r')
}
