//! Whoever is told something outside: where that goes, how it goes, what was sent last, and where it is chosen.

use askama::Template;
use rollcall_application::webhooks::{DeliveryHealth, ShownDelivery};
use time::OffsetDateTime;

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::Field,
    texts::Texts,
};

/// The page of one of them.
#[derive(Template)]
#[template(path = "webhooks/receiver.html")]
pub(crate) struct ReceiverPage {
    pub(crate) t: Texts,
    pub(crate) words: Words,
    pub(crate) current: Option<Current>,
    pub(crate) form: Option<(FormStart, Field)>,
    pub(crate) remove: Option<FormStart>,
    pub(crate) resend: Option<FormStart>,
    /// The secret of a webhook that was just chosen.
    pub(crate) secret: Option<String>,
    pub(crate) mistakes: Mistakes,
}

impl Page for ReceiverPage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["shown_once.js"];

    fn title(&self) -> String {
        self.words.title.to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

/// What is said of one of them and of no other.
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) what: &'static str,
    pub(crate) to: &'static str,
    pub(crate) none: &'static str,
    /// What a message is about, above its column.
    pub(crate) about: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) other: &'static str,
    pub(crate) save: &'static str,
    pub(crate) remove: &'static str,
}

/// Who is told now.
pub(crate) struct Current {
    address: String,
    since: Moment,
    last_sent: Option<Moment>,
    last_failure: Option<(Moment, String)>,
    waiting: u32,
    given_up: u32,
    trouble: Option<Trouble>,
    deliveries: Vec<Sent>,
}

/// Something that was to be sent.
struct Sent {
    at: Moment,
    about: String,
    state: &'static str,
    attempts: u16,
    error: Option<String>,
}

/// What whoever chose it should know without looking for it.
pub(crate) enum Trouble {
    /// Nothing is sent until then.
    Paused(Moment),
    /// What was sent last was not taken.
    Failing(String),
}

impl Trouble {
    pub(crate) fn of(caller: &Caller, health: &DeliveryHealth) -> Option<Self> {
        let paused = health.paused_until.map(|until| Self::Paused(caller.times.show(until)));
        paused.or_else(|| health.failing().map(|failure| Self::Failing(failure.error.clone())))
    }
}

impl Current {
    pub(crate) fn of(
        caller: &Caller,
        (address, set_at): (String, OffsetDateTime),
        health: DeliveryHealth,
        deliveries: Vec<ShownDelivery>,
    ) -> Self {
        let (t, show) = (caller.t, |at| caller.times.show(at));
        let sent = |delivery: ShownDelivery| Sent {
            at: show(delivery.at),
            about: delivery.size.map_or(delivery.kind, |events| events.to_string()),
            state: t.delivery(delivery.state),
            attempts: delivery.attempts,
            error: delivery.error,
        };
        let trouble = Trouble::of(caller, &health);
        Self {
            address,
            since: show(set_at),
            last_sent: health.last_sent_at.map(show),
            last_failure: health.last_failure.map(|failure| (show(failure.at), failure.error)),
            waiting: health.waiting,
            given_up: health.given_up,
            trouble,
            deliveries: deliveries.into_iter().map(sent).collect(),
        }
    }
}
