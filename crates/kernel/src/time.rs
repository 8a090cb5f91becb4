//! Instants and days. An instant is whole microseconds since 1970 in UTC on both engines, so that what is written is
//! what is read back (reference/rust-choices.md, timestamps).

use jiff::civil;
use std::fmt;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub i64);

/// A calendar day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(pub civil::Date);

/// The day from which instants are counted.
const EPOCH: civil::Date = civil::date(1970, 1, 1);

/// The instants that both engines can hold: the years 1 to 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

impl Time {
    /// The number of microseconds in a second.
    pub const SECOND: i64 = 1_000_000;

    /// An instant this many microseconds after 1970; `None` outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Time> {
        RANGE.contains(&micros).then_some(Time(micros))
    }

    /// Reads ISO 8601 with any offset (`Z` if none is given), or a bare day, which means its first instant in UTC.
    pub fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        if let Some(day) = Date::parse(text) {
            return Some(day.start());
        }
        let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        let time = pieces.time()?;
        let offset = pieces.to_numeric_offset().map_or(0, |offset| i64::from(offset.seconds()));
        let second = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second()) - offset;
        let micros = second * Time::SECOND + i64::from(time.subsec_nanosecond()) / 1000;
        Time::from_micros(Date(pieces.date()).start().0.checked_add(micros)?)
    }

    /// This instant moved by a number of seconds; held inside the years 1 to 9999.
    pub fn plus_seconds(self, seconds: i64) -> Time {
        let moved = self.0.saturating_add(seconds.saturating_mul(Time::SECOND));
        Time(moved.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// Day of the week (0 is Monday) and minute of the day where the clocks show this zone's time, such as `Europe/Berlin`;
    /// `None` if there is no such zone.
    pub fn local(self, zone: &str) -> Option<(u8, u16)> {
        let zone = jiff::tz::TimeZone::get(zone).ok()?;
        let there = zone.to_datetime(jiff::Timestamp::from_microsecond(self.0).ok()?);
        let minute = i16::from(there.hour()) * 60 + i16::from(there.minute());
        Some((u8::try_from(there.weekday().to_monday_zero_offset()).ok()?, u16::try_from(minute).ok()?))
    }

    /// The day of this instant in UTC.
    pub fn date(self) -> Date {
        Date(EPOCH).plus_days(self.0.div_euclid(Time::SECOND * 86_400))
    }
}

/// `2026-03-01T10:20:30Z`, with six fraction digits only where they are not zero (reference/observed.md).
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let micros = self.0.rem_euclid(Time::SECOND);
        let day = self.date().0;
        let second = self.0.div_euclid(Time::SECOND).rem_euclid(86_400);
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}", day.year(), day.month(), day.day())?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str("Z")
    }
}

impl Date {
    /// Reads `YYYY-MM-DD`, years 1 to 9999.
    pub fn parse(text: &str) -> Option<Date> {
        let strict = text.len() == 10 && text.is_ascii() && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
        let day = strict.then(|| text.parse::<civil::Date>().ok()).flatten()?;
        (day.year() >= 1).then_some(Date(day))
    }

    /// The first instant of the day in UTC.
    pub fn start(self) -> Time {
        let days = self.0.since(EPOCH).map(|span| i64::from(span.get_days())).unwrap_or(0);
        Time(days * 86_400 * Time::SECOND)
    }

    /// The day this many days later (or earlier); held inside the calendar.
    pub fn plus_days(self, days: i64) -> Date {
        Date(self.0.saturating_add(jiff::Span::new().days(days.clamp(-3_000_000, 3_000_000))))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_was_printed() {
        for text in
            ["2026-03-01T10:20:30Z", "2026-03-01T10:20:30.123456Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(Time::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Time::parse("2026-03-01T12:20:30+02:00"), Time::parse("2026-03-01T10:20:30Z"));
        assert_eq!(Time::parse("2026-03-01T10:20:30"), Time::parse("2026-03-01T10:20:30Z"));
        assert_eq!(Time::parse("2026-03-01").unwrap().to_string(), "2026-03-01T00:00:00Z");
        for wrong in ["", "today", "2026-13-01", "20260301", "99999-01-01"] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zones_have_their_own_time_of_day() {
        let noon = Time::parse("2026-07-06T22:30:00Z").unwrap();
        assert_eq!(noon.local("UTC"), Some((0, 22 * 60 + 30)));
        assert_eq!(noon.local("Europe/Berlin"), Some((1, 30)));
        assert_eq!(Time::parse("2026-01-05T22:30:00Z").unwrap().local("Europe/Berlin"), Some((0, 23 * 60 + 30)));
        assert_eq!(noon.local("Europe/Atlantis"), None);
    }

    #[test]
    fn days_step_over_months() {
        let day = Date::parse("2026-02-28").unwrap();
        assert_eq!(day.plus_days(1).to_string(), "2026-03-01");
        assert_eq!(day.start().date(), day);
        assert_eq!(day.start().plus_seconds(-1).date(), day.plus_days(-1));
    }
}
