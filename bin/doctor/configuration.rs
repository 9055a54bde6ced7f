//! The configuration and its secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Case, State, Verdict};
use crate::config::quoted;
use crate::lang::{Lang, words};

/// `config.valid`
pub(super) fn valid(case: &Case) -> Verdict {
    match case.flaws.as_slice() {
        [] => {
            let count = case.config.apps.len();
            Verdict::ok(words(format!("{count} 个小程序"), format!("{count} app{}", if count == 1 { "" } else { "s" })))
        }
        flaws => Verdict::fail(
            words(lines(flaws, Lang::Zh), lines(flaws, Lang::En)),
            words("逐条改正；wxgate config check 会再检查一遍", "mend each of them; wxgate config check looks again"),
        ),
    }
}

/// `config.warnings`
pub(super) fn warnings(case: &Case) -> Verdict {
    match case.config.warnings.as_slice() {
        [] => Verdict::ok(words("没有可疑之处", "nothing suspicious")),
        flaws => Verdict::warn(
            words(lines(flaws, Lang::Zh), lines(flaws, Lang::En)),
            words(
                "逐条确认；config/default.toml 说明每一项",
                "look at each of them; config/default.toml explains every key",
            ),
        ),
    }
}

fn lines(flaws: &[crate::config::Flaw], lang: Lang) -> String {
    flaws.iter().map(|flaw| flaw.line(lang)).collect::<Vec<_>>().join("; ")
}

/// `config.secrets`: nobody else reads the files that hold secrets. They are mended with `--fix`.
pub(super) fn secrets(case: &Case) -> Verdict {
    let files = &case.config.secret_files;
    tight(files.iter().map(AsRef::as_ref), 0o600, case.fix)
}

/// `config.internal`
pub(super) fn internal(case: &Case) -> Verdict {
    let address = &case.config.settings.listen.internal;
    if address.is_reachable_from_outside() {
        return Verdict::warn(
            words(format!("其他机器可以访问 {address}"), format!("other machines can reach {address}")),
            words(
                "listen.internal 改为 127.0.0.1 或 unix: 套接字，或用防火墙挡住",
                "set listen.internal to 127.0.0.1 or a unix: socket, or put a firewall before it",
            ),
        );
    }
    Verdict::ok(words(format!("{address} 只有本机可以访问"), format!("{address} is for this machine alone")))
}

/// Whether group and others have no right to these files. With `fix` they lose what they have.
pub(super) fn tight<'a>(paths: impl Iterator<Item = &'a Path>, mode: u32, fix: bool) -> Verdict {
    let mut loose = Vec::new();
    let (mut looked, mut mended) = (0, 0);
    for path in paths {
        let Ok(metadata) = fs::symlink_metadata(path) else { continue };
        looked += 1;
        let is_loose = metadata.permissions().mode() & 0o077 != 0 && !metadata.is_symlink();
        if !is_loose {
            continue;
        }
        if fix && fs::set_permissions(path, fs::Permissions::from_mode(mode)).is_ok() {
            mended += 1;
        } else {
            loose.push(quoted(path));
        }
    }
    if !loose.is_empty() {
        let paths = loose.join(" ");
        return Verdict::fail(
            words(format!("其他用户可以访问：{paths}"), format!("others have access: {paths}")),
            words(
                format!("chmod {mode:o} {paths}（或 wxgate doctor --fix）"),
                format!("chmod {mode:o} {paths} (or wxgate doctor --fix)"),
            ),
        );
    }
    let state = if looked == 0 { State::Skipped } else { State::Ok };
    let evidence = match (looked, mended) {
        (0, _) => words("没有这样的文件", "there are no such files"),
        (_, 0) => words(format!("{looked} 个，只有所有者可以访问"), format!("{looked}, their owner's alone")),
        _ => words(format!("已收紧 {mended} 个文件的权限"), format!("{mended} mended: their owner's alone now")),
    };
    Verdict { state, evidence, cure: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loose_file_fails_with_the_cure_until_it_is_mended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a secret");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let look = |fix| tight([path.as_path(), Path::new("/none")].into_iter(), 0o600, fix);
        let found = look(false);
        let cure = format!("chmod 600 '{}' (or", path.display());
        assert_eq!((found.state, found.cure.unwrap().say(Lang::En).starts_with(&cure)), (State::Fail, true));
        assert_eq!(look(true).evidence.say(Lang::En), "1 mended: their owner's alone now");
        assert_eq!((look(false).state, fs::metadata(&path).unwrap().permissions().mode() & 0o777), (State::Ok, 0o600));
        assert_eq!(tight([Path::new("/none")].into_iter(), 0o600, false).state, State::Skipped);
    }
}
