//! Distribution by organization over the servers of a Citus cluster: docs/decisions/0032.

use sqlx::{Connection, PgConnection};

use crate::database::connected;

/// Where the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    /// By organization: all that is of one is on one server.
    Distributed,
    /// On every server, since what is distributed refers to it.
    Reference,
    /// On the coordinator alone: bounded, or found by what says nothing of an organization, a token's hash before all, which must
    /// be there once in all organizations together.
    Local,
}

impl Placement {
    fn as_str(self) -> &'static str {
        match self {
            Self::Distributed => "distributed",
            Self::Reference => "reference",
            Self::Local => "local",
        }
    }
}

use Placement::{Distributed, Local, Reference};

/// Where each table is, those before others that refer to them.
const PLAN: [(&str, Placement); 52] = [
    ("users", Reference),
    ("organizations", Reference),
    ("members", Reference),
    ("audit_checkpoints", Distributed),
    ("audit_events", Distributed),
    ("audit_leaves", Distributed),
    ("audit_retention", Distributed),
    ("audit_sketches", Distributed),
    ("audit_tiles", Distributed),
    ("audit_trees", Distributed),
    ("audit_unoffered", Distributed),
    ("availability_changes", Distributed),
    ("calls", Distributed),
    ("deliveries", Distributed),
    ("escalation_settings", Distributed),
    ("escalations", Distributed),
    ("human_agents", Distributed),
    ("media_key_holders", Distributed),
    ("media_keys", Distributed),
    ("mfa_deadlines", Distributed),
    ("organization_keys", Distributed),
    ("plan_changes", Distributed),
    ("recording_remains", Distributed),
    ("recordings", Distributed),
    ("security_controls", Distributed),
    ("stream_events", Distributed),
    ("stream_heads", Distributed),
    ("subscribers", Distributed),
    ("transcripts", Distributed),
    ("_sqlx_migrations", Local),
    ("api_key_secrets", Local),
    ("api_keys", Local),
    ("attempts", Local),
    ("audit_queue", Local),
    ("dev_mails", Local),
    ("email_changes", Local),
    ("erasures", Local),
    ("idempotency_keys", Local),
    ("invitations", Local),
    ("mails", Local),
    ("mfa_challenges", Local),
    ("notices", Local),
    ("passkey_ceremonies", Local),
    ("passkeys", Local),
    ("password_resets", Local),
    ("purge_order", Local),
    ("recovery_codes", Local),
    ("revocations", Local),
    ("sessions", Local),
    ("signing_keys", Local),
    ("signups", Local),
    ("totp_seeds", Local),
];

/// What Citus refuses of the tables as they are, and what the plan lacks. `known` are the tables that it will know of: local ones,
/// too, that refer to one on every server, whose policies it looks at as well, but not at their triggers.
const IN_THE_WAY: &str = "
    WITH RECURSIVE plan AS (SELECT * FROM unnest($1::text[], $2::text[]) AS p (name, placement)),
         tables AS (SELECT c.oid, COALESCE(c.relname::text, p.name) AS name, p.placement
                      FROM (SELECT * FROM pg_class
                             WHERE relkind IN ('r', 'p') AND NOT relispartition
                               AND relnamespace = 'public'::regnamespace) c
                      FULL JOIN plan p ON p.name = c.relname::text),
         known AS (SELECT oid FROM tables WHERE placement <> 'local'
                    UNION
                   SELECT CASE known.oid WHEN k.conrelid THEN k.confrelid ELSE k.conrelid END
                     FROM known JOIN pg_constraint k ON k.contype = 'f' AND known.oid IN (k.conrelid, k.confrelid))
    SELECT name || CASE WHEN oid IS NULL THEN ' is in the plan, but there is no such table'
                        ELSE ' is in no place of the plan' END AS problem
      FROM tables WHERE oid IS NULL OR placement IS NULL
     UNION ALL
    SELECT format('%s: the key %s is without org_id', t.name, i.indexrelid::regclass)
      FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
     WHERE t.placement = 'distributed'
       AND NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = t.oid AND a.attname = 'org_id' AND a.attnum = ANY(i.indkey))
     UNION ALL
    SELECT format('%s: the reference %s leads from a %s table to a %s one', t.name, k.conname, t.placement, r.placement)
      FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid JOIN tables r ON r.oid = k.confrelid
     WHERE k.contype = 'f'
       AND CASE WHEN r.placement = 'reference' THEN false
                WHEN r.placement = 'local' THEN t.placement <> 'local'
                ELSE t.placement <> 'distributed'
                     OR NOT EXISTS (SELECT FROM generate_subscripts(k.conkey, 1) AS n
                                      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[n]
                                                         AND a.attname = 'org_id'
                                      JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[n]
                                                         AND b.attname = 'org_id') END
     UNION ALL
    SELECT format('%s: the reference %s sets what is beside org_id to something else', t.name, k.conname)
      FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
     WHERE t.placement = 'distributed' AND k.contype = 'f'
       AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd', 'c'))
       AND EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = k.conrelid AND a.attname = 'org_id' AND a.attnum = ANY(k.conkey))
     UNION ALL
    SELECT format('%s: the trigger %s', t.name, g.tgname)
      FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
     WHERE t.placement <> 'local'
     UNION ALL
    SELECT format('%s: the policy %s asks a query', t.name, y.polname)
      FROM tables t JOIN pg_policy y ON y.polrelid = t.oid
     WHERE t.oid IN (SELECT oid FROM known) AND concat(y.polqual, y.polwithcheck) LIKE '%{SUBLINK %'";

/// The tables are not distributed, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CitusError {
    /// The extension is not in the database.
    #[error(
        "the extension citus is not in this database: CREATE EXTENSION citus, and its workers, come first"
    )]
    NotThere,
    /// Citus would refuse some of the tables as they are.
    #[error("the tables cannot be distributed as they are; in the way are\n  {}", .0.join("\n  "))]
    InTheWay(Vec<String>),
    /// The database said no.
    #[error("the tables cannot be distributed: {0}")]
    Failed(#[from] sqlx::Error),
}

/// What keeps the tables from being distributed.
///
/// # Errors
/// What the database says.
pub async fn in_the_way_of_citus(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let (names, placements): (Vec<_>, Vec<_>) =
        PLAN.iter().map(|(name, placement)| (*name, placement.as_str())).unzip();
    let lines = sqlx::query_scalar(IN_THE_WAY).bind(names).bind(placements).fetch_all(connection).await;
    // Not as the database sorts, which is another way elsewhere.
    lines.map(|mut lines: Vec<String>| {
        lines.sort();
        lines
    })
}

/// Distributes what belongs to organizations over the servers of the Citus cluster whose coordinator is at `url`, all of it or
/// nothing. What has its place keeps it. Gives back the names of the tables that have got theirs.
///
/// # Errors
/// [`CitusError`].
pub async fn distribute(url: &str) -> Result<Vec<&'static str>, CitusError> {
    let mut connection = connected(url).await?;
    let there = "SELECT to_regproc('create_distributed_table') IS NOT NULL
                    AND to_regproc('create_reference_table') IS NOT NULL";
    let there: bool = sqlx::query_scalar(there).fetch_one(&mut connection).await?;
    if !there {
        return Err(CitusError::NotThere);
    }
    let in_the_way = in_the_way_of_citus(&mut connection).await?;
    if !in_the_way.is_empty() {
        return Err(CitusError::InTheWay(in_the_way));
    }
    let mut transaction = connection.begin().await?;
    // A table that refers to one on every server cannot be made after another that was made over several connections.
    sqlx::query("SET LOCAL citus.multi_shard_modify_mode = 'sequential'").execute(&mut *transaction).await?;
    let placed = "SELECT logicalrelid::text FROM pg_dist_partition";
    let placed: Vec<String> = sqlx::query_scalar(placed).fetch_all(&mut *transaction).await?;
    let mut made = Vec::new();
    for (table, placement) in PLAN.iter().filter(|(table, _)| !placed.iter().any(|name| name == table)) {
        let make = match placement {
            Reference => "SELECT create_reference_table($1::text::regclass)",
            // Whatever has the same kind of key is together with it, organization by organization.
            Distributed => "SELECT create_distributed_table($1::text::regclass, 'org_id')",
            Local => continue,
        };
        sqlx::query(make).bind(table).execute(&mut *transaction).await?;
        made.push(*table);
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(made)
}
