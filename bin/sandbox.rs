//! `wxgate sandbox`: WeChat's server API on loopback, by itself.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;
use wxgate_sandbox::{App, Sandbox, Settings};

use crate::lang::{Lang, words};
use crate::out::{self, Exit, Failure, Outcome};

/// The sandbox's mini program. Both are made up and stand for nothing outside of the sandbox.
pub(crate) const APPID: &str = "wx5a9db0c0ffee0001";
pub(crate) const SECRET: &str = "5a9db0c0ffee5a9db0c0ffee5a9db0c0";

/// Where to listen.
#[derive(Args)]
pub(crate) struct Flags {
    /// On loopback; port 0 is any free one. 监听地址
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8530")]
    listen: SocketAddr,
}

/// Runs `wxgate sandbox`.
pub(crate) fn run(flags: &Flags, lang: Lang) -> Outcome {
    crate::serve::on_runtime(async {
        let (sandbox, app) = new();
        let (listener, at) = bind(flags.listen, "--listen").await?;
        let mut told = crate::serve::StopSignals::new()?;
        out::print(&text(at, &app, lang))?;
        let stop = async move { told.received().await };
        sandbox.serve(listener, stop).await.map_err(|error| cannot(&error))?;
        Ok(Exit::Done)
    })
}

/// A sandbox with its app in it.
pub(crate) fn new() -> (Sandbox, App) {
    let sandbox = Sandbox::new(Settings::default());
    let app = sandbox.add_app_named(APPID, SECRET);
    (sandbox, app)
}

/// Binds the sandbox's listener; `flag` is what names another address.
pub(crate) async fn bind(address: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = wxgate_sandbox::bind(address).await.map_err(|error| {
        Failure::problem(words(
            format!("沙箱无法监听 {address}：{error}；可用 {flag} 另选地址"),
            format!("the sandbox cannot listen on {address}: {error}; {flag} names another address"),
        ))
    })?;
    let at = listener.local_addr().map_err(|error| cannot(&error))?;
    Ok((listener, at))
}

fn cannot(error: &dyn std::error::Error) -> Failure {
    Failure::problem(words(format!("沙箱出错：{error}"), format!("the sandbox failed: {error}")))
}

fn text(at: SocketAddr, app: &App, lang: Lang) -> String {
    let (what, verbs, use_it) = lang.pick(
        ("微信服务端接口沙箱", "可以做什么（登录、手机号、故障）", "让服务连到这里"),
        ("WeChat's server API, a sandbox", "What it can do (logins, phone numbers, faults)", "Point a server at it"),
    );
    format!(
        "# {what}: http://{at}\n\
         # {verbs}:\n\
         curl -s http://{at}/_sandbox/\n\
         # {use_it}:\n\
         WXGATE_WECHAT__BASE_URL=http://{at} WXGATE_APP__APPID={} WXGATE_APP__SECRET={} wxgate serve",
        app.appid, app.secret
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_address_the_app_and_its_secret_in_both_languages() {
        let (_, app) = new();
        for lang in [Lang::Zh, Lang::En] {
            let text = text("127.0.0.1:1".parse().unwrap(), &app, lang);
            assert!(text.contains("http://127.0.0.1:1") && text.contains(APPID) && text.contains(SECRET));
        }
    }
}
