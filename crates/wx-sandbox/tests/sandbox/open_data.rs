use wxgate_crypto::payload::{Group, Phone, RawData, Share, Stage, UserInfo, WeRun};
use wxgate_crypto::signature;
use wxgate_sandbox::{AppSpec, ProfileApi, ProfileAsk, Rotation, Sandbox, Settings, UserSpec};

use crate::bench::{NOW, open, settings};

fn sandbox(rotation: Rotation) -> (Sandbox, String) {
    let sandbox = Sandbox::new(Settings { rotation, ..settings() });
    let appid = sandbox.add_app().appid;
    sandbox.add_user(UserSpec { nick_name: Some("阿丽".to_owned()), ..UserSpec::named("alice") });
    (sandbox, appid)
}

#[test]
fn a_payload_opens_with_the_key_of_its_moment_and_with_no_other() {
    let (sandbox, appid) = sandbox(Rotation::Always);
    let at = || {
        let key = sandbox.session_key(&appid, "alice").unwrap();
        (sandbox.phone(&appid, "alice").unwrap().data, key)
    };
    let before = at();
    sandbox.login(&appid, "alice").unwrap();
    let between = at();
    sandbox.login(&appid, "alice").unwrap();
    let after = at();
    for (place, (data, _)) in [&before, &between, &after].into_iter().enumerate() {
        for (other, (_, key)) in [&before, &between, &after].into_iter().enumerate() {
            assert_eq!(open::<Phone>(data, key, &appid, NOW).is_ok(), place == other, "{place} {other}");
        }
    }
}

#[test]
fn a_profile_is_anonymous_unless_a_real_one_is_asked_for() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let anonymous = sandbox.profile(&appid, "alice", ProfileAsk::default()).unwrap();
    assert_eq!((anonymous.user_info.nick_name.as_str(), anonymous.user_info.is_demote), ("微信用户", Some(true)));
    assert!(anonymous.raw_data.starts_with(
        r#"{"nickName":"微信用户","gender":0,"language":"","city":"","province":"","country":"","avatarUrl":"https://"#
    ));
    let real = sandbox.profile(&appid, "alice", ProfileAsk { real: true, api: ProfileApi::GetUserInfo }).unwrap();
    assert_eq!((real.user_info.nick_name.as_str(), real.user_info.is_demote), ("阿丽", None));
    let parsed = RawData::parse(&real.raw_data).unwrap();
    assert_eq!((parsed.nick_name.as_str(), parsed.gender, parsed.is_demote), ("阿丽", 1, false));
}

#[test]
fn a_profile_is_signed_with_the_living_key() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let profile = sandbox.profile(&appid, "alice", ProfileAsk::default()).unwrap();
    let key = sandbox.session_key(&appid, "alice").unwrap();
    assert!(signature::raw_data_matches(&profile.raw_data, &key, &profile.signature));
}

#[test]
fn only_get_user_info_names_the_user() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let key = sandbox.session_key(&appid, "alice").unwrap();
    let ids = |api| {
        let profile = sandbox.profile(&appid, "alice", ProfileAsk { real: false, api }).unwrap();
        let opened: UserInfo = open(&profile.data, &key, &appid, NOW).unwrap();
        (opened.open_id.clone(), opened.union_id.clone())
    };
    let (openid, unionid) = (sandbox.openid(&appid, "alice"), sandbox.unionid("alice"));
    assert_eq!(ids(ProfileApi::GetUserInfo), (Some(openid.clone()), Some(unionid)));
    assert_eq!(ids(ProfileApi::GetUserProfile), (None, None));
    sandbox.put_app(AppSpec { appid: Some(appid.clone()), open_platform: Some(false), ..AppSpec::default() });
    assert_eq!(ids(ProfileApi::GetUserInfo), (Some(openid), None));
}

#[test]
fn werun_share_and_group_open_as_what_they_are() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let key = sandbox.session_key(&appid, "alice").unwrap();
    let werun: WeRun = open(&sandbox.werun(&appid, "alice").unwrap(), &key, &appid, NOW).unwrap();
    assert_eq!(werun.step_info_list.len(), 31);
    assert!(werun.step_info_list.iter().all(|step| (step.timestamp + 8 * 3600) % 86_400 == 0));
    assert!(NOW - werun.step_info_list[30].timestamp < 86_400, "today comes last");
    let share: Share = open(&sandbox.share(&appid, "alice").unwrap(), &key, &appid, NOW).unwrap();
    let group: Group = open(&sandbox.group(&appid, "alice").unwrap(), &key, &appid, NOW).unwrap();
    assert_eq!(share.open_g_id, group.opengid);
    assert_eq!(group.chat_type, Some(3));
}

#[test]
fn a_profile_sent_as_a_phone_number_is_of_another_kind() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let profile = sandbox.profile(&appid, "alice", ProfileAsk::default()).unwrap();
    let refused =
        open::<Phone>(&profile.data, &sandbox.session_key(&appid, "alice").unwrap(), &appid, NOW).unwrap_err();
    assert!(matches!(refused.stage(), Stage::OtherKind(_)), "{:?}", refused.stage());
}

#[test]
fn no_two_payloads_share_an_iv() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let iv = || sandbox.share(&appid, "alice").unwrap().iv;
    assert_ne!(iv(), iv());
}

#[test]
fn unknown_names_are_refused_in_a_sentence() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let error = sandbox.login("wx1", "alice").unwrap_err();
    assert_eq!(error.to_string(), "there is no app \"wx1\": POST /_sandbox/apps makes one");
    let error = sandbox.login(&appid, "carol").unwrap_err();
    assert_eq!(error.to_string(), "there is no user \"carol\": POST /_sandbox/users makes one");
}

#[test]
fn a_seed_repeats_a_run() {
    let run = || {
        let (sandbox, appid) = sandbox(Rotation::Always);
        let tap = sandbox.phone(&appid, "alice").unwrap();
        [appid.clone(), sandbox.login(&appid, "alice").unwrap(), tap.code.clone(), tap.data.encrypted_data.clone()]
    };
    assert_eq!(run(), run());
}

#[test]
fn secrets_stay_out_of_debug() {
    let (sandbox, appid) = sandbox(Rotation::Never);
    let app = sandbox.add_app_named(&appid, "5ecret5ecret5ecret5ecret5ecret5e");
    let tap = sandbox.phone(&appid, "alice").unwrap();
    let shown = format!("{app:?} {tap:?} {:?} {sandbox:?}", sandbox.add_user(UserSpec::named("alice")));
    for secret in ["5ecret", "13800138000", &tap.code, &tap.data.iv] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
