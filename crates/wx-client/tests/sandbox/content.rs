use wx_client::calls::{ContentRefusal, ContentScene, Label, MediaCheck, MediaType, Suggest, TextCheck};

use crate::{APPID, Bench};

fn text<'a>(content: &'a str, openid: &'a str) -> TextCheck<'a> {
    TextCheck { content, scene: ContentScene::Profile, openid, nickname: Some("小明") }
}

#[tokio::test]
async fn a_text_passes_is_to_be_reviewed_or_is_risky() {
    let bench = Bench::new().await;
    for (content, suggest, label, keyword) in [
        ("你好", Suggest::Pass, Label::Normal, None),
        ("SANDBOX-REVIEW", Suggest::Review, Label::Advertising, Some("SANDBOX-REVIEW")),
        ("a SANDBOX-RISKY b", Suggest::Risky, Label::Crime, Some("SANDBOX-RISKY")),
    ] {
        let verdict = bench.client.check_text(APPID, &text(content, &bench.openid)).await.unwrap();
        assert_eq!((verdict.suggest, verdict.label), (suggest, label), "{content}");
        assert_eq!(verdict.detail[0].keyword.as_deref(), keyword);
        assert_eq!(verdict.trace_id.len(), 26);
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_judged_says_why() {
    let bench = Bench::new().await;
    let long = "长".repeat(2501);
    for (check, expected) in [
        (text("", &bench.openid), ContentRefusal::Argument),
        (text(&long, &bench.openid), ContentRefusal::TooLong),
        (text("x", "oNobody"), ContentRefusal::Openid),
    ] {
        let error = bench.client.check_text(APPID, &check).await.unwrap_err();
        assert_eq!(ContentRefusal::of(&error), Some(expected));
    }
    assert!(bench.client.check_text(APPID, &text(&long[3..], &bench.openid)).await.is_ok());
    bench.sandbox.advance(7201);
    let error = bench.client.check_text(APPID, &text("x", &bench.openid)).await.unwrap_err();
    assert_eq!(ContentRefusal::of(&error), Some(ContentRefusal::Inactive));
}

#[tokio::test]
async fn a_picture_is_judged_later_under_a_number_of_its_own() {
    let bench = Bench::new().await;
    let picture = MediaCheck {
        media_url: "https://example.com/a.png",
        media_type: MediaType::Image,
        scene: ContentScene::Social,
        openid: &bench.openid,
    };
    let first = bench.client.check_media(APPID, &picture).await.unwrap();
    let sound = MediaCheck { media_type: MediaType::Audio, scene: ContentScene::Forum, ..picture };
    assert_ne!(first, bench.client.check_media(APPID, &sound).await.unwrap());
    let nowhere = MediaCheck { media_url: "a.png", ..picture };
    let error = bench.client.check_media(APPID, &nowhere).await.unwrap_err();
    assert_eq!(ContentRefusal::of(&error), Some(ContentRefusal::Argument));
}
