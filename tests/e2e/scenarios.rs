//! The classic troubles that the sandbox has ready.

use serde_json::json;
use wxgate_sandbox::{Endpoint, Scenario, Scene, UserSpec};

use crate::support::{Answer, Bench, Server, post};

fn scene(bench: &Bench, scene: Scene) -> Scenario {
    let user = bench.sandbox.add_user(UserSpec::default());
    bench.sandbox.scenario(scene, bench.appid(), &user.id).unwrap()
}

async fn send_phone(server: &Server, skey: &str, scenario: &Scenario) -> Answer {
    let data = &scenario.phone.as_ref().unwrap().data;
    let body = json!({ "encryptedData": data.encrypted_data, "iv": data.iv });
    server.public.send(post("/v1/phone").bearer(skey).json(&body)).await
}

#[tokio::test]
async fn the_first_tap_works_though_a_login_in_between_replaced_the_key() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let scenario = scene(&bench, Scene::FirstTapFails);
    server.login(&scenario.code).await;
    let skey = server.login(scenario.second_code.as_ref().unwrap()).await;
    let answer = send_phone(&server, &skey, &scenario).await;
    assert_eq!((answer.status, answer.text("trust")), (200, "hash".to_owned()));
}

#[tokio::test]
async fn the_first_tap_works_also_when_the_server_was_restarted_in_between() {
    let bench = Bench::new().await;
    let scenario = scene(&bench, Scene::FirstTapFails);
    let server = bench.serve().await;
    server.login(&scenario.code).await;
    server.stop().await;
    let server = bench.serve().await;
    let skey = server.login(scenario.second_code.as_ref().unwrap()).await;
    assert_eq!(send_phone(&server, &skey, &scenario).await.status, 200);
}

#[tokio::test]
async fn pluses_that_became_spaces_are_put_back() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let scenario = scene(&bench, Scene::PlusBecameSpace);
    assert!(scenario.phone.as_ref().unwrap().data.encrypted_data.contains(' '));
    let skey = server.login(&scenario.code).await;
    let answer = send_phone(&server, &skey, &scenario).await;
    assert_eq!((answer.status, answer.text("trust")), (200, "hash".to_owned()));
}

#[tokio::test]
async fn a_code_that_wechat_refuses_has_its_word_and_is_not_asked_about_again() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let refused = [
        (Scene::UsedCode, (400, "code_used", 40163)),
        (Scene::ExpiredCode, (400, "code_invalid", 40029)),
        (Scene::OtherApp, (400, "code_invalid", 40029)),
    ];
    for (number, (which, expected)) in refused.into_iter().enumerate() {
        let code = scene(&bench, which).code;
        for _ in 0..2 {
            let answer = server.public.send(post("/v1/login").json(&json!({ "code": code }))).await;
            let (status, word, errcode) = answer.refusal();
            assert_eq!((status, word.as_str(), errcode), expected, "{which:?}");
        }
        assert_eq!(bench.calls(Endpoint::Code2Session).len(), number + 1, "{which:?}");
    }
}

#[tokio::test]
async fn a_person_whom_wechat_blocks_is_told_so_and_nobody_is_made_of_them() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let scenario = scene(&bench, Scene::BlockedUser);
    let login = |code: String| server.public.send(post("/v1/login").json(&json!({ "code": code })));
    assert_eq!(login(scenario.code.clone()).await.refusal(), (403, "blocked".to_owned(), 40226));
    let later = login(bench.sandbox.login(bench.appid(), &scenario.user).unwrap()).await;
    assert_eq!((later.status, &later.json()["is_new"]), (200, &json!(true)));
}
