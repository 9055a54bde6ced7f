//! The pictures that members upload.

use super::sample::{NOW, hash, log_in, login, member_id};
use crate::model::{Avatar, AvatarId, By, Effect, KeepAvatar, Member, MemberId, Profile, Received, WechatEvent};
use crate::store::Store;

fn avatar(number: u8) -> Avatar {
    Avatar { id: AvatarId([number; 16]), picture: vec![number; 10_000], kept_at: NOW + i64::from(number) }
}

async fn keep(store: &dyn Store, member: MemberId, number: u8) -> Option<Member> {
    let keep = KeepAvatar {
        member,
        avatar: avatar(number),
        avatar_url: format!("/{number}"),
        check: Some(hash(number.into())),
    };
    store.keep_avatar(keep).await.expect("a write")
}

async fn shown(store: &dyn Store, number: u8) -> Option<Vec<u8>> {
    store.avatar(AvatarId([number; 16])).await.expect("a read")
}

pub async fn a_picture_is_kept_in_place_of_the_one_before(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    keep(store, other, 9).await.expect("a member");
    for number in [1, 2, 2] {
        let member = keep(store, id, number).await.expect("a member");
        assert_eq!(member.profile.avatar_url, Some(format!("/{number}")));
        assert_eq!(member.updated_at, NOW + i64::from(number));
        assert_eq!(shown(store, number).await, Some(avatar(number).picture));
    }
    assert_eq!(shown(store, 1).await, None);
    let export = store.export(id, hash(9), NOW).await.expect("a read").expect("a member");
    assert_eq!(export.avatar, Some(avatar(2)));
    assert_eq!(shown(store, 9).await, Some(avatar(9).picture), "another member's");
}

pub async fn a_picture_goes_when_the_profile_shows_another(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    keep(store, id, 1).await;
    let change = |profile| store.change_profile(id, profile, NOW + 5);
    change(Profile { nick_name: Some("小红".to_owned()), ..Profile::default() }).await.expect("a write");
    assert!(shown(store, 1).await.is_some(), "a change of something else");
    log_in(store, login("o1", 2, NOW + 6)).await;
    assert!(shown(store, 1).await.is_some(), "a login");
    let elsewhere = Profile { avatar_url: Some("https://thx.qlogo.cn/1".to_owned()), ..Profile::default() };
    change(elsewhere.clone()).await.expect("a write");
    assert_eq!(shown(store, 1).await, None);
    keep(store, id, 2).await;
    let mut by_login = login("o1", 3, NOW + 7);
    by_login.profile = Some(elsewhere);
    log_in(store, by_login).await;
    assert_eq!(shown(store, 2).await, None);
    assert_eq!(store.export(id, hash(9), NOW).await.expect("a read").expect("a member").avatar, None);
}

pub async fn a_picture_goes_with_its_member(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    keep(store, id, 1).await;
    store.erase_member(id, hash(9), By::MEMBER, NOW).await.expect("a write").expect("a member");
    assert_eq!(shown(store, 1).await, None);
    assert!(keep(store, id, 2).await.is_none(), "there is nobody to keep it for");
    assert_eq!(shown(store, 2).await, None);
    assert!(keep(store, member_id(77), 3).await.is_none());
}

pub async fn a_picture_that_a_check_refuses_goes_and_no_other(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    let named = Profile { nick_name: Some("小红".to_owned()), ..Profile::default() };
    store.change_profile(id, named, NOW + 1).await.expect("a write");
    for number in [1, 2] {
        keep(store, id, number).await;
    }
    keep(store, other, 3).await;
    let refuse = async |number: i64, check: i64| {
        let event = WechatEvent {
            url: hash(number),
            message: hash(number),
            digest: hash(number),
            appid: "wx0000000000000001".to_owned(),
            event: "wxa_media_check".to_owned(),
            subject: None,
            sealed_content: None,
            happened_at: NOW + 9,
            effect: Effect::RefuseAvatar { check: hash(check) },
            now: NOW + 9,
        };
        store.receive_event(event).await.expect("a write")
    };
    assert_eq!(refuse(11, 1).await, Received::Now(None), "the check of a picture that is gone");
    assert!(shown(store, 2).await.is_some());
    assert_eq!(refuse(12, 2).await, Received::Now(Some(id)));
    let member = store.member(id).await.expect("a read").expect("a member");
    assert_eq!((member.profile.avatar_url, member.profile.nick_name.as_deref()), (None, Some("小红")));
    assert_eq!((shown(store, 2).await, member.updated_at), (None, NOW + 9));
    assert_eq!(shown(store, 3).await, Some(avatar(3).picture), "another member's");
    let export = store.export(id, hash(9), NOW).await.expect("a read").expect("a member");
    assert!(export.audit.iter().any(|row| row.actor == "wechat" && row.action == "avatar.refused"));
}
