//! Everything that is there before anything is broken: a database, nodes, a mail server, webhooks, organizations.

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::Method;
use rollcall_tests::{
    Answer, PASSWORD, random,
    smtp::{Behaviour, SmtpServer},
    until,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::RwLock, time::timeout};

use crate::{
    cluster::{Cluster, DATABASE},
    journal::{Journal, Wrong},
    mailbox::Mailbox,
    node::{Node, OPERATOR, Setting, rollcall},
    proxy::Proxy,
    receiver::Receiver,
};

/// How long a migration may take.
const BOUND: Duration = Duration::from_secs(60);

/// What programs of an organization may do.
const SCOPES: [&str; 6] = [
    "calls:write",
    "calls:read",
    "escalations:create",
    "escalations:read",
    "availability:read",
    "audit_log:append",
];

/// An organization that works with the service.
pub(crate) struct Organization {
    /// Its id.
    pub(crate) id: String,
    /// What opens the Owner's session,
    pub(crate) owner: String,
    /// and who that is.
    pub(crate) owner_id: String,
    /// Whom things are handed over to.
    pub(crate) heir: String,
    /// What opens the session of the one who takes calls.
    pub(crate) agent: String,
    /// The secret of the program that writes calls down.
    pub(crate) platform: String,
}

/// Everything that is there.
pub(crate) struct Stage {
    pub(crate) nodes: Vec<Node>,
    pub(crate) organizations: Vec<Organization>,
    pub(crate) journal: Journal,
    pub(crate) mailbox: Mailbox,
    pub(crate) smtp: SmtpServer,
    pub(crate) hook: Receiver,
    pub(crate) setting: Setting,
    pub(crate) cluster: RwLock<Cluster>,
    _folder: TempDir,
}

impl Stage {
    /// Sets it up with so many nodes and organizations, the database on a disk of its own if that is to become full.
    pub(crate) async fn set(program: PathBuf, nodes: usize, organizations: usize, disk: bool) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster::start(disk).await;
        let smtp = SmtpServer::start(Behaviour::Accept).await;
        let setting = Setting { rollcall: program, folder: folder.path().to_owned(), smtp: smtp.url() };
        let mut migrate = rollcall(&setting, &cluster.url(DATABASE));
        let migrated = timeout(BOUND, migrate.arg("migrate").output()).await;
        let migrated = migrated.expect("a migration that ends").unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        cluster.execute("ALTER ROLE rollcall_app LOGIN").await;
        let mut ready = Vec::new();
        for number in 1..=nodes {
            let proxy = Proxy::to(cluster.socket()).await;
            let node = Node::new(format!("node {number}"), setting.clone(), proxy);
            node.start(None).await;
            ready.push(node);
        }
        let mut stage = Self {
            nodes: ready,
            organizations: Vec::new(),
            journal: Journal::default(),
            mailbox: Mailbox::default(),
            smtp,
            hook: Receiver::start().await,
            setting,
            cluster: RwLock::new(cluster),
            _folder: folder,
        };
        stage.all_ready(Duration::from_secs(30)).await.expect("nodes that get ready");
        for _ in 0..organizations {
            let organization = stage.found().await;
            stage.organizations.push(organization);
        }
        Arc::new(stage)
    }

    /// Ends all of it in good order.
    pub(crate) async fn end(&self) {
        for node in &self.nodes {
            self.terminate(node).await;
        }
        self.cluster.write().await.stop().await;
    }

    /// Ends a node in good order. One that does not end so is wrong.
    pub(crate) async fn terminate(&self, node: &Node) {
        if let Err(late) = node.terminate().await {
            self.journal.wrong(Wrong::Stuck, late);
        }
    }

    /// Waits until every node is ready.
    ///
    /// # Errors
    /// Those that are not, when it takes too long.
    pub(crate) async fn all_ready(&self, patience: Duration) -> Result<(), String> {
        let ready = async {
            for node in &self.nodes {
                while !node.is_ready().await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        if tokio::time::timeout(patience, ready).await.is_ok() {
            return Ok(());
        }
        let mut late = Vec::new();
        for node in &self.nodes {
            if !node.is_ready().await {
                let state = if node.runs().await { "runs" } else { "has ended" };
                late.push(format!("{} {state}: {}", node.name(), node.last_words()));
            }
        }
        Err(format!("not ready after {patience:?}: {}", late.join(", ")))
    }

    /// Asks the first node, while nothing is broken, until there is a definite answer.
    pub(crate) async fn calm(&self, method: Method, path: &str, token: Option<&str>, body: Value) -> Answer {
        let key = format!("{:x}", random());
        // On a machine that has much else to do, even so some answer may come too late.
        until("a definite answer", async || {
            let request = self.nodes[0].request(method.clone(), path, token);
            let request =
                if method == Method::POST { request.header("Idempotency-Key", &key) } else { request };
            let request = if body.is_null() { request } else { request.json(&body) };
            let answer = Answer::try_of(request).await.ok()?;
            let running = answer.body["code"] == "request_in_progress";
            (!answer.status.is_server_error() && !running).then_some(answer)
        })
        .await
    }

    /// Signs up a new organization; gives back the answer, and the Owner's token.
    pub(crate) async fn sign_up(&self) -> (Answer, String) {
        loop {
            let answer = self.sign_up_one().await;
            // It was done, and its answer was lost; whoever asks again has an account: then somebody else signs up.
            let is_done = answer.status == 401 && answer.body["code"] == "sign_in_required";
            if !is_done {
                let answer = answer.expect(201);
                let token = answer.text_at("/session/token").to_owned();
                return (answer, token);
            }
        }
    }

    async fn sign_up_one(&self) -> Answer {
        let email = format!("o{:x}@example.com", random() as u64);
        let body = json!({"email": email, "name": "Grace Hopper", "organization_name": "Acme"});
        self.calm(Method::POST, "/v1/signup", None, body).await.expect(202);
        let token = until("the sign-up's mail", async || self.mailbox.token(&self.smtp, &email)).await;
        let body = json!({"token": token, "password": PASSWORD});
        self.calm(Method::POST, "/v1/signup/complete", None, body).await
    }

    async fn found(&self) -> Organization {
        let (answer, owner) = self.sign_up().await;
        let id = answer.text_at("/organization/id").to_owned();
        self.switch_on(&id, &owner).await;
        let by = Some(owner.as_str());
        let url = json!({"url": format!("{}/calls", self.hook.base())});
        self.calm(Method::PUT, "/v1/escalations/webhook", by, url).await.expect(200);
        let url = json!({"url": format!("{}/checkpoints", self.hook.base())});
        self.calm(Method::PUT, "/v1/audit/witness", by, url).await.expect(200);
        let (_, heir) = self.bring_in(&owner, "admin").await;
        let (agent, agent_id) = self.bring_in(&owner, "customer_support_agent").await;
        let capacity = format!("/v1/availability/{agent_id}");
        self.calm(Method::PUT, &capacity, by, json!({"capacity": 50})).await.expect(200);
        let here = json!({"status": "available"});
        self.calm(Method::PUT, "/v1/availability/me", Some(&agent), here).await.expect(200);
        let key = json!({"name": "Platform", "scopes": SCOPES});
        let key = self.calm(Method::POST, "/v1/api-keys", by, key).await.expect(201);
        let owner_id = answer.text_at("/user/id").to_owned();
        Organization { id, owner, owner_id, heir, agent, platform: key.text_at("/secret").to_owned() }
    }

    /// Switches on what an organization of the load needs.
    async fn switch_on(&self, id: &str, owner: &str) {
        let plan = format!("/operator/v1/organizations/{id}/plan");
        self.calm(Method::PUT, &plan, Some(OPERATOR), json!({"plan": "enterprise"})).await.expect(200);
        let controls = json!({"audit_log": {"enabled": true}, "call_recording": {"enabled": true}});
        self.calm(Method::PATCH, "/v1/security", Some(owner), controls).await.expect(200);
    }

    async fn bring_in(&self, owner: &str, role: &str) -> (String, String) {
        loop {
            let answer = self.bring_in_one(owner, role).await;
            // An acceptance whose answer was lost has used the invitation up.
            if !is_gone(&answer) && answer.status != 410 {
                let answer = answer.expect(201);
                return (answer.text_at("/session/token").to_owned(), answer.text_at("/user/id").to_owned());
            }
        }
    }

    async fn bring_in_one(&self, owner: &str, role: &str) -> Answer {
        let email = format!("t{:x}@example.com", random() as u64);
        let body = json!({"email": email, "role": role});
        let invited = self.calm(Method::POST, "/v1/invitations", Some(owner), body).await;
        if is_gone(&invited) {
            return invited;
        }
        invited.expect(201);
        let token = until("the invitation's mail", async || self.mailbox.token(&self.smtp, &email)).await;
        let body = json!({"token": token, "name": role, "password": PASSWORD});
        self.calm(Method::POST, "/v1/invitations/accept", None, body).await
    }

    /// Makes an organization, deletes it, and has its time be over: the next node that starts removes what is left. Gives back its id.
    pub(crate) async fn end_one(&self) -> String {
        let (answer, owner) = self.sign_up().await;
        let id = answer.text_at("/organization/id").to_owned();
        self.bring_in(&owner, "admin").await;
        let body = json!({"confirm_name": "Acme"});
        self.calm(Method::DELETE, "/v1/organization", Some(&owner), body).await.expect(204);
        let over = format!(
            "UPDATE organizations SET deleted_at = deleted_at - interval '32 days', purge_at = now() - interval '1 day'
              WHERE type_id('org', org_id) = '{id}'"
        );
        self.cluster.read().await.execute(&over).await;
        id
    }

    /// Makes an organization whose audit log is older than its plan keeps it: the next node that starts takes out what is too old.
    pub(crate) async fn age_one(&self) {
        let (answer, owner) = self.sign_up().await;
        let id = answer.text_at("/organization/id").to_owned();
        self.switch_on(&id, &owner).await;
        self.bring_in(&owner, "admin").await;
        let waiting =
            format!("SELECT 1 AS one FROM audit_queue WHERE type_id('org', org_id) = '{id}' LIMIT 1");
        self.none_left("events without a place in a log that is to age", &waiting, None).await;
        // Nobody can change when an event happened, but by leaving the triggers out.
        let age = format!(
            "SET session_replication_role = replica;
             UPDATE audit_leaves SET occurred_at = occurred_at - interval '30 years' WHERE type_id('org', org_id) = '{id}'"
        );
        self.cluster.read().await.execute(&age).await;
    }
}

/// Whether something was done, and its answer is lost.
fn is_gone(answer: &Answer) -> bool {
    answer.body["code"] == "answer_gone"
}
