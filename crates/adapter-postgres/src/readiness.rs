//! Whether the database can be worked with.

use std::collections::BTreeSet;

use crate::{database::MIGRATIONS, store::PgStore};

/// The database cannot be worked with. The texts may be shown to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It does not answer.
    #[error("does not answer")]
    Silent,
    /// Its schema is older than this version of Rollcall.
    #[error("the schema is older than this version: run `rollcall migrate`")]
    Older,
    /// Its schema is newer than this version of Rollcall.
    #[error("the schema is newer than this version")]
    Newer,
}

impl PgStore {
    /// Whether the database answers and its schema is this version's.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn readiness(&self) -> Result<(), NotReady> {
        let applied = sqlx::query_scalar!("SELECT version FROM _sqlx_migrations WHERE success");
        let applied = match applied.fetch_all(&self.pool).await {
            Ok(applied) => applied,
            // 42P01 undefined_table, 42501 insufficient_privilege: nothing has ever been migrated here.
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let never_migrated = code.is_some_and(|code| code == "42P01" || code == "42501");
                return Err(if never_migrated { NotReady::Older } else { NotReady::Silent });
            }
        };
        let applied: BTreeSet<i64> = applied.into_iter().collect();
        let known: BTreeSet<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        if known.difference(&applied).next().is_some() {
            Err(NotReady::Older)
        } else if applied.difference(&known).next().is_some() {
            Err(NotReady::Newer)
        } else {
            Ok(())
        }
    }
}
