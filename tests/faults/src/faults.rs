//! What is broken, one after the other, while the load goes on; and how it is made whole again.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use rollcall_tests::smtp::Behaviour;
use tokio::time::sleep;

use crate::{
    clock,
    journal::{Figures, Wrong},
    kills,
    proxy::Mode,
    receiver::Manner,
    stage::Stage,
    stories::Load,
};

/// The longest that nodes may take to work again after everything is whole.
const RECOVERY: Duration = Duration::from_secs(60);
/// The longest that every node takes to acknowledge something, while nothing is broken.
const FLOW: Duration = Duration::from_secs(30);

/// How a database ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Fast,
    Immediate,
    Kill,
}

/// What is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing, to compare with.
    Nothing,
    /// The database ends, and is started again.
    Database(Ending),
    /// New transactions may only read.
    ReadOnly,
    /// Somebody else has all connections.
    NoConnections,
    /// The database's disk is full.
    NoDisk,
    /// The way of one node, or of all, to the database.
    Way { all: bool, mode: Mode },
    /// The connection on which nodes hear what others change, and no other.
    Changes(Mode),
    /// The folder with the sound of calls is not there: something else has taken its place.
    NoSound,
    /// The mail server.
    Mail(Behaviour),
    /// The webhooks.
    Webhook(Manner),
    /// The clock of a node is wrong by hours.
    Clock,
    /// Nodes are told to end, one after the other, and are started again.
    Rolling,
    /// Nodes are killed at any moment, so many times.
    Kills(usize),
    /// A node is killed at steps of a kind of work: all of them, or so many.
    Steps(kills::Job, usize),
}

impl Fault {
    /// The longest that it, and all that belongs to it, may take. What it has broken may still be broken then.
    pub(crate) fn bound(&self) -> Duration {
        let minutes = if matches!(self, Self::Steps(..)) { 30 } else { 10 };
        Duration::from_secs(minutes * 60)
    }
}

/// What a fault came to.
pub(crate) struct Outcome {
    pub(crate) fault: String,
    pub(crate) figures: Figures,
    pub(crate) recovery: Duration,
    pub(crate) wrong: Vec<(Wrong, String)>,
    pub(crate) remarks: Remarks,
}

/// What else is to be said of a fault.
#[derive(Default)]
pub(crate) struct Remarks {
    /// In the table.
    pub(crate) note: String,
    /// The steps at which a node was to be killed, and none got to in time.
    pub(crate) missed: Vec<String>,
}

impl From<String> for Remarks {
    fn from(note: String) -> Self {
        Self { note, missed: Vec::new() }
    }
}

/// Breaks something while the load goes on, makes it whole, and looks at everything.
pub(crate) async fn suffer(stage: &Arc<Stage>, name: &str, fault: &Fault, hold: Duration) -> Outcome {
    let load = Load::start(stage);
    flows(stage, FLOW).await;
    let remarks = inflict(stage, fault, hold).await;
    let whole = Instant::now();
    flows(stage, RECOVERY).await;
    let recovery = whole.elapsed();
    load.stop().await;
    stage.check().await;
    let (figures, wrong) = stage.journal.take();
    Outcome { fault: name.to_owned(), figures, recovery, wrong, remarks }
}

/// Waits until every node is ready, and has acknowledged something since.
async fn flows(stage: &Stage, patience: Duration) {
    let begun = Instant::now();
    if let Err(late) = stage.all_ready(patience).await {
        stage.journal.wrong(Wrong::Stuck, late);
        return;
    }
    let before = stage.journal.by_node();
    let count = |of: &std::collections::BTreeMap<usize, u64>, node| of.get(&node).copied().unwrap_or(0);
    loop {
        let now = stage.journal.by_node();
        let Some(late) = (0..stage.nodes.len()).find(|node| count(&now, *node) <= count(&before, *node))
        else {
            return;
        };
        if begun.elapsed() > patience {
            let why = format!("{} has acknowledged nothing for {patience:?}", stage.nodes[late].name());
            stage.journal.wrong(Wrong::Stuck, why);
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Breaks it, and makes it whole again; gives back what else is to be said.
async fn inflict(stage: &Stage, fault: &Fault, hold: Duration) -> Remarks {
    match fault {
        Fault::Nothing => sleep(hold).await,
        Fault::Database(ending) => {
            let mut cluster = stage.cluster.write().await;
            match ending {
                Ending::Fast => cluster.stop().await,
                Ending::Immediate => cluster.stop_at_once().await,
                Ending::Kill => cluster.kill().await,
            }
            sleep(hold).await;
            cluster.start_again().await;
        }
        Fault::ReadOnly => {
            let cluster = stage.cluster.read().await;
            cluster.read_only(true).await;
            sleep(hold).await;
            cluster.read_only(false).await;
        }
        Fault::NoConnections => {
            let taken = stage.cluster.read().await.take_connections().await;
            if taken.is_empty() {
                stage
                    .journal
                    .wrong(Wrong::Stuck, "no connection could be taken: nothing was tried".to_owned());
            }
            sleep(hold).await;
            return format!("{} connections taken", taken.len()).into();
        }
        Fault::NoDisk => {
            let mut cluster = stage.cluster.write().await;
            if let Some(why) = &cluster.no_disk {
                return format!("skipped: {why}").into();
            }
            let megabytes = cluster.fill_disk() / 1_000_000;
            sleep(hold).await;
            cluster.empty_disk();
            let ended = match cluster.start_if_ended().await {
                Ok(true) => ", the database ended and was started",
                Ok(false) => "",
                Err(why) => {
                    stage.journal.wrong(Wrong::Stuck, why);
                    ", the database was killed"
                }
            };
            return format!("{megabytes} MB filled{ended}").into();
        }
        Fault::Way { all, mode } => {
            let nodes = if *all { &stage.nodes[..] } else { &stage.nodes[..1] };
            nodes.iter().for_each(|node| node.proxy.set(*mode));
            sleep(hold).await;
            nodes.iter().for_each(|node| node.proxy.set(Mode::Pass));
        }
        Fault::Changes(mode) => {
            stage.nodes.iter().for_each(|node| node.proxy.set_changes(*mode));
            sleep(hold).await;
            stage.nodes.iter().for_each(|node| node.proxy.set(Mode::Pass));
        }
        Fault::NoSound => {
            let folder = stage.setting.recordings();
            let away = folder.with_extension("away");
            fs::rename(&folder, &away).unwrap();
            fs::write(&folder, "").unwrap();
            sleep(hold).await;
            fs::remove_file(&folder).unwrap();
            fs::rename(&away, &folder).unwrap();
        }
        Fault::Mail(behaviour) => {
            stage.smtp.behave(*behaviour);
            sleep(hold).await;
            stage.smtp.behave(Behaviour::Accept);
        }
        Fault::Webhook(manner) => {
            stage.hook.behave(*manner);
            sleep(hold).await;
            stage.hook.behave(Manner::Take);
        }
        Fault::Clock => return clock::jump(stage, hold).await.into(),
        Fault::Rolling => {
            for node in &stage.nodes {
                stage.terminate(node).await;
                node.start(None).await;
                flows(stage, RECOVERY).await;
            }
        }
        Fault::Kills(times) => return kills::at_random(stage, *times).await.into(),
        Fault::Steps(job, most) => return kills::at_steps(stage, *job, *most).await,
    }
    Remarks::default()
}
