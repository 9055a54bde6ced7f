//! Whether there is a way back: how old the last backup is, and when one was last seen to restore.

use wxgate_api::{Clock, SystemClock};
use wxgate_backup::{Event, Record};

use super::{Case, Verdict, needs};
use crate::config::quoted;
use crate::key_file::DATABASE;
use crate::lang::{Words, words};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// The timer makes one each night: after this a night was missed.
const OLD_SECONDS: i64 = 2 * DAY;
/// The timer verifies each; whoever does it by hand should each week.
const LONG_UNVERIFIED_SECONDS: i64 = 8 * DAY;

/// `backup.last`
pub(super) fn last(case: &Case) -> Verdict {
    match record(case) {
        Ok(record) => judge_last(record.created.as_ref(), SystemClock.now().0),
        Err(verdict) => verdict,
    }
}

/// `backup.verified`
pub(super) fn verified(case: &Case) -> Verdict {
    let is_ours = case.config.settings.backup.recipients.is_empty();
    match record(case) {
        Ok(record) => judge_verified(&record, is_ours, SystemClock.now().0),
        Err(verdict) => verdict,
    }
}

fn record(case: &Case) -> Result<Record, Verdict> {
    let dir = case.data_dir();
    if !dir.join(DATABASE).exists() {
        return Err(needs("还没有要备份的数据", "there is nothing to back up yet"));
    }
    Record::read(&dir).map_err(|_| {
        needs(
            "看不到备份记录；请以 root 或服务的用户执行",
            "the record of backups cannot be read: run this as root or as the server's user",
        )
    })
}

fn judge_last(last: Option<&Event>, now: i64) -> Verdict {
    let Some(last) = last else {
        return Verdict::warn(
            words("从未备份", "no backup was ever made"),
            words(
                "执行 wxgate backup create，并启用每夜的定时器：systemctl enable --now wxgate-backup.timer",
                "run wxgate backup create, and let the timer do it each night: systemctl enable --now wxgate-backup.timer",
            ),
        );
    };
    let age = now - last.at;
    let (ago, file) = (ago(age), &last.file);
    let evidence = words(format!("最近一次在{}：{file}", ago.0), format!("the last one was made {}: {file}", ago.1));
    if age <= OLD_SECONDS {
        return Verdict::ok(evidence);
    }
    Verdict::warn(
        evidence,
        words(
            "执行 wxgate backup create，并用 systemctl status wxgate-backup.timer 查明定时备份为何没有运行",
            "run wxgate backup create, and see by systemctl status wxgate-backup.timer why none was made at night",
        ),
    )
}

fn judge_verified(record: &Record, is_ours: bool, now: i64) -> Verdict {
    let Some(created) = &record.created else { return needs("还没有备份", "there is no backup yet") };
    if !is_ours {
        return needs(
            "备份只有收件人能打开：请在持有密钥处执行 wxgate backup verify",
            "only the recipients can open the backups: run wxgate backup verify where their key is",
        );
    }
    let file = if created.file == "-" { "FILE".to_owned() } else { quoted(created.file.as_ref()) };
    let cure: Words = words(format!("执行 wxgate backup verify {file}"), format!("run wxgate backup verify {file}"));
    let Some(verified) = &record.verified else {
        return Verdict::warn(words("从未检验过备份能否恢复", "no backup was ever seen to restore"), cure);
    };
    let age = now - verified.at;
    let ago = ago(age);
    let evidence = words(
        format!("{}检验过：{} 名成员", ago.0, verified.members),
        format!("one was verified {}: {} members", ago.1, verified.members),
    );
    if age <= LONG_UNVERIFIED_SECONDS { Verdict::ok(evidence) } else { Verdict::warn(evidence, cure) }
}

/// In Chinese and in English.
fn ago(seconds: i64) -> (String, String) {
    if seconds < HOUR {
        return ("一小时内".to_owned(), "within the hour".to_owned());
    }
    if seconds <= OLD_SECONDS {
        let hours = seconds / HOUR;
        return (format!(" {hours} 小时前"), format!("{hours} h ago"));
    }
    let days = seconds / DAY;
    (format!(" {days} 天前"), format!("{days} days ago"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::lang::Lang;

    const NOW: i64 = 1_794_395_200;

    fn event(age: i64) -> Event {
        Event { at: NOW - age, of: NOW - age, file: "/b/x y.age".to_owned(), members: 3 }
    }

    fn said(verdict: &Verdict) -> (State, &str, &str) {
        (verdict.state, verdict.evidence.say(Lang::En), verdict.cure.as_ref().map_or("", |cure| cure.say(Lang::En)))
    }

    #[test]
    fn no_backup_and_an_old_one_are_warnings_with_the_command_that_helps() {
        let never = judge_last(None, NOW);
        let (state, evidence, cure) = said(&never);
        assert_eq!((state, evidence), (State::Warn, "no backup was ever made"));
        assert!(cure.contains("wxgate backup create") && cure.contains("wxgate-backup.timer"), "{cure}");
        for (age, state, words) in [
            (-9, State::Ok, "within the hour"),
            (26 * HOUR, State::Ok, "26 h ago"),
            (OLD_SECONDS, State::Ok, "48 h ago"),
            (OLD_SECONDS + 1, State::Warn, "2 days ago"),
        ] {
            let verdict = judge_last(Some(&event(age)), NOW);
            assert_eq!(verdict.state, state, "{age}");
            assert!(verdict.evidence.say(Lang::En).contains(words), "{verdict:?}");
        }
    }

    #[test]
    fn a_backup_that_was_never_verified_is_a_warning_where_its_key_is() {
        let record = |created, verified| Record { created, verified, restored: None };
        let none = judge_verified(&record(None, None), true, NOW);
        assert_eq!(none.state, State::Skipped);
        let never = judge_verified(&record(Some(event(1)), None), true, NOW);
        assert_eq!(said(&never).0, State::Warn);
        assert_eq!(said(&never).2, "run wxgate backup verify '/b/x y.age'");
        let theirs = judge_verified(&record(Some(event(1)), None), false, NOW);
        assert_eq!(theirs.state, State::Skipped);
        let age = |age| judge_verified(&record(Some(event(1)), Some(event(age))), true, NOW).state;
        assert_eq!(
            [age(1), age(LONG_UNVERIFIED_SECONDS), age(LONG_UNVERIFIED_SECONDS + 1)],
            [State::Ok, State::Ok, State::Warn]
        );
    }
}
