//! A node of a test's own.

use std::{net::SocketAddr, sync::Arc};

use rollcall_application::{
    plans::{Billing, Change},
    ports::Clock,
    webhooks::Patience,
};
use rollcall_domain::{plans::Consent, tokens::KeyPurpose};
use rollcall_server::{OperatorError, Ports, Profile, RingInUse, Server, Settings, ring_in_use, rotate_keys};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    Answer, Authenticator, Caller, ManualClock, Team, TestDatabase, database::random, patience::until,
    team::PASSWORD,
};

/// A node that serves, on a database and with a clock that are the test's own.
pub struct Service {
    server: Option<Server>,
    settings: Settings,
    /// Its database.
    pub database: Arc<TestDatabase>,
    /// Its clock.
    pub clock: ManualClock,
    data_dir: tempfile::TempDir,
}

/// What tests change about the development profile: passwords cost next to nothing, ports are free ones,
/// everybody comes from one address, and webhooks may lead to this machine.
const VALUES: [(&str, &str); 9] = [
    ("http.address", "127.0.0.1:0"),
    ("http.operations_address", "127.0.0.1:0"),
    ("passwords.memory_kib", "64"),
    ("passwords.passes", "1"),
    ("passwords.patience_seconds", "60"),
    ("database.max_connections", "20"),
    ("limits.enabled", "false"),
    ("operator.token", OPERATOR_TOKEN),
    // Webhooks of tests are on this machine.
    ("webhooks.anywhere", "true"),
];

/// The token of the platform's own staff.
pub const OPERATOR_TOKEN: &str = "a token of the operator that is long enough";

/// Nodes with one clock, which stands in for the database's own as well.
fn ports(clock: &ManualClock) -> Ports {
    ports_of(clock, Some(clock))
}

fn ports_of(clock: &ManualClock, database: Option<&ManualClock>) -> Ports {
    let database_clock = database.map(|clock| Arc::new(clock.clone()) as Arc<dyn Clock>);
    Ports { clock: Arc::new(clock.clone()), database_clock, ..Ports::default() }
}

impl Service {
    /// A node as most tests want it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A node with some settings changed.
    pub async fn start_with(values: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(TestDatabase::create().await), ManualClock::default(), values).await
    }

    /// A node that somebody else collects the money for.
    pub async fn start_with_billing(billing: Arc<dyn Billing>) -> Self {
        let clock = ManualClock::default();
        let ports = Ports { billing, ..ports(&clock) };
        Self::start_at(Arc::new(TestDatabase::create().await), clock, ports, &[]).await
    }

    /// A node on a database that is there already.
    pub async fn start_on(database: Arc<TestDatabase>, clock: ManualClock, values: &[(&str, &str)]) -> Self {
        let ports = ports(&clock);
        Self::start_at(database, clock, ports, values).await
    }

    /// Another node beside `other`, on its database, with a clock that is wrong by this; the database's is the same.
    pub async fn start_with_wrong_clock(other: &Self, by: Duration) -> Self {
        let clock = ManualClock::at(other.clock.now() + by);
        let ports = ports_of(&clock, Some(&other.clock));
        Self::start_at(other.database.clone(), clock, ports, &[]).await
    }

    /// A node with a clock of the test's, on a database that goes by its own.
    pub async fn start_by_the_database_s_clock() -> Self {
        let clock = ManualClock::default();
        let ports = ports_of(&clock, None);
        Self::start_at(Arc::new(TestDatabase::create().await), clock, ports, &[]).await
    }

    /// A node that waits for webhooks as the test says.
    pub async fn start_with_patience(patience: Arc<dyn Patience>) -> Self {
        let clock = ManualClock::default();
        let ports = Ports { webhook_patience: patience, ..ports(&clock) };
        Self::start_at(Arc::new(TestDatabase::create().await), clock, ports, &[]).await
    }

    async fn start_at(
        database: Arc<TestDatabase>,
        clock: ManualClock,
        ports: Ports,
        values: &[(&str, &str)],
    ) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let data_path = data_dir.path().to_str().unwrap();
        let own = [("database.url", database.url()), ("data_dir", data_path)];
        let values: Vec<_> = VALUES.iter().chain(&own).chain(values).copied().collect();
        let settings = Settings::with(Profile::Development, &values).unwrap();
        let server = Server::start(&settings, ports).await.unwrap();
        Self { server: Some(server), settings, database, clock, data_dir }
    }

    /// Another node beside `other`, on its database and with its clock.
    pub async fn start_on_values(other: &Self, values: &[(&str, &str)]) -> Self {
        Self::start_on(other.database.clone(), other.clock.clone(), values).await
    }

    /// Makes another key for checkpoints, as `rollcall keys rotate audit_checkpoint` does.
    pub async fn rotate_checkpoint_key(&self) -> String {
        rotate_keys(&self.settings, &ports(&self.clock), KeyPurpose::AuditCheckpoint).await.unwrap()
    }

    /// Makes another signing key, as `rollcall keys rotate` does beside a node that serves; gives back what it says.
    pub async fn rotate_keys(&self) -> String {
        rotate_keys(&self.settings, &ports(&self.clock), KeyPurpose::AccessToken).await.unwrap()
    }

    /// Which keys of the keyring API keys still need, as `rollcall keys ring` tells beside a node that serves.
    pub async fn ring_in_use(&self) -> RingInUse {
        ring_in_use(&self.settings, &ports(&self.clock)).await.unwrap()
    }

    /// Where recordings lie, unless the test has said something else.
    pub fn recordings(&self) -> std::path::PathBuf {
        self.data_dir.path().join("recordings")
    }

    /// Where it serves.
    pub fn base(&self) -> String {
        format!("http://{}", self.server.as_ref().unwrap().address())
    }

    /// Where its metrics are.
    pub fn operations(&self) -> Caller {
        Caller::anonymous(&format!("http://{}", self.operations_address()))
    }

    /// Where its operations are.
    pub fn operations_address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().operations_address()
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous(&self.base())
    }

    /// The platform's own staff.
    pub fn operator(&self) -> Caller {
        self.anonymous().with_token(OPERATOR_TOKEN)
    }

    /// Gives an organization a plan, as the platform's staff would.
    pub async fn set_plan(&self, organization: &str, plan: &str) {
        let path = format!("/operator/v1/organizations/{organization}/plan");
        self.operator().put(&path, json!({"plan": plan})).await.expect(200);
    }

    /// Takes an organization over to another plan on the command line, as the operator would.
    pub async fn set_plan_here(
        &self,
        organization: &str,
        plan: &str,
        consent: Consent,
    ) -> Result<(), OperatorError> {
        let command = Change { plan: plan.parse().unwrap(), consent };
        let organization = organization.parse().unwrap();
        let ports = ports(&self.clock);
        rollcall_server::set_plan(&self.settings, &ports, organization, command).await.map(|_| ())
    }

    /// Stops it in good order.
    pub async fn stop(mut self) {
        self.server.take().unwrap().stop().await.unwrap();
    }

    /// An address that no other test has.
    pub fn new_address(name: &str) -> String {
        format!("{name}.{:x}@example.com", random() as u32)
    }

    /// Signs somebody up with a new organization; gives back them and the answer.
    pub async fn sign_up(&self, email: &str, organization: &str) -> (Caller, Answer) {
        const LINK: &str = "/signup/complete";
        let anonymous = self.anonymous();
        let links = async || {
            let mails = self.mails_to(email).await;
            mails.iter().filter(|mail| mail["links"].to_string().contains(LINK)).count()
        };
        // Somebody may have signed up with that address before.
        let before = links().await;
        let signup = json!({"email": email, "name": "Grace Hopper", "organization_name": organization});
        anonymous.post("/v1/signup", signup).await.expect(202);
        until("the sign-up's mail", async || (links().await > before).then_some(())).await;
        let token = self.token_for(email, LINK).await;
        let complete = json!({"token": token, "password": PASSWORD});
        let answer = anonymous.post("/v1/signup/complete", complete).await.expect(201);
        (anonymous.with_token(answer.text_at("/session/token")), answer)
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, email: &str) -> Caller {
        let anonymous = self.anonymous();
        let answer =
            anonymous.post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await.expect(201);
        anonymous.with_token(answer.text_at("/session/token"))
    }

    /// Turns an authenticator app on for somebody who has just proved who they are; gives back the app and the recovery codes. The
    /// app's next code comes with the next step.
    pub async fn enrol(&self, caller: &Caller) -> (Authenticator, Vec<String>) {
        let begun = caller.post("/v1/me/mfa/totp", json!({})).await.expect(200);
        let app = Authenticator::of(begun.text_at("/secret"), &self.clock);
        let confirmed = caller.post("/v1/me/mfa/totp/confirm", json!({"code": app.code()})).await.expect(200);
        let codes = confirmed.list("recovery_codes").iter().map(|code| code.as_str().unwrap().to_owned());
        let codes = codes.collect();
        self.clock.advance(Authenticator::STEP);
        (app, codes)
    }

    /// Shows the right password; gives back the challenge.
    pub async fn challenge(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.anonymous().post("/v1/sessions", body).await.expect(200);
        assert_eq!(answer.body["status"], "mfa_required");
        answer.text_at("/challenge").to_owned()
    }

    /// Answers a challenge.
    pub async fn second_step(&self, challenge: &str, method: &str, code: &str) -> Answer {
        let body = json!({"challenge": challenge, "method": method, "code": code});
        self.anonymous().post("/v1/sessions/mfa", body).await
    }

    /// Invites an address; gives back the invitation's id and the token that was mailed.
    pub async fn invite(&self, inviter: &Caller, email: &str, role: &str) -> (String, String) {
        let before = self.mails_to(email).await.len();
        let answer = inviter.post("/v1/invitations", json!({"email": email, "role": role})).await.expect(201);
        until("the invitation's mail", async || (self.mails_to(email).await.len() > before).then_some(()))
            .await;
        (answer.text_at("/id").to_owned(), self.mailed_token(email).await)
    }

    /// Invites an address that has no account, and accepts; gives back the newcomer and their user id.
    pub async fn bring_in(&self, inviter: &Caller, email: &str, role: &str) -> (Caller, String) {
        let (_, token) = self.invite(inviter, email, role).await;
        let accept = json!({"token": token, "name": format!("The {role}"), "password": PASSWORD});
        let answer = self.anonymous().post("/v1/invitations/accept", accept).await.expect(201);
        let caller = self.anonymous().with_token(answer.text_at("/session/token"));
        (caller, answer.text_at("/user/id").to_owned())
    }

    /// Undoes the deletion of an organization, as the operator would.
    pub async fn restore(&self, organization: &str) -> Result<(), OperatorError> {
        self.restore_at(organization, &self.clock).await
    }

    /// The same on a machine with another clock.
    pub async fn restore_at(&self, organization: &str, clock: &ManualClock) -> Result<(), OperatorError> {
        let ports = Ports { clock: Arc::new(clock.clone()), ..Ports::default() };
        rollcall_server::restore(&self.settings, &ports, organization.parse().unwrap()).await.map(|_| ())
    }

    /// Turns somebody's second factor off, as the operator would.
    pub async fn reset_mfa(&self, user: &str) -> Result<(), OperatorError> {
        rollcall_server::reset_mfa(&self.settings, &ports(&self.clock), user.parse().unwrap()).await
    }

    /// The mails to an address, the newest first.
    pub async fn mails_to(&self, email: &str) -> Vec<Value> {
        let mails = self.anonymous().get("/dev/mailbox.json").await.expect(200);
        mails.list("data").iter().filter(|mail| mail["to"] == email).cloned().collect()
    }

    /// The newest mail to an address, once there is one.
    pub async fn mail_to(&self, email: &str) -> Value {
        until(&format!("a mail to {email}"), async || self.mails_to(email).await.into_iter().next()).await
    }

    /// The token in the newest mail to an address that has a link, once there is one.
    pub async fn mailed_token(&self, email: &str) -> String {
        until(&format!("a link for {email}"), async || {
            let mails = self.mails_to(email).await;
            let link = mails.first()?["links"][0].as_str()?.to_owned();
            Some(link.split_once("token=")?.1.to_owned())
        })
        .await
    }

    /// The token in the newest mail to an address with a link to a page, once there is one.
    pub async fn token_for(&self, email: &str, page: &str) -> String {
        self.link_for(email, page).await.split_once("token=").unwrap().1.to_owned()
    }

    /// The link to a page in the newest mail to an address that has one, once there is one.
    pub async fn link_for(&self, email: &str, page: &str) -> String {
        until(&format!("a link to {page}"), async || {
            let mails = self.mails_to(email).await;
            let mut links = mails.iter().filter_map(|mail| mail["links"][0].as_str());
            Some(links.find(|link| link.contains(page))?.to_owned())
        })
        .await
    }

    /// Waits until somebody has got a mail with a subject.
    pub async fn told(&self, email: &str, subject: &str) -> Value {
        until(&format!("{subject:?} to {email}"), async || {
            self.mails_to(email).await.into_iter().find(|mail| mail["subject"] == subject)
        })
        .await
    }

    /// Waits until nothing is queued any more.
    pub async fn all_mail_sent(&self) {
        until("an empty outbox", async || {
            let queued = self.database.rows("SELECT 1 AS one FROM mails WHERE state = 'queued'").await;
            queued.is_empty().then_some(())
        })
        .await;
    }

    /// The actions and outcomes in an organization's audit log, or in the platform's, the oldest first.
    pub async fn audit_log(&self, organization: Option<&str>) -> Vec<(String, String)> {
        let organization = organization
            .map_or(uuid::Uuid::nil(), |id| id.parse::<rollcall_domain::OrganizationId>().unwrap().uuid());
        let query = format!(
            "SELECT action, outcome FROM audit_events WHERE org_id = '{organization}' ORDER BY written"
        );
        let rows = self.database.rows(&query).await;
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "action"), text(row, "outcome"))).collect()
    }

    /// Turns an organization's audit log on: its Owner does, who has just proved who they are, on a plan that has it. What it holds is
    /// in its tree when this returns.
    pub async fn turn_audit_log_on(&self, team: &Team) {
        self.set_plan(&team.organization, "enterprise").await;
        self.switch_audit_log(team, true).await;
    }

    /// Turns it off again.
    pub async fn turn_audit_log_off(&self, team: &Team) {
        self.switch_audit_log(team, false).await;
    }

    async fn switch_audit_log(&self, team: &Team, on: bool) {
        team.owner().patch("/v1/security", json!({"audit_log": {"enabled": on}})).await.expect(200);
        self.database.all_sequenced().await;
    }
}
