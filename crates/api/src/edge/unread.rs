//! Bytes that are no request. hyper refuses them by itself, with an empty body; here they get what every failure gets.

use bytes::Bytes;
use http::HeaderName;
use uuid::Uuid;

use super::REQUEST_ID;
use crate::app::App;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::text::Language;

/// Our refusal in place of `hypers`; nothing if that is an answer of ours, which is known by its id.
pub fn refusal(app: &App, hypers: &[u8]) -> Option<Bytes> {
    let status = hypers.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    if has(hypers, &REQUEST_ID) {
        return None;
    }
    let problem = if matches!(status, b"431" | b"414") { Problem::HeadTooLarge } else { Problem::NotHttp };
    Some(rendered(&problem.into(), app.new_uuid()))
}

fn has(head: &[u8], name: &HeaderName) -> bool {
    head.windows(name.as_str().len()).any(|window| window == name.as_str().as_bytes())
}

/// The whole answer as bytes. Nobody read a header, so the language is the one of those who name none.
fn rendered(error: &ApiError, id: Uuid) -> Bytes {
    let (rid, (status, word)) = (id.simple().to_string(), error.parts());
    tracing::info!(status = status.as_u16(), rid, error.code = word, "refused before it was a request");
    let body = error.body(Language::Chinese, &rid).to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\n{REQUEST_ID}: {rid}\r\n\r\n",
        length = body.len(),
    );
    (head + &body).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_ours_is_known_by_its_id() {
        let ours = rendered(&Problem::NotHttp.into(), Uuid::nil());
        assert!(ours.starts_with(b"HTTP/1.1 400 Bad Request\r\n") && has(&ours, &REQUEST_ID));
        assert!(!has(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", &REQUEST_ID));
    }
}
