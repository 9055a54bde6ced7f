use wxgate_crypto::payload::{Encrypted, Phone};
use wxgate_crypto::{Repair, SessionKey};
use wxgate_sandbox::{Rotation, Scene, Settings};

use crate::bench::{Bench, NOW, open, settings};

#[tokio::test]
async fn first_tap_fails_opens_only_with_the_key_of_the_first_login() {
    for rotation in [Rotation::default(), Rotation::Never] {
        let bench = Bench::with(Settings { rotation, ..settings() }).await;
        let scenario = bench.sandbox.scenario(Scene::FirstTapFails, bench.appid(), "alice").unwrap();
        let mut keys = Vec::new();
        for code in [&scenario.code, scenario.second_code.as_ref().unwrap()] {
            keys.push(SessionKey::parse(&bench.exchange(code).await.text("session_key")).unwrap());
        }
        let data = &scenario.phone.as_ref().unwrap().data;
        assert!(open::<Phone>(data, &keys[0], bench.appid(), NOW).is_ok(), "{rotation:?}");
        assert!(open::<Phone>(data, &keys[1], bench.appid(), NOW).is_err(), "{rotation:?}");
    }
}

#[tokio::test]
async fn spoilt_codes_answer_as_they_are_named() {
    let bench = Bench::new().await;
    for (scene, errcode) in
        [(Scene::UsedCode, 40163), (Scene::ExpiredCode, 40029), (Scene::OtherApp, 40029), (Scene::BlockedUser, 40226)]
    {
        let scenario = bench.sandbox.scenario(scene, bench.appid(), "alice").unwrap();
        assert_eq!(bench.exchange(&scenario.code).await.errcode(), errcode, "{scene:?}");
    }
    assert_eq!(bench.exchange(&bench.login()).await.errcode(), 0, "the user is none the worse for it");
}

#[tokio::test]
async fn plus_became_space_opens_once_the_pluses_are_back() {
    let bench = Bench::new().await;
    for _ in 0..8 {
        let scenario = bench.sandbox.scenario(Scene::PlusBecameSpace, bench.appid(), "alice").unwrap();
        let data = &scenario.phone.as_ref().unwrap().data;
        assert!(data.encrypted_data.contains(' ') && !data.encrypted_data.contains('+') && !data.iv.contains('+'));
        let repaired = Encrypted::parse(&data.encrypted_data, &data.iv).unwrap();
        assert!(repaired.repairs().contains(&Repair::SpaceForPlus));
        let key = SessionKey::parse(&bench.exchange(&scenario.code).await.text("session_key")).unwrap();
        assert!(open::<Phone>(data, &key, bench.appid(), NOW).is_ok());
    }
}
