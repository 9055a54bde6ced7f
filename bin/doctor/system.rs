//! What the operating system gives the server.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::{Case, Verdict, needs};
use crate::lang::words;

/// What the listeners accept, and some.
const FILES: u64 = 20_000;

/// `system.files`: of the server that runs, else of who asks.
pub(super) fn file_limit(case: &Case) -> Verdict {
    let of_server = case.server().and_then(|server| fs::read_to_string(format!("/proc/{}/limits", server.pid()?)).ok());
    let hard = match of_server {
        Some(limits) => hard_limit(&limits),
        None => Some(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)),
    };
    judge_files(hard)
}

/// The second number of the line of proc(5) limits.
fn hard_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let hard = line.split_whitespace().nth(1)?;
    if hard == "unlimited" { Some(u64::MAX) } else { hard.parse().ok() }
}

fn judge_files(hard: Option<u64>) -> Verdict {
    let Some(hard) = hard else { return needs("无法得知", "it cannot be found out") };
    let evidence = words(format!("最多打开 {hard} 个文件"), format!("at most {hard} open files"));
    if hard >= FILES {
        return Verdict::ok(evidence);
    }
    Verdict::warn(
        evidence,
        words(
            format!("systemd 单元中设 LimitNOFILE={FILES} 以上"),
            format!("set LimitNOFILE={FILES} or more in the systemd unit"),
        ),
    )
}

/// `system.watchdog`: where systemd is, it should start a server anew that hangs.
pub(super) fn watchdog(case: &Case) -> Verdict {
    if !Path::new("/run/systemd/system").exists() {
        return needs("这里没有 systemd", "there is no systemd here");
    }
    let environment = case.server().and_then(|server| fs::read(format!("/proc/{}/environ", server.pid()?)).ok());
    environment.map_or_else(
        || needs("服务没有在运行，或无权查看", "the server does not run, or may not be looked at"),
        |environment| judge_watchdog(&environment),
    )
}

fn judge_watchdog(environment: &[u8]) -> Verdict {
    let is_set = |name: &[u8]| environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(name));
    if is_set(b"NOTIFY_SOCKET=") && is_set(b"WATCHDOG_USEC=") {
        return Verdict::ok(words("卡死时 systemd 会重新启动它", "systemd starts it anew when it hangs"));
    }
    Verdict::warn(
        words("卡死时没有人重新启动它", "nobody starts it anew when it hangs"),
        words(
            "用 config/wxgate.service 运行（见 README“用 systemd 运行”）",
            "run it by config/wxgate.service: README, under systemd",
        ),
    )
}

/// `system.logs`: the law asks for six months.
pub(super) fn logs(_: &Case) -> Verdict {
    judge_logs(Path::new("/"))
}

fn judge_logs(root: &Path) -> Verdict {
    if !root.join("run/systemd/journal").exists() {
        return needs("日志由启动本程序者保存", "logs are kept by whoever starts the program");
    }
    let cure = words(
        "在 /etc/systemd/journald.conf 中设 Storage=persistent、MaxRetentionSec=180day",
        "set Storage=persistent and MaxRetentionSec=180day in /etc/systemd/journald.conf",
    );
    if !root.join("var/log/journal").exists() {
        return Verdict::warn(
            words("日志只在内存中，重启即失", "the journal is in memory alone and lost at a restart"),
            cure,
        );
    }
    Verdict::ok(words("journald 把日志存在磁盘上", "journald keeps logs on the disk"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn the_hard_limit_is_what_counts() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(hard_limit(limits), Some(524_288));
        assert_eq!(hard_limit("Max open files  1024  unlimited  files"), Some(u64::MAX));
        assert_eq!(judge_files(hard_limit(limits)).state, State::Ok);
        assert_eq!(judge_files(Some(1024)).state, State::Warn);
        assert_eq!(judge_files(hard_limit("")).state, State::Skipped);
    }

    #[test]
    fn a_server_that_nobody_watches_is_worth_a_warning() {
        let state = |environment: &[u8]| judge_watchdog(environment).state;
        assert_eq!(state(b"LANG=C\0NOTIFY_SOCKET=/run/systemd/notify\0WATCHDOG_USEC=30000000\0"), State::Ok);
        assert_eq!(state(b"NOTIFY_SOCKET=/run/systemd/notify\0"), State::Warn);
        assert_eq!(state(b"X_NOTIFY_SOCKET=a\0X_WATCHDOG_USEC=1\0"), State::Warn);
    }

    #[test]
    fn a_journal_in_memory_is_worth_a_warning() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(judge_logs(root.path()).state, State::Skipped);
        fs::create_dir_all(root.path().join("run/systemd/journal")).unwrap();
        assert_eq!(judge_logs(root.path()).state, State::Warn);
        fs::create_dir_all(root.path().join("var/log/journal")).unwrap();
        assert_eq!(judge_logs(root.path()).state, State::Ok);
    }
}
