use wx_client::Error;
use wx_client::calls::{
    CodeRefusal, CodeStyle, EnvVersion, ImageKind, LinkRefusal, LinkTarget, Lives, Rgb, ShortLink, UnlimitedCode,
};
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::{APPID, Bench, NOW};

fn unlimited(scene: &str) -> UnlimitedCode<'_> {
    UnlimitedCode { scene, page: Some("pages/index"), check_path: true, style: CodeStyle::default() }
}

#[tokio::test]
async fn a_code_is_a_picture_and_knows_its_format() {
    let bench = Bench::new().await;
    let jpeg = bench.client.unlimited_code(APPID, &unlimited("id=7")).await.unwrap();
    assert_eq!((jpeg.kind, jpeg.used_for_life), (ImageKind::Jpeg, None));
    assert!(jpeg.bytes.windows(4).any(|window| window == b"id=7"), "the scene is in it");
    let style = CodeStyle { is_hyaline: true, line_color: Some(Rgb { r: 7, g: 0, b: 255 }), ..CodeStyle::default() };
    let png = bench.client.unlimited_code(APPID, &UnlimitedCode { style, ..unlimited("id=7") }).await.unwrap();
    assert_eq!(png.kind, ImageKind::Png);
}

#[tokio::test]
async fn the_codes_that_are_counted_for_life_are_counted_together() {
    let bench = Bench::new().await;
    let code = bench.client.code(APPID, "pages/index?id=7", &CodeStyle::default()).await.unwrap();
    let square = bench.client.square_code(APPID, "pages/index?id=7", 280).await.unwrap();
    assert_eq!((code.used_for_life, square.used_for_life), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_code_that_cannot_be_made_says_why() {
    let bench = Bench::new().await;
    let page = UnlimitedCode { page: Some("/pages/index"), ..unlimited("x") };
    let wide = CodeStyle { width: Some(1281), ..CodeStyle::default() };
    for (code, expected) in [
        (unlimited(""), CodeRefusal::Scene),
        (unlimited("123456789012345678901234567890123"), CodeRefusal::Scene),
        (unlimited("编号"), CodeRefusal::Scene),
        (page, CodeRefusal::Page),
        (UnlimitedCode { style: wide, ..unlimited("x") }, CodeRefusal::Argument),
    ] {
        let error = bench.client.unlimited_code(APPID, &code).await.unwrap_err();
        assert_eq!(CodeRefusal::of(&error), Some(expected), "{code:?}");
    }
    let error = bench.client.square_code(APPID, &"p".repeat(129), 280).await.unwrap_err();
    assert_eq!(CodeRefusal::of(&error), Some(CodeRefusal::Path));
}

#[tokio::test]
async fn what_is_no_picture_cannot_be_read() {
    let bench = Bench::new().await;
    for fault in [FaultKind::Html, FaultKind::Garbage, FaultKind::Status(502), FaultKind::HugeBytes(3 << 20)] {
        bench.sandbox.fault(Endpoint::UnlimitedCode, fault.clone().times(1)).unwrap();
        let error = bench.client.unlimited_code(APPID, &unlimited("x")).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn links_lead_where_they_are_told_for_as_long_as_they_are_told() {
    let bench = Bench::new().await;
    let target = LinkTarget { path: "pages/index", query: "id=7", env_version: Some(EnvVersion::Trial) };
    let link = bench.client.url_link(APPID, &target, Lives::Days(30)).await.unwrap();
    let scheme = bench.client.url_scheme(APPID, &target, Lives::Until(NOW + 60)).await.unwrap();
    let page = ShortLink { page_url: "pages/index?id=7", page_title: "订单", is_permanent: false };
    let short = bench.client.short_link(APPID, &page).await.unwrap();
    assert!(link.starts_with("https://wxaurl.cn/"), "{link}");
    assert!(scheme.starts_with("weixin://dl/business/?t="), "{scheme}");
    assert!(short.starts_with("#小程序://订单/"), "{short}");
}

#[tokio::test]
async fn a_link_that_cannot_be_made_says_why() {
    let bench = Bench::new().await;
    let (long, days) = ("q".repeat(1025), Lives::Days(1));
    let page = |path| LinkTarget { path, ..LinkTarget::default() };
    for (target, lives, expected) in [
        (page("pages/index?id=7"), days, LinkRefusal::Page),
        (LinkTarget { query: &long, ..LinkTarget::default() }, days, LinkRefusal::Query),
        (page(""), Lives::Days(31), LinkRefusal::Expiry),
        (page(""), Lives::Days(0), LinkRefusal::Expiry),
        (page(""), Lives::Until(NOW), LinkRefusal::Expiry),
        (page(""), Lives::Until(NOW + 31 * 86_400), LinkRefusal::Expiry),
    ] {
        for error in [
            bench.client.url_link(APPID, &target, lives).await.unwrap_err(),
            bench.client.url_scheme(APPID, &target, lives).await.unwrap_err(),
        ] {
            assert_eq!(LinkRefusal::of(&error), Some(expected), "{target:?} {lives:?}");
        }
    }
    let nowhere = ShortLink { page_url: "", page_title: "", is_permanent: true };
    let error = bench.client.short_link(APPID, &nowhere).await.unwrap_err();
    assert_eq!(LinkRefusal::of(&error), Some(LinkRefusal::Page));
}

#[tokio::test]
async fn more_than_100_links_a_second_are_too_many() {
    let bench = Bench::new().await;
    let target = LinkTarget::default();
    for _ in 0..50 {
        bench.client.url_link(APPID, &target, Lives::Days(1)).await.unwrap();
        bench.client.url_scheme(APPID, &target, Lives::Days(1)).await.unwrap();
    }
    let error = bench.client.url_link(APPID, &target, Lives::Days(1)).await.unwrap_err();
    assert_eq!(LinkRefusal::of(&error), Some(LinkRefusal::TooOften));
    bench.sandbox.advance(1);
    assert!(bench.client.url_link(APPID, &target, Lives::Days(1)).await.is_ok());
}
