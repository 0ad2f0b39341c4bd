//! What an error of the database means. Rules that the schema holds are known by their names.

use rollcall_application::{ErrorChain, ports::StoreError};
use sqlx::{error::DatabaseError, postgres::PgQueryResult};

/// What an error means to use cases. The log has what stands in it, so nothing of it repeats what is kept of anybody.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(Box::new(error)),
            // In its own words it says of JSON what stands there.
            sqlx::Error::ColumnDecode { index, source } => {
                corrupt(format!("column {index}: {}", ErrorChain(source.as_ref())))
            }
            error => StoreError::Internal(Box::new(error)),
        };
    };
    match database.constraint() {
        Some("users_address_unique") => return StoreError::AddressTaken,
        Some("invitations_pending_unique") => return StoreError::InvitationPending,
        Some("passkeys_credential_unique") => return StoreError::PasskeyExists,
        Some("escalations_open_unique") => return StoreError::CallWaits,
        Some("members_pkey") => return StoreError::AlreadyMember,
        Some("members_last_owner") => return StoreError::LastOwner,
        _ => {}
    }
    let told = told(database).into();
    if database.code().is_some_and(|code| passes(&code)) {
        StoreError::Unavailable(told)
    } else {
        StoreError::Internal(told)
    }
}

/// What may be told of what the database says: no detail, hint or context, which show rows, and no message of an exception in data (class
/// 22), which shows the value.
fn told(error: &dyn DatabaseError) -> String {
    let code = error.code().unwrap_or_default();
    let message = if code.starts_with("22") { "an exception in data" } else { error.message() };
    format!("{message} (SQLSTATE {code})")
}

/// A value in the database is none that the domain knows. The problem is for the log, and must not say which value it is.
pub(crate) fn corrupt(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Internal(format!("a row that does not fit the domain: {problem}").into())
}

/// Makes sure that a statement has changed the one row that it was meant for: a change that did not happen must not be
/// committed as if it had.
pub(crate) fn exactly_one(result: Result<PgQueryResult, sqlx::Error>) -> Result<(), StoreError> {
    match result.map_err(store_error)?.rows_affected() {
        1 => Ok(()),
        rows => Err(corrupt(format!("{rows} rows changed instead of one"))),
    }
}

/// Whether an SQLSTATE tells of something that passes: no connection, no room, too slow, in each other's way.
fn passes(code: &str) -> bool {
    const CLASSES: [&str; 4] = ["08", "40", "53", "57"];
    // Somebody else holds a lock for too long.
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    // The transaction stalled, and the server has ended it.
    const IDLE_IN_TRANSACTION_TIMEOUT: &str = "25P03";
    // The database may only be read for now, as one that stands in for another.
    const READ_ONLY: &str = "25006";
    // The database itself is not there: it has another name for now, or is being restored.
    const NO_SUCH_DATABASE: &str = "3D000";
    // What a row leads to has gone while the transaction ran: a member who is removed at the same moment. Another try
    // finds them gone.
    const FOREIGN_KEY_VIOLATION: &str = "23503";
    CLASSES.iter().any(|class| code.starts_with(class))
        || [
            LOCK_NOT_AVAILABLE,
            IDLE_IN_TRANSACTION_TIMEOUT,
            READ_ONLY,
            NO_SUCH_DATABASE,
            FOREIGN_KEY_VIOLATION,
        ]
        .contains(&code)
}

#[cfg(test)]
mod tests {
    use sqlx::error::{BoxDynError, ErrorKind};

    use super::*;

    /// What the database says, with a row in its detail.
    #[derive(Debug, thiserror::Error)]
    #[error("{message}, DETAIL: grace@navy.example")]
    struct Said {
        code: &'static str,
        message: &'static str,
    }

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.message
        }

        fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
            Some(self.code.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> BoxDynError {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn asvs_16_2_5_the_log_is_told_what_is_wrong_and_no_value_of_a_row() {
        let told = |error| ErrorChain(&store_error(error)).to_string();
        for (code, message, expected) in [
            ("40P01", "deadlock detected", "the database is unavailable: deadlock detected (SQLSTATE 40P01)"),
            (
                "23514",
                r#"new row for relation "calls" violates check constraint "calls_times""#,
                r#"the database answered what was not expected: new row for relation "calls" violates check constraint "calls_times" (SQLSTATE 23514)"#,
            ),
            (
                "22P02",
                r#"invalid input syntax for type inet: "grace@navy.example""#,
                "the database answered what was not expected: an exception in data (SQLSTATE 22P02)",
            ),
        ] {
            assert_eq!(told(sqlx::Error::Database(Box::new(Said { code, message }))), expected);
        }
        let kept = serde_json::from_str::<u8>(r#""grace@navy.example""#).expect_err("no number");
        let column = sqlx::Error::ColumnDecode { index: "\"personal\"".to_owned(), source: Box::new(kept) };
        let told = told(column);
        assert!(told.contains(r#"column "personal""#) && !told.contains("grace"), "{told}");
    }

    #[test]
    fn a_lost_database_is_unavailable_and_a_wrong_query_is_a_fault() {
        assert!(matches!(store_error(sqlx::Error::PoolTimedOut), StoreError::Unavailable(_)));
        assert!(matches!(store_error(sqlx::Error::RowNotFound), StoreError::Internal(_)));
        for code in [
            "08006", "57P01", "57014", "53300", "40P01", "40001", "55P03", "25P03", "25006", "23503", "3D000",
        ] {
            assert!(passes(code), "{code}");
        }
        for code in ["42P01", "23505", "42501", "22P02", "55000", "25P02"] {
            assert!(!passes(code), "{code}");
        }
    }
}
