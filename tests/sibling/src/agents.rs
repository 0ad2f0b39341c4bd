//! Agents, and who may do what with them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rollcall_client::{Caller, Error, Outcome};
use rollcall_domain::{OrganizationId, Permission};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Service;

/// An agent.
#[derive(Clone, Serialize)]
pub(crate) struct Agent {
    id: u32,
    name: String,
}

/// A new agent.
#[derive(Deserialize)]
pub(crate) struct NewAgent {
    name: String,
}

/// The agents of each organization.
#[derive(Clone, Default)]
pub(crate) struct Agents(Arc<Mutex<HashMap<OrganizationId, Vec<Agent>>>>);

impl Agents {
    fn all(&self) -> MutexGuard<'_, HashMap<OrganizationId, Vec<Agent>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The organization's agents.
pub(crate) async fn list(caller: Caller, State(service): State<Service>) -> Result<Json<Value>, Error> {
    let organization = caller.require(Permission::AgentsRead)?;
    let agents = service.agents.all().get(&organization).cloned().unwrap_or_default();
    Ok(Json(json!({"data": agents})))
}

/// Makes one.
pub(crate) async fn create(
    caller: Caller,
    State(service): State<Service>,
    Json(NewAgent { name }): Json<NewAgent>,
) -> Result<(StatusCode, Json<Agent>), Error> {
    let organization = caller.require(Permission::AgentsManage)?;
    let agent = {
        let mut all = service.agents.all();
        let ours = all.entry(organization).or_default();
        let agent = Agent { id: ours.iter().map(|agent| agent.id).max().unwrap_or(0) + 1, name };
        ours.push(agent.clone());
        agent
    };
    report(&service, &caller, "agent.created", agent.id)?;
    Ok((StatusCode::CREATED, Json(agent)))
}

/// Takes one away.
pub(crate) async fn remove(
    caller: Caller,
    State(service): State<Service>,
    Path(id): Path<u32>,
) -> Result<StatusCode, Error> {
    let organization = caller.require(Permission::AgentsManage)?;
    let removed = {
        let mut all = service.agents.all();
        let ours = all.entry(organization).or_default();
        let before = ours.len();
        ours.retain(|agent| agent.id != id);
        ours.len() < before
    };
    if !removed {
        return Ok(StatusCode::NOT_FOUND);
    }
    report(&service, &caller, "agent.deleted", id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is not written down should not have happened: whoever asked is told that it is not certain.
fn report(service: &Service, caller: &Caller, action: &str, agent: u32) -> Result<(), Error> {
    let Some(reporter) = &service.reporter else { return Ok(()) };
    let reported = reporter.report(caller.subject, action, ("agent", &agent.to_string()), Outcome::Success);
    reported.map_err(|_| Error::Unavailable { retry_after: 1 })
}
