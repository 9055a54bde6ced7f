//! What people and programs write for instants and genders.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The seconds of a day in 1973 as milliseconds: a larger number counts those.
const MILLISECONDS: i64 = 100_000_000_000;

/// Unix seconds of seconds, milliseconds, or a date with a time: by the clock of `zone`, unless it says that it is UTC.
/// `Ok(None)` for what MySQL writes for nothing, `Err` for what is no instant since 1970.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Result<Option<i64>, ()> {
    let text = text.trim();
    if text.is_empty() || text == "0" || text.starts_with("0000-00-00") {
        return Ok(None);
    }
    let seconds = match text.parse::<i64>() {
        Ok(number) if number >= MILLISECONDS => number / 1000,
        Ok(number) => number,
        Err(_) => {
            let zone = if text.ends_with('Z') { &TimeZone::UTC } else { zone };
            let at = date(text).and_then(|date| zone.to_timestamp(date).ok());
            at.ok_or(())?.as_second()
        }
    };
    if seconds >= 0 { Ok(Some(seconds)) } else { Err(()) }
}

/// WeChat's number of a gender.
pub(super) fn gender(text: &str) -> Option<i64> {
    match text.trim() {
        "0" | "未知" => Some(0),
        "1" | "男" => Some(1),
        "2" | "女" => Some(2),
        _ => None,
    }
}

/// `2026-01-31 08:00:00`, also `2026/1/31 8:00` as spreadsheets write it, with a `T`, without the time, or with parts of a
/// second.
fn date(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:0"));
    let time = time.trim_end_matches('Z').split('.').next()?;
    let &[year, month, day] = numbers(day, &['-', '/'])?.as_slice() else { return None };
    let (hour, minute, second) = match *numbers(time, &[':'])?.as_slice() {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(i8::try_from);
    DateTime::new(year, month.ok()?, day.ok()?, hour.ok()?, minute.ok()?, second.ok()?, 0).ok()
}

fn numbers(text: &str, marks: &[char]) -> Option<Vec<i16>> {
    let number = |part: &str| {
        let is_short = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_short.then(|| part.parse().ok())?
    };
    text.split(marks).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn instants_are_seconds_of_utc() {
        for (text, seconds) in [
            ("1795000000", 1_795_000_000),
            ("1795000000123", 1_795_000_000),
            ("1970-01-01 08:00:00", 0),
            ("2026-11-11T11:06:40.5Z", 1_794_395_200),
            ("2026-11-11 19:06:40", 1_794_395_200),
            ("2026/11/11 19:06", 1_794_395_160),
            ("2000/2/29", 951_753_600),
        ] {
            assert_eq!(instant(text, &shanghai()), Ok(Some(seconds)), "{text}");
        }
        assert_eq!(instant("2000-02-29 00:00:00", &TimeZone::UTC), Ok(Some(951_782_400)));
    }

    #[test]
    fn nothing_is_no_instant_and_what_is_wrong_is_said() {
        for text in ["", " ", "0", "0000-00-00", "0000-00-00 00:00:00"] {
            assert_eq!(instant(text, &shanghai()), Ok(None), "{text}");
        }
        for text in [
            "-1",
            "yesterday",
            "2026-13-01",
            "2026-02-29",
            "2026-1",
            "2026-01-01 25:00:00",
            "2026-01-01 08",
            "-1-1-1",
            "1969-01-01",
            "99999-01-01",
            "1.7e9",
            "２０２６-01-01",
        ] {
            assert_eq!(instant(text, &shanghai()), Err(()), "{text}");
        }
    }
}
