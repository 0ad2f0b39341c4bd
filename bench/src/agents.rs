//! Human agents at work: they say that they are there, and take calls out of a long queue.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::JoinSet;

use crate::{
    Result,
    answers::Answers,
    call::Call,
    data::{Data, id_of},
    load::{CONNECTIONS, Connection as Http, Window, enough},
};

/// How many calls wait while others are taken.
const WAITING: u64 = 1_000;

/// Makes the Owners of the small organizations agents who are there.
pub(crate) async fn come(address: SocketAddr, data: &Data) -> Result {
    let mut connection = Http::open(address).await?;
    for n in 0..data.organizations {
        connection.ask(&choose("available").by(data.owner(n))).await?;
    }
    Ok(())
}

/// The n-th sign of life of an agent.
pub(crate) fn heartbeat(data: &Data, n: u64) -> Call {
    Call::post("/v1/availability/me/heartbeat", "").by(data.owner(n)).expecting(204)
}

/// What makes an agent's own status this one.
pub(crate) fn choose(status: &str) -> Call {
    Call::put("/v1/availability/me", format!(r#"{{"status":"{status}"}}"#))
}

/// Makes a team of agents in the first small organization, lets its platform report calls, and has as many calls wait as there should be.
pub(crate) async fn line_up(database_url: &str) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    let (organization, agent, key) = (id_of("0"), id_of("n"), id_of("0"));
    connection
        .execute(AssertSqlSafe(format!(
            "UPDATE members SET role = 'customer_support_agent'
              WHERE org_id = {organization} AND user_id IN (SELECT {agent} FROM generate_series(1, {CONNECTIONS}) n);
             UPDATE api_keys SET scopes = '{{calls:write,escalations:create}}' WHERE org_id = {organization} AND key_id = {key};
             WITH missing AS (
                 SELECT {WAITING} - count(*) AS count FROM escalations WHERE org_id = {organization} AND status = 'waiting'),
             calls AS (
                 INSERT INTO calls (org_id, call_id, external_id, direction, started_at, metadata, made_as, created_at)
                 SELECT {organization}, gen_random_uuid(), gen_random_uuid()::text, 'inbound', now(), '{{}}',
                        decode(repeat('00', 33), 'hex'), now()
                   FROM missing, generate_series(1, missing.count)
                 RETURNING org_id, call_id)
             INSERT INTO escalations (org_id, escalation_id, call_id, reason, priority, skills, status, waits_until, created_at)
             SELECT org_id, gen_random_uuid(), call_id, 'Asks for a human', 5, '{{}}', 'waiting', now() + interval '1 day', now()
               FROM calls"
        )))
        .await?;
    connection.execute("VACUUM ANALYZE calls, escalations, members").await?;
    Ok(connection.close().await?)
}

/// How long it takes to claim the next call while as many agents as a load has connections do so. Whatever was claimed is resolved, and
/// another call is escalated for it, so that as many wait as before; neither counts.
pub(crate) async fn claims(address: SocketAddr, data: &Arc<Data>, window: Window) -> Result<Answers> {
    let mut agents = JoinSet::new();
    for n in 1..=CONNECTIONS as u64 {
        let agent = Agent {
            data: data.clone(),
            token: data.member_of_first(n),
            platform: data.warm_key(0),
            connection: Http::open(address).await?,
        };
        agents.spawn(agent.work(window));
    }
    let mut answers = Answers::default();
    while let Some(done) = agents.join_next().await {
        answers.merge(done??);
    }
    enough(answers.count(), window.length())?;
    Ok(answers)
}

/// One who takes a call after the other.
struct Agent {
    data: Arc<Data>,
    token: String,
    /// The API key of the platform.
    platform: String,
    connection: Http,
}

#[derive(Deserialize)]
struct Claimed {
    escalation: Named,
    lease: Lease,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Lease {
    token: String,
}

impl Agent {
    async fn work(mut self, window: Window) -> Result<Answers> {
        let mut answers = Answers::default();
        self.connection.ask(&choose("available").by(self.token.clone())).await?;
        while Instant::now() < window.until {
            let claim = Call::post("/v1/escalations/claim-next", "").by(self.token.clone());
            let begun = Instant::now();
            let body = self.connection.ask(&claim).await?;
            let ended = Instant::now();
            let Claimed { escalation, lease } = serde_json::from_slice(body)?;
            if window.holds(ended) {
                answers.add(ended - begun, body.len());
            }
            let path = format!("/v1/escalations/{}/resolve", escalation.id);
            let resolve = Call::post(path, format!(r#"{{"lease_token":"{}"}}"#, lease.token));
            self.connection.ask(&resolve.by(self.token.clone())).await?;
            self.escalate_another().await?;
        }
        Ok(answers)
    }

    async fn escalate_another(&mut self) -> Result {
        let call = format!(
            r#"{{"external_id":"again {}","direction":"inbound","started_at":"2026-01-02T03:04:05Z"}}"#,
            self.data.fresh()
        );
        let call = Call::post("/v1/calls", call).by(self.platform.clone()).expecting(201);
        let Named { id } = serde_json::from_slice(self.connection.ask(&call).await?)?;
        let escalation = r#"{"reason":"Asks for a human","priority":5}"#;
        let escalation = Call::post(format!("/v1/calls/{id}/escalations"), escalation);
        self.connection.ask(&escalation.by(self.platform.clone()).expecting(201)).await?;
        Ok(())
    }
}
