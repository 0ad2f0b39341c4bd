//! Every statement on what belongs to an organization says which organization, though row-level security would do: two locks. A test that
//! asks the service cannot see that one of them is missing, as the other holds. So here statements are read.

use std::{fs, path::Path};

use crate::catalogue::OF_ORGANIZATIONS;

/// Of an organization too, but asked for by other keys where nothing else is read along.
const ALONG: [&str; 2] = ["audit_queue", "sessions"];

/// What is done for an account, wherever it is: in its scope, row-level security shows its own rows and no others.
const OF_AN_ACCOUNT: [&str; 7] = [
    "SELECT EXISTS (SELECT FROM members WHERE user_id = $2 AND org_id <> $1)",
    "FROM human_agents a WHERE a.user_id = $1 AND a.chosen <> 'offline'",
    "FROM members m WHERE m.user_id = $1 UNION",
    "FROM members m JOIN organizations o ON o.org_id = m.org_id WHERE m.user_id = $1",
    "version FROM human_agents WHERE user_id = $1 ORDER BY org_id",
    "FROM mfa_deadlines WHERE user_id = $1 ORDER BY org_id",
    "SELECT org_id FROM human_agents WHERE user_id = $1 ORDER BY org_id FOR NO KEY UPDATE",
];

/// The session of whoever asks, in the scope that it names itself.
const OF_A_SESSION: [&str; 1] =
    ["SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at, u.user_id"];

/// Regular work, and counts, over all organizations: in the scope of a task.
const OF_A_TASK: [&str; 24] = [
    "DELETE FROM notices n USING mails m WHERE m.mail_id = $1",
    "SELECT DISTINCT r.org_id FROM recordings r JOIN organizations o",
    "SELECT e.org_id, e.sequence FROM stream_events e JOIN stream_heads h ON h.org_id = e.org_id WHERE e.occurred_at < $1",
    "DELETE FROM deliveries d USING old",
    "DELETE FROM mails m USING old",
    "SELECT (SELECT count(*) FROM (SELECT FROM mails WHERE state = 'queued' LIMIT $1) q)",
    "AS \"given_up!\" FROM (SELECT FROM deliveries",
    "told AS MATERIALIZED",
    "SELECT min(purge_at) FROM organizations",
    "FROM organizations o LEFT JOIN audit_retention r",
    "purge_at FROM organizations WHERE org_id < $1 ORDER BY org_id DESC LIMIT $2",
    "FROM audit_sketches WHERE sections IS NULL",
    "FROM audit_trees UNION SELECT org_id FROM signed",
    "secret AS \"sealed!\" FROM subscribers",
    "wrapped AS sealed FROM organization_keys",
    "SELECT org_id FROM (SELECT org_id FROM mfa_deadlines WHERE notice_at <= now()",
    "SELECT org_id FROM organizations WHERE purge_at <= $1",
    "SELECT origin FROM audit_checkpoints ORDER BY signed_at DESC LIMIT 1",
    "FROM recordings k WHERE k.org_id = o.org_id AND k.state = 'kept' AND k.kept_at <= $2",
    "FROM subscribers s JOIN organizations o ON o.org_id = s.org_id WHERE s.topic = 'checkpoints'",
    "UPDATE mails SET state = $2",
    "UPDATE mails m SET due_at = $2, attempts = attempts + 1 FROM due",
    "too_many AS",
    "turns AS",
];

/// The words and signs of a statement, without comments. What is in quotes is one of them, so that no text passes for SQL.
fn tokens(statement: &str) -> Vec<&str> {
    let within = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut tokens = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_comment = rest.starts_with("--");
        let length = match first {
            _ if is_comment => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if within(first) => rest.find(|c| !within(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !is_comment {
            tokens.push(token);
        }
        rest = after.trim_start();
    }
    tokens
}

/// How many tables of organizations a statement reads or changes; what is only added to says whose it is by its columns.
fn tables(tokens: &[&str]) -> usize {
    let named: Vec<&str> = tokens
        .windows(2)
        .filter(|pair| ["FROM", "JOIN", "UPDATE", "USING"].contains(&pair[0]))
        .map(|pair| pair[1])
        .collect();
    let of_organizations = |name: &&&str| OF_ORGANIZATIONS.iter().any(|(table, _)| *table == **name);
    match named.iter().filter(of_organizations).count() {
        0 => 0,
        some => some + named.iter().filter(|name| ALONG.contains(name)).count(),
    }
}

/// How many times a statement asks for an organization, or joins two tables by it. To leave one out is not to ask for one.
fn ties(tokens: &[&str]) -> usize {
    let is_one = |at: usize| tokens[at] == "org_id" || tokens[at].ends_with(".org_id");
    let next = |at: usize| tokens.get(at).copied().unwrap_or_default();
    let ties = |at: &usize| {
        let compared = |at: usize| matches!(next(at), "=" | "IN");
        let begins = |with: &str| *at > 1 && tokens[at - 1] == "(" && tokens[at - 2] == with;
        let row = *at > 0 && tokens[at - 1] == "(";
        let past =
            tokens[*at..].iter().position(|token| *token == ")").map_or(tokens.len(), |end| at + end + 1);
        let other_side = *at > 1 && tokens[at - 1] == "=" && !is_one(at - 2);
        let left_out = *at > 0 && tokens[at - 1] == "NOT";
        !left_out && compared(at + 1) || begins("USING") || (row && compared(past)) || other_side
    };
    (0..tokens.len()).filter(|at| is_one(*at)).filter(ties).count()
}

#[test]
fn every_statement_says_whose_rows_it_reads_and_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let mut excepted: Vec<&str> = [&OF_AN_ACCOUNT[..], &OF_A_SESSION, &OF_A_TASK].concat();
    let (mut looked_at, mut silent) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let kept: serde_json::Value =
            serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        let statement = kept["query"].as_str().unwrap();
        let tokens = tokens(statement);
        let tables = tables(&tokens);
        looked_at += usize::from(tables > 0);
        if ties(&tokens) < tables {
            let words = statement.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
            match excepted.iter().position(|phrase| words.contains(phrase)) {
                Some(at) => drop(excepted.swap_remove(at)),
                None => silent.push(words),
            }
        }
    }
    assert!(
        silent.is_empty(),
        "these do not say of each table which organization's rows they mean: {silent:#?}"
    );
    assert!(excepted.is_empty(), "these are no statements any more, or say it by now: {excepted:#?}");
    assert!(looked_at > 190, "{looked_at}");
}

#[test]
fn a_filter_that_is_missing_is_seen() {
    let whole = "SELECT k.name, m.role FROM api_keys k JOIN members m ON m.org_id = k.org_id AND m.user_id = k.created_by
                  WHERE k.org_id = $1 AND k.key_id = $2";
    for (statement, is_silent) in [
        (whole, false),
        (&whole.replace("k.org_id = $1 AND", ""), true),
        (&whole.replace("m.org_id = k.org_id AND", ""), true),
        ("SELECT name FROM api_keys WHERE (org_id, key_id) IN (SELECT $1, $2)", false),
        ("SELECT name FROM api_keys WHERE key_id = $2 -- of org_id = $1", true),
        ("SELECT name, 'org_id = 1' FROM api_keys WHERE key_id = $2", true),
        ("UPDATE members SET role = $2 WHERE user_id = $1", true),
        (
            "INSERT INTO members (org_id, user_id) VALUES ($1, $2) ON CONFLICT (org_id, user_id) DO NOTHING",
            false,
        ),
        ("SELECT FROM members m JOIN sessions s ON s.user_id = m.user_id WHERE m.org_id = $1", true),
        ("SELECT FROM sessions WHERE user_id = $1", false),
        ("SELECT name FROM api_keys WHERE NOT org_id = ANY ($1)", true),
    ] {
        let tokens = tokens(statement);
        assert_eq!(ties(&tokens) < tables(&tokens), is_silent, "{statement}");
    }
}
