//! Whether the database can be worked with.

use std::collections::BTreeMap;

use crate::{migrations::MIGRATIONS, store::PgStore};

/// The database cannot be worked with. The texts may be shown to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It does not answer.
    #[error("does not answer")]
    Silent,
    /// Its schema is older than this version of Rollcall.
    #[error("the schema is older than this version: run `rollcall migrate`")]
    Older,
    /// Its schema is newer than this version of Rollcall, and does not serve it any more.
    #[error("the schema is newer than this version, and no longer made for it")]
    Newer,
    /// Its schema was made by migrations that read differently in this version.
    #[error("the schema was made by migrations other than this version's")]
    Different,
}

impl PgStore {
    /// Whether the database answers and its schema serves this version: it is this version's, or a newer one that takes nothing away
    /// that this version asks for, as it is while nodes of the next release come.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn readiness(&self) -> Result<(), NotReady> {
        let applied = sqlx::query!("SELECT version, checksum FROM _sqlx_migrations WHERE success");
        let mut single = self.pool.single().await.map_err(|_| NotReady::Silent)?;
        let applied = match applied.fetch_all(&mut *single).await {
            Ok(applied) => applied,
            // 42P01 undefined_table, 42501 insufficient_privilege: nothing has ever been migrated here.
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let never_migrated = code.is_some_and(|code| code == "42P01" || code == "42501");
                return Err(if never_migrated { NotReady::Older } else { NotReady::Silent });
            }
        };
        let applied: BTreeMap<_, _> = applied.into_iter().map(|row| (row.version, row.checksum)).collect();
        let mut newest = 0;
        for known in MIGRATIONS.iter() {
            match applied.get(&known.version) {
                None => return Err(NotReady::Older),
                Some(checksum) if checksum[..] != known.checksum[..] => return Err(NotReady::Different),
                Some(_) => newest = newest.max(known.version),
            }
        }
        // One in between that this version does not know.
        if applied.range(..=newest).count() > MIGRATIONS.iter().count() {
            return Err(NotReady::Different);
        }
        let oldest = sqlx::query_scalar!(r#"SELECT oldest_schema_served() AS "oldest!""#);
        let oldest = oldest.fetch_one(&mut *single).await.map_err(|_| NotReady::Silent)?;
        if oldest > newest { Err(NotReady::Newer) } else { Ok(()) }
    }
}
