//! Files that hold one secret.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use crate::lang::{Words, words};

/// Far above any secret of ours; a key file with many old keys included.
const MAX_BYTES: u64 = 64 * 1024;

/// Who watches over the file's mode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// We do: group and others may have no right to it.
    Mode,
    /// systemd does, which shows its own access list as a group's right to read.
    Systemd,
}

/// The file's text without the line ends at its end.
pub(crate) fn read(path: &Path, guard: Guard) -> Result<Zeroizing<String>, Words> {
    let cannot = |error: std::io::Error| said(path, format!("无法读取：{error}"), format!("cannot be read: {error}"));
    // Not blocking: a pipe in its place must not hang the start.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| cannot(error.into()))?);
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err(said(path, "不是普通文件", "not a regular file"));
    }
    if guard == Guard::Mode && metadata.permissions().mode() & 0o077 != 0 {
        let chmod = format!("chmod 600 {}", quoted(path));
        return Err(said(
            path,
            format!("其他用户可以访问；请执行 {chmod}"),
            format!("others have access to it; run {chmod}"),
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(said(path, "文件过大", "too large for a secret"));
    }
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() {
        return Err(said(path, "文件是空的", "empty"));
    }
    Ok(text)
}

fn said(path: &Path, zh: impl AsRef<str>, en: impl AsRef<str>) -> Words {
    words(format!("{}：{}", path.display(), zh.as_ref()), format!("{}: {}", path.display(), en.as_ref()))
}

/// The path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use std::fs;

    fn file(dir: &tempfile::TempDir, text: &str, mode: u32) -> std::path::PathBuf {
        let path = dir.path().join("a secret");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            let path = file(&dir, "canary", mode);
            let error = read(&path, Guard::Mode).unwrap_err();
            assert!(error.say(Lang::En).ends_with(&format!("run chmod 600 '{}'", path.display())), "{error:?}");
            assert!(read(&path, Guard::Systemd).is_ok());
        }
    }

    #[test]
    fn a_line_end_does_not_belong_to_the_secret_and_a_space_does() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(*read(&file(&dir, "canary \r\n\n", 0o600), Guard::Mode).unwrap(), "canary ");
    }

    #[test]
    fn an_empty_or_odd_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(&file(&dir, "\n", 0o600), Guard::Mode).unwrap_err().say(Lang::En).contains("empty"));
        assert!(read(dir.path(), Guard::Mode).unwrap_err().say(Lang::En).contains("not a regular file"));
        assert!(read(&dir.path().join("none"), Guard::Mode).unwrap_err().say(Lang::En).contains("cannot be read"));
    }
}
