//! Columns for people: aligned by what characters take on a terminal, of which a Chinese one takes two.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

/// Columns stand so far apart.
const GAP: &str = "  ";

/// Rows under their heads. The last column is not filled up.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| rows.iter().map(|row| row[at].width()).max().unwrap_or(0).max(head.width()))
        .collect();
    let line = |cells: &[&str]| {
        let filled =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        filled.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    std::iter::once(line(heads)).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Lines of "what: value".
pub(crate) fn list(entries: &[(&str, String)]) -> String {
    let width = entries.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line =
        |(name, value): &(&str, String)| format!("{name}{}{GAP}{}", " ".repeat(width - name.width()), plain(value));
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What somebody else wrote must not steer the terminal that shows it.
fn plain(text: &str) -> String {
    let steers = |char: char| {
        char.is_control() || matches!(char, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|char| if steers(char) { '\u{fffd}' } else { char }).collect()
}

/// An instant as people read it, by the clock of their zone: `2026-11-21 22:32+08:00`.
pub(crate) fn instant(seconds: i64, zone: &TimeZone) -> String {
    let shown = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M%:z").to_string();
    // Beyond the year 9999 there are no dates.
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let rows = [vec!["张三".to_owned(), "1".to_owned()], vec!["Bob".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["name", "n"], &rows), "name  n\n张三  1\nBob   22");
        assert_eq!(list(&[("编号", "1".to_owned()), ("id", "2".to_owned())]), "编号  1\nid    2");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let shown = table(&["name"], &[vec!["a\u{1b}[2J\u{202e}\nb".to_owned()]]);
        assert_eq!(shown, "name\na\u{fffd}[2J\u{fffd}\u{fffd}b");
    }

    #[test]
    fn instants_are_dates_where_the_team_is() {
        for (seconds, name, date) in [
            (0, "UTC", "1970-01-01 00:00+00:00"),
            (951_782_400, "UTC", "2000-02-29 00:00+00:00"),
            (1_795_000_000, "Asia/Shanghai", "2026-11-18 19:06+08:00"),
            (1_795_000_000, "Asia/Kathmandu", "2026-11-18 16:51+05:45"),
            (1_795_000_000, "America/New_York", "2026-11-18 06:06-05:00"),
            (i64::MAX, "UTC", "9223372036854775807"),
        ] {
            assert_eq!(instant(seconds, &TimeZone::get(name).unwrap()), date);
        }
    }
}
