//! Whether the database can be worked with.

use std::collections::BTreeMap;

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
    /// Its schema was made by migrations that read differently in this version.
    #[error("the schema was made by migrations other than this version's")]
    Different,
}

impl PgStore {
    /// Whether the database answers and its schema is this version's.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn readiness(&self) -> Result<(), NotReady> {
        let applied = sqlx::query!("SELECT version, checksum FROM _sqlx_migrations WHERE success");
        let applied = match applied.fetch_all(&self.pool).await {
            Ok(applied) => applied,
            // 42P01 undefined_table, 42501 insufficient_privilege: nothing has ever been migrated here.
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let never_migrated = code.is_some_and(|code| code == "42P01" || code == "42501");
                return Err(if never_migrated { NotReady::Older } else { NotReady::Silent });
            }
        };
        let applied: BTreeMap<_, _> = applied.into_iter().map(|row| (row.version, row.checksum)).collect();
        let known: BTreeMap<_, _> =
            MIGRATIONS.iter().map(|migration| (migration.version, migration.checksum.to_vec())).collect();
        if known.keys().any(|version| !applied.contains_key(version)) {
            Err(NotReady::Older)
        } else if applied.len() > known.len() {
            Err(NotReady::Newer)
        } else if applied != known {
            Err(NotReady::Different)
        } else {
            Ok(())
        }
    }
}
