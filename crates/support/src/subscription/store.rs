//! The SQL of subscriptions.

use stoa_kernel::{Error, Result, Time, Tx, id::Uuid, vals};

/// The table of subscriptions.
pub const TABLE: &str = "event_subscriptions";

/// How many subscriptions a user has.
pub async fn count(tx: &mut Tx, user: i64) -> Result<i64> {
    let row = tx.one("SELECT count(*) FROM event_subscriptions WHERE user_id = $1", &vals![user]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Removes a subscription and its queues.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM event_subscription_queues WHERE subscription_id = $1", &vals![id]).await?;
    tx.execute("DELETE FROM event_subscriptions WHERE id = $1", &vals![id]).await.map(drop)
}

/// Identifier of the user of a subscription, which stays as it is meanwhile, and how many queues it has.
pub async fn user_of(tx: &mut Tx, subscription: i64) -> Result<(Uuid, i64)> {
    let sql = "SELECT id FROM event_subscriptions WHERE id = $1 FOR UPDATE";
    tx.one(sql, &vals![subscription]).await?.ok_or(Error::NotFound)?;
    let sql = "SELECT u.uuid, (SELECT count(*) FROM event_subscription_queues q WHERE q.subscription_id = s.id) \
               FROM event_subscriptions s JOIN users u ON u.id = s.user_id WHERE s.id = $1";
    let row = tx.one(sql, &vals![subscription]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// A queue to be made.
#[derive(Debug)]
pub struct NewQueue<'a> {
    /// Its identifier.
    pub uuid: Uuid,
    /// The subscription.
    pub subscription: i64,
    /// The offering.
    pub offering: Uuid,
    /// Of what it is told.
    pub object_type: &'a str,
    /// Its name at the broker.
    pub name: String,
    /// Its virtual host there.
    pub vhost: String,
}

/// Makes a queue unless it exists: its key and identifier, and whether it is new.
pub async fn queue(tx: &mut Tx, queue: NewQueue<'_>, now: Time) -> Result<(i64, Uuid, bool)> {
    let sql = "INSERT INTO event_subscription_queues (uuid, subscription_id, offering_uuid, object_type, queue_name, \
               vhost, created) VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (subscription_id, offering_uuid, object_type) DO NOTHING";
    let NewQueue { uuid, subscription, offering, object_type, name, vhost } = queue;
    let made = tx.execute(sql, &vals![uuid, subscription, offering, object_type, name, vhost, now]).await? == 1;
    let sql = "SELECT id, uuid FROM event_subscription_queues \
               WHERE subscription_id = $1 AND offering_uuid = $2 AND object_type = $3";
    let row = tx.one(sql, &vals![subscription, offering, object_type]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?, made))
}

/// Removes a queue.
pub async fn delete_queue(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM event_subscription_queues WHERE id = $1", &vals![id]).await.map(drop)
}

/// A consumer as it is stored.
#[derive(Debug)]
pub struct Consumer {
    /// Its key.
    pub id: i64,
    /// Its identifier.
    pub uuid: Uuid,
    /// Of what it is told.
    pub object_types: String,
    /// Where.
    pub scopes: String,
}

/// The consumer of a user.
pub async fn consumer(tx: &mut Tx, user: i64) -> Result<Option<Consumer>> {
    let sql = "SELECT id, uuid, object_types, scopes FROM event_consumers WHERE user_id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![user]).await?;
    row.map(|row| Ok(Consumer { id: row.get(0)?, uuid: row.get(1)?, object_types: row.get(2)?, scopes: row.get(3)? }))
        .transpose()
}

/// Makes the consumer of a user, or changes it; gives its key.
pub async fn put_consumer(tx: &mut Tx, user: i64, uuid: Uuid, types: &str, scopes: &str, now: Time) -> Result<i64> {
    let sql = "INSERT INTO event_consumers (uuid, user_id, object_types, scopes, created, modified) \
               VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (user_id) DO UPDATE SET \
               object_types = excluded.object_types, scopes = excluded.scopes, modified = excluded.modified RETURNING id";
    let row = tx.one(sql, &vals![uuid, user, types, scopes, now]).await?;
    row.ok_or_else(|| Error::broken("a consumer got no key"))?.get(0)
}

/// Removes a consumer.
pub async fn delete_consumer(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM event_consumers WHERE id = $1", &vals![id]).await.map(drop)
}
