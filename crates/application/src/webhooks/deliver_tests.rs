//! Receivers that hang, and those that do not.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId,
    id::DeliveryId,
    secret::Secret,
    webhooks::{ATTEMPTS, Lane, Manner, Standing},
};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;

use super::{Claimed, Message, NotTaken, Post, Room, Sending, Settled, Subscriber, Webhooks, seal};
use crate::{
    Application,
    ports::StoreError,
    testing::{MockDirectory, NOW, TestStore, application, organization},
};

/// What waits, what was noted of it, and the room that there was each time.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Vec<Claimed>>,
    settled: Mutex<Vec<(String, Settled)>>,
    standings: Mutex<Vec<(Standing, Option<OffsetDateTime>)>>,
    rooms: Mutex<Vec<Room>>,
}

#[async_trait]
impl Post for Queue {
    async fn claim(
        &self,
        _: OffsetDateTime,
        _: OffsetDateTime,
        room: &Room,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.rooms.lock().expect("no poison").push(room.clone());
        let mut waiting = self.waiting.lock().expect("no poison");
        let count = waiting.len().min(room.places.into());
        Ok(waiting.drain(..count).collect())
    }

    async fn settle(&self, delivery: &Claimed, settled: Settled) -> Result<(), StoreError> {
        self.settled.lock().expect("no poison").push((delivery.url.to_string(), settled));
        Ok(())
    }

    async fn note_standing(
        &self,
        _: &Claimed,
        standing: Standing,
        paused_until: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        self.standings.lock().expect("no poison").push((standing, paused_until));
        Ok(())
    }

    async fn give_up(&self, _: OffsetDateTime, _: u32, _: &str) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn forget(&self, _: OffsetDateTime) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Gives one answer, and to those whose host begins so only once it is let go.
struct Answers(Result<(), NotTaken>, Semaphore);

#[async_trait]
impl Webhooks for Answers {
    async fn send(&self, message: Message) -> Result<(), NotTaken> {
        if message.url.as_str().contains("hangs") {
            self.1.acquire().await.expect("open").forget();
        }
        self.0.clone()
    }
}

fn claimed(app: &Application, url: &str, attempts: u16) -> Claimed {
    Claimed {
        organization: organization().id,
        id: DeliveryId::from_parts(0, &[1; 10]),
        url: url.parse().expect("a URL"),
        to: Subscriber::Escalations,
        secret: seal(app, organization().id, Subscriber::Escalations, &Secret::new("whsec_AAAA"))
            .expect("sealed"),
        kind: "escalation.created".to_owned(),
        data: json!({}),
        at: NOW,
        attempts,
        standing: Standing::default(),
    }
}

struct Set {
    app: Application,
    queue: Arc<Queue>,
    answers: Arc<Answers>,
    sending: Sending,
}

impl Set {
    fn up(answer: Result<(), NotTaken>) -> Self {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (queue, answers) = (Arc::<Queue>::default(), Arc::new(Answers(answer, Semaphore::new(0))));
        let (post, webhooks): (Arc<dyn Post>, Arc<dyn Webhooks>) = (queue.clone(), answers.clone());
        let sending = Sending::new(&app, &post, &webhooks);
        Self { app, queue, answers, sending }
    }

    fn waits(&self, claimed: Claimed) {
        self.queue.waiting.lock().expect("no poison").push(claimed);
    }

    async fn settles(&mut self, claimed: Claimed) -> Settled {
        self.waits(claimed);
        self.sending.fill().await.expect("filled");
        self.sending.finish().await.expect("sent");
        self.queue.settled.lock().expect("no poison").remove(0).1
    }
}

const HANGS: &str = "https://hangs.example/";
const ANSWERS: &str = "https://answers.example/";

#[tokio::test]
async fn it_is_tried_again_later_and_later_and_then_given_up() {
    let no = || "no".to_owned();
    for (answer, attempts, expected) in [
        (Ok(()), 0, Settled::Sent { at: NOW }),
        (Err(NotTaken::Now(no())), 0, Settled::Later { at: NOW + Duration::seconds(5), error: no() }),
        (Err(NotTaken::Now(no())), 1, Settled::Later { at: NOW + Duration::MINUTE, error: no() }),
        (Err(NotTaken::Late(no())), 1, Settled::Later { at: NOW + Duration::MINUTE, error: no() }),
        (Err(NotTaken::Now(no())), ATTEMPTS - 1, Settled::Failed { at: NOW, error: no() }),
        (Err(NotTaken::Ever(no())), 0, Settled::Failed { at: NOW, error: no() }),
    ] {
        let mut set = Set::up(answer);
        let claimed = claimed(&set.app, ANSWERS, attempts);
        assert_eq!(set.settles(claimed).await, expected);
    }
}

#[tokio::test]
async fn a_keyring_that_lacks_a_key_for_now_costs_an_attempt_and_no_delivery() {
    let mut set = Set::up(Ok(()));
    let mut elsewhere = set.app.clone();
    elsewhere.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
    let claimed = claimed(&elsewhere, ANSWERS, 0);
    let error = "it could not be signed at the moment".to_owned();
    assert_eq!(set.settles(claimed).await, Settled::Later { at: NOW + Duration::seconds(5), error });
}

#[tokio::test]
async fn what_another_organization_s_secret_sealed_is_not_signed_with() {
    let mut set = Set::up(Ok(()));
    let mut other = claimed(&set.app, ANSWERS, 0);
    other.organization = OrganizationId::from_parts(0, &[2; 10]);
    let mut else_where = claimed(&set.app, ANSWERS, 0);
    else_where.to = Subscriber::Witness;
    for wrong in [other, else_where] {
        let settled = set.settles(wrong).await;
        assert!(matches!(settled, Settled::Failed { .. }), "{settled:?}");
    }
}

#[tokio::test]
async fn whoever_hangs_keeps_its_place_and_nobody_waits_for_it() {
    let mut set = Set::up(Ok(()));
    set.waits(claimed(&set.app, HANGS, 0));
    set.sending.fill().await.expect("filled");
    // While it hangs, others come, one after the other, and each is sent.
    for number in 1..=50 {
        set.waits(claimed(&set.app, ANSWERS, 0));
        set.sending.fill().await.expect("filled");
        set.sending.some_done().await.expect("sent");
        assert_eq!(set.queue.settled.lock().expect("no poison").len(), number);
    }
    set.answers.1.add_permits(1);
    set.sending.finish().await.expect("sent");
    let last = set.queue.settled.lock().expect("no poison").pop();
    assert_eq!(last, Some((HANGS.to_owned(), Settled::Sent { at: NOW })));
}

#[tokio::test]
async fn there_is_less_room_for_those_who_hang_and_never_none_for_those_who_answer() {
    let mut set = Set::up(Ok(()));
    let slow = Standing::default().after(Manner::Never);
    for standing in [slow, slow, Standing::default()] {
        set.waits(Claimed { standing, ..claimed(&set.app, HANGS, 0) });
    }
    set.sending.fill().await.expect("filled");
    set.sending.fill().await.expect("filled");
    {
        let rooms = set.queue.rooms.lock().expect("no poison");
        let (before, after) = (&rooms[0], &rooms[1]);
        assert!(before.new + before.slow < before.places && before.busy.is_empty(), "{before:?}");
        assert_eq!(
            (after.places, after.new, after.slow),
            (before.places - 3, before.new - 1, before.slow - 2)
        );
        assert_eq!(after.busy, [(organization().id, Subscriber::Escalations, 3)]);
    }
    set.answers.1.add_permits(3);
    set.sending.finish().await.expect("sent");
    set.sending.fill().await.expect("filled");
    let rooms = set.queue.rooms.lock().expect("no poison");
    assert_eq!(rooms[0], rooms[2]);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_paused_with_all_that_goes_to_it_each_time_for_longer() {
    let mut set = Set::up(Err(NotTaken::Late("no".to_owned())));
    let mut standing = Standing::default();
    for pause in [Duration::seconds(5), Duration::minutes(1), Duration::minutes(5)] {
        set.settles(Claimed { standing, ..claimed(&set.app, ANSWERS, 0) }).await;
        let noted = set.queue.standings.lock().expect("no poison").remove(0);
        assert_eq!((noted.0.lane(), noted.1), (Lane::Slow, Some(NOW + pause)));
        standing = noted.0;
    }
    let mut set = Set::up(Err(NotTaken::Now("no".to_owned())));
    set.settles(Claimed { standing, ..claimed(&set.app, ANSWERS, 0) }).await;
    // It says no, but says so.
    assert_eq!(set.queue.standings.lock().expect("no poison").remove(0).1, None);
}
