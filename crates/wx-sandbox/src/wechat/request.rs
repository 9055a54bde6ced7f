use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// A request as it came over the wire.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// Whether the body's length was announced. WeChat reads no other.
    pub(crate) has_length: bool,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// A header of text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first value of this name in the query; an empty one counts as missing.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(given, _)| given == name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// A query string as pairs, with its escapes undone.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_as_a_form() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs("a=1%2F2&b=x+y&c&&d="), [pair("a", "1/2"), pair("b", "x y"), pair("c", ""), pair("d", "")]);
        assert!(pairs("").is_empty());
    }
}
