//! `wxgate init`: a configuration, its secret and the sealing key, from four answers.

mod hidden;
mod questions;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;
use zeroize::Zeroizing;

use self::questions::Asked;
use crate::cli::Global;
use crate::config::{self, Guard, Sources, quoted};
use crate::key_file;
use crate::lang::{Lang, words};
use crate::out::{self, Exit, Failure, Outcome};
use crate::private_file::{create, directory_of};

const FILE: &str = "wxgate.toml";
const SECRET_FILE: &str = "app_secret";
const DATA: &str = "wxgate-data";
/// What `config/wxgate.service` reads, and where systemd keeps its data.
const FILE_OF_SERVICE: &str = "/etc/wxgate/wxgate.toml";
const DATA_OF_SERVICE: &str = "/var/lib/wxgate";

/// The answers. What is not given is asked for on a terminal.
#[derive(Args)]
pub(crate) struct Flags {
    /// The mini program's AppID. 小程序 AppID
    #[arg(long, value_name = "APPID")]
    appid: Option<String>,
    /// The file that holds the AppSecret, or - for standard input. 存放 AppSecret 的文件，- 表示标准输入
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Where phones reach the server; empty if not known yet. 对外网址，可为空
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where the TLS proxy reaches it. 反向代理转发到的监听地址
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where database and key are kept [default: wxgate-data beside the file]. 数据目录
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// For the systemd service: /etc/wxgate/wxgate.toml, data in /var/lib/wxgate. 供 systemd 服务使用
    #[arg(long)]
    systemd: bool,
    /// Ask nothing: what is not given gets its default. 不提问，未给出的用默认值
    #[arg(long)]
    yes: bool,
}

/// What the configuration says, each value as its key takes it.
struct Answers {
    appid: String,
    secret: Secret,
    public_url: String,
    listen: String,
}

/// The AppSecret, or the file where it stands already.
enum Secret {
    Text(Zeroizing<String>),
    File(PathBuf),
}

/// Runs `wxgate init`. The file is the one `--config` names, else `wxgate.toml` here, or where the service looks.
pub(crate) fn run(flags: Flags, global: &Global, lang: Lang) -> Outcome {
    let is_service = flags.systemd;
    let file = global.file().unwrap_or(Path::new(if is_service { FILE_OF_SERVICE } else { FILE }));
    let file = std::path::absolute(file).map_err(|error| cannot(file, &error))?;
    let dir = directory_of(&file).to_owned();
    refuse_existing(&file)?;
    let data_dir = match &flags.data_dir {
        Some(data_dir) => std::path::absolute(data_dir).map_err(|error| cannot(data_dir, &error))?,
        None if is_service => DATA_OF_SERVICE.into(),
        None => dir.join(DATA),
    };
    let answers = questions::answers(flags, &mut Asked::new(lang))?;
    make_directory(&dir, is_service).map_err(|error| cannot(&dir, &error))?;
    let mut made = vec![file.clone()];
    // The key first: a configuration that is there promises that the rest is. The service makes its own, as its own user.
    if !is_service {
        key_file::open(&data_dir, None)?;
    }
    let secret_file = match &answers.secret {
        // systemd passes on the one beside the configuration.
        Secret::File(path) if is_service && *path != dir.join(SECRET_FILE) => {
            let secret = config::read_secret(path, Guard::Mode).map_err(Failure::problem)?;
            make_secret(&dir, &secret)?
        }
        Secret::File(path) => path.clone(),
        Secret::Text(secret) => make_secret(&dir, secret)?,
    };
    if says_nothing(&file) {
        fs::remove_file(&file).map_err(|error| cannot(&file, &error))?;
    }
    create(&file, text(&answers, &data_dir, &secret_file).as_bytes()).map_err(|error| cannot(&file, &error))?;
    if is_service {
        // It holds no secret, and is read by a user that systemd makes up.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).map_err(|error| cannot(&file, &error))?;
    }
    // Nobody is sent on with a file that the next command refuses.
    config::load(&Sources { file: Some(file.clone()), ..Sources::default() })?;
    made.push(secret_file);
    if !is_service {
        made.push(data_dir.join(key_file::KEY));
    }
    let serve = if is_service { Serve::Systemd } else { Serve::Here };
    out::print(&next(&file, &made, &answers.public_url, serve, lang))?;
    Ok(Exit::Done)
}

/// Makes the directory, which the service must be able to enter.
fn make_directory(dir: &Path, is_service: bool) -> io::Result<()> {
    let is_there = dir.exists();
    fs::create_dir_all(dir)?;
    if is_service && !is_there { fs::set_permissions(dir, fs::Permissions::from_mode(0o755)) } else { Ok(()) }
}

fn make_secret(dir: &Path, secret: &str) -> Result<PathBuf, Failure> {
    let path = dir.join(SECRET_FILE);
    create(&path, format!("{secret}\n").as_bytes()).map_err(|error| cannot(&path, &error))?;
    Ok(path)
}

/// Nothing is written over: a configuration may be the only place that names the right secret.
fn refuse_existing(file: &Path) -> Result<(), Failure> {
    if file.symlink_metadata().is_err() || says_nothing(file) {
        return Ok(());
    }
    let path = file.display();
    Err(Failure::problem(words(
        format!("{path} 已存在，不会覆盖；可用 --config 另写一个文件，或先移走它"),
        format!("{path} is there already and is not written over: name another file with --config, or move it away"),
    )))
}

/// Whether the file is one of comments alone, as a package brings along: nothing is lost with it.
fn says_nothing(file: &Path) -> bool {
    let is_file = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    let nothing = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    is_file && fs::read_to_string(file).is_ok_and(|text| text.lines().all(nothing))
}

/// The configuration: what differs from the defaults, and the addresses that people look for.
fn text(answers: &Answers, data_dir: &Path, secret_file: &Path) -> String {
    let (data_dir, secret_file) = (toml(&data_dir.to_string_lossy()), toml(&secret_file.to_string_lossy()));
    let Answers { appid, public_url, listen, .. } = answers;
    let (appid, public_url, listen) = (toml(appid), toml(public_url), toml(listen));
    format!(
        "# Made by `wxgate init`. `wxgate config show` prints every key, `wxgate config template` the usual ones.\n\
         # 由 wxgate init 生成；wxgate config show 列出所有配置项。\n\n\
         data_dir = {data_dir}  # database and sealing key 数据目录\n\
         public_url = {public_url}  # where phones reach you 对外网址\n\n\
         [listen]\n\
         public = {listen}  # your TLS proxy forwards here 由反向代理转发\n\
         internal = \"127.0.0.1:8521\"  # forward-auth, introspection; keep it private 内部接口，勿对外\n\n\
         [[app]]\n\
         appid = {appid}\n\
         secret_file = {secret_file}\n"
    )
}

/// A string of TOML, which takes what a string of JSON is.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Who is to run the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serve {
    Here,
    Systemd,
}

/// What was made, and what comes next.
fn next(file: &Path, made: &[PathBuf], public_url: &str, serve: Serve, lang: Lang) -> String {
    let usual = if serve == Serve::Systemd { Path::new(FILE_OF_SERVICE) } else { Path::new(FILE) };
    let is_usual = std::path::absolute(usual).is_ok_and(|usual| usual == file);
    let config = if is_usual { String::new() } else { format!(" --config {}", quoted(file)) };
    let domain = Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let domain = domain.unwrap_or_else(|| "api.example.com".to_owned());
    let run = if serve == Serve::Systemd {
        "systemctl enable --now wxgate".to_owned()
    } else {
        format!("wxgate serve{config}")
    };
    let made = made.iter().fold(String::new(), |text, path| text + "  " + &path.display().to_string() + "\n");
    lang.pick(
        format!(
            "已生成：\n{made}接下来：\n  {run}  # 运行服务\n  \
             wxgate proxy-config nginx --domain {domain}  # 反向代理的配置\n  wxgate doctor{config}  # 检查一切是否就绪\n\
             请备份数据目录：没有密钥就读不出数据。"
        ),
        format!(
            "Made:\n{made}Next:\n  {run}  # run the server\n  \
             wxgate proxy-config nginx --domain {domain}  # what your reverse proxy needs\n  \
             wxgate doctor{config}  # is everything in place?\n\
             Back up the data directory: without the key its data cannot be read."
        ),
    )
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(match error.kind() {
        io::ErrorKind::AlreadyExists => words(
            format!("{path} 已存在，不会覆盖；请先移走它"),
            format!("{path} is there already and is not written over: move it away"),
        ),
        _ => words(format!("无法写入 {path}：{error}"), format!("cannot write {path}: {error}")),
    })
}

#[cfg(test)]
mod tests;
