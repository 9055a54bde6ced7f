//! `wxgate healthcheck`: does the running server answer? For containers, which have no curl.

use std::io;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use url::Url;

use crate::cli::Global;
use crate::config::Address;
use crate::lang::{Lang, words};
use crate::out::{self, Exit, Failure, Outcome};
use crate::serve::on_runtime;

const LIMIT: Duration = Duration::from_secs(2);
const PATH: &str = "/healthz";

/// Whom to ask.
#[derive(Args)]
pub(crate) struct Flags {
    /// Ask here, without reading a configuration: http://127.0.0.1:8520/healthz 直接询问此网址，不读取配置
    #[arg(long)]
    url: Option<Url>,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

/// Runs `wxgate healthcheck`: done if the answer is 200 within two seconds.
pub(crate) fn run(flags: &Flags, global: &Global, lang: Lang) -> Outcome {
    let (address, path) = match &flags.url {
        Some(url) => target(url)?,
        None => (global.settings()?.listen.public, PATH.to_owned()),
    };
    let asked = on_runtime(async { Ok(tokio::time::timeout(LIMIT, ask(&address, &path)).await) })?;
    let trouble = match asked {
        Ok(Ok(200)) => None,
        Ok(Ok(status)) => Some(words(format!("回答 {status}"), format!("answered {status}"))),
        Ok(Err(error)) => Some(words(error.to_string(), error.to_string())),
        Err(_) => Some(words("两秒内没有回答", "no answer within 2 seconds")),
    };
    if flags.json {
        let trouble = trouble.as_ref().map(|words| words.say(lang));
        out::print_json(&json!({ "ok": trouble.is_none(), "address": address.to_string(), "error": trouble }))?;
    }
    match trouble {
        None => Ok(Exit::Done),
        Some(_) if flags.json => Ok(Exit::Problem),
        Some(trouble) => Err(Failure::problem(words(
            format!("{address}：{}", trouble.say(Lang::Zh)),
            format!("{address}: {}", trouble.say(Lang::En)),
        ))),
    }
}

fn target(url: &Url) -> Result<(Address, String), Failure> {
    let address = match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http", Some(host), Some(port)) => Address::parse(&format!("{host}:{port}")),
        _ => None,
    };
    let address =
        address.ok_or_else(|| Failure::usage(words("--url 应为 http 网址", "--url: expected an http URL")))?;
    Ok((address, url.path().to_owned()))
}

/// The status of the answer.
async fn ask(address: &Address, path: &str) -> io::Result<u16> {
    match address {
        Address::Tcp { host, port } => {
            // A server that listens everywhere also listens here.
            let host = match host.as_str() {
                "0.0.0.0" => "127.0.0.1",
                "::" => "::1",
                host => host,
            };
            converse(TcpStream::connect((host, *port)).await?, path).await
        }
        Address::Unix(socket) => converse(UnixStream::connect(socket).await?, path).await,
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> io::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // "HTTP/1.1 200" is all that matters of the answer.
    let mut start = [0_u8; 12];
    stream.read_exact(&mut start).await?;
    let status = std::str::from_utf8(&start).ok().and_then(|start| start.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn answered(answer: &'static str) -> io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0_u8; 1024];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let status = ask(&Address::Tcp { host: "0.0.0.0".into(), port }, PATH).await;
        assert!(server.await.unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
        status
    }

    #[tokio::test]
    async fn the_status_is_read_and_nonsense_is_an_error() {
        assert_eq!(answered("HTTP/1.1 200 OK\r\n\r\n").await.unwrap(), 200);
        assert_eq!(answered("HTTP/1.1 503 Service Unavailable\r\n\r\n").await.unwrap(), 503);
        assert!(answered("SSH-2.0-OpenSSH_9.0\r\n").await.is_err());
        assert!(answered("").await.is_err());
    }

    #[test]
    fn only_an_http_url_can_be_asked() {
        let (address, path) = target(&Url::parse("http://[::1]:80/x").unwrap()).unwrap();
        assert_eq!((address.to_string().as_str(), path.as_str()), ("[::1]:80", "/x"));
        assert_eq!(target(&Url::parse("https://127.0.0.1/").unwrap()).unwrap_err().exit, Exit::Usage);
    }
}
