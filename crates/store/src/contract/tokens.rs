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

pub async fn forced_tokens_are_counted_for_their_app_and_time(store: &dyn Store) {
    let since = |at: i64| NOW + (at - DAY);
    for at in [0, 30, 30, 60] {
        store.note_forced_token("wx1", NOW + at, since(at)).await.expect("a write");
    }
    store.note_forced_token("wx2", NOW + 45, since(45)).await.expect("a write");
    let forced = async |appid, at| store.forced_tokens(appid, since(at)).await.expect("a read");
    assert_eq!(forced("wx1", 60).await, [NOW, NOW + 30, NOW + 60], "each once");
    assert_eq!(forced("wx2", 60).await, [NOW + 45]);
    assert_eq!(forced("wx1", DAY + 30).await, [NOW + 60]);
    store.note_forced_token("wx1", NOW + DAY, since(DAY)).await.expect("a write");
    assert_eq!(forced("wx1", 0).await, [NOW + 30, NOW + 60, NOW + DAY], "what is a day old is gone");
    assert_eq!(forced("wx2", 0).await, [NOW + 45], "and another app's is not");
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
