//! Somebody begins to watch.

use rollcall_domain::{Permission, secret::Secret};

use super::{
    StreamPlace, Watcher,
    clearance::PresentedCredential,
    keep::find_out,
    reader::{Leave, StreamHolder},
};
use crate::{Application, Asks, Error, Principal};

/// Opens a stream of the organization that somebody is at work in, with what they have shown. It goes on after the place that they name,
/// if that is one of this organization, and what came after it is still known; without one, it begins now.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever is in no organization; [`Error::Unauthenticated`] when what was shown is not good any more;
/// [`Error::LimitReached`] when the session, or the key, has as many streams as it may have, and [`Error::Busy`] when this node has.
pub async fn open(
    app: &Application,
    principal: &Principal,
    shown: &Secret,
    last: Option<&str>,
) -> Result<Watcher, Error> {
    let place = principal.place();
    let organization = place.ok_or(Error::PermissionDenied { required: Permission::OrganizationRead })?.id;
    let holder = match principal {
        Principal::Person(actor) => StreamHolder::Session(actor.user_id(), actor.session_id()),
        Principal::Key(key) => StreamHolder::Key(key.id()),
    };
    let streams = &app.streams;
    let seat =
        streams.seat(organization, holder, PresentedCredential::new(app, shown, principal.origin().ip))?;
    // What has ended since they were let in may not have been heard of for their stream.
    let (channel, reader) = (&seat.channel, &seat.reader);
    if let Some(turn) = reader.ask(app.now(), false) {
        find_out(app, reader, turn, true, false).await;
    }
    if reader.leave(app.now()) == Leave::Ended {
        return Err(Error::Unauthenticated);
    }
    if channel.head().is_none() {
        let turn = streams.turns().acquire().await;
        let head = streams.events().head(organization).await?;
        drop(turn);
        channel.begin(head);
        // What was heard of before there was a beginning was not read.
        streams.read(app, channel.clone());
    }
    let head = channel.join(reader).unwrap_or(StreamPlace::START);
    let from = match last {
        None => Some(head),
        Some(name) => {
            let place = StreamPlace::named(name, &app.keyring, organization);
            let place = place.filter(|place| place.sequence <= head.sequence);
            match place {
                Some(place) => streams.events().is_known(organization, place).await?.then_some(place),
                None => None,
            }
        }
    };
    Ok(Watcher::new(app.clock.clone(), seat, from, head))
}
