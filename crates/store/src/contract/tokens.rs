//! WeChat's `access_token`s and our API tokens.

use super::sample::{DAY, NOW, api_token, hash};
use crate::error::Error;
use crate::model::{ApiToken, By, KeptToken};
use crate::store::Store;

pub async fn the_last_access_token_is_kept(store: &dyn Store) {
    assert_eq!(store.access_token("wx1").await.expect("a read"), None);
    for token in [
        KeptToken { sealed: b"first".to_vec(), expires_at: NOW + 7200 },
        KeptToken { sealed: b"second".to_vec(), expires_at: NOW + DAY },
    ] {
        store.keep_access_token("wx1", token.clone()).await.expect("a write");
        assert_eq!(store.access_token("wx1").await.expect("a read"), Some(token));
    }
    assert_eq!(store.access_token("wx2").await.expect("a read"), None);
}

pub async fn api_tokens_are_kept_until_revoked(store: &dyn Store) {
    let tokens = [api_token(3), api_token(2), api_token(1)];
    for token in tokens.iter().rev() {
        store.create_api_token(token.clone(), By::COMMAND).await.expect("a write");
    }
    assert_eq!(store.api_tokens().await.expect("a read"), tokens, "oldest first");
    assert_eq!(store.api_token(tokens[1].id).await.expect("a read").as_deref(), Some(&tokens[1]));
    assert!(store.revoke_api_token(tokens[1].id, By::COMMAND, NOW).await.expect("a write"));
    assert!(!store.revoke_api_token(tokens[1].id, By::COMMAND, NOW).await.expect("a write"));
    assert_eq!(store.api_token(tokens[1].id).await.expect("a read"), None);
    assert_eq!(store.api_tokens().await.expect("a read"), [tokens[0].clone(), tokens[2].clone()]);
}

pub async fn an_api_token_may_be_created_twice_but_not_differently(store: &dyn Store) {
    let token = api_token(1);
    store.create_api_token(token.clone(), By::COMMAND).await.expect("a write");
    store.create_api_token(token.clone(), By::COMMAND).await.expect("repeating it is as good");
    let other = ApiToken { hash: hash(2), ..token.clone() };
    let refused = store.create_api_token(other, By::COMMAND).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(store.api_tokens().await.expect("a read"), std::slice::from_ref(&token));
    store.revoke_api_token(token.id, By::COMMAND, NOW).await.expect("a write");
    let revived = store.create_api_token(token, By::COMMAND).await;
    assert!(matches!(revived, Err(Error::Conflict(_))), "a revoked token stays so: {revived:?}");
}
