//! Who is sent the checkpoints of an audit log.
//!
//! Whoever keeps them finds out when the log is not what it was, whoever has changed it.

mod deliver;
mod ports;
mod remove;
mod send;
mod set;
mod show;

pub use deliver::deliver_some;
pub use ports::{
    Claimed, DeliveryState, KeptWitness, Message, NewDelivery, NewWitness, NotTaken, Settled, ShownDelivery,
    Webhooks, WitnessPost, Witnesses, WitnessesView,
};
pub use remove::remove;
pub use send::send_some;
pub use set::{Chosen, set};
pub use show::{Shown, show};

use rollcall_domain::{OrganizationId, secret::Secret};

use crate::{Application, Error, Sealed, SealedFor};

/// How many deliveries are shown.
const SHOWN: u16 = 30;
/// What secrets of webhooks are sealed for.
const PURPOSE: &str = SealedFor::WebhookSecret.purpose();

fn seal(app: &Application, organization: OrganizationId, secret: &Secret) -> Result<Sealed, Error> {
    let context = organization.uuid();
    let sealed =
        app.keyring.seal(PURPOSE, context.as_bytes(), secret.expose().as_bytes(), app.entropy.as_ref());
    sealed.map(Sealed).ok_or_else(|| Error::Internal("the secret of a webhook was not sealed".into()))
}

fn open(app: &Application, organization: OrganizationId, sealed: &Sealed) -> Option<Secret> {
    let context = organization.uuid();
    let opened = app.keyring.open(PURPOSE, context.as_bytes(), &sealed.0)?;
    String::from_utf8(opened).ok().map(Secret::new)
}
