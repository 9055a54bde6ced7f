//! The page that shows the document.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::support::{TestApp, raw};

/// `src`, `href` and `…-url` of the page.
fn addresses(page: &str) -> Vec<&str> {
    let starts = ["src=\"", "href=\"", "url=\""];
    let found = starts.iter().flat_map(|start| page.split(start).skip(1));
    found.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_page_names_no_foreign_host_and_runs_no_script_but_a_file_of_this_server() {
    let app = TestApp::new().await;
    let answer = app.send_inside(raw("GET", "/docs", None, "")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
    let page = answer.text.as_str();
    assert!(!page.contains("//") && !page.contains("javascript:"), "{page}");
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=\"docs/rapidoc.js\"></script>").count()
    );
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" on"), "{page}");
    assert!(page.contains("load-fonts=\"false\""), "the viewer would fetch a font");
    let addresses = addresses(page);
    assert!(addresses.contains(&"docs/rapidoc.js") && addresses.contains(&"openapi.json"));
    for address in addresses {
        // Relative to `/docs`.
        assert_eq!(app.send_inside(raw("GET", &format!("/{address}"), None, "")).await.status, 200, "{address}");
    }
    let policy: Vec<_> = answer.header("content-security-policy").split("; ").collect();
    assert_eq!((policy[0], policy[1]), ("default-src 'none'", "script-src 'self'"));
    for needed in
        ["connect-src 'self'", "style-src 'self' 'unsafe-inline'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(&needed), "{policy:?}");
    }
    assert!(policy.iter().all(|rule| !rule.contains("http") && !rule.contains('*')), "{policy:?}");
    app.send(raw("GET", "/docs", None, "")).await.failed("not_found", 404, -404);
}

#[tokio::test]
async fn the_viewer_is_the_one_that_its_readme_says_and_is_sent_as_it_is_kept() {
    let app = TestApp::new().await;
    let answer = app.send_inside(raw("GET", "/docs/rapidoc.js", None, "")).await;
    assert_eq!(
        (answer.header("content-type"), answer.header("content-encoding")),
        ("text/javascript; charset=utf-8", "gzip")
    );
    assert!(answer.bytes.starts_with(&[0x1f, 0x8b]) && answer.bytes.len() < 250_000, "{}", answer.bytes.len());
    let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(&answer.bytes)));
    let readme = include_str!("../../src/docs/README.md");
    assert!(readme.contains(&digest), "{digest}");
}
