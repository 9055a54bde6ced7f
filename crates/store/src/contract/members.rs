//! Members and their profiles.

use super::sample::{NOW, hash, log_in, login, member_id};
use crate::model::Profile;
use crate::store::Store;

pub async fn a_change_leaves_what_it_does_not_name(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let full = Profile {
        nick_name: Some("小红".to_owned()),
        avatar_url: Some("https://thx.qlogo.cn/1".to_owned()),
        gender: Some(2),
        country: Some("中国".to_owned()),
        province: Some("广东".to_owned()),
        city: Some("深圳".to_owned()),
        language: Some("zh_CN".to_owned()),
    };
    store.change_profile(id, full.clone(), NOW + 1).await.expect("a write");
    let change = Profile { city: Some("广州".to_owned()), ..Profile::default() };
    let member = store.change_profile(id, change.clone(), NOW + 2).await.expect("a write").expect("a member");
    assert_eq!(member.profile, Profile { city: change.city.clone(), ..full });
    assert_eq!((member.created_at, member.updated_at), (NOW, NOW + 2));
    let again = store.change_profile(id, change, NOW + 3).await.expect("a write").expect("a member");
    assert_eq!(again, member, "a change that changes nothing is no change");
    assert_eq!(store.member(id).await.expect("a read"), Some(member));
}

pub async fn an_unknown_member_is_absent_everywhere(store: &dyn Store) {
    let nobody = member_id(1);
    assert!(store.member(nobody).await.expect("a read").is_none());
    assert!(store.change_profile(nobody, Profile::default(), NOW).await.expect("a write").is_none());
    assert!(store.export(nobody, NOW).await.expect("a read").is_none());
    assert!(store.erase_member(nobody, hash(1), "member", NOW).await.expect("a write").is_none());
    assert!(store.session_keys(nobody, NOW).await.expect("a read").is_empty());
    assert_eq!(store.end_sessions(nobody, NOW).await.expect("a write"), 0);
}
