//! Nodes that are killed: at any moment, and at each step of what they do.

use std::time::{Duration, Instant};

use rollcall_tests::random;
use tokio::time::{sleep, timeout};

use crate::{
    faults::Remarks,
    journal::Wrong,
    lane::pick,
    stage::Stage,
    steps::{Moment, writes},
};

/// How long is waited for a step to be gone to, before a node is started anew, and after that.
const REACHED: Duration = Duration::from_secs(4);
/// How often it is looked whether one has been.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often what comes with time is made to be due, while a step of it is waited for.
const DUE_EVERY: u32 = 20;
/// The steps are known when nothing has been seen for so long that was not seen before, or after a while.
const QUIET: Duration = Duration::from_secs(3);
const KNOWN: Duration = Duration::from_secs(30);
/// How many steps more are tried than nodes are to be killed at, where only some are: a step may be one that is taken rarely.
const TRIES: usize = 4;
/// The longest that a node may take to be ready again.
const READY: Duration = Duration::from_secs(30);

/// Organizations whose time is over,
pub(crate) const TO_PURGE: &str = "SELECT 1 AS one FROM organizations WHERE purge_at <= now()";
/// and events that are older than any plan keeps them.
const TOO_OLD: &str = "SELECT 1 AS one FROM audit_events e JOIN audit_leaves l USING (org_id, event_id)
                        WHERE l.occurred_at < now() - interval '20 years' LIMIT 1";

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
    SigningIn,
    Everything,
}

impl Job {
    /// All of them. A statement is the first's that it says something of; what is none of the others' is the last's.
    pub(crate) const ALL: [Self; 14] = [
        Self::Export,
        Self::Checkpoints,
        Self::Mail,
        Self::Webhooks,
        Self::Sequencer,
        Self::Purge,
        Self::Erasure,
        Self::Retention,
        Self::Recordings,
        Self::KeyedRequests,
        Self::Offboarding,
        Self::Escalations,
        Self::SigningIn,
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
            Self::SigningIn => "accounts and sessions",
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
            Self::Checkpoints => &["audit_checkpoint", "'checkpoints'"],
            Self::Purge => &["purge_"],
            Self::Erasure => {
                &["erase_account", "erase_some", "directory_owners", "directory_invitations_to_account"]
            }
            Self::Retention => {
                &["retain_audit_events", "audit_retention", "audit_sketches", "audit_unoffered"]
            }
            Self::Recordings => &["recording", "organization_keys"],
            // What nothing else reads. An export writes nothing but that it was asked for.
            Self::Export => &[
                "FROM transcripts WHERE",
                "FROM mfa_deadlines WHERE org_id = $1 AND user_id >",
                "(occurred_at, written) >",
                "AS bytes_to",
            ],
            Self::KeyedRequests => &["idempotency_keys"],
            Self::Offboarding => {
                &["DELETE FROM members", "UPDATE invitations", "UPDATE api_keys", "team_lock"]
            }
            Self::Escalations => &["escalations", "human_agents", "availability"],
            Self::SigningIn => &["users", "sessions", "attempts", "signups"],
            Self::Everything => &[],
        }
    }

    /// What makes it due, where it only comes with time.
    fn due(self) -> Option<&'static str> {
        let checkpoints =
            "UPDATE subscribers SET next_at = now() - interval '1 second' WHERE topic = 'checkpoints'";
        (self == Self::Checkpoints).then_some(checkpoints)
    }

    /// Whether it begins with the start of a node.
    fn begins_with_a_start(self) -> bool {
        matches!(self, Self::Purge | Self::Retention)
    }

    fn of(statement: &str) -> Self {
        let about = |job: &Self| job.words().iter().any(|word| statement.contains(word));
        Self::ALL.into_iter().find(about).unwrap_or(Self::Everything)
    }
}

/// The statements that nodes have been seen to send.
fn seen(stage: &Stage) -> Vec<String> {
    let mut seen: Vec<String> = stage.nodes.iter().flat_map(|node| node.proxy.steps.seen()).collect();
    // Each transaction begins with whom it is about.
    seen.retain(|statement| !statement.starts_with("BEGIN"));
    seen.sort();
    seen.dedup();
    seen
}

/// Waits until the load has been through what it does.
async fn all_seen(stage: &Stage) {
    let (begun, mut count, mut since) = (Instant::now(), 0, Instant::now());
    while since.elapsed() < QUIET && begun.elapsed() < KNOWN {
        let now = seen(stage).len();
        if now != count {
            (count, since) = (now, Instant::now());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The steps of a kind of work that nodes have been seen to take. What only reads, and has a lock on nothing, comes before something
/// that is a step itself, but in an export.
fn steps(stage: &Stage, job: Job) -> Vec<(String, Moment)> {
    let changes = |statement: &String| {
        let locks = ["COMMIT of ", "FOR UPDATE", "FOR NO KEY", "FOR SHARE", "_lock"];
        job == Job::Export || writes(statement) || locks.iter().any(|part| statement.contains(part))
    };
    let ours = seen(stage).into_iter().filter(|statement| Job::of(statement) == job && changes(statement));
    ours.flat_map(|statement| [(statement.clone(), Moment::Before), (statement, Moment::After)]).collect()
}

/// Kills a node at each step of a kind of work, before and after it, or at so many of them by chance; gives back what is to be said of it.
pub(crate) async fn at_steps(stage: &Stage, job: Job, most: usize) -> Remarks {
    if job.begins_with_a_start() {
        // Then its steps are known.
        prepare(stage, job).await;
        stage.terminate(&stage.nodes[0]).await;
        stage.nodes[0].start(None).await;
        over(stage, job).await;
    }
    if let Some(due) = job.due() {
        stage.cluster.read().await.execute(due).await;
    }
    if most == usize::MAX {
        all_seen(stage).await;
    }
    let mut steps = steps(stage, job);
    let all = steps.len();
    let (mut killed, mut tried, mut missed) = (0, 0, Vec::new());
    while killed < most && tried < most.saturating_add(TRIES) && !steps.is_empty() {
        let (statement, moment) = steps.remove(if most < all { pick(steps.len()) } else { 0 });
        let node = tried % stage.nodes.len();
        tried += 1;
        if kill_at(stage, node, &statement, moment, job).await {
            killed += 1;
        } else if most >= all {
            println!("  not got to in time: {moment} {statement}");
            missed.push(format!("{moment} {statement}"));
        }
        if let Err(late) = stage.all_ready(READY).await {
            stage.journal.wrong(Wrong::Stuck, format!("after a kill at {statement:?}: {late}"));
        }
    }
    if killed == 0 {
        let why = format!("no node got to a step of {}: {tried} of {all} were tried", job.name());
        stage.journal.wrong(Wrong::Stuck, why);
    }
    over(stage, job).await;
    Remarks { note: format!("killed at {killed} of {all} steps"), missed }
}

/// Makes something that work which begins with the start of a node is about.
async fn prepare(stage: &Stage, job: Job) {
    match job {
        Job::Purge => drop(stage.end_one().await),
        Job::Retention => stage.age_one().await,
        _ => {}
    }
}

/// Waits until such work is done.
async fn over(stage: &Stage, job: Job) {
    match job {
        Job::Purge => stage.none_left("a deleted organization", TO_PURGE, None).await,
        Job::Retention => stage.none_left("events that are too old", TOO_OLD, None).await,
        _ => {}
    }
}

/// Kills a node when it gets to a step, and starts it again; gives back whether any got there. Some steps are taken only after a start.
async fn kill_at(stage: &Stage, number: usize, statement: &str, moment: Moment, job: Job) -> bool {
    prepare(stage, job).await;
    if kill_any_at(stage, statement, moment, job).await {
        return true;
    }
    let node = &stage.nodes[number];
    let mut sprung = node.proxy.steps.sprung();
    sprung.borrow_and_update();
    node.kill().await;
    node.start(Some((statement.to_owned(), moment))).await;
    let in_time = timeout(REACHED, sprung.changed()).await.is_ok();
    node.proxy.steps.disarm();
    // At the last moment is early enough.
    let reached = in_time || sprung.has_changed().unwrap_or(false);
    if reached {
        node.kill().await;
        node.start(None).await;
    }
    reached
}

/// Kills the first node that gets to a step, and starts it again; gives back whether one got there. Where two get there at once, both are.
async fn kill_any_at(stage: &Stage, statement: &str, moment: Moment, job: Job) -> bool {
    let mut traps = Vec::new();
    for node in &stage.nodes {
        let mut sprung = node.proxy.steps.sprung();
        sprung.borrow_and_update();
        traps.push((node, sprung));
        node.kill_at(statement, moment).await;
    }
    let (begun, mut looks) = (Instant::now(), 0);
    while begun.elapsed() < REACHED && !traps.iter().any(|(_, sprung)| sprung.has_changed().unwrap_or(false))
    {
        if let Some(due) = job.due().filter(|_| looks % DUE_EVERY == 0) {
            stage.cluster.read().await.execute(due).await;
        }
        looks += 1;
        sleep(LOOK_EVERY).await;
    }
    stage.nodes.iter().for_each(|node| node.proxy.steps.disarm());
    let mut killed = false;
    for (node, sprung) in traps {
        if sprung.has_changed().unwrap_or(false) {
            killed = true;
            node.kill().await;
            node.start(None).await;
        }
    }
    killed
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
