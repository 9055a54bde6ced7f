use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::model::ApiToken;

/// API tokens that are not revoked. There are few; one that is not here is asked of the file.
#[derive(Default)]
pub(super) struct Tokens(RwLock<HashMap<Uuid, Arc<ApiToken>>>);

impl Tokens {
    pub(super) fn get(&self, id: Uuid) -> Option<Arc<ApiToken>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Puts what a token is now in place of what it was; `None` is revoked.
    pub(super) fn put(&self, id: Uuid, token: Option<ApiToken>) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match token {
            Some(token) => tokens.insert(id, Arc::new(token)),
            None => tokens.remove(&id),
        };
    }
}
