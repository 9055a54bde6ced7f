//! WeChat, as little of it as a login server can be measured against: no state, no checks, every answer good.
//!
//! `bench-wechat ADDR APPID [LATENCY_MS]`. A code is `m`, the member's number, `-` and anything: `m17-x` is member 17.
//! Loopback only, and never the sandbox's place: `wxgate sandbox` is faithful, this is fast.

mod people;

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(appid)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench-wechat ADDR APPID [LATENCY_MS]".into());
    };
    let address: SocketAddr = address.parse()?;
    if !address.ip().is_loopback() {
        return Err("this WeChat believes everybody: loopback only".into());
    }
    let latency = Duration::from_millis(arguments.next().map_or(Ok(0), |text| text.parse())?);
    let appid: &'static str = appid.leak();
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request| async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            Ok::<_, Infallible>(answer(request, appid).await)
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, appid: &str) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    // Read to its end, or the connection could not carry the next request.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = match head.uri.path() {
        "/sns/jscode2session" => code2session(head.uri.query().unwrap_or_default()),
        "/wxa/business/getuserphonenumber" => phone_number(&body, appid),
        "/wxa/business/checkencryptedmsg" => r#"{"errcode":0,"errmsg":"ok","vaild":true,"create_time":1}"#.to_owned(),
        "/cgi-bin/stable_token" => r#"{"access_token":"benchmark","expires_in":7200}"#.to_owned(),
        _ => return status(StatusCode::NOT_FOUND),
    };
    let mut response = Response::new(Full::from(text));
    // What WeChat calls its JSON.
    response.headers_mut().insert(CONTENT_TYPE, "text/plain".parse().expect("a header value"));
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn code2session(query: &str) -> String {
    let code = query.split('&').find_map(|pair| pair.strip_prefix("js_code=")).unwrap_or_default();
    match code.strip_prefix('m').and_then(|code| code.split('-').next()).map(str::parse) {
        Some(Ok(number)) => {
            format!(r#"{{"session_key":"{}","openid":"{}"}}"#, people::SESSION_KEY, people::openid(number))
        }
        _ => r#"{"errcode":40029,"errmsg":"invalid code"}"#.to_owned(),
    }
}

fn phone_number(body: &[u8], appid: &str) -> String {
    if body.is_empty() {
        return r#"{"errcode":44002,"errmsg":"empty post data"}"#.to_owned();
    }
    format!(r#"{{"errcode":0,"errmsg":"ok","phone_info":{}}}"#, people::phone(appid))
}
