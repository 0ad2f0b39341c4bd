//! A run: the service, the model of it, chance, and what was done so far.

use std::{collections::BTreeSet, sync::Mutex};

use reqwest::Method;
use rollcall_application::ports::Clock;
use rollcall_tests::{Answer, PASSWORD, Service};
use serde_json::{Value, json};

use super::{
    dice::Dice,
    marks::{Owners, Sight, mark, person_mark},
    table::Table,
    world::{NOT_FOUND, Organization, Person, Session, Want, Who, World},
};

/// A run.
pub(super) struct Run {
    pub(super) service: Service,
    pub(super) world: World,
    pub(super) dice: Dice,
    owners: Owners,
    made: usize,
    log: Log,
}

/// What was done; it is printed when the test fails.
struct Log {
    seed: u64,
    lines: Mutex<Vec<String>>,
}

impl Log {
    fn note(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            println!("What was done (ROLLCALL_RANDOM_SEED={}):\n{}", self.seed, lines.join("\n"));
        }
    }
}

impl Run {
    /// Nothing yet but a service.
    pub(super) async fn begin(seed: u64) -> Self {
        let service = Service::start().await;
        let world = World {
            table: Table::read(),
            now: service.clock.now(),
            organizations: Vec::new(),
            people: Vec::new(),
            sessions: Vec::new(),
            keys: Vec::new(),
        };
        let log = Log { seed, lines: Mutex::default() };
        Self { service, world, dice: Dice::new(seed), owners: Owners::default(), made: 0, log }
    }

    /// Notes what goes on.
    pub(super) fn note(&self, line: impl Into<String>) {
        self.log.note(line.into());
    }

    /// A name that nothing else has, made up in an organization.
    pub(super) fn name(&mut self, organization: usize) -> String {
        self.made += 1;
        mark(organization, self.made)
    }

    /// Somebody new, without an account.
    pub(super) fn stranger(&mut self) -> usize {
        let number = self.world.people.len();
        let mark = person_mark(number);
        let (email, name) = (format!("{mark}@example.com"), format!("Person {mark}"));
        self.world.people.push(Person { id: None, email, name });
        number
    }

    /// Somebody has an account now.
    pub(super) fn known_as(&mut self, person: usize, id: &str) {
        self.owners.person(id, person);
        self.world.people[person].id = Some(id.to_owned());
    }

    /// An organization with an Owner, with every control of the largest plan and its audit log on.
    pub(super) async fn found(&mut self) -> usize {
        let number = self.world.organizations.len();
        let (owner, name) = (self.stranger(), format!("Org {}", self.name(number)));
        let email = self.world.people[owner].email.clone();
        let (caller, answer) = self.service.sign_up(&email, &name).await;
        let id = answer.text_at("/organization/id").to_owned();
        self.service.set_plan(&id, "enterprise").await;
        caller.patch("/v1/me", json!({"name": self.world.people[owner].name})).await.expect(200);
        caller.patch("/v1/security", json!({"audit_log": {"enabled": true}})).await.expect(200);
        self.service.database.all_sequenced().await;
        self.known_as(owner, answer.text_at("/user/id"));
        self.owners.organization(&id, number);
        self.world.organizations.push(Organization {
            id,
            name,
            slug: answer.text_at("/organization/slug").to_owned(),
            members: [(owner, "owner")].into(),
            known: [owner].into(),
            invitations: Vec::new(),
            calls: Vec::new(),
            escalations: Vec::new(),
            agents: Default::default(),
            acts: Default::default(),
        });
        self.opened(owner, Some(number), caller.token().to_owned());
        number
    }

    /// A session was opened with a fresh proof.
    pub(super) fn opened(&mut self, person: usize, organization: Option<usize>, token: String) -> usize {
        let proved_at = self.world.now;
        self.world.sessions.push(Session { person, organization, token, proved_at, live: true });
        self.world.sessions.len() - 1
    }

    /// Signs somebody in where they are.
    pub(super) async fn sign_in(&mut self, person: usize, organization: usize) -> Who {
        let id = self.world.organizations[organization].id.clone();
        let body =
            json!({"email": self.world.people[person].email, "password": PASSWORD, "organization_id": id});
        let sight = self.world.own_sight(person);
        let wanted = [Want::Status(201)];
        let answer = self.send(Who::Nobody, Method::POST, "/v1/sessions", Some(body), &wanted, &sight).await;
        Who::Session(self.opened(person, Some(organization), answer.text_at("/session/token").to_owned()))
    }

    /// An Owner of an organization, signed in.
    pub(super) async fn owner(&mut self, organization: usize) -> Who {
        let members = self.world.organizations[organization].members.iter();
        let owners: Vec<usize> =
            members.filter(|(_, role)| **role == "owner").map(|(person, _)| *person).collect();
        let session = owners.iter().find_map(|owner| self.world.sessions_in(organization, *owner).pop());
        match session {
            Some(session) => Who::Session(session),
            None => self.sign_in(owners[0], organization).await,
        }
    }

    /// Asks for something where somebody is at work: the answer is one of those that are wanted, and tells of nothing else.
    pub(super) async fn ask(
        &mut self,
        who: Who,
        method: Method,
        path: &str,
        body: Option<Value>,
        wanted: &[Want],
    ) -> Answer {
        let sight = self.world.sight(who);
        self.send(who, method, path, body, wanted, &sight).await
    }

    /// The same with something else that the answer may tell of.
    pub(super) async fn send(
        &mut self,
        who: Who,
        method: Method,
        path: &str,
        body: Option<Value>,
        wanted: &[Want],
        sight: &Sight,
    ) -> Answer {
        let token = match who {
            Who::Session(session) => Some(self.world.sessions[session].token.as_str()),
            Who::Key(key) => Some(self.world.keys[key].secret.as_str()),
            Who::Nobody => None,
        };
        let anonymous = self.service.anonymous();
        let caller = token.map_or(anonymous.clone(), |token| anonymous.with_token(token));
        let written = body.as_ref().map(Value::to_string).unwrap_or_default();
        let (person, home, role) = (self.world.person(who), self.world.home(who), self.world.role(who));
        self.log.note(format!(
            "{who:?} (person {person:?} in {home:?} as {role:?}) {method} {path} {written} wants {wanted:?}"
        ));
        if let Some(home) = home {
            self.owners.named(home, path);
            self.owners.named(home, &written);
        }
        let request = caller.request(method, path);
        let answer = Answer::of(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await;
        let (status, code) = (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default());
        self.log.note(format!("  {status} {code}"));
        let is_wanted = wanted.iter().any(|want| match want {
            Want::Status(wanted) => status == *wanted,
            Want::Problem(wanted, name) => status == *wanted && code == *name,
            Want::Denied(permission) => {
                status == 403
                    && code == "permission_denied"
                    && answer.body["required_permission"] == *permission
            }
        });
        assert!(is_wanted, "{status} is none of {wanted:?}: {}", answer.text);
        let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}\n"));
        for text in headers.chain([answer.text.clone()]) {
            let leak = self.owners.leak(&text, sight);
            assert_eq!(leak, None, "it is another organization's, and stands in {text}");
        }
        answer
    }

    /// Everything in a list, page by page of a length by chance, each thing as these values of it, in the order of the list.
    pub(super) async fn list(&mut self, who: Who, path: &str, query: &str, fields: &[&str]) -> Vec<Value> {
        let sight = self.world.sight(who);
        self.list_in_sight(who, path, query, fields, &sight).await
    }

    /// The same with something else that the answers may tell of.
    pub(super) async fn list_in_sight(
        &mut self,
        who: Who,
        path: &str,
        query: &str,
        fields: &[&str],
        sight: &Sight,
    ) -> Vec<Value> {
        let limit = self.dice.one_of(&[1, 3, 50, 200, 200, 200]);
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let page = format!("{path}?limit={limit}{query}{after}");
            let answer = self.send(who, Method::GET, &page, None, &[Want::Status(200)], sight).await;
            let data = answer.list("data");
            assert!(data.len() <= limit, "{} on a page of {limit}", data.len());
            rows.extend(data.iter().map(|one| row(one, fields)));
            match answer.body["next_cursor"].as_str() {
                Some(cursor) => after = format!("&cursor={cursor}"),
                None => return rows,
            }
        }
    }

    /// An id for a path: one of these, one of another organization, or one of nothing.
    pub(super) fn id_of(&mut self, ours: &[String], everybody_s: &[String], of_nothing: &str) -> String {
        let theirs: Vec<String> = everybody_s.iter().filter(|id| !ours.contains(id)).cloned().collect();
        let picked = match self.dice.below(10) {
            0..=6 => self.dice.any_of(ours),
            7..=8 => self.dice.any_of(&theirs),
            _ => None,
        };
        picked.unwrap_or_else(|| of_nothing.to_owned())
    }

    /// The same of what organizations have, and its place in the organization of whoever asks.
    pub(super) fn id_in(
        &mut self,
        who: Who,
        ids: fn(&Organization) -> Vec<String>,
        of_nothing: &str,
    ) -> (String, Option<usize>) {
        let home = self.world.home(who).map(|home| &self.world.organizations[home]);
        let ours = home.map(ids).unwrap_or_default();
        let all: Vec<String> = self.world.organizations.iter().flat_map(ids).collect();
        let id = self.id_of(&ours, &all, of_nothing);
        let at = ours.iter().position(|one| *one == id);
        (id, at)
    }
}

/// Values of a thing.
pub(super) fn row(thing: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| thing.pointer(field).cloned().unwrap_or_else(|| json!("missing"))).collect()
}

/// Makes sure that these are the same, in whatever order.
#[track_caller]
pub(super) fn same(mut found: Vec<Value>, mut expected: Vec<Value>) {
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    let both: (BTreeSet<_>, BTreeSet<_>) =
        (found.iter().map(Value::to_string).collect(), expected.iter().map(Value::to_string).collect());
    assert_eq!(
        found,
        expected,
        "too much: {:?}, too little: {:?}",
        both.0.difference(&both.1).collect::<Vec<_>>(),
        both.1.difference(&both.0).collect::<Vec<_>>()
    );
}

/// What is wanted of a thing with an id: that it is there, or that it is not.
pub(super) fn there(found: bool, status: u16) -> Vec<Want> {
    vec![if found { Want::Status(status) } else { NOT_FOUND }]
}
