//! Migrations: the tables' history, applied once each and never changed after.

use super::{Store, Tx};
use crate::{Error, Result, vals};
use sha2::{Digest, Sha256};

/// One step of the tables' history. Once released it is never changed: what comes later is another migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its name, with a number first: `0001_kernel`. Unique.
    pub name: &'static str,
    /// Its statements, each ended by `;`, in PostgreSQL's spelling; the types and words for both engines are in
    /// `dialect.rs`. Unique indexes are named `ux_<table>__<column>[__<column>…]`, so that [`Error::Duplicate`] can tell the
    /// columns.
    pub sql: &'static str,
}

impl Migration {
    fn hash(&self) -> String {
        Sha256::digest(self.sql).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL);";

impl Store {
    /// Applies the migrations that the database lacks, in order, each in a transaction of its own, and gives their names.
    /// Several nodes may do so at once.
    ///
    /// [`Error::Unavailable`], with a sentence for the administrator, if the database has a migration that is not in the list
    /// or one whose text has changed; nothing is applied then.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<Vec<String>> {
        // Two nodes may make this table at the same moment, and then one of them fails.
        let made = self.write(|tx| Box::pin(tx.batch(TABLE))).await;
        if made.is_err() {
            self.write(|tx| Box::pin(tx.batch(TABLE))).await?;
        }
        let mut applied = Vec::new();
        for migration in self.missing(migrations).await? {
            let done = self.write(move |tx| Box::pin(apply(tx, migration))).await;
            match done {
                Ok(()) => applied.push(migration.name.to_owned()),
                // Another node was first; this one has waited for it.
                Err(Error::Duplicate(key)) if key == "migrations.name" => {}
                Err(error) => return Err(error),
            }
        }
        Ok(applied)
    }

    /// The names of the migrations that [`Store::migrate`] would apply. Errors as there.
    pub async fn pending(&self, migrations: &[Migration]) -> Result<Vec<String>> {
        let tables = match self.engine() {
            super::Engine::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'",
            super::Engine::Postgres => "SELECT 1 FROM pg_class WHERE oid = to_regclass('migrations')",
        };
        let missing = match self.query(tables, &[]).await?.is_empty() {
            true => migrations.to_vec(),
            false => self.missing(migrations).await?,
        };
        Ok(missing.iter().map(|migration| migration.name.to_owned()).collect())
    }

    async fn missing(&self, migrations: &[Migration]) -> Result<Vec<Migration>> {
        let mut missing = migrations.to_vec();
        for row in self.query("SELECT name, hash FROM migrations ORDER BY name", &[]).await? {
            let (name, hash): (String, String) = (row.get(0)?, row.get(1)?);
            let Some(known) = migrations.iter().find(|migration| migration.name == name) else {
                return Err(Error::Unavailable(format!(
                    "the database has the migration {name}, which this program does not know: \
                     the database is newer than this binary"
                )));
            };
            if known.hash() != hash {
                return Err(Error::Unavailable(format!(
                    "the migration {name} was applied with another text: this binary is not of the same line"
                )));
            }
            missing.retain(|migration| migration.name != name);
        }
        Ok(missing)
    }
}

/// The record comes first: where two nodes apply the same, its key makes the second wait for the first.
async fn apply(tx: &mut Tx, migration: Migration) -> Result<()> {
    let record = "INSERT INTO migrations (name, hash) VALUES ($1, $2)";
    tx.execute(record, &vals![migration.name, migration.hash()]).await?;
    tx.batch(migration.sql).await
}
