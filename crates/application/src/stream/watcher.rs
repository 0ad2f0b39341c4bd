//! What somebody who watches is told.

use std::{collections::VecDeque, sync::Arc};

use rollcall_domain::PermissionSet;

use super::{
    Frame, StreamPlace,
    channel::{Next, PAGE},
    reader::Leave,
    streams::OpenStream,
};
use crate::{Error, ports::Clock};

/// What somebody is told.
#[derive(Debug, Clone)]
pub enum StreamMessage {
    /// That the stream has begun, after a place.
    Began(StreamPlace),
    /// Something that happened.
    Event(Arc<Frame>),
    /// That something in between is not known any more: what they show is to be looked at again. It goes on after this place.
    Resync(StreamPlace),
    /// That the stream is alive, and how far it has come, where that is further than what they were told.
    Alive(Option<StreamPlace>),
}

/// Somebody who watches.
pub struct Watcher {
    clock: Arc<dyn Clock>,
    seat: OpenStream,
    /// How far they have come.
    at: StreamPlace,
    /// From where on all is in memory; before, it is read for them alone.
    joined: StreamPlace,
    backlog: VecDeque<Arc<Frame>>,
    begins: bool,
    resync: bool,
    /// The last place that they know the name of.
    named: StreamPlace,
    over: bool,
}

impl Watcher {
    /// Somebody who goes on after a place or, if that is not known, after `joined`.
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        seat: OpenStream,
        from: Option<StreamPlace>,
        joined: StreamPlace,
    ) -> Self {
        let at = from.unwrap_or(joined);
        let (begins, resync) = (true, from.is_none());
        Self { clock, seat, at, joined, backlog: VecDeque::new(), begins, resync, named: at, over: false }
    }

    /// What comes next, or none when the stream is over: what they have shown is good for nothing any more, they were too slow, or this
    /// node stops. What they may not know at this moment they are not told.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn next(&mut self) -> Result<Option<StreamMessage>, Error> {
        loop {
            if self.over {
                return Ok(None);
            }
            let permissions = match self.seat.reader.leave(self.clock.now()) {
                Leave::Ended => return Ok(None),
                Leave::Allowed(permissions) if self.seat.streams.is_certain() => permissions,
                Leave::Allowed(_) | Leave::Wait => {
                    self.seat.reader.wake.notified().await;
                    continue;
                }
            };
            if let Some(told) = self.told(permissions) {
                return Ok(Some(told));
            }
            if self.at.sequence < self.joined.sequence {
                self.catch_up().await?;
            } else {
                self.seat.reader.wake.notified().await;
            }
        }
    }

    /// What can be told at once.
    fn told(&mut self, permissions: PermissionSet) -> Option<StreamMessage> {
        if std::mem::take(&mut self.begins) {
            return Some(StreamMessage::Began(self.at));
        }
        if std::mem::take(&mut self.resync) {
            self.seat.streams.note_resync();
            return Some(StreamMessage::Resync(self.name(self.at)));
        }
        // Another role and the event that tells of it come by two ways.
        if self.seat.reader.take_widened() {
            return Some(StreamMessage::Resync(self.name(self.at)));
        }
        while let Some(frame) = self.backlog.pop_front() {
            self.at = frame.place();
            if frame.is_for(permissions) {
                self.named = self.at;
                return Some(StreamMessage::Event(frame));
            }
        }
        if self.seat.reader.take_beat() {
            let moved = self.at != self.named;
            return Some(StreamMessage::Alive(moved.then(|| self.name(self.at))));
        }
        if self.at.sequence < self.joined.sequence {
            return None;
        }
        match self.seat.channel.next(&self.seat.reader, permissions) {
            Next::Frame(frame) => {
                self.at = self.name(frame.place());
                Some(StreamMessage::Event(frame))
            }
            Next::Nothing(place) => {
                self.at = place;
                None
            }
            Next::Behind(place) => {
                self.over = true;
                self.seat.streams.note_resync();
                Some(StreamMessage::Resync(place))
            }
        }
    }

    fn name(&mut self, place: StreamPlace) -> StreamPlace {
        self.named = place;
        place
    }

    /// Reads what came after their last visit.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let organization = self.seat.channel.organization;
        let turn = self.seat.streams.turns().acquire().await;
        let page = self.seat.streams.events().after(organization, self.at.sequence, PAGE).await?;
        drop(turn);
        // What has been forgotten in between leaves a gap.
        let goes_on = (self.at.sequence + 1..).zip(&page).all(|(sequence, kept)| kept.sequence == sequence);
        if page.is_empty() || !goes_on {
            (self.at, self.resync) = (self.joined, true);
            return Ok(());
        }
        let unread = page.into_iter().filter(|kept| kept.sequence <= self.joined.sequence);
        self.backlog.extend(unread.map(|kept| Arc::new(Frame::new(kept))));
        Ok(())
    }
}
