//! A request to a plugin.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::Endpoint;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{any_fields, media};

/// A request to one of a plugin's endpoints, its body read: at most 16 KiB, and not compressed. No `Debug`: what is in it
/// may be secret.
pub struct Request {
    pub(super) endpoint: &'static Endpoint,
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) body: Bytes,
    pub(super) info: RequestInfo,
}

impl Request {
    /// Its method, one of those that the plugin lists.
    pub fn method(&self) -> &'static Method {
        &self.endpoint.method
    }

    /// What follows `/x/{name}` in its path, as the plugin lists it.
    pub fn path(&self) -> &'static str {
        self.endpoint.path
    }

    /// The header, if it is there once and is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        match (lines.next(), lines.next()) {
            (Some(line), None) => line.to_str().ok(),
            _ => None,
        }
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.info.authorization.bearer()
    }

    /// Who sent it, seen through the trusted proxies; `None` for a unix socket without a forwarded address.
    pub fn client(&self) -> Option<IpAddr> {
        self.info.client
    }

    /// The body as it arrived.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as named values, JSON or form; where there is no body, the query. The core logs no query, but what stands
    /// before the server may: take no lasting secret from there. (An skey in a query does not come this far.)
    ///
    /// # Errors
    /// `unsupported_media_type` for a body of another type, `bad_request` for one that is not well-formed.
    pub fn fields(&self) -> Result<Fields, ApiError> {
        if self.body.is_empty() {
            return Fields::from_form(self.query.as_bytes());
        }
        any_fields(Ok((media(&self.headers, false)?, self.body.clone())))
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}
