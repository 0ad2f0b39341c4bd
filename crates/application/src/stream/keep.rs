//! What keeps the streams of a node going: one look-out for what ends, one for what is told.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use rollcall_domain::OrganizationId;
use tokio::time::{Instant, sleep};

use super::{
    Heard, Streams,
    channel::{Channel, PAGE},
    reader::Reader,
};
use crate::{
    Application, Error, ErrorChain,
    revocations::{self, FeedMessage, PlacedRevocation},
};

/// The longest pause between two looks where nothing is heard.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Streams {
    /// Keeps streams going, for as long as it is polled.
    pub async fn keep(&self, app: &Application) {
        tokio::select! {
            () = self.look_out(app) => {}
            () = self.listen(app) => {}
        }
    }

    /// Follows what ends, as services beside this one do, and finds out anew about whoever it concerns. While there are no streams
    /// there is nothing to do.
    async fn look_out(&self, app: &Application) {
        loop {
            self.wanted().await;
            match self.follow(app).await {
                Ok(true) => {}
                Ok(false) => return self.close(),
                Err(error) => {
                    tracing::warn!(
                        error = %ErrorChain(&error),
                        "what ends cannot be heard of; live streams are silent"
                    );
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Gives back whether there will be more to follow.
    async fn follow(&self, app: &Application) -> Result<bool, Error> {
        let mut follower = revocations::follow(app, None).await?;
        let mut beats = Beats::new(self.beat_every());
        while self.count() > 0 {
            match follower.next().await? {
                Some(FeedMessage::Reset(_)) => self.doubt(app, |_| true),
                Some(FeedMessage::Revoked(noted)) => {
                    let concerned = |reader: &Reader| {
                        noted
                            .iter()
                            .any(|PlacedRevocation { revocation, .. }| reader.is_concerned(revocation))
                    };
                    self.doubt(app, concerned);
                }
                Some(FeedMessage::Nothing) => {
                    self.certain();
                    self.tick(app, &mut beats);
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn doubt(&self, app: &Application, concerned: impl Fn(&Reader) -> bool) {
        let now = app.now();
        let doubted = self.readers().into_iter().filter(|reader| concerned(reader)).filter_map(|reader| {
            reader.doubt();
            reader.ask(now, false).map(|turn| (reader, turn))
        });
        self.find_out(app, doubted.collect(), true, false);
    }

    /// What is due: whoever's time is over, whoever is owed a sign of life, and what could not be read.
    fn tick(&self, app: &Application, beats: &mut Beats) {
        let now = app.now();
        let due = beats.due();
        let (mut uncertain, mut alive) = (Vec::new(), Vec::new());
        for channel in self.channels() {
            for reader in channel.readers() {
                if let Some(turn) = reader.ask(now, false) {
                    uncertain.push((reader, turn));
                } else if due.is_due(reader.number)
                    && let Some(turn) = reader.ask(now, true)
                {
                    alive.push((reader, turn));
                }
            }
            channel.drop_read();
            if channel.is_left() {
                self.read(app, channel);
            }
        }
        self.find_out(app, uncertain, true, false);
        // A sign of life is given to whoever may still be here, and to nobody else.
        self.find_out(app, alive, false, true);
    }

    /// Finds out what readers may know, a few at a time and beside everything else.
    fn find_out(&self, app: &Application, readers: Vec<(Arc<Reader>, u64)>, afresh: bool, beat: bool) {
        if readers.is_empty() {
            return;
        }
        let (streams, app) = (self.clone(), app.clone());
        tokio::spawn(async move {
            let asked = stream::iter(readers).for_each_concurrent(None, async |(reader, turn)| {
                let _turn = streams.turns().acquire().await;
                find_out(&app, &reader, turn, afresh, beat).await;
            });
            asked.await;
        });
    }

    /// Reads what is told, where somebody watches.
    async fn listen(&self, app: &Application) {
        loop {
            self.wanted().await;
            match self.events().heard(LOOK_EVERY).await {
                Heard::In(organizations) => self.read_in(app, &organizations),
                Heard::Anywhere => {
                    let heads = self.channels().into_iter().filter_map(|channel| {
                        channel.head().map(|head| (channel.organization, head.sequence))
                    });
                    let heads: Vec<_> = heads.collect();
                    match self.events().ahead(&heads).await {
                        Ok(ahead) => self.read_in(app, &ahead),
                        Err(error) => {
                            tracing::warn!(error = %ErrorChain(&error), "new stream events cannot be looked for");
                            // Whatever was heard of is to be looked for again.
                            for channel in self.channels() {
                                channel.read();
                            }
                            sleep(LOOK_EVERY).await;
                        }
                    }
                }
            }
        }
    }

    fn read_in(&self, app: &Application, organizations: &[OrganizationId]) {
        for channel in organizations.iter().filter_map(|organization| self.channel(*organization)) {
            self.read(app, channel);
        }
    }

    /// Reads what is new in an organization, once for all who watch there.
    pub(super) fn read(&self, app: &Application, channel: Arc<Channel>) {
        let app = app.clone();
        tokio::spawn(async move {
            let Some(mut reading) = channel.read() else { return };
            while let Some(from) = reading.from() {
                let turn = app.streams.turns().acquire().await;
                let page = app.streams.events().after(channel.organization, from, PAGE).await;
                drop(turn);
                match page {
                    Ok(page) => reading.keep(page),
                    Err(error) => {
                        tracing::warn!(error = %ErrorChain(&error), "stream events cannot be read");
                        return reading.failed();
                    }
                }
                reading.room().await;
            }
        });
    }
}

/// Finds out what a reader may know.
pub(super) async fn find_out(app: &Application, reader: &Reader, turn: u64, afresh: bool, beat: bool) {
    match reader.shown.clearance(app, reader.organization, afresh).await {
        Ok(clearance) => reader.found(turn, clearance, beat),
        Err(error) => {
            tracing::warn!(error = %ErrorChain(&error), "whether a live stream may go on cannot be found out");
            reader.not_found_out(turn);
        }
    }
}

/// Signs of life, spread over the time between two of them.
struct Beats {
    began: Instant,
    slots: u64,
    done: u64,
}

/// The slots that are due.
struct Due {
    slots: u64,
    from: u64,
    to: u64,
}

impl Beats {
    fn new(every: Duration) -> Self {
        let slots = every.as_millis() / LOOK_EVERY.as_millis();
        Self { began: Instant::now(), slots: u64::try_from(slots).unwrap_or(u64::MAX).max(1), done: 0 }
    }

    fn due(&mut self) -> Due {
        let passed = self.began.elapsed().as_millis() / LOOK_EVERY.as_millis();
        let to = u64::try_from(passed).unwrap_or(u64::MAX);
        let from = std::mem::replace(&mut self.done, to);
        Due { slots: self.slots, from, to }
    }
}

impl Due {
    fn is_due(&self, number: u64) -> bool {
        if self.to - self.from >= self.slots {
            return true;
        }
        (self.from..self.to).any(|slot| slot % self.slots == number % self.slots)
    }
}
