//! A name for each request.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use uuid::Builder;
use uuid::fmt::Simple;

use crate::header_values::header_value;

/// Makes the ids of requests: UUIDs of version 7 that count on from a random number. They must differ; they are no secret,
/// and a check is over before the operating system has found random bytes for it.
#[derive(Debug)]
pub struct RequestIds(AtomicU64);

impl RequestIds {
    pub fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one(())))
    }

    /// The id of a request that came at `now_ms`, Unix milliseconds.
    pub fn next(&self, now_ms: i64) -> RequestId {
        let mut distinct = [0; 10];
        distinct[2..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let id = Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &distinct).into_uuid();
        let mut text = [0; Simple::LENGTH];
        id.simple().encode_lower(&mut text);
        RequestId(text)
    }
}

/// 32 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub struct RequestId([u8; Simple::LENGTH]);

impl RequestId {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub fn header(&self) -> HeaderValue {
        header_value(|room| room.extend_from_slice(&self.0))
    }
}
