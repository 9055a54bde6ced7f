use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::scratch::sync;

const HEAD: &str = "wxgate-";
const TAIL: &str = "Z.tar.zst.age";
const DAY: i64 = 86_400;

/// How long backups in a directory are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Days; the newest is kept in any case.
    pub keep_days: u32,
}

impl Retention {
    /// The name of a backup made at `now`: `wxgate-20261121T143500Z.tar.zst.age`. Names stand in the order of time.
    pub fn name(now: i64) -> String {
        let (days, second) = (now.div_euclid(DAY), now.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{HEAD}{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}{TAIL}")
    }

    /// Removes from `dir` the backups of this program that are too old, and nothing else. What was removed.
    ///
    /// # Errors
    /// [`Error::File`]
    pub fn apply(self, dir: &Path, now: i64) -> Result<Vec<PathBuf>> {
        let oldest = Self::name(now - i64::from(self.keep_days) * DAY);
        let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(Error::at(dir))?;
        let files = entries.into_iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| is_ours(name));
        names.sort_unstable();
        names.pop();
        let due = names.into_iter().filter(|name| *name < oldest).map(|name| dir.join(name));
        let removed = due.map(|path| fs::remove_file(&path).map_err(Error::at(&path)).map(|()| path)).collect();
        sync(dir).map_err(Error::at(dir)).and(removed)
    }
}

/// Whether [`Retention::name`] may have given this name.
pub fn is_ours(name: &str) -> bool {
    let Some(time) = name.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(TAIL)) else { return false };
    time.len() == 15
        && time.bytes().enumerate().all(|(at, byte)| if at == 8 { byte == b'T' } else { byte.is_ascii_digit() })
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const NOW: i64 = 1_794_395_200;

    #[test]
    fn a_name_says_when_in_the_order_of_time() {
        assert_eq!(Retention::name(0), "wxgate-19700101T000000Z.tar.zst.age");
        assert_eq!(Retention::name(951_782_399), "wxgate-20000228T235959Z.tar.zst.age");
        assert_eq!(Retention::name(951_782_400), "wxgate-20000229T000000Z.tar.zst.age");
        assert_eq!(Retention::name(NOW), "wxgate-20261111T110640Z.tar.zst.age");
        assert!(is_ours(&Retention::name(NOW)) && Retention::name(NOW) < Retention::name(NOW + 1));
    }

    #[test]
    fn only_old_backups_of_ours_go_and_the_newest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let [old, older, new] = [31, 400, 29].map(|days| Retention::name(NOW - days * DAY));
        let others = ["wxgate-2020.tar.zst.age", "wxgate-19700101T000000Z.tar.zst.age.part", "notes.txt"];
        for name in [&old, &older, &new].into_iter().map(String::as_str).chain(others) {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let link = Retention::name(0);
        std::os::unix::fs::symlink("notes.txt", dir.path().join(&link)).unwrap();
        fs::create_dir(dir.path().join(Retention::name(1))).unwrap();
        let removed = Retention { keep_days: 30 }.apply(dir.path(), NOW).unwrap();
        assert_eq!(BTreeSet::from_iter(removed), BTreeSet::from([dir.path().join(&old), dir.path().join(&older)]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1 + others.len() + 2);
        assert!(Retention { keep_days: 1 }.apply(dir.path(), NOW).unwrap().is_empty(), "the newest stays");
    }
}
