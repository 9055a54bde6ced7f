//! What the checks look at.

use std::path::PathBuf;

use tokio::sync::OnceCell;
use url::Url;
use wxgate_store::Examined;

use super::web::{Page, Trouble};
use crate::cli::Global;
use crate::config::{self, Config, Flaw};
use crate::lang::Lang;
use crate::local::{Local, Question};
use crate::out::Failure;

/// One installation.
pub(super) struct Case {
    /// As far as it could be read.
    pub(super) config: Config,
    pub(super) flaws: Vec<Flaw>,
    /// Whether what may be mended is.
    pub(super) fix: bool,
    /// The server that runs, or why it cannot be asked; `None` when there is none.
    pub(super) server: Option<Result<Local, Failure>>,
    /// The database, if it may be looked at without leaving files that are in its server's way.
    pub(super) database: Option<Result<Examined, wxgate_store::Error>>,
    /// What WeChat said when each app asked for its access_token.
    pub(super) credentials: OnceCell<Vec<Result<(), wx_client::Error>>>,
    probe: OnceCell<Probe>,
}

/// A request that went out by the public URL: what came back, and what of it arrived at this very server.
pub(super) struct Probe {
    pub(super) page: Result<Page, Trouble>,
    pub(super) seen: serde_json::Value,
}

/// Text that many a proxy and many a rewrite rule change.
pub(super) const FRAGILE: &str = "sign=a+b%2Bc%20d";

impl Case {
    /// Reads the configuration, and looks for the server.
    pub(super) async fn open(global: &Global, fix: bool, lang: Lang) -> Result<Self, Failure> {
        let (config, flaws) = config::examine(&global.sources())?;
        let data_dir = &config.settings.data_dir;
        let server = Local::server(data_dir, lang).await;
        let may_look = server.is_some() || Local::check_owner(data_dir).is_ok();
        let database =
            (may_look && data_dir.join(crate::key_file::DATABASE).exists()).then(|| wxgate_store::examine(data_dir));
        Ok(Self { config, flaws, fix, server, database, credentials: OnceCell::new(), probe: OnceCell::new() })
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.config.settings.data_dir.clone()
    }

    /// The server that answers.
    pub(super) fn server(&self) -> Option<&Local> {
        self.server.as_ref()?.as_ref().ok()
    }

    /// The public URL, if one is configured.
    pub(super) fn public_url(&self) -> Option<Url> {
        Url::parse(&self.config.settings.public_url).ok()
    }

    /// `path` at the public URL.
    pub(super) fn at_public_url(&self, path: &str) -> Option<Url> {
        Url::parse(&format!("{}{path}", self.config.settings.public_url.trim_end_matches('/'))).ok()
    }

    /// Sends the server a request that only it can recognise, by way of the public URL: `None` without either of them.
    pub(super) async fn probe(&self) -> Option<&Probe> {
        let server = self.server()?;
        self.public_url()?;
        Some(self.probe.get_or_init(|| self.send_probe(server)).await)
    }

    async fn send_probe(&self, server: &Local) -> Probe {
        let made = server.ask(&Question::post("/api/v1/probe", serde_json::json!({}))).await;
        let name = made.as_ref().ok().and_then(|made| made["probe"].as_str()).unwrap_or_default();
        let url = self.at_public_url(&format!("/healthz?probe={name}&{FRAGILE}"));
        let page = match &url {
            Some(url) => super::web::get(url, &[]).await,
            None => Err(Trouble::Other("not a URL".to_owned())),
        };
        let seen = server.ask(&Question::get("/api/v1/probe")).await;
        Probe { page, seen: seen.map_or(serde_json::Value::Null, |answer| answer["seen"].clone()) }
    }
}
