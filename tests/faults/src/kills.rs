//! Nodes that are killed: at any moment, and at each step of what they do.

use std::time::Duration;

use rollcall_tests::random;
use tokio::time::{sleep, timeout};

use crate::{journal::Wrong, lane::pick, stage::Stage, steps::Moment};

/// How long is waited for a step to be gone to, before the node is started anew, and after that.
const REACHED: Duration = Duration::from_secs(4);
/// How many steps more are tried than nodes are to be killed at, where only some are: a step may be one that is taken rarely.
const TRIES: usize = 4;
/// The longest that a node may take to be ready again.
const READY: Duration = Duration::from_secs(30);

/// Work of many steps, told by what its statements are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Mail,
    Webhooks,
    Sequencer,
    Checkpoints,
    Purge,
    Erasure,
    Retention,
    Recordings,
    Export,
    KeyedRequests,
    Offboarding,
    Escalations,
    Everything,
}

impl Job {
    /// All of them; what is in none of the others is in the last.
    pub(crate) const ALL: [Self; 13] = [
        Self::Mail,
        Self::Webhooks,
        Self::Sequencer,
        Self::Checkpoints,
        Self::Purge,
        Self::Erasure,
        Self::Retention,
        Self::Recordings,
        Self::Export,
        Self::KeyedRequests,
        Self::Offboarding,
        Self::Escalations,
        Self::Everything,
    ];

    /// How it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mail => "outbox mail",
            Self::Webhooks => "webhook delivery",
            Self::Sequencer => "sequencer",
            Self::Checkpoints => "checkpoints and witnesses",
            Self::Purge => "purge",
            Self::Erasure => "erasure of an account",
            Self::Retention => "retention and sketches",
            Self::Recordings => "upload and removal of recordings",
            Self::Export => "export",
            Self::KeyedRequests => "keyed requests",
            Self::Offboarding => "offboarding",
            Self::Escalations => "agents and escalations",
            Self::Everything => "everything else",
        }
    }

    /// What its statements name.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Mail => &["mails"],
            Self::Webhooks => &["deliveries", "subscribers"],
            Self::Sequencer => {
                &["audit_queue", "audit_leaves", "audit_trees", "audit_tiles", "pg_try_advisory"]
            }
            Self::Checkpoints => &["audit_checkpoints"],
            Self::Purge => &["purge_"],
            Self::Erasure => {
                &["erase_account", "erase_some", "directory_owners", "directory_invitations_to_account"]
            }
            Self::Retention => {
                &["retain_audit_events", "audit_retention", "audit_sketches", "audit_unoffered"]
            }
            Self::Recordings => &["recording", "organization_keys"],
            Self::Export => &["DECLARE", "FETCH", "organization_export"],
            Self::KeyedRequests => &["idempotency_keys"],
            Self::Offboarding => {
                &["DELETE FROM members", "UPDATE invitations", "UPDATE api_keys", "team_lock"]
            }
            Self::Escalations => &["escalations", "human_agents", "availability"],
            Self::Everything => &[],
        }
    }

    fn of(statement: &str) -> Self {
        let about = |job: &Self| job.words().iter().any(|word| statement.contains(word));
        Self::ALL.into_iter().find(about).unwrap_or(Self::Everything)
    }
}

/// The steps of a kind of work that nodes have been seen to take. What only reads, and has a lock on nothing, comes before something that is
/// a step itself.
fn steps(stage: &Stage, job: Job) -> Vec<(String, Moment)> {
    let mut seen: Vec<String> = stage.nodes.iter().flat_map(|node| node.proxy.steps.seen()).collect();
    seen.sort();
    seen.dedup();
    let changes = |statement: &String| {
        let word = statement.split(' ').next().unwrap_or_default();
        let locks =
            ["FOR UPDATE", "FOR NO KEY", "FOR SHARE", "_lock", "purge_", "erase_", "retain_", "forget_"];
        ["INSERT", "UPDATE", "DELETE", "WITH", "COMMIT"].contains(&word)
            || locks.iter().any(|part| statement.contains(part))
    };
    let ours = seen.into_iter().filter(|statement| Job::of(statement) == job && changes(statement));
    ours.flat_map(|statement| [(statement.clone(), Moment::Before), (statement, Moment::After)]).collect()
}

/// Kills a node at each step of a kind of work, before and after it, or at so many of them by chance; gives back what is to be said of it.
pub(crate) async fn at_steps(stage: &Stage, job: Job, most: usize) -> String {
    if job == Job::Purge {
        // A node looks for what is to be purged when it starts: then its steps are known.
        stage.end_one().await;
        stage.terminate(&stage.nodes[0]).await;
        stage.nodes[0].start(None).await;
        let left = "SELECT 1 AS one FROM organizations WHERE purge_at <= now()";
        stage.none_left("a deleted organization", left, None).await;
    }
    let mut steps = steps(stage, job);
    let all = steps.len();
    let (mut killed, mut tried) = (0, 0);
    while killed < most && tried < most.saturating_add(TRIES) && !steps.is_empty() {
        let (statement, moment) = steps.remove(if most < all { pick(steps.len()) } else { 0 });
        let node = tried % stage.nodes.len();
        tried += 1;
        if kill_at(stage, node, &statement, moment, job == Job::Purge).await {
            killed += 1;
        }
        if let Err(late) = stage.all_ready(READY).await {
            stage.journal.wrong(Wrong::Stuck, format!("after a kill at {statement:?}: {late}"));
        }
    }
    if killed == 0 {
        let why = format!("no node got to a step of {}: {tried} of {all} were tried", job.name());
        stage.journal.wrong(Wrong::Stuck, why);
    }
    format!("killed at {killed} of {all} steps")
}

/// Kills a node when it gets to a step, and starts it again; gives back whether it got there. Some steps are taken only after a start.
async fn kill_at(stage: &Stage, node: usize, statement: &str, moment: Moment, at_start: bool) -> bool {
    let node = &stage.nodes[node];
    let mut sprung = node.proxy.steps.sprung();
    sprung.borrow_and_update();
    if at_start {
        stage.end_one().await;
    } else {
        node.kill_at(statement, moment).await;
        let in_time = timeout(REACHED, sprung.changed()).await.is_ok();
        node.proxy.steps.disarm();
        // At the last moment is early enough.
        if in_time || sprung.has_changed().unwrap_or(false) {
            node.kill().await;
            node.start(None).await;
            return true;
        }
    }
    node.kill().await;
    node.start(Some((statement.to_owned(), moment))).await;
    let in_time = timeout(REACHED, sprung.changed()).await.is_ok();
    node.proxy.steps.disarm();
    let reached = in_time || sprung.has_changed().unwrap_or(false);
    if reached {
        node.kill().await;
        node.start(None).await;
    }
    reached
}

/// Kills nodes, one after the other, at moments that nobody has chosen.
pub(crate) async fn at_random(stage: &Stage, times: usize) -> String {
    for number in 0..times {
        sleep(Duration::from_millis(random() as u64 % 700)).await;
        let node = &stage.nodes[number % stage.nodes.len()];
        node.kill().await;
        node.start(None).await;
    }
    format!("{times} kills")
}
