//! However deep in a list a page is, it begins at its key in an index, and what comes before it is not looked at.
//!
//! All queries that the service may send are in `.sqlx`. Those that say of the first column of an order where to go on are lists that come in
//! pages, and the database plans each of them as the service, for whatever the parameters are. Tables are empty here, so the planner is kept
//! from what it would rather do with those: what is asked is whether the index can be entered there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use rollcall_tests::TestDatabase;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::upgrades::{GENERIC, nulls, workspace};

/// What the policies know a scope by, and that an index is followed wherever there is one.
const SETTINGS: &str = "
    SET rollcall.org_id = '01890a5d-ac96-774b-bcce-b302099a8057';
    SET rollcall.user_id = '01890a5d-ac96-774b-bcce-b302099a8058';
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET enable_incremental_sort = off";

/// The tables whose rows come in pages: of each there is a list, or this looks past it.
const LISTED: [&str; 20] = [
    "api_keys",
    "audit_checkpoints",
    "audit_events",
    "audit_leaves",
    "audit_sketches",
    "availability_changes",
    "calls",
    "escalations",
    "invitations",
    "members",
    "mfa_deadlines",
    "organization_keys",
    "organizations",
    "recordings",
    "revocations",
    "sessions",
    "stream_events",
    "subscribers",
    "totp_seeds",
    "transcripts",
];

/// Part of the one list that goes through what comes before a page: it tells which in the queue each call is, so it counts them.
const COUNTED: &str = "row_number() OVER (ORDER BY priority DESC";

const ORDER: &str = "ORDER BY ";

/// A query, and how many parameters it has.
struct Query {
    text: String,
    parameters: usize,
}

impl Query {
    /// All that the service may send.
    fn all() -> Vec<Self> {
        let files = fs::read_dir(workspace().join(".sqlx")).unwrap();
        let files = files.map(|file| -> Value {
            serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap()
        });
        let queries = files.map(|file| Self {
            text: file["query"].as_str().unwrap().to_owned(),
            parameters: file["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len),
        });
        queries.collect()
    }

    /// What it compares with parameters, as the database shows that in a plan up to the number of the parameter, and how often: of each
    /// column that an order begins with, if that goes on from a parameter. Nothing if it is no list that comes in pages.
    fn bounds(&self) -> BTreeMap<String, usize> {
        let text = without_aliases(&self.text);
        let mut bounds = BTreeMap::new();
        if text.contains(COUNTED) {
            return bounds;
        }
        let orders = text.match_indices(ORDER).map(|(at, _)| {
            let (column, rest) = name_at(&text[at + ORDER.len()..]);
            (column, rest.starts_with(" DESC"))
        });
        let orders: BTreeSet<(&str, bool)> = orders.filter(|(column, _)| !column.is_empty()).collect();
        for column in orders.iter().map(|(column, _)| *column).collect::<BTreeSet<_>>() {
            let compared = comparisons(&text, column);
            let goes_on = |operator: &str| orders.contains(&(column, operator.starts_with('<')));
            if compared.iter().any(|&(operator, _)| goes_on(operator)) {
                for (_, comparison) in compared {
                    *bounds.entry(comparison).or_default() += 1;
                }
            }
        }
        bounds
    }
}

fn is_part_of_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_'
}

/// The name that a text begins with, and what comes after it.
fn name_at(text: &str) -> (&str, &str) {
    text.split_at(text.find(|sign: char| !is_part_of_name(sign)).unwrap_or(text.len()))
}

/// A text in one line, of whose columns it is not said whose they are.
fn without_aliases(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign == '.' {
            plain.truncate(plain.trim_end_matches(is_part_of_name).len());
        } else {
            plain.push(sign);
        }
    }
    plain
}

/// How a column, or a row that begins with it, is compared with a parameter, wherever it is.
fn comparisons(text: &str, column: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(column) {
        let (before, rest) = (text[..at].chars().next_back(), &text[at + column.len()..]);
        if before.is_some_and(is_part_of_name) {
            continue;
        }
        for operator in ["<", "<=", ">", ">="] {
            if rest.starts_with(&format!(" {operator} $")) {
                found.push((operator, format!("{column} {operator} $")));
            }
            let row = rest.split_once(')').filter(|_| before == Some('(') && rest.starts_with(", "));
            if let Some((others, rest)) = row
                && rest.starts_with(&format!(" {operator} ($"))
            {
                found.push((operator, format!("ROW({column}{others}) {operator} ROW($")));
            }
        }
    }
    found
}

/// Where an index is entered.
struct Entry {
    table: String,
    condition: String,
}

/// The places in a plan where an index is entered, and nothing is sorted between that and the end of a page.
fn entries(plan: &Value, in_page: bool, is_sorted: bool, found: &mut Vec<Entry>) {
    let (in_page, is_sorted) = match plan["Node Type"].as_str() {
        Some("Limit") => (true, false),
        Some("Sort" | "Incremental Sort") => (in_page, in_page),
        _ => (in_page, is_sorted),
    };
    if let Some(condition) = plan["Index Cond"].as_str().filter(|_| !is_sorted) {
        // Names that mean something to SQL come in quotes.
        let condition = without_aliases(condition).replace('"', "");
        found.push(Entry { table: plan["Relation Name"].as_str().unwrap_or_default().to_owned(), condition });
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        entries(below, in_page, is_sorted, found);
    }
}

/// What is wrong with a list, or the tables whose indexes it enters at its bounds. A connection has its settings.
async fn enters(connection: &mut PgConnection, query: &Query) -> Result<BTreeSet<String>, String> {
    let Query { text, parameters } = query;
    connection.execute(AssertSqlSafe(format!("PREPARE listed AS {text}"))).await.unwrap();
    let explain = format!("EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE listed{}", nulls(*parameters));
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *connection).await.unwrap();
    connection.execute("DEALLOCATE listed").await.unwrap();

    let mut found = Vec::new();
    entries(&plan[0]["Plan"], false, false, &mut found);
    // A list of an organization's begins among what is the organization's.
    let is_of_organization = without_aliases(text).contains("org_id = $1");
    found.retain(|entry| !is_of_organization || entry.condition.contains("org_id = "));
    let mut tables = BTreeSet::new();
    for (bound, times) in query.bounds() {
        // What a recursion asks for each of its rows is in no plan.
        let times = if text.starts_with("WITH RECURSIVE") { 1 } else { times };
        let there: usize = found.iter().map(|entry| entry.condition.matches(&bound).count()).sum();
        if there < times {
            return Err(format!("{text}\n  does not begin at `{bound}`:\n{plan:#}"));
        }
        tables.extend(
            found.iter().filter(|entry| entry.condition.contains(&bound)).map(|entry| entry.table.clone()),
        );
    }
    Ok(tables)
}

async fn connect(database: &TestDatabase) -> PgConnection {
    let mut connection = database.connect_as_service().await;
    connection.execute(GENERIC).await.unwrap();
    connection.execute(SETTINGS).await.unwrap();
    connection
}

#[tokio::test]
async fn every_page_of_a_list_begins_at_its_key() {
    let database = TestDatabase::create().await;
    let mut connection = connect(&database).await;
    let (mut listed, mut complaints) = (BTreeSet::new(), Vec::new());
    for query in Query::all().iter().filter(|query| !query.bounds().is_empty()) {
        match enters(&mut connection, query).await {
            Ok(tables) => listed.extend(tables),
            Err(complaint) => complaints.push(complaint),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let missed: Vec<_> = LISTED.into_iter().filter(|table| !listed.contains(*table)).collect();
    assert!(missed.is_empty(), "no list of {missed:?} was found");
}

#[test]
fn which_ids_are_looked_for_is_said_by_bounds() {
    let queries = Query::all().into_iter().map(|query| query.text);
    let optional: Vec<_> = queries.filter(|text| text.contains("::uuid IS NULL OR")).collect();
    assert!(optional.is_empty(), "{}", optional.join("\n"));
}

#[tokio::test]
async fn a_page_that_does_not_begin_at_its_key_is_seen() {
    let database = TestDatabase::create().await;
    let mut connection = connect(&database).await;
    for (text, parameters, bound) in [
        // Where the bound may be none,
        (
            "SELECT org_id FROM organizations WHERE $1::uuid IS NULL OR org_id < $1 ORDER BY org_id DESC LIMIT $2",
            2,
            "org_id < $",
        ),
        // where only an index of what all organizations have is in order,
        (
            "SELECT delivery_id FROM deliveries WHERE org_id = $1 AND created_at < $2 ORDER BY created_at DESC LIMIT $3",
            3,
            "created_at < $",
        ),
        // and where the index leaves open what comes first, so that all that is left is sorted.
        (
            "SELECT idx FROM audit_leaves WHERE org_id = $1 AND occurred_at > $2 ORDER BY occurred_at, event_id LIMIT $3",
            3,
            "occurred_at > $",
        ),
    ] {
        let query = Query { text: text.to_owned(), parameters };
        let complaint = enters(&mut connection, &query).await.unwrap_err();
        assert!(complaint.contains(&format!("does not begin at `{bound}`")), "{complaint}");
    }
}
