//! Members and their profiles.

use super::sample::{NOW, hash, log_in, login, member_id};
use crate::model::{By, Profile};
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
    assert!(store.linked_members(nobody).await.expect("a read").is_empty());
    assert!(store.export(nobody, hash(9), NOW).await.expect("a read").is_none());
    assert!(store.erase_member(nobody, hash(1), By::MEMBER, NOW).await.expect("a write").is_none());
    assert!(store.session_keys(nobody, NOW).await.expect("a read").is_empty());
    assert_eq!(store.end_sessions(nobody, NOW).await.expect("a write"), 0);
}

pub async fn one_person_in_several_apps_is_linked_by_unionid_alone(store: &dyn Store) {
    let mut ids = Vec::new();
    for (id, appid, openid, unionid) in [
        (1, "wx1", "o1", Some("u1")),
        (2, "wx2", "o2", Some("u1")),
        (3, "wx3", "o3", Some("u1")),
        (4, "wx2", "o4", Some("u2")),
        (5, "wx2", "o1", None),
        (6, "wx3", "o6", None),
    ] {
        let mut login = login(openid, id, NOW);
        login.member.appid = appid.to_owned();
        login.unionid = unionid.map(str::to_owned);
        ids.push(log_in(store, login).await.member.id);
    }
    let linked = async |at: usize| -> Vec<_> {
        let linked = store.linked_members(ids[at]).await.expect("a read");
        linked.into_iter().map(|member| ids.iter().position(|id| *id == member.id).expect("one of them")).collect()
    };
    assert_eq!(linked(0).await, [1, 2]);
    assert_eq!(linked(1).await, [0, 2]);
    assert!(linked(3).await.is_empty() && linked(4).await.is_empty(), "what is unknown is equal to nothing");
    let mut later = login("o1", 7, NOW);
    later.member.appid.replace_range(.., "wx2");
    later.unionid = Some("u1".to_owned());
    log_in(store, later).await;
    assert_eq!(linked(0).await, [1, 2, 4], "it may appear later");
}
