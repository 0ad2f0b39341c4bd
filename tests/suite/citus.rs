//! Distribution by organization over a Citus cluster: what is in the way of it, and what is done when nothing is.
//!
//! No Citus has ever been part of this: where a server of the tests has the extension, the one test that wants it says what came of it, and
//! where not, that it was left out. Everything else holds the plan against the catalogue.

use rollcall_adapter_postgres::{CitusError, distribute, in_the_way_of_citus};
use rollcall_tests::{Binary, TestDatabase, compare_with_golden};
use sqlx::Executor;

async fn in_the_way(database: &TestDatabase) -> Vec<String> {
    in_the_way_of_citus(&mut database.connect().await).await.unwrap()
}

#[tokio::test]
async fn every_table_has_a_place_and_only_what_is_listed_is_in_the_way() {
    let database = TestDatabase::create().await;
    let in_the_way = in_the_way(&database).await;
    // A key or a reference could only be mended with all rows written anew.
    let hard = |line: &&String| !line.contains(": the trigger ") && !line.contains(": the policy ");
    assert_eq!(in_the_way.iter().find(hard), None);
    compare_with_golden("in_the_way_of_citus.txt", &(in_the_way.join("\n") + "\n"));
}

#[tokio::test]
async fn what_citus_would_refuse_is_named() {
    for (change, named) in [
        ("CREATE TABLE novelties (org_id uuid PRIMARY KEY)", "novelties is in no place of the plan"),
        ("DROP TABLE attempts", "attempts is in the plan, but there is no such table"),
        ("CREATE UNIQUE INDEX calls_alone ON calls (call_id)", "calls: the key calls_alone is without org_id"),
        // Without the policy that such a reference would bring into the way as well.
        (
            "DROP POLICY purge ON mails;
             ALTER TABLE mails ADD CONSTRAINT of_call FOREIGN KEY (org_id, mail_id) REFERENCES calls (org_id, call_id)",
            "mails: the reference of_call leads from a local table to a distributed one",
        ),
        (
            "ALTER TABLE members ADD CONSTRAINT of_agent FOREIGN KEY (org_id, user_id) REFERENCES human_agents (org_id, user_id)",
            "members: the reference of_agent leads from a reference table to a distributed one",
        ),
        (
            "ALTER TABLE calls ADD CONSTRAINT of_attempt FOREIGN KEY (made_as) REFERENCES attempts (key)",
            "calls: the reference of_attempt leads from a distributed table to a local one",
        ),
        (
            "CREATE UNIQUE INDEX calls_other ON calls (call_id, org_id);
             ALTER TABLE transcripts ADD CONSTRAINT of_other FOREIGN KEY (org_id, call_id) REFERENCES calls (call_id, org_id)",
            "transcripts: the reference of_other leads from a distributed table to a distributed one",
        ),
        (
            "ALTER TABLE calls ADD COLUMN maker uuid,
               ADD CONSTRAINT of_maker FOREIGN KEY (org_id, maker) REFERENCES members (org_id, user_id) ON DELETE SET NULL (maker)",
            "calls: the reference of_maker sets what is beside org_id to something else",
        ),
        // A local table that refers to one on every server is no stranger to Citus; its triggers may stay.
        (
            "CREATE POLICY asks ON sessions USING (EXISTS (SELECT FROM attempts));
             CREATE POLICY asks ON attempts USING (EXISTS (SELECT FROM attempts));
             CREATE TRIGGER is_fine BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "sessions: the policy asks asks a query",
        ),
    ] {
        let database = TestDatabase::create().await;
        let before = in_the_way(&database).await;
        database.connect().await.execute(change).await.unwrap();
        let after: Vec<_> = in_the_way(&database).await;
        let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        assert_eq!(new, [named], "{change}");
    }
}

/// Stands in for the extension: writes down what it is asked for.
const STAND_IN: &str = "
    CREATE TABLE pg_dist_partition (logicalrelid regclass, how text, place integer GENERATED ALWAYS AS IDENTITY);
    CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO pg_dist_partition (logicalrelid, how) VALUES (name, 'reference') $$;
    CREATE FUNCTION create_distributed_table(name regclass, by text) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO pg_dist_partition (logicalrelid, how) VALUES (name, by) $$";

#[tokio::test]
async fn without_the_extension_or_with_something_in_the_way_nothing_is_changed() {
    let database = TestDatabase::create().await;
    let migrate =
        Binary::command(&[("ROLLCALL__DATABASE__URL", database.url())]).args(["migrate", "--citus"]).output();
    let output = migrate.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && text.contains("citus is not in this database"), "{text}");

    // Out of the way of the plan, in a schema of its own.
    let path = format!("ALTER DATABASE {} SET search_path = stand_in, public", database.name());
    database.execute(&format!("CREATE SCHEMA stand_in; {path}")).await;
    database.execute(STAND_IN).await;
    match distribute(database.url()).await {
        Err(CitusError::InTheWay(lines)) => assert_eq!(lines, in_the_way(&database).await),
        other => panic!("{other:?}"),
    }
    assert!(database.rows("SELECT 1 AS one FROM stand_in.pg_dist_partition").await.is_empty());

    // With nothing in the way each table has its place once, after those that it refers to.
    database
        .execute(
            "DO $$ DECLARE line record; BEGIN
               FOR line IN SELECT tgname, tgrelid::regclass AS of FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 LOOP
                 EXECUTE format('DROP TRIGGER %I ON %s', line.tgname, line.of);
               END LOOP;
               FOR line IN SELECT polname, polrelid::regclass AS of FROM pg_policy WHERE concat(polqual, polwithcheck) LIKE '%SUBLINK%' LOOP
                 EXECUTE format('DROP POLICY %I ON %s', line.polname, line.of);
               END LOOP;
             END $$",
        )
        .await;
    let made = distribute(database.url()).await.unwrap();
    assert!(made.contains(&"audit_events") && !made.contains(&"sessions"), "{made:?}");
    let too_early = "SELECT k.conname FROM pg_constraint k
                       JOIN stand_in.pg_dist_partition a ON a.logicalrelid = k.conrelid
                       JOIN stand_in.pg_dist_partition b ON b.logicalrelid = k.confrelid
                      WHERE k.contype = 'f' AND a.place < b.place";
    assert_eq!(database.rows(too_early).await, Vec::<serde_json::Value>::new());
    let by = "SELECT DISTINCT how FROM stand_in.pg_dist_partition ORDER BY how";
    assert_eq!(
        database.rows(by).await,
        [serde_json::json!({"how": "org_id"}), serde_json::json!({"how": "reference"})]
    );
    assert!(distribute(database.url()).await.unwrap().is_empty(), "what has its place keeps it");
}

#[tokio::test]
async fn citus_itself_finds_in_its_way_what_we_say_is() {
    let database = TestDatabase::create().await;
    let available = "SELECT 1 AS one FROM pg_available_extensions WHERE name = 'citus'";
    if database.rows(available).await.is_empty() {
        return println!("LEFT OUT: this server has no Citus");
    }
    database.execute("CREATE EXTENSION citus").await;
    // Until nothing is in the way: then the tables have to be where the plan has them.
    assert!(matches!(distribute(database.url()).await, Err(CitusError::InTheWay(_))));
}
