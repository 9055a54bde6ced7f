//! `wxgate demo`: a WeChat and a server wired to it in one process, and what to try. No appid, no network.

use std::net::SocketAddr;
use std::path::Path;

use clap::Args;

use crate::config::{self, Config, Sources};
use crate::lang::Lang;
use crate::out::{self, Failure, Outcome};
use crate::sandbox::{self, APPID, SECRET};
use crate::serve::Server;
use crate::systemd::Service;
use crate::{logging, serve};

const DATA: &str = "wxgate-data/demo";
/// What to try. A comment that names a language is for that one.
const SCRIPT: &str = include_str!("demo.sh");

/// Where the demo listens; port 0 is any free one.
#[derive(Args)]
pub(crate) struct Flags {
    /// What phones would talk to. 对外地址
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8520")]
    public: SocketAddr,
    /// What your own services would talk to. 内部地址
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8521")]
    internal: SocketAddr,
    /// What stands in for WeChat. 沙箱地址
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8530")]
    sandbox: SocketAddr,
}

/// Runs `wxgate demo`. What it stores is kept for the next time.
pub(crate) fn run(flags: &Flags, lang: Lang) -> Outcome {
    serve::on_runtime(async {
        let demo = Demo::start(flags, Path::new(DATA), |config| drop(logging::init(&config.settings.log))).await?;
        out::print(&demo.text(lang))?;
        demo.server.run(None).await
    })
}

struct Demo {
    server: Server,
    sandbox: SocketAddr,
}

impl Demo {
    async fn start(flags: &Flags, data_dir: &Path, ready: impl FnOnce(&Config)) -> Result<Self, Failure> {
        let (wechat, _) = sandbox::new();
        let (listener, at) = sandbox::bind(flags.sandbox, "--sandbox").await?;
        let config = config(flags, at, data_dir)?;
        ready(&config);
        tokio::spawn(wechat.serve(listener, std::future::pending()));
        let server = Server::start(config, Service::default(), ["--public", "--internal"]).await?;
        Ok(Self { server, sandbox: at })
    }

    /// What it is and what to try: as a whole a script for the shell that needs curl and sed alone.
    fn text(&self, lang: Lang) -> String {
        let (spoken, other) = lang.pick(("#zh", "#en"), ("#en", "#zh"));
        let lines = SCRIPT.lines().filter(|line| !line.starts_with(other));
        let text = lines.map(|line| line.replacen(spoken, "#", 1)).collect::<Vec<_>>().join("\n");
        text.replace("PUBLIC", &self.server.public().to_string())
            .replace("INTERNAL", &self.server.internal().to_string())
            .replace("SANDBOX", &self.sandbox.to_string())
    }
}

/// The defaults with everything on this machine: neither file nor environment has a say.
fn config(flags: &Flags, sandbox: SocketAddr, data_dir: &Path) -> Result<Config, Failure> {
    let sources = Sources {
        variables: vec![
            ("WXGATE_DATA_DIR".into(), data_dir.into()),
            ("WXGATE_APP__APPID".into(), APPID.into()),
            ("WXGATE_APP__SECRET".into(), SECRET.into()),
        ],
        flags: vec![
            format!("listen.public={}", flags.public),
            format!("listen.internal={}", flags.internal),
            format!("wechat.base_url=http://{sandbox}"),
            "log.level=warn".to_owned(),
        ],
        ..Sources::default()
    };
    Ok(config::load(&sources)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn any() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_demo_prints_works_as_printed_and_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        for lang in [Lang::Zh, Lang::En] {
            let flags = Flags { public: any(), internal: any(), sandbox: any() };
            let demo = Demo::start(&flags, &dir.path().join("data"), |_| {}).await.unwrap();
            let script = demo.text(lang);
            let ran = tokio::task::spawn_blocking(move || Command::new("sh").args(["-euc", &script]).output()).await;
            let output = ran.unwrap().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let session = text.contains(r#""errcode":0"#) && text.contains(r#""expires_at":"#);
            let phone = text.contains(r#""purePhoneNumber":"138****8000""#) && text.contains(r#""trust":"code""#);
            assert!(session && phone && text.contains("200 OK"), "{text}");
            assert!(text.to_lowercase().contains("wxgate-member: 0"), "{text}");
            demo.server.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_taken_port_is_told_with_the_flag_that_helps() {
        let dir = tempfile::tempdir().unwrap();
        let taken = tokio::net::TcpListener::bind(any()).await.unwrap();
        let at = taken.local_addr().unwrap();
        let said = async |flags: Flags| {
            let failure = Demo::start(&flags, dir.path(), |_| {}).await.err().expect("a failure");
            failure.words.say(Lang::En).to_owned()
        };
        assert!(said(Flags { public: at, internal: any(), sandbox: any() }).await.contains("--public"));
        assert!(said(Flags { public: any(), internal: at, sandbox: any() }).await.contains("--internal"));
        assert!(said(Flags { public: any(), internal: any(), sandbox: at }).await.contains("--sandbox"));
    }
}
