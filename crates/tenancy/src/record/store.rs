//! The SQL of figures about events. The events themselves are the kernel's to write.

use serde_json::{Value, json};
use stoa_kernel::{
    Date, Error, Result, Time, Val,
    access::{Actor, decide},
    door::Core,
    view::{Ask, View},
};

/// Months that are counted at most.
const MONTHS_MAX: usize = 600;

/// How many of the events asked for happened in which month, newest first; months without any are left out.
pub async fn by_month(core: &Core, actor: &Actor, view: &'static View, ask: &Ask) -> Result<Vec<Value>> {
    decide(actor, &view.needs, &Default::default()).required()?;
    let count = view.count(actor, ask, core.now())?;
    let rest = count.text.strip_prefix("SELECT count(*)").ok_or_else(|| Error::broken(&count.text))?;
    let ends = core.store.query_long(&format!("SELECT min(e.created), max(e.created){rest}"), &count.params).await?;
    let Some(row) = ends.first() else { return Ok(Vec::new()) };
    let (Some(first), Some(last)) = (row.get::<Option<Time>>(0)?, row.get::<Option<Time>>(1)?) else {
        return Ok(Vec::new());
    };
    let months = months(first.date(), last.date());
    // Engines differ in how they cut a month off an instant, so the months come as rows of their bounds.
    let mut params = count.params.clone();
    let mut rows = Vec::new();
    for (at, pair) in months.windows(2).enumerate() {
        let next = params.len() + 1;
        rows.push(format!("(${next}::bigint, ${}::timestamptz, ${}::timestamptz)", next + 1, next + 2));
        params.extend([Val::Int(at as i64), Val::Time(pair[0].start()), Val::Time(pair[1].start())]);
    }
    let sql = format!(
        "SELECT m.column1, count(*) FROM (SELECT e.created AS at{rest}) x \
         JOIN (VALUES {}) m ON x.at >= m.column2 AND x.at < m.column3 GROUP BY m.column1 ORDER BY m.column1 DESC",
        rows.join(", ")
    );
    let found = core.store.query_long(&sql, &params).await?;
    let month = |row: &stoa_kernel::Row| {
        let at = usize::try_from(row.get::<i64>(0)?).map_err(Error::broken)?;
        let day = months.get(at).ok_or_else(|| Error::broken("a month that was not asked for"))?.0;
        Ok(json!({"year": day.year(), "month": day.month(), "count": row.get::<i64>(1)?}))
    };
    found.iter().map(month).collect()
}

/// The first days of the months from one day to another, and of the month after.
fn months(first: Date, last: Date) -> Vec<Date> {
    let mut all = vec![Date(last.0.last_of_month()).plus_days(1)];
    let mut month = Date(last.0.first_of_month());
    while month.0 >= first.0.first_of_month() && all.len() <= MONTHS_MAX {
        all.push(month);
        month = Date(month.plus_days(-1).0.first_of_month());
    }
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_bounds() {
        let day = |text: &str| Date::parse(text).unwrap();
        let text = |first, last| months(day(first), day(last)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text("2025-11-30", "2026-01-01"), ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"]);
        assert_eq!(text("2026-02-28", "2026-02-28"), ["2026-02-01", "2026-03-01"]);
    }
}
