//! Members as the team's services and operators see and change them.

use image::ImageFormat;
use wxgate_api::Settings;

use super::avatars::{picture, uploaded};
use super::support::{Answer, TestApp, request};

fn with_public_url(settings: &mut Settings) {
    settings.public_url = "https://api.example.com".into();
}

#[tokio::test]
async fn an_uploaded_picture_is_shown_to_the_team_where_it_is_served() {
    let app = TestApp::with(with_public_url).await;
    let member = app.login("o1").await;
    let avatar_url = uploaded(&app, &member.skey, &picture(1, ImageFormat::Png)).await;
    assert!(avatar_url.starts_with("https://api.example.com/v1/avatars/"), "{avatar_url}");
    let path = format!("/api/v1/members/{}", member.login.json["member"]["id"].as_str().unwrap());
    let token = app.api_token(&["members:read"]).await;
    let shown = app.send_inside(request("GET", &path, Some(&token), None)).await;
    assert_eq!(shown.ok()["member"]["avatarUrl"], avatar_url.as_str());
}

#[tokio::test]
async fn whoever_may_open_the_servers_own_socket_needs_no_token() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let path = format!("/api/v1/members/{}", member.login.json["member"]["id"].as_str().unwrap());
    let local = wxgate_api::local(&app.app);
    let answer = Answer::of(local.answer(request("GET", &path, None, None), None).await).await;
    assert_eq!(answer.ok()["member"]["openid"], "o1");
    app.send_inside(request("GET", &path, None, None)).await.failed("unauthorized", 401, -401);
}
