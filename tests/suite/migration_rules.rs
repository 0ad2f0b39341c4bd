//! What a migration may do beside nodes that work: nothing that keeps anybody from a table for as long as the table has rows.
//!
//! The texts are read word by word, and taken for what they say. Migrations from before 0096 are as they are: docs/operations.md says which of
//! them take long.

use std::{collections::BTreeSet, fs, path::Path};

use crate::catalogue::{OF_ORGANIZATIONS, OTHERS};

/// The first migration that is held to this.
const FIRST: u32 = 96;

/// Tables with few rows, however many organizations there are and however long they work.
const SMALL: [&str; 3] = ["dev_mails", "purge_order", "signing_keys"];

/// Tables whose policies show every row to everybody who may read them.
const OPEN: [&str; 1] = ["purge_order"];

/// What was agreed to all the same: the migration's number, how the complaint begins, and why it does no harm.
const AGREED: &[(u32, &str, &str)] = &[(
    98,
    "CREATE INDEX on audit_sketches",
    "a row for 512 events, and the migration has the table to itself anyway",
)];

/// Nobody gets to the table, if only to read it, until every row was looked at,
const CHECKS: &str = "looks at every row while nobody gets to the table: add the constraint by itself as NOT VALID, and VALIDATE it in a migration of its own";
/// or was written,
const REWRITES: &str = "writes every row anew while nobody gets to the table: add a column that nodes fill";
/// and nobody writes until an index was built.
const BUILDS: &str =
    "builds an index while nobody writes: CREATE INDEX CONCURRENTLY IF NOT EXISTS, in a migration of its own";

/// A statement as its words, in lower case, and signs. What stands in quotes is one word.
struct Statement {
    words: Vec<String>,
    /// Whether it is one of PL/pgSQL's, in a DO.
    in_do: bool,
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// What stands between dollars at the beginning of a text, and how long it is with them.
fn dollar_quoted(text: &str) -> Option<(&str, usize)> {
    let tag = &text[..text.strip_prefix('$')?.find('$')? + 2];
    if !tag[1..tag.len() - 1].chars().all(is_word) {
        return None;
    }
    let length = text[tag.len()..].find(tag)?;
    Some((&text[tag.len()..tag.len() + length], length + 2 * tag.len()))
}

/// The statements of a text. The bodies of functions are none of them: they run later.
fn statements(text: &str, in_do: bool) -> Vec<Statement> {
    let (mut statements, mut words, mut rest) = (Vec::new(), Vec::<String>::new(), text);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '\'' {
            words.push("''".to_owned());
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else if let Some((body, length)) = dollar_quoted(rest) {
            if words.first().is_some_and(|word| word == "do") {
                statements.extend(self::statements(body, true));
            }
            words.push("''".to_owned());
            length
        } else if first == ';' {
            statements.push(Statement { words: std::mem::take(&mut words), in_do });
            1
        } else if is_word(first) {
            let end = rest.find(|character: char| !is_word(character)).unwrap_or(rest.len());
            words.push(rest[..end].to_ascii_lowercase());
            end
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    statements.push(Statement { words, in_do });
    statements.retain(|statement| !statement.words.is_empty());
    statements
}

/// What follows these words each time that they stand next to each other.
fn each_after<'a>(words: &'a [String], sought: &'a [&'a str]) -> impl Iterator<Item = &'a [String]> {
    (sought.len()..=words.len())
        .filter(move |end| words[end - sought.len()..*end] == *sought)
        .map(move |end| &words[end..])
}

fn after<'a>(words: &'a [String], sought: &'a [&'a str]) -> Option<&'a [String]> {
    each_after(words, sought).next()
}

/// Whether these words stand next to each other.
fn says(words: &[String], sought: &[&str]) -> bool {
    after(words, sought).is_some()
}

fn says_any(words: &[String], sought: &[&str]) -> bool {
    words.iter().any(|word| sought.contains(&word.as_str()))
}

fn begins(words: &[String], beginning: &[&str]) -> bool {
    words.get(..beginning.len()).is_some_and(|words| words == beginning)
}

/// The table that is named first.
fn table(words: &[String]) -> &str {
    let mut words = words.iter().map(String::as_str);
    words
        .find(|word| !["table", "if", "not", "exists", "only", "public", "."].contains(word))
        .unwrap_or_default()
}

/// The parts of an ALTER TABLE. The first begins with the table.
fn parts(words: &[String]) -> impl Iterator<Item = &[String]> {
    let mut depth = 0_i32;
    words.split(move |word| {
        depth += i32::from(word == "(") - i32::from(word == ")");
        depth == 0 && word == ","
    })
}

/// What a part of an ALTER TABLE does that takes as long as the table has rows.
fn takes_long(part: &[String]) -> Option<&'static str> {
    let Some(added) = after(part, &["add"]) else {
        let set = after(part, &["set"]).and_then(|set| set.first()).map(String::as_str).unwrap_or_default();
        let rewrites = says(part, &["alter"]) && says(part, &["type"])
            || ["logged", "unlogged", "tablespace", "access"].contains(&set);
        let checks = says(part, &["set", "not", "null"]);
        return checks.then_some(CHECKS).or(rewrites.then_some(REWRITES));
    };
    let builds = says_any(added, &["unique", "primary", "exclude"]);
    let first = added.first().map(String::as_str).unwrap_or_default();
    if ["constraint", "check", "unique", "primary", "foreign", "exclude"].contains(&first) {
        let done = if builds { says(added, &["using", "index"]) } else { says(added, &["not", "valid"]) };
        return (!done).then_some(if builds { BUILDS } else { CHECKS });
    }
    if builds {
        return Some(BUILDS);
    }
    if says_any(added, &["check", "references"]) {
        return Some(CHECKS);
    }
    // A default that is the same for all rows is kept once, and so is `now()`, which is the same within a transaction.
    let default = after(added, &["default"]).unwrap_or_default();
    let calls = default.windows(2).any(|of| of[1] == "(" && of[0] != "now" && of[0].starts_with(is_word));
    if calls || says_any(added, &["generated", "smallserial", "serial", "bigserial"]) {
        return Some(REWRITES);
    }
    (says(added, &["not", "null"]) && default.is_empty()).then_some(CHECKS)
}

/// The tables whose rows a statement changes.
fn changed(words: &[String]) -> impl Iterator<Item = &str> {
    // SELECT … FOR UPDATE, FOR NO KEY UPDATE, ON CONFLICT DO UPDATE, ON UPDATE CASCADE.
    let is_clause = move |at: usize| at > 0 && ["for", "key", "do", "on"].contains(&words[at - 1].as_str());
    let updated = (0..words.len()).filter(move |at| words[*at] == "update" && !is_clause(*at));
    let updated = updated.map(move |at| table(&words[at + 1..]));
    updated.chain(each_after(words, &["delete", "from"]).map(table))
}

/// The tables that a statement reads.
fn read(words: &[String]) -> BTreeSet<&str> {
    let named = |by: &'static [&'static str]| each_after(words, by).map(table);
    let tables = named(&["from"]).chain(named(&["join"])).chain(named(&["using"]));
    tables.chain(changed(words)).collect()
}

/// A migration, as far as its text tells what it does.
struct Migration {
    in_no_transaction: bool,
    statements: Vec<Statement>,
    /// The tables that it makes: nobody works with them yet.
    made: BTreeSet<String>,
}

impl Migration {
    fn read(text: &str) -> Self {
        let statements = statements(text, false);
        let makes = statements.iter().filter_map(|statement| after(&statement.words, &["create", "table"]));
        let made = makes.map(|made| table(made).to_owned()).collect();
        Self { in_no_transaction: text.starts_with("-- no-transaction"), statements, made }
    }

    /// Whether others may work with a table.
    fn is_old(&self, table: &str) -> bool {
        let mut known = OF_ORGANIZATIONS.iter().map(|(name, _)| *name).chain(OTHERS);
        !self.made.contains(table) && known.any(|name| name == table)
    }

    fn is_large(&self, table: &str) -> bool {
        self.is_old(table) && !SMALL.contains(&table)
    }

    /// Whether whoever migrates, who need not be a superuser, sees the rows of a table.
    fn sees(&self, table: &str) -> bool {
        OPEN.contains(&table)
            || self.statements.iter().any(|Statement { words, .. }| {
                says(words, &["set", "local", "role"])
                    || says(words, &["no", "force"])
                        && self::table(words.get(2..).unwrap_or_default()) == table
            })
    }

    /// What is wrong with it.
    fn complaints(&self) -> Vec<String> {
        let mut told = Vec::new();
        for Statement { words, in_do } in &self.statements {
            self.of_tables(words, &mut told);
            let first = words[0].as_str();
            if *in_do || ["delete", "insert", "merge", "select", "update", "with"].contains(&first) {
                self.of_rows(words, &mut told);
            }
            if *in_do && says(words, &["execute"]) {
                told.push("EXECUTE hides what it does: write it out".to_owned());
            }
            if ["cluster", "lock", "reindex", "truncate", "vacuum"].contains(&first) {
                told.push(format!("{} keeps everybody from a table", first.to_ascii_uppercase()));
            }
            if first == "set" && !begins(words, &["set", "local"]) {
                told.push("SET holds for the migrations after it, too: SET LOCAL".to_owned());
            }
            if says(words, &["lock_timeout"]) {
                told.push("how long a lock is waited for is `rollcall migrate`'s to say".to_owned());
            }
            if says(words, &["concurrently"]) && !self.in_no_transaction {
                told.push(
                    "CONCURRENTLY is for no transaction: `-- no-transaction` in the first line".to_owned(),
                );
            }
        }
        if self.in_no_transaction && !self.can_be_repeated() {
            told.push("without a transaction there is one statement, which can be repeated".to_owned());
        }
        told
    }

    fn of_tables(&self, words: &[String], told: &mut Vec<String>) {
        let of = table(words.get(2..).unwrap_or_default());
        if begins(words, &["alter", "table"]) && self.is_large(of) {
            let long = parts(&words[2..]).filter_map(takes_long);
            told.extend(long.map(|why| format!("ALTER TABLE {of} {why}")));
            if says(words, &["no", "force"]) {
                told.push(format!("ALTER TABLE {of} keeps everybody from the table until the migration is over: let nodes do what is to be done with its rows"));
            }
            if says(words, &["validate"]) && self.statements.len() > 1 {
                told.push(format!("VALIDATE for {of} looks at every row, while what else the migration holds stays held: in a migration of its own"));
            }
        }
        let on = after(words, &["on"]).map(table).unwrap_or_default();
        let indexes = begins(words, &["create", "index"]) || begins(words, &["create", "unique", "index"]);
        if indexes && self.is_large(on) && !says(words, &["concurrently"]) {
            told.push(format!("CREATE INDEX on {on} {BUILDS}"));
        }
    }

    fn of_rows(&self, words: &[String], told: &mut Vec<String>) {
        for of in changed(words).filter(|of| self.is_large(of) && !says(words, &["limit"])) {
            told.push(format!("any number of rows of {of} are changed at once: let nodes do it in portions"));
        }
        for of in read(words).into_iter().filter(|of| self.is_old(of) && !self.sees(of)) {
            told.push(format!("rows of {of} are hidden from whoever migrates, who need not be a superuser"));
        }
    }

    /// Whether it is one statement that does the rest of what it has begun, should it be broken off.
    fn can_be_repeated(&self) -> bool {
        let [Statement { words, .. }] = &self.statements[..] else { return false };
        says(words, &["index", "concurrently", "if"])
            || begins(words, &["alter", "table"]) && says(words, &["validate", "constraint"])
    }
}

/// The migrations, by their numbers.
fn migrations() -> Vec<(u32, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/adapter-postgres/migrations");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let number = |path: &Path| path.file_name().unwrap().to_str().unwrap()[..4].parse().unwrap();
    files.map(|path| (number(&path), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn no_migration_keeps_anybody_from_a_table_for_as_long_as_it_has_rows() {
    let (mut told, mut needed) = (Vec::new(), BTreeSet::new());
    for (number, text) in migrations().into_iter().filter(|(number, _)| *number >= FIRST) {
        for complaint in Migration::read(&text).complaints() {
            let agreed =
                AGREED.iter().position(|(of, begins, _)| *of == number && complaint.starts_with(*begins));
            match agreed {
                Some(place) => _ = needed.insert(place),
                None => told.push(format!("{number:04}: {complaint}")),
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert_eq!(needed.len(), AGREED.len(), "what nobody complains of needs no agreement");
}

#[test]
fn what_a_migration_keeps_others_from_is_seen() {
    for (text, expected) in [
        ("CREATE INDEX calls_age ON calls (ended_at);", &["CREATE INDEX on calls builds"][..]),
        ("CREATE UNIQUE INDEX i ON ONLY public.calls (call_id)", &["CREATE INDEX on calls"]),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON calls (a)", &["CONCURRENTLY is for no transaction"]),
        ("-- A word.\n-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i", &["CONCURRENTLY is for no"]),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON calls (a)", &["without a transaction"]),
        (
            "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON calls (a)",
            &["without a transaction"],
        ),
        ("-- no-transaction\nALTER TABLE calls ADD COLUMN a text", &["without a transaction"]),
        ("ALTER TABLE calls ADD CONSTRAINT c CHECK (a > 0)", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE calls ADD COLUMN a text, ADD CHECK (b IN ('x', 'y'))", &["ALTER TABLE calls looks"]),
        (
            "ALTER TABLE mails DROP CONSTRAINT c; ALTER TABLE mails ADD CONSTRAINT c CHECK (kind = 'x')",
            &["ALTER TABLE mails looks"],
        ),
        ("ALTER TABLE calls ADD FOREIGN KEY (a) REFERENCES users", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE IF EXISTS ONLY calls ADD UNIQUE (org_id, a)", &["ALTER TABLE calls builds"]),
        ("ALTER TABLE calls ADD COLUMN a text CHECK (a <> '')", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE calls ADD COLUMN a uuid REFERENCES users", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE calls ADD COLUMN a text UNIQUE", &["ALTER TABLE calls builds"]),
        ("ALTER TABLE calls ADD COLUMN a text NOT NULL", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE calls ADD a uuid NOT NULL DEFAULT gen_random_uuid()", &["ALTER TABLE calls writes"]),
        ("ALTER TABLE calls ADD a bigint GENERATED ALWAYS AS IDENTITY", &["ALTER TABLE calls writes"]),
        ("ALTER TABLE calls ADD COLUMN a bigserial", &["ALTER TABLE calls writes"]),
        ("ALTER TABLE calls ALTER COLUMN version TYPE bigint", &["ALTER TABLE calls writes"]),
        ("ALTER TABLE calls ALTER version SET DATA TYPE bigint", &["ALTER TABLE calls writes"]),
        ("ALTER TABLE calls ALTER COLUMN a SET NOT NULL", &["ALTER TABLE calls looks"]),
        ("ALTER TABLE calls SET UNLOGGED", &["ALTER TABLE calls writes"]),
        (
            "ALTER TABLE calls ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE calls VALIDATE CONSTRAINT c",
            &["VALIDATE for calls"],
        ),
        (
            "ALTER TABLE calls NO FORCE ROW LEVEL SECURITY; UPDATE calls SET a = 1; ALTER TABLE calls FORCE ROW LEVEL SECURITY",
            &["ALTER TABLE calls keeps", "any number of rows of calls"],
        ),
        ("UPDATE calls SET a = 1", &["any number of rows of calls", "rows of calls are hidden"]),
        (
            "DO $$ BEGIN\n-- It's theirs.\nDELETE FROM ONLY calls WHERE a; END $$",
            &["any number of rows of calls", "rows of calls are hidden"],
        ),
        (
            "WITH gone AS (DELETE FROM mails RETURNING *) SELECT 1",
            &["any number of rows of mails", "rows of mails are hidden"],
        ),
        (
            "CREATE TABLE news (a uuid); INSERT INTO news SELECT org_id FROM organizations",
            &["rows of organizations are hidden"],
        ),
        ("UPDATE signing_keys SET retires_at = now()", &["rows of signing_keys are hidden"]),
        ("DO $do$ BEGIN EXECUTE format('DROP TABLE %I', 'x'); END $do$", &["EXECUTE hides"]),
        ("LOCK TABLE calls", &["LOCK keeps"]),
        ("CLUSTER calls USING calls_pkey", &["CLUSTER keeps"]),
        ("SET lock_timeout = 0", &["SET holds", "how long a lock"]),
        ("SET LOCAL lock_timeout = '1min'", &["how long a lock"]),
    ] {
        let told = Migration::read(text).complaints();
        let seen = told.len() == expected.len()
            && told.iter().zip(expected).all(|(told, expected)| told.starts_with(*expected));
        assert!(seen, "{text}\n  {told:#?}\n  {expected:#?}");
    }
    // Those since the last release of before.
    let mut long = migrations();
    long.retain(|(number, text)| {
        (49..FIRST).contains(number) && !Migration::read(text).complaints().is_empty()
    });
    let mut long: Vec<u32> = long.into_iter().map(|(number, _)| number).collect();
    long.sort_unstable();
    assert_eq!(long, [60, 62, 63, 80, 94]);
}

#[test]
fn what_lets_others_go_on_is_let_through() {
    for text in [
        "-- no-transaction\n-- Because.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON calls (a);\n",
        "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON calls (a) WHERE b = 'CREATE INDEX'",
        "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i",
        "ALTER TABLE calls VALIDATE CONSTRAINT c;",
        "CREATE TABLE news (a uuid PRIMARY KEY REFERENCES calls, b text NOT NULL CHECK (b <> ''));
         CREATE INDEX news_b ON news (b);
         ALTER TABLE news ADD CONSTRAINT c CHECK (b > 'a'), ALTER COLUMN b TYPE varchar;
         INSERT INTO news VALUES (gen_random_uuid(), 'it''s'); UPDATE news SET b = 'x'",
        "ALTER TABLE calls ADD COLUMN a text, ADD COLUMN b numeric(10, 2) NOT NULL DEFAULT 0, ADD c text[] DEFAULT '{}'",
        "ALTER TABLE calls ADD COLUMN a timestamptz NOT NULL DEFAULT now()",
        "ALTER TABLE calls ADD CONSTRAINT c CHECK (a > 0) NOT VALID, ADD CONSTRAINT d UNIQUE USING INDEX i",
        "ALTER TABLE mails DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (kind IN ('x', 'y')) NOT VALID",
        "ALTER TABLE calls SET (fillfactor = 80); ALTER TABLE calls ALTER a DROP NOT NULL, DROP COLUMN type",
        "DROP INDEX calls_latest; DROP TABLE attempts",
        "GRANT UPDATE (a), DELETE ON calls TO rollcall_app; REVOKE ALL ON calls FROM PUBLIC",
        "CREATE POLICY p ON calls FOR UPDATE TO rollcall_app USING (EXISTS (SELECT FROM members m))",
        "CREATE TRIGGER t BEFORE UPDATE OR DELETE ON calls FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE calls SET a = 1; DELETE FROM mails $$",
        "INSERT INTO purge_order (position, name) VALUES (5, 'news'); DELETE FROM purge_order WHERE position = 5",
        "CREATE INDEX signing_keys_age ON signing_keys (created_at)",
        "DO $$ BEGIN SET LOCAL ROLE rollcall_purge; DELETE FROM audit_queue WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_queue LIMIT 100)); RESET ROLE; END $$",
    ] {
        let told = Migration::read(text).complaints();
        assert!(told.is_empty(), "{text}\n  {told:#?}");
    }
}
