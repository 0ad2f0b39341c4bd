//! Who makes something happen.

use rollcall_domain::audit::{Action, AuditActor, AuditTarget, Event, Origin};

use crate::{Application, Asks};

/// Who makes something happen: somebody who asks, or Rollcall itself.
#[derive(Debug, Clone)]
pub(crate) struct By {
    actor: AuditActor,
    origin: Origin,
}

impl By {
    /// Rollcall itself.
    pub(crate) fn itself() -> Self {
        Self { actor: AuditActor::System, origin: Origin::default() }
    }

    /// Whoever asks.
    pub(crate) fn asking(asks: &impl Asks) -> Self {
        Self { actor: asks.for_audit(), origin: asks.origin().clone() }
    }

    /// Whoever this is in the audit log.
    pub(crate) fn actor(actor: AuditActor, origin: &Origin) -> Self {
        Self { actor, origin: origin.clone() }
    }

    /// An event that they make happen now.
    pub(crate) fn event(&self, app: &Application, action: Action, target: AuditTarget) -> Event {
        app.event(self.actor, &self.origin, action, target)
    }
}
