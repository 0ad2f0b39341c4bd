//! Forgetting, in portions: each is a transaction of its own, so none holds for long what others wait for, and what was forgotten stays so
//! when a later one fails.

use rollcall_application::ports::StoreError;
use sqlx::{
    Postgres,
    postgres::{PgArguments, PgConnection},
    query::Query,
};

use crate::{connection::Pool, error::store_error, transaction::begin_task};

/// How many rows a portion has at the most.
pub(crate) const PORTION: i64 = 5_000;

/// Deletes by a statement that finds at most a [`PORTION`], as often as it finds as many; gives back how many rows there were.
pub(crate) async fn forget<'q>(
    pool: &Pool,
    task: &'static str,
    portion: impl Fn() -> Query<'q, Postgres, PgArguments>,
) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let mut transaction = begin_task(pool, task).await?;
        let connection: &mut PgConnection = &mut transaction;
        let some = portion().execute(connection).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        forgotten += some;
        if some < PORTION.unsigned_abs() {
            return Ok(forgotten);
        }
    }
}
