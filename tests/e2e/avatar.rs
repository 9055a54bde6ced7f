//! An uploaded picture from the phone to the file and out of it again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Answer, Bench, Server, delete, get, post};

/// A red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// What wx.uploadFile sends.
fn form(picture: &[u8]) -> Vec<u8> {
    let head =
        "--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
    [head.as_bytes(), picture, b"\r\n--b--\r\n"].concat()
}

/// Where the picture is from now on, below the public URL.
pub async fn upload(server: &Server, skey: &str) -> String {
    let body = form(&STANDARD.decode(PNG).unwrap());
    let request = post("/v1/me/avatar").bearer(skey).bytes_of("multipart/form-data; boundary=b", body);
    let answer = server.public.send(request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text("avatarUrl").strip_prefix("https://api.example.com").unwrap().to_owned()
}

async fn shown(server: &Server, path: &str) -> Answer {
    server.public.send(get(path)).await
}

/// Whether any file of the server holds these bytes.
fn is_on_disk(bench: &Bench, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(bench.data()).unwrap().map(|entry| entry.unwrap().path());
    let holds = |file: Vec<u8>| file.windows(bytes.len()).any(|part| part == bytes);
    files.filter(|path| path.is_file()).any(|path| holds(std::fs::read(path).unwrap()))
}

#[tokio::test]
async fn a_picture_outlives_the_server_and_not_its_member() {
    let bench = Bench::new().await;
    let settings = ["public_url=https://api.example.com"];
    let server = bench.serve_with(&settings).await;
    let skey = server.login(&bench.code("alice")).await;
    let path = upload(&server, &skey).await;
    assert_eq!(server.stop().await.code, Some(0));

    let server = bench.serve_with(&settings).await;
    let answer = shown(&server, &path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")));
    let kept = &answer.bytes[answer.bytes.len() - 64..];
    assert!(answer.bytes.starts_with(b"\xff\xd8\xff") && is_on_disk(&bench, kept));

    let skey = server.login(&bench.code("alice")).await;
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    assert_eq!(shown(&server, &path).await.status, 404);
    assert!(!is_on_disk(&bench, kept), "what was erased is in no file");
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_picture_of_thirty_megabytes_is_refused_before_it_is_read() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let head = post("/v1/me/avatar")
        .bearer(&skey)
        .header("Content-Type", "multipart/form-data; boundary=b")
        .header("Content-Length", "31457280");
    // The answer comes though not a byte of the picture was sent.
    assert_eq!(server.public.send(head).await.refusal(), (413, "too_large".to_owned(), -413));
}
