//! The SQL of what the record tells of a person.

use stoa_kernel::{Query, Result, Row, vals};

/// The events in a person's feed, and those that he caused, newest first: when, type, sentence, facts, whether he did it.
pub async fn events_of(query: &mut dyn Query, user_id: i64, most: i64) -> Result<Vec<Row>> {
    let sql = "SELECT e.created, e.event_type, e.message, e.context, COALESCE(e.actor_id = $1, FALSE) FROM events e \
               WHERE e.id IN (SELECT event_id FROM event_feeds WHERE scope = 'user' AND scope_id = $2 \
               UNION SELECT id FROM events WHERE actor_id = $3) ORDER BY e.id DESC LIMIT $4";
    query.query(sql, &vals![user_id, user_id, user_id, most]).await
}
