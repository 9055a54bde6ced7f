use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use wxgate_sandbox::{App, Call, Endpoint, Sandbox, Settings, UserSpec, bind};

use super::{Ended, Process, Server};

/// A directory with a configuration in it, and the WeChat that it names.
pub struct Bench {
    pub sandbox: Sandbox,
    /// The mini programs of the configuration.
    pub apps: Vec<App>,
    /// Where the sandbox serves.
    pub wechat: SocketAddr,
    dir: TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with_apps(1).await
    }

    pub async fn with_apps(count: usize) -> Self {
        let sandbox = Sandbox::new(Settings::default());
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let wechat = listener.local_addr().unwrap();
        tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
        let apps = (0..count).map(|_| sandbox.add_app()).collect();
        let bench = Self { sandbox, apps, wechat, dir: tempfile::tempdir().unwrap() };
        bench.configure();
        bench
    }

    fn configure(&self) {
        let head = format!(
            "data_dir = \"{data}\"\n\
             [listen]\npublic = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\n\
             [wechat]\nbase_url = \"http://{wechat}\"\n\
             [limits]\nlogins_per_minute = 0\nrequests_per_minute = 0\n",
            data = self.data().display(),
            wechat = self.wechat,
        );
        let apps = self.apps.iter().map(|app| {
            let file = self.secret_file(app);
            fs::write(&file, &app.secret).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            format!("[[app]]\nappid = \"{}\"\nsecret_file = \"{}\"\n", app.appid, file.display())
        });
        fs::write(self.dir().join("wxgate.toml"), head + &apps.collect::<String>()).unwrap();
    }

    /// The file that holds the AppSecret.
    pub fn secret_file(&self, app: &App) -> PathBuf {
        self.dir().join(&app.appid)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The server's data directory, which it makes itself.
    pub fn data(&self) -> PathBuf {
        self.dir().join("data")
    }

    pub fn appid(&self) -> &str {
        &self.apps[0].appid
    }

    /// `wx.login` on the phone of somebody who appears with their first call.
    pub fn code(&self, user: &str) -> String {
        self.sandbox.add_user(UserSpec::named(user));
        self.sandbox.login(self.appid(), user).unwrap()
    }

    /// The calls that WeChat got at one endpoint.
    pub fn calls(&self, endpoint: Endpoint) -> Vec<Call> {
        self.sandbox.calls().into_iter().filter(|call| call.path == endpoint.path()).collect()
    }

    /// A server with this configuration.
    pub async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// A server with this configuration, changed by `key=value` settings.
    pub async fn serve_with(&self, settings: &[&str]) -> Server {
        let mut command = program(self.dir());
        command.arg("serve").args(settings.iter().flat_map(|setting| ["--set", setting]));
        Server::start(command).await
    }

    /// Runs the program beside the configuration, with `input` on its standard input, until it ends.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = program(self.dir());
        command.args(arguments);
        Process::spawn(command, input).end().await
    }
}

/// The built program in `dir`, with nothing of the environment of whoever runs the tests.
pub fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wxgate"));
    command.current_dir(dir).env_clear();
    command
}
