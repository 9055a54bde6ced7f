//! An AppSecret that may change while calls are made.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::SecretString;

/// The AppSecret of one app, for all who make its calls.
pub(crate) struct Secret(RwLock<Arc<SecretString>>);

impl Secret {
    pub(crate) fn new(secret: SecretString) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(secret))))
    }

    /// As it is now; a call that began with it ends with it.
    pub(crate) fn now(&self) -> Arc<SecretString> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, secret: SecretString) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(secret);
    }
}
