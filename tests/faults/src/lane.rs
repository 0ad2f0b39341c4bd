//! Somebody of one organization who works with the service, whatever becomes of it: asks again what was not answered, writes down what was
//! acknowledged, and looks at every answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::Method;
use rollcall_tests::{Answer, random};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};

use crate::{
    journal::{Change, Wrong},
    stage::{Organization, Stage},
};

/// The pause before something is asked again.
const PAUSE: Duration = Duration::from_millis(150);
/// The longest that one thing is asked for again and again after the load was to stop: what has become of the request of
/// a node that died is told after twice the service's time limit.
const PATIENCE: Duration = Duration::from_secs(25);
/// The longest that another node may go by what was true before (0007).
const BOUND: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Option<Value>,
    pub(crate) sound: Option<Vec<u8>>,
    pub(crate) key: Option<String>,
}

impl Ask {
    /// Without a body.
    pub(crate) fn new(method: Method, path: impl Into<String>, token: &str) -> Self {
        Self { method, path: path.into(), token: Some(token.to_owned()), body: None, sound: None, key: None }
    }

    /// With a body.
    pub(crate) fn with(method: Method, path: impl Into<String>, token: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(method, path, token) }
    }

    /// With a key, so that it is done once however often it is asked.
    pub(crate) fn keyed(self) -> Self {
        Self { key: Some(format!("{:x}", random())), ..self }
    }
}

/// What became of something that was asked until there was an answer.
pub(crate) struct Told {
    /// The last answer, if any of them was one.
    pub(crate) answer: Option<Answer>,
    /// The node that gave it.
    pub(crate) node: usize,
    /// Whether it is not known what became of an attempt before,
    pub(crate) unsure: bool,
    /// and of how many.
    pub(crate) lost: usize,
}

impl Told {
    /// Its status; 0 when there was no answer.
    pub(crate) fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status.as_u16())
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.answer.as_ref().and_then(|answer| answer.body["code"].as_str()).unwrap_or_default()
    }

    /// Whether it was done when it was asked for before, and the answer to that is lost: with its key it is not done again.
    pub(crate) fn was_done(&self) -> bool {
        self.unsure && self.code() == "answer_gone"
    }

    /// A text in the answer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let value = self.answer.as_ref().and_then(|answer| answer.body.pointer(pointer)?.as_str());
        value.unwrap_or_default().to_owned()
    }
}

/// Somebody who works with the service.
#[derive(Clone)]
pub(crate) struct Lane {
    pub(crate) stage: Arc<Stage>,
    /// The place of the organization in the suite.
    pub(crate) organization: usize,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Lane {
    /// The organization.
    pub(crate) fn ours(&self) -> &Organization {
        &self.stage.organizations[self.organization]
    }

    /// Whether to begin nothing more.
    pub(crate) fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    /// One attempt, at any node or at a given one.
    pub(crate) async fn once(&self, ask: &Ask, node: Option<usize>) -> Told {
        let node = node.unwrap_or_else(|| pick(self.stage.nodes.len()));
        let mut request = self.stage.nodes[node].request(ask.method.clone(), &ask.path, ask.token.as_deref());
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        if let Some(sound) = &ask.sound {
            request = request.header("Content-Type", "audio/wav").body(sound.clone());
        }
        if let Some(key) = &ask.key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = Answer::try_of(request).await.ok();
        self.stage.journal.requested(answer.as_ref().map(|answer| answer.status.as_u16()));
        if let Some(answer) = &answer {
            self.stage.journal.saw(self.organization, &answer.text);
        }
        let unsure = answer.as_ref().is_none_or(|answer| answer.status.is_server_error());
        let told = Told { answer, node, unsure, lost: unsure.into() };
        // What is lacking for a while is 503, and says when to come again. Nothing else is a fault of the service's own.
        if told.status() == 500 {
            self.unexpected(&format!("{} {}", ask.method, ask.path), &told);
        }
        told
    }

    /// Asks until there is a definite answer, or until nobody waits any more.
    pub(crate) async fn insist(&self, ask: &Ask) -> Told {
        let (mut lost, mut over_since) = (0, None);
        loop {
            let told = self.once(ask, None).await;
            let running = told.status() == 409 && told.code() == "request_in_progress";
            if !told.unsure && !running {
                return Told { unsure: lost > 0, lost, ..told };
            }
            lost += told.lost;
            if self.is_over() && *over_since.get_or_insert_with(Instant::now) + PATIENCE < Instant::now() {
                return Told { answer: None, unsure: lost > 0, lost, ..told };
            }
            sleep(PAUSE).await;
        }
    }

    /// Something that changes a thing of which the name is known beforehand: asked until it is so. Whether it is, is given back.
    /// `done` are the answers that say so, `before` those that say that it was so already, if an attempt before may have done it.
    pub(crate) async fn change(
        &self,
        action: &'static str,
        target: &str,
        ask: &Ask,
        done: &[u16],
        before: &[u16],
    ) -> Option<Told> {
        let told = self.insist(ask).await;
        if told.answer.is_none() {
            self.stage.journal.unsure(self.named(action, target));
            return None;
        }
        if done.contains(&told.status()) || (told.unsure && before.contains(&told.status())) {
            self.acknowledged(&told, action, target);
            return Some(told);
        }
        self.unexpected(action, &told);
        None
    }

    /// Something that happens each time that it is asked for, with no harm: as often as it was acknowledged, and once more for each
    /// attempt of which nobody knows, at the most.
    pub(crate) async fn repeat(
        &self,
        action: &'static str,
        target: &str,
        ask: &Ask,
        done: &[u16],
    ) -> Option<()> {
        let told = self.insist(ask).await;
        (0..told.lost).for_each(|_| self.stage.journal.unsure(self.named(action, target)));
        told.answer.as_ref()?;
        if !done.contains(&told.status()) {
            self.unexpected(action, &told);
            return None;
        }
        self.acknowledged(&told, action, target);
        Some(())
    }

    /// A change of one of ours.
    fn named(&self, action: &'static str, target: &str) -> Change {
        Change { organization: self.organization, action, target: target.to_owned() }
    }

    /// Writes down that a change was acknowledged.
    pub(crate) fn acknowledged(&self, told: &Told, action: &'static str, target: &str) {
        self.stage.journal.acknowledged(told.node, self.named(action, target));
    }

    /// Writes down an answer that nobody expects. None at all is another matter; a node whose clock is wrong may take any proof for
    /// too old, and what was done is told to be, if its answer was lost.
    pub(crate) fn unexpected(&self, what: &str, told: &Told) {
        if let Some(answer) = &told.answer
            && told.code() != "elevation_required"
            && !told.was_done()
        {
            let node = self.stage.nodes[told.node].name();
            let why = format!("{what} at {node}: {} {}", answer.status, answer.text.trim_end());
            self.stage.journal.wrong(Wrong::Answer, why);
        }
    }

    /// Makes sure that what opened doors opens none any more: at once at the node that said so, and within a second at the others.
    pub(crate) async fn ended(&self, what: &str, token: &str, by: &Told) {
        self.settles(what, token, by, |told| told.status() == 200).await;
    }

    /// Makes sure that no node goes by what was true before for longer than is documented. Nodes that do not answer go by nothing.
    pub(crate) async fn settles(&self, what: &str, token: &str, by: &Told, is_old: impl Fn(&Told) -> bool) {
        let since = Instant::now();
        for node in 0..self.stage.nodes.len() {
            let bound = if node == by.node && !by.unsure { Duration::ZERO } else { BOUND };
            loop {
                let sent = Instant::now();
                let told = self.once(&Ask::new(Method::GET, "/v1/session", token), Some(node)).await;
                if !is_old(&told) {
                    break;
                }
                if sent >= since + bound {
                    let name = self.stage.nodes[node].name();
                    let why = format!("{what}: {name} went by what was before, {:?} later", sent - since);
                    self.stage.journal.wrong(Wrong::Stale, why);
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Makes sure that what was acknowledged opens doors, at any node that can tell.
    pub(crate) async fn opens(&self, what: &str, token: &str) {
        let told = self.once(&Ask::new(Method::GET, "/v1/session", token), None).await;
        if !told.unsure && told.status() != 200 {
            let why = format!("{what} was acknowledged, and opens nothing: {}", told.code());
            self.stage.journal.wrong(Wrong::Lost, why);
        }
    }
}

/// A number below another.
pub(crate) fn pick(below: usize) -> usize {
    (random() % below as u128) as usize
}
