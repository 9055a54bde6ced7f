//! Hours, days, weeks and months as people where the team is count them.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use wxgate_store::UnixSeconds;

const HOUR: i64 = 3_600;
/// Instants that a calendar is asked about: 1970 to 2100.
pub const INSTANTS: std::ops::RangeInclusive<i64> = 0..=4_102_444_800;

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    Hour,
    Day,
    Week,
    Month,
}

impl Bucket {
    /// As the query calls them.
    pub const WORDS: &str = "hour, day, week, month";

    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// When the bucket around `at` begins: at a local midnight, unless it is an hour; a week on Monday.
    fn beginning(self, timezone: &TimeZone, at: UnixSeconds) -> Result<UnixSeconds, jiff::Error> {
        let local = || zoned(timezone, at);
        let beginning = match self {
            Self::Hour => return Ok(hour_of(timezone, at)),
            Self::Day => local()?,
            Self::Week => {
                let local = local()?;
                let since_monday = local.weekday().since(Weekday::Monday);
                local.checked_sub(i64::from(since_monday).days())?
            }
            Self::Month => local()?.first_of_month()?,
        };
        Ok(UnixSeconds(beginning.start_of_day()?.timestamp().as_second()))
    }

    /// When the bucket after the one that begins at `beginning` does.
    fn next(self, timezone: &TimeZone, beginning: UnixSeconds) -> Result<UnixSeconds, jiff::Error> {
        let span = match self {
            Self::Hour => return Ok(beginning + HOUR),
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        };
        let next = zoned(timezone, beginning)?.checked_add(span)?.start_of_day()?;
        Ok(UnixSeconds(next.timestamp().as_second()))
    }
}

/// The boundaries of the buckets from the one around `from` to the one in which `to` is or begins, one more than there are
/// buckets; `None` when there are more than `most`.
///
/// # Errors
/// For instants outside [`INSTANTS`].
pub fn boundaries(
    timezone: &TimeZone,
    bucket: Bucket,
    from: UnixSeconds,
    to: UnixSeconds,
    most: usize,
) -> Result<Option<Vec<UnixSeconds>>, jiff::Error> {
    let mut boundaries = vec![bucket.beginning(timezone, from)?];
    let mut last = boundaries[0];
    while last < to {
        if boundaries.len() > most {
            return Ok(None);
        }
        last = bucket.next(timezone, last)?;
        boundaries.push(last);
    }
    Ok(Some(boundaries))
}

/// When the local hour around `at` began. Some zones are half an hour apart from others: an hour never has a midnight in it.
pub fn hour_of(timezone: &TimeZone, at: UnixSeconds) -> UnixSeconds {
    let offset = Timestamp::from_second(at.0).map_or(0, |at| i64::from(timezone.to_offset(at).seconds()));
    at - at.0.saturating_add(offset).rem_euclid(HOUR)
}

fn zoned(timezone: &TimeZone, at: UnixSeconds) -> Result<Zoned, jiff::Error> {
    Ok(Timestamp::from_second(at.0)?.to_zoned(timezone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> UnixSeconds {
        UnixSeconds(text.parse::<Timestamp>().unwrap().as_second())
    }

    /// The boundaries, written in local time.
    fn cut(name: &str, bucket: Bucket, from: &str, to: &str) -> Vec<String> {
        let boundaries = boundaries(&zone(name), bucket, at(from), at(to), 100).unwrap().unwrap();
        let local = |at: &UnixSeconds| zoned(&zone(name), *at).unwrap().strftime("%m-%d %H:%M").to_string();
        boundaries.iter().map(local).collect()
    }

    fn hours_between(name: &str, from: &str, to: &str) -> Vec<i64> {
        let days = boundaries(&zone(name), Bucket::Day, at(from), at(to), 100).unwrap().unwrap();
        days.windows(2).map(|pair| (pair[1].0 - pair[0].0) / HOUR).collect()
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let days = cut("Asia/Shanghai", Bucket::Day, "2026-11-20T15:59:59Z", "2026-11-21T16:00:00Z");
        assert_eq!(days, ["11-20 00:00", "11-21 00:00", "11-22 00:00"]);
        let days = cut("Asia/Kolkata", Bucket::Day, "2026-11-20T18:30:00Z", "2026-11-20T18:30:01Z");
        assert_eq!(days, ["11-21 00:00", "11-22 00:00"]);
    }

    #[test]
    fn a_day_on_which_the_clocks_change_has_23_or_25_hours() {
        assert_eq!(hours_between("Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"), [24, 23, 24]);
        assert_eq!(hours_between("Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"), [24, 25, 24]);
        assert_eq!(hours_between("Asia/Shanghai", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"), [24, 24, 24]);
        // In Havana the clocks change at midnight: that day begins at one.
        let days = cut("America/Havana", Bucket::Day, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z");
        assert_eq!(days, ["03-07 00:00", "03-08 01:00", "03-09 00:00", "03-10 00:00"]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let weeks = cut("Asia/Shanghai", Bucket::Week, "2026-11-22T15:00:00Z", "2026-11-22T17:00:00Z");
        assert_eq!(weeks, ["11-16 00:00", "11-23 00:00", "11-30 00:00"]);
        let months = cut("Asia/Shanghai", Bucket::Month, "2026-01-31T15:00:00Z", "2026-03-31T15:59:00Z");
        assert_eq!(months, ["01-01 00:00", "02-01 00:00", "03-01 00:00", "04-01 00:00"]);
    }

    #[test]
    fn an_hour_has_no_midnight_in_it() {
        for (name, now, beginning) in [
            ("Asia/Shanghai", "2026-11-20T16:59:59Z", "2026-11-20T16:00:00Z"),
            ("Asia/Kolkata", "2026-11-20T18:29:59Z", "2026-11-20T17:30:00Z"),
            ("Asia/Kathmandu", "2026-11-20T18:15:00Z", "2026-11-20T18:15:00Z"),
        ] {
            assert_eq!(hour_of(&zone(name), at(now)), at(beginning), "{name}");
        }
        for extreme in [i64::MIN, i64::MAX] {
            hour_of(&zone("Asia/Shanghai"), UnixSeconds(extreme));
        }
    }

    #[test]
    fn more_buckets_than_may_be_are_none() {
        let hours = |to| boundaries(&TimeZone::UTC, Bucket::Hour, UnixSeconds(0), UnixSeconds(to), 3).unwrap();
        assert_eq!(hours(3 * HOUR).unwrap().len(), 4);
        assert_eq!(hours(3 * HOUR + 1), None);
        for end in [INSTANTS.start(), INSTANTS.end()] {
            for bucket in [Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month] {
                let one = boundaries(&zone("Pacific/Kiritimati"), bucket, UnixSeconds(*end), UnixSeconds(*end), 3);
                one.unwrap().unwrap();
            }
        }
    }
}
