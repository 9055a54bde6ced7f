//! The pictures that members upload: how many at once, and where they are.

use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use tokio::sync::{Semaphore, SemaphorePermit};
use wxgate_store::{AvatarId, Member};

use crate::app::App;
use crate::edge::Limiter;
use crate::error::ApiError;
use crate::picture;
use crate::problem::Problem;
use crate::profile::avatar_url;

/// Where a picture is served, in front of its id.
const PATH: &str = "/v1/avatars/";
/// Uploads of one member a minute: each costs a decoding.
const PER_MINUTE: u32 = 10;
/// Uploads that are in memory at once, 1 MiB each.
const AT_ONCE: usize = 64;
/// Pictures that are decoded at once: each may take some 150 MiB while it is.
const DECODED_AT_ONCE: usize = 2;

/// What keeps uploads within bounds.
pub struct Uploads {
    of_member: Limiter,
    places: Semaphore,
    decoders: Arc<Semaphore>,
}

impl Uploads {
    pub fn new() -> Self {
        Self {
            of_member: Limiter::per_minute(PER_MINUTE),
            places: Semaphore::new(AT_ONCE),
            decoders: Arc::new(Semaphore::new(DECODED_AT_ONCE)),
        }
    }

    /// A place for one upload of this member.
    ///
    /// # Errors
    /// `too_many_requests` when the member has sent too many, or all places are taken.
    pub fn place(&self, member: &Member) -> Result<SemaphorePermit<'_>, ApiError> {
        self.of_member.check_key(member.id.0.as_u128())?;
        self.places.try_acquire().map_err(|_| ApiError::TooManyRequests { errcode: None, retry_after: 1 })
    }

    /// The picture, drawn anew off the runtime's threads.
    ///
    /// # Errors
    /// `bad_request` when it is none that is taken.
    pub async fn redrawn(&self, bytes: Bytes) -> Result<Vec<u8>, ApiError> {
        let turn = Arc::clone(&self.decoders).acquire_owned().await.map_err(ApiError::internal)?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            picture::redrawn(&bytes)
        });
        let redrawn = work.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a decoder failed on a picture");
            None
        });
        redrawn.ok_or_else(|| Problem::BadPicture.into())
    }
}

/// What a profile keeps of an uploaded picture: the path, so that another `public_url` needs no change of data.
pub fn path_of(id: AvatarId) -> String {
    format!("{PATH}{id}")
}

impl App {
    /// The `avatarUrl` that clients see for what a profile keeps. Without a `public_url` an uploaded picture's is its path:
    /// a client knows what stands in front of it.
    pub(crate) fn shown_avatar(&self, kept: &str) -> String {
        if kept.starts_with(PATH) { format!("{}{kept}", self.public_base()) } else { kept.to_owned() }
    }

    /// What a profile keeps of an address that the member gave; `None` when it is the one of their uploaded picture.
    ///
    /// # Errors
    /// `bad_request` unless it is that one or https on an allowed host, and for pictures of others here.
    pub(crate) fn chosen_avatar(&self, address: &str, member: &Member) -> Result<Option<String>, ApiError> {
        let uploaded = member.profile.avatar_url.as_deref().filter(|kept| kept.starts_with(PATH));
        if uploaded.is_some_and(|kept| address == kept || address == self.shown_avatar(kept)) {
            return Ok(None);
        }
        let allowed = address.starts_with("https://") && !self.is_served_here(address);
        let kept = avatar_url(address, &self.settings.profile.avatar_hosts).filter(|_| allowed);
        kept.map(Some).ok_or_else(|| Problem::BadAvatarUrl.into())
    }

    /// What a profile keeps of an address that comes from elsewhere; nothing of pictures that are uploaded here, which do
    /// not come along, and of addresses on other hosts than are allowed.
    pub(crate) fn imported_avatar(&self, address: &str) -> Option<String> {
        avatar_url(address, &self.settings.profile.avatar_hosts).filter(|kept| !self.is_served_here(kept))
    }

    /// Whether an address is that of somebody's uploaded picture.
    fn is_served_here(&self, address: &str) -> bool {
        let host = |text: &str| text.parse::<Uri>().ok().and_then(|uri| Some(uri.host()?.to_ascii_lowercase()));
        let same = host(address).is_some_and(|theirs| host(self.public_base()) == Some(theirs));
        same && address.contains(PATH)
    }

    fn public_base(&self) -> &str {
        self.settings.public_url.trim_end_matches('/')
    }
}
