//! Receivers that hang, and those that do not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId,
    id::DeliveryId,
    secret::Secret,
    webhooks::{ATTEMPTS, Lane, Manner, ReceiverStanding},
};
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::Semaphore;

use super::{
    ClaimedDelivery, Deliveries, DeliveryAttempt, DeliveryOutcome, DeliveryRoom, NotTaken, Topic,
    UnreadableDelivery, WebhookCourier, WebhookMessage, WebhookSender, give_up, seal,
};
use crate::{
    Application,
    ports::StoreError,
    testing::{LogHeard, MockDirectory, NOW, TestStore, application, organization},
};

/// What waits, what was noted of it, and the room that there was each time.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Vec<ClaimedDelivery>>,
    settled: Mutex<Vec<(String, DeliveryAttempt)>>,
    unreadable: Mutex<Option<UnreadableDelivery>>,
    put_by: Mutex<Vec<DeliveryOutcome>>,
    rooms: Mutex<Vec<DeliveryRoom>>,
    too_much: Mutex<BTreeMap<OrganizationId, u64>>,
}

#[async_trait]
impl Deliveries for Queue {
    async fn claim(
        &self,
        _: OffsetDateTime,
        _: OffsetDateTime,
        room: &DeliveryRoom,
    ) -> Result<Vec<Result<ClaimedDelivery, UnreadableDelivery>>, StoreError> {
        self.rooms.lock().expect("no poison").push(room.clone());
        let mut waiting = self.waiting.lock().expect("no poison");
        let count = waiting.len().min(room.places.into());
        let unreadable = self.unreadable.lock().expect("no poison").take();
        Ok(unreadable.map(Err).into_iter().chain(waiting.drain(..count).map(Ok)).collect())
    }

    async fn settle(&self, delivery: &ClaimedDelivery, attempt: &DeliveryAttempt) -> Result<(), StoreError> {
        self.settled.lock().expect("no poison").push((delivery.url.to_string(), attempt.clone()));
        Ok(())
    }

    async fn settle_unreadable(
        &self,
        _: &UnreadableDelivery,
        _: OffsetDateTime,
        settled: &DeliveryOutcome,
    ) -> Result<(), StoreError> {
        self.put_by.lock().expect("no poison").push(settled.clone());
        Ok(())
    }

    async fn give_up(
        &self,
        _: OffsetDateTime,
        _: u32,
        _: &str,
    ) -> Result<BTreeMap<OrganizationId, u64>, StoreError> {
        Ok(std::mem::take(&mut *self.too_much.lock().expect("no poison")))
    }

    async fn forget(&self, _: OffsetDateTime) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Gives one answer, and to those whose host begins so only once it is let go. It keeps what it was sent.
struct Answers(Result<(), NotTaken>, Semaphore, Mutex<Vec<WebhookMessage>>);

#[async_trait]
impl WebhookSender for Answers {
    async fn send(&self, message: WebhookMessage) -> Result<(), NotTaken> {
        let hangs = message.url.as_str().contains("hangs");
        self.2.lock().expect("no poison").push(message);
        if hangs {
            self.1.acquire().await.expect("open").forget();
        }
        self.0.clone()
    }
}

fn claimed(app: &Application, url: &str, attempts: u16) -> ClaimedDelivery {
    ClaimedDelivery {
        organization: organization().id,
        id: DeliveryId::from_parts(0, &[1; 10]),
        url: url.parse().expect("a URL"),
        topic: Topic::Escalations,
        secret: seal(app, organization().id, Topic::Escalations, &Secret::new("whsec_AAAA")).expect("sealed"),
        chosen_at: NOW,
        choices: 1,
        kind: "escalation.created".to_owned(),
        data: json!({}),
        at: NOW,
        attempts,
        standing: ReceiverStanding::default(),
    }
}

struct Set {
    app: Application,
    queue: Arc<Queue>,
    answers: Arc<Answers>,
    sending: WebhookCourier,
}

impl Set {
    fn up(answer: Result<(), NotTaken>) -> Self {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (queue, answers) =
            (Arc::<Queue>::default(), Arc::new(Answers(answer, Semaphore::new(0), Mutex::default())));
        let (deliveries, sender): (Arc<dyn Deliveries>, Arc<dyn WebhookSender>) =
            (queue.clone(), answers.clone());
        let sending = WebhookCourier::new(&app, &deliveries, &sender);
        Self { app, queue, answers, sending }
    }

    fn waits(&self, claimed: ClaimedDelivery) {
        self.queue.waiting.lock().expect("no poison").push(claimed);
    }

    async fn settles(&mut self, claimed: ClaimedDelivery) -> DeliveryAttempt {
        self.waits(claimed);
        self.sending.fill().await.expect("filled");
        self.sending.finish().await.expect("sent");
        self.queue.settled.lock().expect("no poison").remove(0).1
    }
}

const HANGS: &str = "https://hangs.example/";
const ANSWERS: &str = "https://answers.example/";

#[tokio::test]
async fn a_delivery_is_tried_again_later_and_later_and_then_given_up() {
    let no = || "no".to_owned();
    for (answer, attempts, expected) in [
        (Ok(()), 0, DeliveryOutcome::Sent),
        (
            Err(NotTaken::Now(no())),
            0,
            DeliveryOutcome::Later { due_at: NOW + Duration::seconds(5), error: no() },
        ),
        (Err(NotTaken::Now(no())), 1, DeliveryOutcome::Later { due_at: NOW + Duration::MINUTE, error: no() }),
        (
            Err(NotTaken::Late(no())),
            1,
            DeliveryOutcome::Later { due_at: NOW + Duration::MINUTE, error: no() },
        ),
        (Err(NotTaken::Now(no())), ATTEMPTS - 1, DeliveryOutcome::Failed { error: no() }),
        (Err(NotTaken::Ever(no())), 0, DeliveryOutcome::Failed { error: no() }),
    ] {
        let mut set = Set::up(answer);
        let claimed = claimed(&set.app, ANSWERS, attempts);
        let attempt = set.settles(claimed).await;
        assert_eq!((attempt.settled, attempt.at), (expected, NOW));
    }
}

#[tokio::test]
async fn each_attempt_says_when_it_is_made_and_its_body_when_it_happened() {
    let mut set = Set::up(Ok(()));
    let happened = ClaimedDelivery {
        at: NOW - Duration::HOUR,
        data: json!({"id": "event_1"}),
        ..claimed(&set.app, ANSWERS, 3)
    };
    let id = happened.id;
    set.settles(happened).await;
    let message = set.answers.2.lock().expect("no poison").remove(0);
    assert_eq!((message.at, message.id, message.secret.expose()), (NOW, id, "whsec_AAAA"));
    let body: serde_json::Value = serde_json::from_slice(&message.body).expect("JSON");
    let at = (NOW - Duration::HOUR).format(&Rfc3339).expect("a time");
    assert_eq!(body, json!({"type": "escalation.created", "timestamp": at, "data": {"id": "event_1"}}));
}

#[tokio::test]
async fn a_keyring_that_lacks_a_key_for_now_costs_an_attempt_and_no_delivery() {
    let mut set = Set::up(Ok(()));
    let mut elsewhere = set.app.clone();
    elsewhere.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
    let claimed = claimed(&elsewhere, ANSWERS, 0);
    let error = "it could not be signed at the moment".to_owned();
    assert_eq!(
        set.settles(claimed).await.settled,
        DeliveryOutcome::Later { due_at: NOW + Duration::seconds(5), error }
    );
}

#[tokio::test]
async fn what_another_organization_s_secret_sealed_is_not_signed_with() {
    let mut set = Set::up(Ok(()));
    let mut other = claimed(&set.app, ANSWERS, 0);
    other.organization = OrganizationId::from_parts(0, &[2; 10]);
    let mut else_where = claimed(&set.app, ANSWERS, 0);
    else_where.topic = Topic::Checkpoints;
    for wrong in [other, else_where] {
        let settled = set.settles(wrong).await.settled;
        assert!(matches!(settled, DeliveryOutcome::Failed { .. }), "{settled:?}");
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
    let (url, last) = set.queue.settled.lock().expect("no poison").pop().expect("it was sent");
    assert_eq!((url.as_str(), last.settled), (HANGS, DeliveryOutcome::Sent));
}

#[tokio::test]
async fn there_is_less_room_for_those_who_hang_and_never_none_for_those_who_answer() {
    let mut set = Set::up(Ok(()));
    let slow = ReceiverStanding::default().after(Manner::Never);
    for standing in [slow, slow, ReceiverStanding::default()] {
        set.waits(ClaimedDelivery { standing, ..claimed(&set.app, HANGS, 0) });
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
        assert_eq!(after.busy, [(organization().id, Topic::Escalations, 3)]);
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
    let mut standing = ReceiverStanding::default();
    for pause in [Duration::seconds(5), Duration::minutes(1), Duration::minutes(5)] {
        let noted = set.settles(ClaimedDelivery { standing, ..claimed(&set.app, ANSWERS, 0) }).await;
        assert_eq!((noted.standing.lane(), noted.paused_until), (Lane::Slow, Some(NOW + pause)));
        standing = noted.standing;
    }
    let mut set = Set::up(Err(NotTaken::Now("no".to_owned())));
    // It says no, but says so.
    let noted = set.settles(ClaimedDelivery { standing, ..claimed(&set.app, ANSWERS, 0) }).await;
    assert_eq!((noted.standing.misses, noted.paused_until), (0, None));
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_is_put_off_and_keeps_nothing_else_back() {
    for (attempts, given_up) in [(0, false), (ATTEMPTS - 1, true), (u16::MAX, true)] {
        let mut set = Set::up(Ok(()));
        let id = DeliveryId::from_parts(0, &[2; 10]);
        let error = StoreError::Internal("no known topic".into());
        let unreadable = UnreadableDelivery { organization: organization().id, id, attempts, error };
        *set.queue.unreadable.lock().expect("no poison") = Some(unreadable);
        let claimed = claimed(&set.app, ANSWERS, 0);
        assert_eq!(set.settles(claimed).await.settled, DeliveryOutcome::Sent);
        let put_by = set.queue.put_by.lock().expect("no poison").clone();
        assert!(
            matches!(
                put_by.as_slice(),
                [DeliveryOutcome::Later { due_at, .. }] if *due_at > NOW && !given_up
            ) || matches!(put_by.as_slice(), [DeliveryOutcome::Failed { .. }] if given_up),
            "{put_by:?}"
        );
    }
}

#[tokio::test]
async fn whoever_reads_in_the_log_that_something_was_not_taken_reads_whose_it_was() {
    let (log, _hearing) = LogHeard::here();
    let ours = organization().id;
    let whose = format!("organization={ours} ");
    let mut set = Set::up(Err(NotTaken::Now("no".to_owned())));
    let not_taken = claimed(&set.app, ANSWERS, 0);
    set.settles(not_taken).await;
    let mut elsewhere = set.app.clone();
    elsewhere.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
    let not_signed = claimed(&elsewhere, ANSWERS, 0);
    set.settles(not_signed).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains(&whose)), "{lines:?}");

    let other = OrganizationId::from_parts(0, &[2; 10]);
    *set.queue.too_much.lock().expect("no poison") = BTreeMap::from([(ours, 7), (other, 1)]);
    give_up(&set.app, set.queue.as_ref()).await.expect("given up");
    let lines = log.lines();
    for (organization, count) in [(ours, 7), (other, 1)] {
        let whose = format!("organization={organization} given_up={count} ");
        assert!(lines.iter().any(|line| line.contains(&whose)), "{whose} in {lines:?}");
    }
    give_up(&set.app, set.queue.as_ref()).await.expect("nothing to give up");
    assert!(log.lines().is_empty());
}
