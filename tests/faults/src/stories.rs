//! What is done all the time, in each organization: the mixed load.

mod calls;
mod keys;
mod records;
mod team;

use std::sync::Arc;

use tokio::{sync::watch, task::JoinSet};

use crate::{lane::Lane, stage::Stage};

/// The load, for as long as it lasts.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    lanes: JoinSet<()>,
}

impl Load {
    /// Starts it: in each organization somebody minds the team, somebody the keys, somebody the calls and somebody the records.
    pub(crate) fn start(stage: &Arc<Stage>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut lanes = JoinSet::new();
        for organization in 0..stage.organizations.len() {
            let lane = Lane { stage: stage.clone(), organization, stop: stopped.clone() };
            lanes.spawn(team::go_on(lane.clone()));
            lanes.spawn(keys::go_on(lane.clone()));
            lanes.spawn(calls::go_on(lane.clone()));
            lanes.spawn(records::go_on(lane));
        }
        Self { stop, lanes }
    }

    /// Ends it; everybody ends what they have begun.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.lanes.join_next().await {
            ended.expect("a story that does not panic");
        }
    }
}
