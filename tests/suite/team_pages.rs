//! Pages of whole teams, each read in one visit by a statement that declares itself what it may touch.

use std::{collections::BTreeSet, fs, path::Path};

use rollcall_domain::UserId;
use rollcall_tests::{Service, Team};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::isolation::declared;

/// The statement by which pages of teams are read, as the service has it.
fn statement_of_team_pages() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let statements = fs::read_dir(folder).unwrap().map(|file| {
        let kept: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        kept["query"].as_str().unwrap().to_owned()
    });
    let mut found = statements.filter(|statement| {
        statement.contains("team_page(") && statement.contains("set_config('rollcall.org_id'")
    });
    let statement = found.next().expect("it is asked");
    assert_eq!(found.next(), None, "there is another");
    statement
}

#[tokio::test]
async fn attack_1_whatever_was_declared_a_page_is_of_the_team_that_it_names_and_leaves_nothing_declared() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let users = |team: &Team| -> BTreeSet<Uuid> {
        team.members.values().map(|(_, id, _)| id.parse::<UserId>().unwrap().uuid()).collect()
    };
    let nobody = || (None, BTreeSet::new());
    let (ours, theirs) = ((Some(ours.uuid()), users(&ours)), (Some(theirs.uuid()), users(&theirs)));
    let statement = statement_of_team_pages();
    let mut connection = service.database.connect_as_service().await;
    let elsewhere = format!("rollcall.org_id = '{}'", theirs.0.unwrap());
    // Whatever was declared before it, for a transaction or, by a mistake, for good.
    for (begin, end, left) in [
        ("SELECT 1".to_owned(), "SELECT 1", None),
        (format!("BEGIN; SET LOCAL {elsewhere}"), "COMMIT", None),
        (format!("BEGIN; SET LOCAL {elsewhere}"), "ROLLBACK", None),
        (format!("SET {elsewhere}"), "SELECT 1", theirs.0),
    ] {
        for pages in [
            vec![ours.clone()],
            vec![nobody()],
            vec![theirs.clone(), ours.clone(), nobody(), (Some(Uuid::max()), BTreeSet::new())],
            vec![ours.clone(), ours.clone(), theirs.clone()],
        ] {
            connection.execute(AssertSqlSafe(begin.clone())).await.unwrap();
            let rows = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(pages.iter().map(|(organization, _)| *organization).collect::<Vec<Option<Uuid>>>())
                .bind(vec![OffsetDateTime::UNIX_EPOCH; pages.len()])
                .bind(vec![Uuid::nil(); pages.len()])
                .bind(vec![200_i64; pages.len()])
                .fetch_all(&mut connection)
                .await
                .unwrap();
            connection.execute(end).await.unwrap();
            for (number, (organization, users)) in (1_i64..).zip(&pages) {
                let page = rows.iter().filter(|row| row.get::<i64, _>("number!") == number);
                let seen: BTreeSet<Uuid> = page.map(|row| row.get("user_id!")).collect();
                assert_eq!(seen, *users, "{begin}: {organization:?}");
            }
            assert_eq!(declared(&mut connection).await, left, "{begin}");
        }
    }
}
