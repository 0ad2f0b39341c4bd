//! An audit log of ten million events, out of which proofs are asked for.

use rollcall_audit_proof::{Hash, Tile, TileId, Tree};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::{
    Result,
    data::{Data, id_of},
};

/// How many events are appended at a time: a whole tile of the second level.
const AT_A_TIME: u64 = 65_536;

/// Makes the log of the second small organization, unless it is there: the tree and which event is where, of events that are not there
/// themselves. A proof needs nothing else.
pub(crate) async fn fill(database_url: &str, data: &Data) -> Result {
    let (organization, events) = (data.second(), data.events());
    let mut connection = PgConnection::connect(database_url).await?;
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit_trees WHERE org_id = $1)");
    if there.bind(organization).fetch_one(&mut connection).await? {
        return Ok(connection.close().await?);
    }
    eprintln!("making an audit log of {events} events");
    let mut tree = Tree::default();
    for first in (0..events).step_by(AT_A_TIME as usize) {
        let hashes: Vec<Hash> =
            (first..events.min(first + AT_A_TIME)).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        let tiles = tree.append(hashes.into_iter()).map_err(|full| full.to_string())?;
        save(&mut connection, organization, tiles).await?;
    }
    let save = sqlx::query("INSERT INTO audit_trees (org_id, size, root, offered) VALUES ($1, $2, $3, true)");
    let save = save.bind(organization).bind(i64::try_from(events)?).bind(tree.root().as_bytes().as_slice());
    save.execute(&mut connection).await?;
    let event = id_of("n");
    connection
        .execute(AssertSqlSafe(format!(
            "INSERT INTO audit_leaves (org_id, idx, event_id, occurred_at)
             SELECT '{organization}', n, {event}, '2026-01-01'::timestamptz + n * interval '1 s' FROM generate_series(0, {events} - 1) n"
        )))
        .await?;
    connection.execute("VACUUM ANALYZE audit_leaves, audit_tiles, audit_trees").await?;
    Ok(connection.close().await?)
}

async fn save(
    connection: &mut PgConnection,
    organization: Uuid,
    tiles: impl IntoIterator<Item = (TileId, Tile)>,
) -> Result {
    let (mut levels, mut places, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for (id, tile) in tiles {
        levels.push(i16::from(id.level));
        places.push(i64::try_from(id.index)?);
        hashes.push(tile.to_bytes());
    }
    let save = sqlx::query(
        "INSERT INTO audit_tiles (org_id, level, tile, hashes)
         SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::bytea[])
         ON CONFLICT (org_id, level, tile) DO UPDATE SET hashes = EXCLUDED.hashes",
    );
    save.bind(organization).bind(levels).bind(places).bind(hashes).execute(connection).await?;
    Ok(())
}
