//! The command line: what can be asked for, and which file answers.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use wxgate_api::TimeZone;

use crate::config::{self, Config, Settings, Sources};
use crate::lang::{Lang, words};
use crate::manage::{AppCommand, AuditCommand, Here, MemberCommand, SessionCommand, TokenCommand};
use crate::out::{Failure, Outcome};
use crate::{
    backup, demo, doctor, explain, healthcheck, help, init, manual, migrate, proxy_config, sandbox, serve, trace,
    transfer, usage,
};

/// Login server for WeChat Mini Programs: one binary, one SQLite file. 微信小程序登录服务。
#[derive(Parser)]
#[command(
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Start here: wxgate demo, then wxgate init"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration comes from, beside the environment.
#[derive(Args)]
pub(crate) struct Global {
    /// Else ./wxgate.toml, else /etc/wxgate/wxgate.toml. 配置文件，默认 ./wxgate.toml，其次 /etc/wxgate/wxgate.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Stronger than file and environment: session.idle_days=3. 覆盖文件和环境变量，如 session.idle_days=3
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = "Configuration")]
    set: Vec<String>,
}

impl Global {
    /// Loads the configuration, or gives all that is wrong with it.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.sources())?)
    }

    /// What is configured beside the apps, also where only the server gets its secrets.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Ok(config::settings(&self.sources())?)
    }

    /// Where the server's data is, also where only the server gets its secrets.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        self.settings().map(|settings| settings.data_dir)
    }

    /// Where the team's days begin.
    pub(crate) fn time_zone(&self) -> Result<TimeZone, Failure> {
        // It is one: a name that is none is a flaw.
        Ok(TimeZone::get(&self.settings()?.timezone).unwrap_or(TimeZone::UTC))
    }

    /// The file that `--config` names.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    fn is_unused(&self) -> bool {
        self.config.is_none() && self.set.is_empty()
    }

    /// The file, the environment and the flags of this process.
    pub(crate) fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone(), &self.set)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Server and WeChat sandbox in one process, no configuration needed. 一条命令试用：服务加微信沙箱，无需配置
    #[command(after_help = "Example:\n  wxgate demo --public 127.0.0.1:9000")]
    Demo(demo::Flags),
    /// Make a configuration and keys by four questions. 回答四个问题，生成配置和密钥
    #[command(
        after_help = "Example:\n  wxgate init\n  sudo wxgate init --systemd\n  wxgate init --yes --appid wx0123456789abcdef --secret-file - < secret"
    )]
    Init(init::Flags),
    /// Run the server. 运行服务
    #[command(after_help = "Example:\n  wxgate serve --config /etc/wxgate/wxgate.toml")]
    Serve,
    /// WeChat's server API on loopback, for development and tests. 本机的微信沙箱，用于开发和测试
    #[command(after_help = "Example:\n  wxgate sandbox --listen 127.0.0.1:8530")]
    Sandbox(sandbox::Flags),
    /// Check, show or start a configuration. 检查、查看、生成配置
    #[command(subcommand, after_help = "Example:\n  wxgate config check --config wxgate.toml")]
    Config(config::Command),
    /// What is wrong with this installation, and what helps. 检查安装是否就绪，并说明如何修复
    #[command(after_help = "Example:\n  wxgate doctor --fix\n  wxgate doctor --bundle diagnosis.json")]
    Doctor(doctor::Flags),
    /// Bring the database up to date, which serve does as well. 升级数据库结构（serve 也会自动升级）
    #[command(after_help = "Example:\n  wxgate migrate --check")]
    Migrate(migrate::Flags),
    /// Make, check and restore backups. 备份、检验、恢复
    #[command(subcommand, after_help = "Example:\n  wxgate backup create")]
    Backup(backup::Command),
    /// The people of the mini programs. 管理成员
    #[command(subcommand, after_help = "Example:\n  wxgate member list --phone 13800138000")]
    Member(MemberCommand),
    /// Where a member is logged in. 管理会话
    #[command(subcommand, after_help = "Example:\n  wxgate session end 01980c2e-7c1e-7000-8000-000000000000 --all")]
    Session(SessionCommand),
    /// API tokens for the internal listener. 管理内部接口令牌
    #[command(subcommand, after_help = "Example:\n  wxgate token create --name proxy --scope introspect")]
    Token(TokenCommand),
    /// Write all members as CSV or JSON lines. 导出全部成员
    #[command(after_help = "Example:\n  wxgate export --format csv --out members.csv")]
    Export(transfer::ExportFlags),
    /// Take in members from a table or a mysqldump. 导入成员
    #[command(after_help = "Example:\n  wxgate import member.sql --dry-run")]
    Import(transfer::ImportFlags),
    /// Who did what. 操作记录
    #[command(subcommand, after_help = "Example:\n  wxgate audit list --limit 20")]
    Audit(AuditCommand),
    /// The mini programs of this server. 查看小程序
    #[command(subcommand, after_help = "Example:\n  wxgate app list")]
    App(AppCommand),
    /// The team's reverse proxy, complete and safe. 生成完整、安全的反向代理配置
    #[command(after_help = proxy_config::HELP)]
    ProxyConfig(proxy_config::Flags),
    /// Why does a payload not open? Reads JSON from standard input. 加密数据为什么解不开？从标准输入读取 JSON
    #[command(after_help = EXPLAIN_HELP)]
    Explain(explain::Flags),
    /// One request's whole story, by its id. 按 rid 追踪一次请求
    #[command(after_help = "Example:\n  wxgate trace 01980c2e7c1e70008000000000000000 --log wxgate.log")]
    Trace(trace::Flags),
    /// Ask the running server whether it serves. 询问运行中的服务是否正常
    #[command(after_help = "Example:\n  wxgate healthcheck --url http://127.0.0.1:8520/healthz")]
    Healthcheck(healthcheck::Flags),
    /// Print what completes these commands in a shell. 输出命令补全脚本
    #[command(after_help = "Example:\n  wxgate completions bash > /etc/bash_completion.d/wxgate")]
    Completions(manual::CompletionFlags),
    /// Print the manual page, or write all of them. 输出手册页，或写出全部
    #[command(after_help = "Example:\n  wxgate man | man -l -\n  wxgate man --out /usr/local/share/man/man1")]
    Man(manual::ManFlags),
}

const EXPLAIN_HELP: &str = r#"Example:
  wxgate explain <<< '{"session_key":"…","encryptedData":"…","iv":"…","appid":"wx…"}'"#;

/// Reads the arguments and runs the command they name. Bad arguments, `--help` and `--version` end in clap.
pub(crate) fn run(lang: Lang) -> Outcome {
    let described = help::in_language(Cli::command(), lang);
    let given = described.clone().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { global, command } = match given {
        Ok(cli) => cli,
        Err(error) => match usage::refusal(&error, lang) {
            Some(said) => return Err(Failure::usage(words(said.clone(), said))),
            None => error.exit(),
        },
    };
    let here = Here { global: &global, lang };
    match command {
        Command::Demo(flags) if global.is_unused() => demo::run(&flags, lang),
        Command::Demo(_) => Err(Failure::usage(words(
            "演示不读取配置：请去掉 --config 和 --set",
            "the demo has its own configuration: leave out --config and --set",
        ))),
        Command::Serve => serve::run(global, lang),
        Command::Sandbox(flags) => sandbox::run(&flags, lang),
        Command::Config(command) => config::run(&command, &global, lang),
        Command::Member(command) => command.run(here),
        Command::Session(command) => command.run(here),
        Command::Token(command) => command.run(here),
        Command::Audit(command) => command.run(here),
        Command::App(command) => command.run(here),
        Command::Export(flags) => transfer::export(&flags, here),
        Command::Import(flags) => transfer::import(&flags, here),
        Command::ProxyConfig(flags) => proxy_config::run(&flags),
        Command::Explain(flags) => explain::run(flags, lang),
        Command::Trace(flags) => trace::run(&flags, here),
        Command::Healthcheck(flags) => healthcheck::run(&flags, &global, lang),
        Command::Doctor(flags) => doctor::run(&flags, &global, lang),
        Command::Migrate(flags) => migrate::run(&flags, &global, lang),
        Command::Backup(command) => backup::run(&command, &global, lang),
        Command::Init(flags) => init::run(flags, &global, lang),
        Command::Completions(flags) => manual::completions(&flags, described),
        Command::Man(flags) => manual::man(&flags, described),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    fn for_each(command: &mut clap::Command, look: &mut impl FnMut(&mut clap::Command)) {
        look(command);
        command.get_subcommands_mut().for_each(|command| for_each(command, look));
    }

    /// Words of clap's own.
    const ENGLISH: &[&str] =
        &["Usage:", "Options:", "Commands:", "Print ", "[OPTIONS]", "<COMMAND>", "[default", "[possible", ", then "];

    #[test]
    fn every_help_fits_a_screen_and_shows_an_example_in_either_language() {
        for (lang, example) in [(Lang::En, ["Example", "Start here"]), (Lang::Zh, ["示例", "从这里开始"])] {
            for_each(&mut help::in_language(Cli::command(), lang), &mut |command| {
                let help = command.render_help().to_string();
                // Where there is a choice of commands, it may take what it needs.
                let choice = command.get_subcommands().count();
                assert!(help.lines().count() <= 24 + choice, "{help}");
                assert!(help.lines().all(|line| line.width() <= 104), "{help}");
                assert!(help.contains("wxgate ") && example.iter().any(|word| help.contains(word)), "{help}");
                let other = lang.pick(ENGLISH, &["：", "显示", "配置"]);
                assert!(other.iter().all(|word| !help.contains(word)), "{help}");
            });
        }
    }

    #[test]
    fn every_text_of_the_help_is_there_in_both_languages() {
        let mut command = Cli::command();
        command.build();
        for_each(&mut command, &mut |command| {
            let texts = command.get_arguments().filter_map(clap::Arg::get_help).chain(command.get_about());
            for text in texts.map(ToString::to_string) {
                assert!(help::is_in_both(&text), "{}: {text}", command.get_name());
            }
        });
    }

    #[test]
    fn every_command_takes_config() {
        for arguments in [
            "serve",
            "demo",
            "sandbox",
            "explain",
            "trace 01980c2e7c1e70008000000000000000",
            "healthcheck",
            "proxy-config nginx --domain api.example.com",
            "config check",
            "config show",
            "config template",
            "token list",
            "token create --name a --scope introspect",
            "token revoke 01980c2e-7c1e-7000-8000-000000000000",
            "member list",
            "member erase 01980c2e-7c1e-7000-8000-000000000000",
            "session end 01980c2e-7c1e-7000-8000-000000000000 --all",
            "export",
            "import a",
            "audit list",
            "app list",
            "init",
            "doctor",
            "migrate --check",
            "backup create",
            "backup verify a",
            "backup restore a --to b",
            "backup erasures",
            "completions bash",
            "man",
        ] {
            let line = format!("wxgate {arguments} --config /etc/x.toml");
            let cli = Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(cli.global.config.as_deref(), Some(Path::new("/etc/x.toml")));
        }
    }
}
