//! Hours of the week in words: `mon-fri 08:00-18:00`, `sat,sun 09:00-12:00`, `22:00-24:00` (every day). Values only.

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A span of some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Bit 0 is Monday.
    days: u8,
    /// From this minute of the day.
    from: u16,
    /// Until this minute, which is no part of it.
    until: u16,
}

impl Hours {
    /// Reads a span; `None` for what is none.
    pub fn parse(text: &str) -> Option<Hours> {
        let mut words = text.split_ascii_whitespace();
        let (first, second) = (words.next()?, words.next());
        if words.next().is_some() {
            return None;
        }
        let (days, span) = match second {
            Some(span) => (days(first)?, span),
            None => (0x7f, first),
        };
        let (from, until) = span.split_once('-')?;
        let (from, until) = (minute(from)?, minute(until)?);
        (from < until).then_some(Hours { days, from, until })
    }

    /// Whether a minute of a day of the week (0 is Monday) lies in it.
    pub fn contains(self, (day, minute): (u8, u16)) -> bool {
        self.days >> day & 1 == 1 && (self.from..self.until).contains(&minute)
    }
}

fn days(text: &str) -> Option<u8> {
    let mut all = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return None;
        }
        all |= (first..=last).fold(0, |days, day| days | 1_u8 << day);
    }
    Some(all)
}

fn day(text: &str) -> Option<usize> {
    DAYS.iter().position(|name| text.eq_ignore_ascii_case(name))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= 24 * 60).then_some(of_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_days_and_minutes_and_not_its_end() {
        let office = Hours::parse("mon-fri 08:00-18:00").unwrap();
        assert!(office.contains((0, 480)) && office.contains((4, 1079)));
        assert!(!office.contains((0, 479)) && !office.contains((4, 1080)) && !office.contains((5, 600)));
        let odd = Hours::parse("Mon,wed-thu 00:00-24:00").unwrap();
        assert!(odd.contains((0, 0)) && odd.contains((3, 1439)) && !odd.contains((1, 600)));
        assert!(Hours::parse("22:00-24:00").unwrap().contains((6, 1439)));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for wrong in [
            "",
            "mon",
            "mon 08:00",
            "fri-mon 08:00-09:00",
            "xyz 08:00-09:00",
            "18:00-08:00",
            "08:00-24:01",
            "8:00-9:00",
            "08:60-09:00",
            "mon 08:00-09:00 utc",
            "08:00-08:00",
            "+8:00-09:00",
        ] {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }
}
