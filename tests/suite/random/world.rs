//! The model: what there is, and who may see what of it. It follows from `permissions.csv` and from the contract of the API; it asks
//! nothing of the service's own rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{marks::Sight, table::Table};

/// Whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody in a session.
    Session(usize),
    /// A program with an API key.
    Key(usize),
    /// Nobody.
    Nobody,
}

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// This, and all is well.
    Status(u16),
    /// This problem.
    Problem(u16, &'static str),
    /// That a permission is lacking.
    Denied(&'static str),
}

/// There is no such thing, or it is another organization's.
pub(super) const NOT_FOUND: Want = Want::Problem(404, "not_found");

/// All there is.
pub(super) struct World {
    pub(super) table: Table,
    pub(super) now: OffsetDateTime,
    pub(super) organizations: Vec<Organization>,
    pub(super) people: Vec<Person>,
    pub(super) sessions: Vec<Session>,
    pub(super) keys: Vec<Key>,
}

/// An organization.
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) members: BTreeMap<usize, &'static str>,
    /// Whoever was ever told of in it.
    pub(super) known: BTreeSet<usize>,
    pub(super) invitations: Vec<Invitation>,
    pub(super) calls: Vec<Call>,
    pub(super) escalations: Vec<Escalation>,
    pub(super) agents: BTreeMap<usize, Agent>,
    /// How often what was done that is in its audit log.
    pub(super) acts: BTreeMap<&'static str, usize>,
}

/// A person, who may have no account yet.
pub(super) struct Person {
    pub(super) id: Option<String>,
    pub(super) email: String,
    pub(super) name: String,
}

/// A session.
pub(super) struct Session {
    pub(super) person: usize,
    pub(super) organization: Option<usize>,
    pub(super) token: String,
    pub(super) proved_at: OffsetDateTime,
    pub(super) live: bool,
}

/// An API key.
pub(super) struct Key {
    pub(super) organization: usize,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) scopes: BTreeSet<&'static str>,
    pub(super) by: Option<usize>,
    pub(super) live: bool,
}

/// An invitation.
pub(super) struct Invitation {
    pub(super) id: String,
    pub(super) person: usize,
    pub(super) role: &'static str,
    pub(super) status: &'static str,
    pub(super) by: Option<usize>,
    pub(super) token: String,
}

/// A call.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) made_as: Value,
    pub(super) to: String,
    pub(super) ended: bool,
    pub(super) transcript: Option<String>,
}

/// A call that waits for an agent, or did.
pub(super) struct Escalation {
    pub(super) id: String,
    pub(super) call: String,
    pub(super) reason: String,
    pub(super) priority: u64,
    pub(super) status: &'static str,
    pub(super) agent: Option<usize>,
    pub(super) lease: String,
    pub(super) created_at: OffsetDateTime,
}

/// A human agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agent {
    pub(super) chosen: &'static str,
    pub(super) capacity: usize,
}

impl Default for Agent {
    fn default() -> Self {
        Self { chosen: "offline", capacity: 1 }
    }
}

impl World {
    /// Whether a credential is good.
    pub(super) fn is_good(&self, who: Who) -> bool {
        match who {
            Who::Session(session) => self.sessions[session].live,
            Who::Key(key) => self.keys[key].live,
            Who::Nobody => false,
        }
    }

    /// Where somebody is at work.
    pub(super) fn home(&self, who: Who) -> Option<usize> {
        match who {
            Who::Session(session) => self.sessions[session].organization.filter(|_| self.is_good(who)),
            Who::Key(key) => Some(self.keys[key].organization).filter(|_| self.is_good(who)),
            Who::Nobody => None,
        }
    }

    /// Which person it is.
    pub(super) fn person(&self, who: Who) -> Option<usize> {
        match who {
            Who::Session(session) => Some(self.sessions[session].person),
            Who::Key(_) | Who::Nobody => None,
        }
    }

    /// As what.
    pub(super) fn role(&self, who: Who) -> Option<&'static str> {
        let organization = &self.organizations[self.home(who)?];
        organization.members.get(&self.person(who)?).copied()
    }

    /// Whether somebody holds a permission where they are at work.
    pub(super) fn holds(&self, who: Who, permission: &str) -> bool {
        match who {
            Who::Key(key) => self.is_good(who) && self.keys[key].scopes.contains(permission),
            Who::Session(_) => self.role(who).is_some_and(|role| self.table.may(role, permission)),
            Who::Nobody => false,
        }
    }

    /// How somebody is refused what takes a permission; none if they are not.
    pub(super) fn refuses(&self, who: Who, permission: &'static str) -> Option<Want> {
        match self.is_good(who) {
            false => Some(Want::Problem(401, "unauthenticated")),
            true => (!self.holds(who, permission)).then_some(Want::Denied(permission)),
        }
    }

    /// How somebody is refused what takes a permission and a fresh proof.
    pub(super) fn refuses_sensitive(&self, who: Who, permission: &'static str) -> Option<Want> {
        let stale = || (!self.is_elevated(who)).then_some(Want::Problem(403, "elevation_required"));
        self.refuses(who, permission).or_else(stale)
    }

    /// How somebody is refused what takes a person.
    pub(super) fn refuses_programs(&self, who: Who) -> Option<Want> {
        match who {
            _ if !self.is_good(who) => Some(Want::Problem(401, "unauthenticated")),
            Who::Key(_) => Some(Want::Problem(403, "session_required")),
            Who::Session(_) | Who::Nobody => None,
        }
    }

    /// Whether somebody has proved who they are within ten minutes.
    pub(super) fn is_elevated(&self, who: Who) -> bool {
        match who {
            Who::Session(session) => self.now < self.sessions[session].proved_at + Duration::minutes(10),
            Who::Key(_) | Who::Nobody => false,
        }
    }

    /// Where a person is, and as what.
    pub(super) fn seats(&self, person: usize) -> Vec<(usize, &'static str)> {
        let seats = self.organizations.iter().enumerate();
        seats.filter_map(|(at, there)| Some((at, *there.members.get(&person)?))).collect()
    }

    /// What an answer to somebody may tell of: where they are at work, and nothing else.
    pub(super) fn sight(&self, who: Who) -> Sight {
        self.sight_of(self.home(who), self.home(who).into_iter().collect(), self.person(who))
    }

    /// The same of an answer about their own account: all the organizations they are in.
    pub(super) fn own_sight(&self, person: usize) -> Sight {
        let organizations = self.seats(person).into_iter().map(|(organization, _)| organization).collect();
        self.sight_of(None, organizations, Some(person))
    }

    pub(super) fn sight_of(
        &self,
        home: Option<usize>,
        organizations: BTreeSet<usize>,
        person: Option<usize>,
    ) -> Sight {
        let known = organizations.iter().flat_map(|organization| &self.organizations[*organization].known);
        let people = known.copied().chain(person).collect();
        Sight { home, organizations, people, what_was_named: false }
    }

    /// The live sessions of a person in an organization.
    pub(super) fn sessions_in(&self, organization: usize, person: usize) -> Vec<usize> {
        let there = |session: &Session| {
            session.live && session.person == person && session.organization == Some(organization)
        };
        self.sessions.iter().enumerate().filter(|(_, s)| there(s)).map(|(at, _)| at).collect()
    }

    /// Sessions end; whoever has none left somewhere is no agent there any more.
    pub(super) fn end_sessions(&mut self, which: impl Fn(usize, &Session) -> bool) {
        for (at, session) in self.sessions.iter_mut().enumerate() {
            if session.live && which(at, session) {
                session.live = false;
            }
        }
        self.settle_agents();
    }

    fn settle_agents(&mut self) {
        for organization in 0..self.organizations.len() {
            let people: Vec<usize> = self.organizations[organization].agents.keys().copied().collect();
            for person in people {
                if self.sessions_in(organization, person).is_empty() {
                    self.organizations[organization].go_offline(person);
                }
            }
        }
    }

    /// Somebody is not in an organization any more; an heir takes over what they stood behind.
    pub(super) fn part(&mut self, organization: usize, person: usize, heir: Option<usize>) {
        let here = &mut self.organizations[organization];
        here.go_offline(person);
        here.agents.remove(&person);
        here.members.remove(&person);
        for invitation in here.invitations.iter_mut().filter(|one| one.by == Some(person)) {
            let is_open = invitation.status == "pending";
            if is_open && heir.is_none() {
                invitation.status = "revoked";
                *here.acts.entry("invitation.revoked").or_default() += 1;
            }
            invitation.by = heir.filter(|_| is_open);
        }
        for key in
            self.keys.iter_mut().filter(|key| key.organization == organization && key.by == Some(person))
        {
            key.by = heir.filter(|_| key.live);
        }
        self.end_sessions(|_, session| {
            session.person == person && session.organization == Some(organization)
        });
    }

    /// How others see somebody who can be an agent; none if their role is none of an agent.
    pub(super) fn agent_status(&self, organization: usize, person: usize) -> Option<&'static str> {
        let here = &self.organizations[organization];
        let role = here.members.get(&person)?;
        if !self.table.may(role, "availability:set") {
            return None;
        }
        let agent = here.agents.get(&person).copied().unwrap_or_default();
        Some(match agent.chosen {
            _ if self.sessions_in(organization, person).is_empty() => "offline",
            "available" if here.held(person) >= agent.capacity => "busy",
            chosen => chosen,
        })
    }

    /// An agent as others see them: the person, their address if the reader sees the team or is the agent, and the rest.
    pub(super) fn agent_row(&self, who: Who, organization: usize, person: usize) -> Option<Value> {
        let status = self.agent_status(organization, person)?;
        let (here, them) = (&self.organizations[organization], &self.people[person]);
        let sees = self.holds(who, "team:read") || self.person(who) == Some(person);
        let email = sees.then_some(&them.email);
        let capacity = here.agents.get(&person).copied().unwrap_or_default().capacity;
        Some(json!([them.id, email, them.name, status, here.held(person), capacity]))
    }
}

impl Organization {
    /// Something was done that is in the audit log.
    pub(super) fn acted(&mut self, action: &'static str) {
        *self.acts.entry(action).or_default() += 1;
    }

    /// How many Owners there are.
    pub(super) fn owners(&self) -> usize {
        self.members.values().filter(|role| **role == "owner").count()
    }

    /// How many calls somebody holds.
    pub(super) fn held(&self, person: usize) -> usize {
        self.escalations.iter().filter(|one| one.status == "claimed" && one.agent == Some(person)).count()
    }

    /// An agent is gone, and what they hold waits again, or is over with its call.
    pub(super) fn go_offline(&mut self, person: usize) {
        if let Some(agent) = self.agents.get_mut(&person) {
            agent.chosen = "offline";
        }
        for at in 0..self.escalations.len() {
            if self.escalations[at].status == "claimed" && self.escalations[at].agent == Some(person) {
                self.give_back(at);
            }
        }
    }

    /// A call that was claimed goes back to its place.
    pub(super) fn give_back(&mut self, at: usize) {
        let is_over = self.calls.iter().any(|call| call.id == self.escalations[at].call && call.ended);
        self.escalations[at].status = if is_over { "abandoned" } else { "waiting" };
    }

    /// Those that wait, in the order of the queue.
    pub(super) fn queue(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> =
            (0..self.escalations.len()).filter(|at| self.escalations[*at].status == "waiting").collect();
        waiting.sort_by_key(|at| {
            let one = &self.escalations[*at];
            (std::cmp::Reverse(one.priority), one.created_at, one.id.clone())
        });
        waiting
    }

    /// An escalation as it is shown.
    pub(super) fn escalation_row(&self, at: usize) -> Value {
        let one = &self.escalations[at];
        let position = self.queue().iter().position(|waiting| *waiting == at).map(|place| place + 1);
        json!([one.id, one.call, one.reason, one.priority, one.status, position])
    }
}
