//! What an error of the database means. Rules that the schema holds are known by their names.

use rollcall_application::ports::StoreError;
use sqlx::postgres::PgQueryResult;

/// What an error means to use cases.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(Box::new(error)),
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
    if database.code().is_some_and(|code| passes(&code)) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Internal(Box::new(error))
    }
}

/// A value in the database is none that the domain knows.
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
    use super::*;

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
