//! The keys that sign our tokens.

use super::sample::{DAY, NOW, hash};
use crate::model::{NewSigningKey, UnixSeconds};
use crate::store::Store;

fn key(seed: u8, created_at: UnixSeconds) -> NewSigningKey {
    NewSigningKey { sealed: vec![seed; 3], public_key: hash(seed.into()), created_at }
}

async fn kept(store: &dyn Store) -> Vec<(i64, NewSigningKey)> {
    let keys = store.signing_keys().await.expect("a read");
    keys.into_iter().map(|kept| (kept.number, kept.key)).collect()
}

pub async fn signing_keys_stand_in_the_order_in_which_they_came(store: &dyn Store) {
    assert_eq!(kept(store).await, []);
    // The clock went back in between.
    let keys = [key(1, NOW), key(2, NOW + 30 * DAY), key(3, NOW + DAY)];
    for key in &keys {
        let newest = kept(store).await.last().map(|(number, _)| *number);
        assert!(store.add_signing_key(key.clone(), newest).await.expect("a write"));
    }
    let all = kept(store).await;
    assert!(all.is_sorted_by(|one, next| one.0 < next.0), "{all:?}");
    assert_eq!(all.into_iter().map(|(_, key)| key).collect::<Vec<_>>(), keys);
}

pub async fn of_two_who_add_a_signing_key_at_once_one_does(store: &dyn Store) {
    assert!(store.add_signing_key(key(1, NOW), None).await.expect("a write"));
    assert!(!store.add_signing_key(key(2, NOW), None).await.expect("a write"), "there is one");
    assert!(store.add_signing_key(key(1, NOW), None).await.expect("a write"), "repeating it is as good");
    let [(first, _)] = kept(store).await[..] else { panic!("one key") };
    assert!(store.add_signing_key(key(3, NOW), Some(first)).await.expect("a write"));
    assert!(!store.add_signing_key(key(4, NOW), Some(first)).await.expect("a write"), "another came after it");
    assert_eq!(kept(store).await.len(), 2);
}

pub async fn signing_keys_go_from_the_oldest_on_and_no_number_comes_again(store: &dyn Store) {
    let mut newest = None;
    for seed in 1..=3 {
        store.add_signing_key(key(seed, NOW), newest).await.expect("a write");
        newest = kept(store).await.last().map(|(number, _)| *number);
    }
    let all = kept(store).await;
    assert_eq!(store.remove_signing_keys_before(all[1].0).await.expect("a write"), 1);
    assert_eq!(store.remove_signing_keys_before(all[1].0).await.expect("a write"), 0);
    assert_eq!(kept(store).await, all[1..]);
    assert_eq!(store.remove_signing_keys_before(i64::MAX).await.expect("a write"), 2);
    assert!(store.add_signing_key(key(4, NOW), None).await.expect("a write"));
    assert!(kept(store).await[0].0 > all[2].0);
}
