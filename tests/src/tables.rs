//! Looking through all tables of the database.

use sqlx::AssertSqlSafe;

use crate::TestDatabase;

impl TestDatabase {
    /// The names of all tables.
    pub async fn tables(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT relname::text FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname",
        )
        .fetch_all(&mut self.connect().await)
        .await
        .unwrap()
    }

    /// The names of the tables in which a text stands anywhere, even in binary columns.
    pub async fn tables_with(&self, text: &str) -> Vec<String> {
        let bytes: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut connection = self.connect().await;
        let mut found = Vec::new();
        for table in self.tables().await {
            let query = format!(
                "SELECT EXISTS (SELECT FROM {table} t
                                 WHERE position($1::text IN t::text) > 0 OR position($2::text IN t::text) > 0)"
            );
            let query = sqlx::query_scalar::<_, bool>(AssertSqlSafe(query)).bind(text).bind(&bytes);
            if query.fetch_one(&mut connection).await.unwrap() {
                found.push(table);
            }
        }
        found
    }
}
