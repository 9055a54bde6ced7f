//! Columns for people: aligned by what characters take on a terminal, of which a Chinese one takes two.

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

/// An instant as people read it, in UTC: `2026-11-21 14:32Z`.
pub(crate) fn instant(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant, chrono-compatible low-level date algorithms: civil_from_days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}Z", second / 3600, second % 3600 / 60)
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
    fn instants_are_dates() {
        for (seconds, date) in [
            (0, "1970-01-01 00:00Z"),
            (951_782_399, "2000-02-28 23:59Z"),
            (951_782_400, "2000-02-29 00:00Z"),
            (1_795_000_000, "2026-11-18 11:06Z"),
            (-1, "1969-12-31 23:59Z"),
        ] {
            assert_eq!(instant(seconds), date);
        }
    }
}
