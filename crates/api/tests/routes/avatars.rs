//! Uploaded pictures.

use std::io::Cursor;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::json;

use super::support::{Answer, TestApp, raw, request};

const PUBLIC_URL: &str = "https://api.example.com/wx/";
const FORM: Option<&str> = Some("multipart/form-data; boundary=\"a b\"");

pub fn picture(colour: u8, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_pixel(600, 300, Rgb([colour, 0, 0]));
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A part of a form, as wx.uploadFile writes it.
fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--a b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"tmp_1.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), b"--a b--\r\n".to_vec()].concat()
}

fn upload(skey: &str, content_type: Option<&str>, body: Vec<u8>) -> Request<Full<Bytes>> {
    let mut request = raw("POST", "/v1/me/avatar", content_type, body);
    request.headers_mut().insert("authorization", format!("Bearer {skey}").parse().unwrap());
    request
}

pub async fn send_picture(app: &TestApp, skey: &str, picture: &[u8]) -> Answer {
    app.send(upload(skey, FORM, form(&[part("avatar", picture)]))).await
}

pub async fn uploaded(app: &TestApp, skey: &str, picture: &[u8]) -> String {
    send_picture(app, skey, picture).await.ok()["avatarUrl"].as_str().unwrap().to_owned()
}

async fn with_public_url() -> TestApp {
    TestApp::with(|settings| settings.public_url = PUBLIC_URL.into()).await
}

async fn shown(app: &TestApp, address: &str) -> Answer {
    app.send(raw("GET", address.strip_prefix("https://api.example.com/wx").unwrap_or(address), None, "")).await
}

#[tokio::test]
async fn an_uploaded_picture_is_drawn_anew_and_served_for_ever() {
    let app = with_public_url().await;
    let skey = app.login("o1").await.skey;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let address = uploaded(&app, &skey, &picture(200, format)).await;
        assert!(address.starts_with("https://api.example.com/wx/v1/avatars/") && address.len() == 70, "{address}");
        assert_eq!(app.get("/v1/me", &skey).await.ok()["member"]["avatarUrl"], address.as_str());
        let answer = shown(&app, &address).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
        let seen = image::load_from_memory_with_format(&answer.bytes, ImageFormat::Jpeg).unwrap();
        assert_eq!((seen.width(), seen.height()), (256, 128));
    }
}

#[tokio::test]
async fn who_has_the_picture_is_not_sent_it_again() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let address = uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    let tag = shown(&app, &address).await.header("etag").to_owned();
    let ask = async |tags: &str| {
        let mut request = raw("GET", &address, None, "");
        request.headers_mut().insert("if-none-match", tags.parse().unwrap());
        app.send(request).await
    };
    for tags in [tag.as_str(), "*", &format!("\"x\", W/{tag}")] {
        let answer = ask(tags).await;
        assert_eq!((answer.status, answer.bytes.len(), answer.header("etag")), (304, 0, tag.as_str()), "{tags}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    }
    for tags in ["", "\"x\"", tag.trim_matches('"')] {
        assert_eq!(ask(tags).await.status, 200, "{tags}");
    }
    app.delete("/v1/me", &skey).await.ok();
    ask(&tag).await.failed("not_found", 404, -404);
}

#[tokio::test]
async fn without_a_public_url_the_address_is_a_path() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let address = uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    assert!(address.starts_with("/v1/avatars/"), "{address}");
    assert_eq!(shown(&app, &address).await.status, 200);
    let patched = app.send(request("PATCH", "/v1/me", Some(&skey), Some(json!({ "avatarUrl": address })))).await;
    assert_eq!(patched.ok()["member"]["avatarUrl"], address.as_str());
}

#[tokio::test]
async fn one_picture_a_member_and_none_when_the_profile_shows_another() {
    let app = with_public_url().await;
    let skey = app.login("o1").await.skey;
    let first = uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    let second = uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    assert_ne!(first, second, "the same picture, another id");
    shown(&app, &first).await.failed("not_found", 404, -404);
    let elsewhere = json!({ "avatarUrl": "https://thirdwx.qlogo.cn/a/132" });
    app.send(request("PATCH", "/v1/me", Some(&skey), Some(elsewhere))).await.ok();
    shown(&app, &second).await.failed("not_found", 404, -404);
    let export = app.get("/v1/me/export", &skey).await;
    assert_eq!(export.ok()["avatar"], json!(null));
}

#[tokio::test]
async fn a_picture_goes_out_with_the_export_and_away_with_its_member() {
    let app = with_public_url().await;
    let skey = app.login("o1").await.skey;
    let address = uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    let export = app.get("/v1/me/export", &skey).await;
    assert_eq!(
        (&export.ok()["avatar"]["media_type"], &export.json["member"]["avatarUrl"]),
        (&json!("image/jpeg"), &json!(address))
    );
    assert!(export.json["avatar"]["picture"].as_str().unwrap().starts_with("/9j/"), "base64 of a JPEG");
    app.delete("/v1/me", &skey).await.ok();
    shown(&app, &address).await.failed("not_found", 404, -404);
}

#[tokio::test]
async fn avatar_hosts() {
    let app = TestApp::with(|settings| {
        settings.public_url = PUBLIC_URL.into();
        settings.profile.avatar_hosts.push("*.example.com".to_owned());
    })
    .await;
    let (mine, theirs) = (app.login("o1").await.skey, app.login("o2").await.skey);
    let (own, other) = (
        uploaded(&app, &mine, &picture(1, ImageFormat::Png)).await,
        uploaded(&app, &theirs, &picture(2, ImageFormat::Png)).await,
    );
    let patch = async |address: &str| {
        app.send(request("PATCH", "/v1/me", Some(&mine), Some(json!({ "avatarUrl": address })))).await
    };
    for own in [own.as_str(), own.strip_prefix("https://api.example.com/wx").unwrap()] {
        assert_eq!(patch(own).await.ok()["member"]["avatarUrl"].as_str().unwrap().len(), 70);
    }
    for address in [
        other.as_str(),
        &other.replace("api.", "API."),
        other.strip_prefix("https://api.example.com/wx").unwrap(),
        "/v1/avatars/00000000000000000000000000000000",
        "/v1/avatars/",
        "https://api.example.com/wx/v1/avatars/00000000000000000000000000000000",
        "https://evil.example/v1/avatars/x",
        "//thirdwx.qlogo.cn/a",
    ] {
        patch(address).await.failed("bad_request", 400, -400);
    }
    assert_eq!(app.get("/v1/me", &mine).await.ok()["member"]["avatarUrl"], own.as_str());
    assert_eq!(shown(&app, &own).await.status, 200);
}

#[tokio::test]
async fn forms_are_answered_by_the_table() {
    let app = TestApp::new().await;
    let good = picture(1, ImageFormat::Png);
    let large = vec![0; 1024 * 1024 + 1];
    let rows: Vec<(Option<&str>, Vec<u8>, &str, u16)> = vec![
        (None, form(&[part("avatar", &good)]), "unsupported_media_type", 415),
        (Some("image/png"), good.clone(), "unsupported_media_type", 415),
        (Some("multipart/form-data"), form(&[part("avatar", &good)]), "unsupported_media_type", 415),
        (FORM, Vec::new(), "bad_request", 400),
        (FORM, b"--a b--\r\n".to_vec(), "bad_request", 400),
        (FORM, part("avatar", &good), "bad_request", 400),
        (FORM, form(&[part("file", &good)]), "bad_request", 400),
        (FORM, form(&[part("avatar", &good), part("avatar", &good)]), "bad_request", 400),
        (FORM, form(&[part("avatar", &good), part("openid", b"x")]), "bad_request", 400),
        (FORM, form(&[part("avatar", b"")]), "bad_request", 400),
        (FORM, form(&[part("avatar", b"\x89PNG\r\n\x1a\nthis is none")]), "bad_request", 400),
        (FORM, form(&[part("avatar", b"<svg onload=alert(1)>")]), "bad_request", 400),
        (FORM, form(&[part("avatar", &large)]), "too_large", 413),
        (FORM, vec![b'x'; 30 * 1024 * 1024], "too_large", 413),
    ];
    for (number, (content_type, body, word, status)) in rows.into_iter().enumerate() {
        // A member of their own: how many each may send is not the subject here.
        let skey = app.login(&format!("o{number}")).await.skey;
        let answer = app.send(upload(&skey, content_type, body)).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "row {number}");
        answer.failed(word, status, -i64::from(status));
        assert_eq!(app.get("/v1/me", &skey).await.ok()["member"]["avatarUrl"], json!(null), "row {number}");
    }
    app.send(raw("POST", "/v1/me/avatar", FORM, form(&[part("avatar", &good)]))).await.failed(
        "unauthorized",
        401,
        -401,
    );
    for path in ["/v1/avatars/x", "/v1/avatars/00000000000000000000000000000000", "/v1/avatars/..%2f..%2fwxgate.key"] {
        app.send(raw("GET", path, None, "")).await.failed("not_found", 404, -404);
    }
}

#[tokio::test]
async fn a_member_sends_ten_pictures_a_minute() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let small = form(&[part("avatar", b"x")]);
    for _ in 0..10 {
        app.send(upload(&skey, FORM, small.clone())).await.failed("bad_request", 400, -400);
    }
    app.send(upload(&skey, FORM, small)).await.failed("too_many_requests", 429, -429);
}
