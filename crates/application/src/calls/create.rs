//! Writing down a call.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget, Event},
    calls::{Call, CallRefusal, Facts},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::MadeAs;
use crate::{Application, Error, Principal, ports::Scope};

/// A call that was to be written down.
#[derive(Debug, Clone)]
pub enum CreatedCall {
    /// It was.
    New(Call),
    /// It had been before, with the same facts; this is what is known about it now.
    Known(Call),
}

/// Writes down a call. A repeat is known by what the platform calls it: the same call comes back, nothing is written.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`CallRefusal::Exists`] when the platform has called another call the same.
pub async fn create(app: &Application, principal: &Principal, facts: Facts) -> Result<CreatedCall, Error> {
    let created = add(app, principal, facts).await;
    app.refusals_recorded(principal, Action::CallCreated, AuditTarget::Nothing, created).await
}

async fn add(app: &Application, principal: &Principal, facts: Facts) -> Result<CreatedCall, Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    let call = Call { id: app.id(), facts, created_at: app.now(), has_recording: false, version: 1 };
    let made_as = MadeAs::of(&app.keyring, &call.facts);
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    principal.permit_again(unit.as_mut(), Permission::CallsWrite, app.now()).await?;
    if !unit.call_add(organization, &call, &made_as).await? {
        let known = unit.call_known_as(organization, &call.facts.external_id).await?;
        // Nothing takes a call away but the end of its organization, which is held.
        let (known, made_as) = known.ok_or_else(|| Error::Internal("a call that is and is not".into()))?;
        let is_same = made_as.is_of(&app.keyring, &call.facts) || known.facts == call.facts;
        return if is_same { Ok(CreatedCall::Known(known)) } else { Err(CallRefusal::Exists.into()) };
    }
    let event = app.event_by(principal, Action::CallCreated, AuditTarget::Call(call.id));
    unit.commit(app.record(told(event, None, &call.facts))).await?;
    Ok(CreatedCall::New(call))
}

/// The event with what is new about a call. Whatever the platform calls people and calls may tell who they are.
pub(super) fn told(event: Event, before: Option<&Facts>, after: &Facts) -> Event {
    let open = |facts: &Facts| {
        let moment = |at: OffsetDateTime| at.format(&Rfc3339).ok();
        [
            ("direction", Some(facts.direction.to_string())),
            ("started_at", moment(facts.times.started_at())),
            ("ended_at", facts.times.ended_at().and_then(moment)),
        ]
    };
    let personal = |facts: &Facts| {
        [
            ("external_id", Some(facts.external_id.to_string())),
            ("agent_ref", facts.agent_ref.as_ref().map(ToString::to_string)),
            ("from", facts.from.as_ref().map(ToString::to_string)),
            ("to", facts.to.as_ref().map(ToString::to_string)),
        ]
    };
    let was = before.map(open).unwrap_or_default();
    let changed = was.into_iter().zip(open(after)).filter(|((_, was), (_, is))| was != is);
    let event = changed
        .fold(event, |event, ((_, was), (field, is))| event.change(field, was.as_deref(), is.as_deref()));
    // What else the platform has to say is its own; that it has changed is enough.
    let event = match before {
        Some(before) if before.metadata != after.metadata => event.change("metadata", None, None),
        Some(_) | None => event,
    };
    let was = before.map(personal).unwrap_or_default();
    let changed = was.into_iter().zip(personal(after)).filter(|((_, was), (_, is))| was != is);
    changed.fold(event, |event, (_, (field, is))| event.personal(field, is.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome, calls::Direction};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, api_key, application, call, key_actor};

    fn unit(known: Option<(Call, MadeAs)>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        let is_new = known.is_none();
        unit.expect_call_add().times(1).returning(move |_, _, _| Ok(is_new));
        unit.expect_call_known_as().returning(move |_, _| Ok(known.clone()));
        unit
    }

    #[tokio::test]
    async fn a_new_call_leaves_one_event_and_a_repeat_none() {
        let owner = Principal::Person(actor(1, Role::Owner));
        let app = application(&TestStore::default(), MockDirectory::new());
        let made_as = MadeAs::of(&app.keyring, &call(1).facts);
        // It was completed since.
        let mut known = call(1);
        known.facts.direction = Direction::Outbound;
        let store = TestStore::of_each([
            unit(None),
            unit(Some((known.clone(), made_as))),
            unit(Some((known, made_as))),
        ]);
        let app = application(&store, MockDirectory::new());
        assert!(matches!(create(&app, &owner, call(1).facts).await, Ok(CreatedCall::New(_))));
        let again = create(&app, &owner, call(1).facts).await;
        assert!(
            matches!(&again, Ok(CreatedCall::Known(known)) if known.facts.direction == Direction::Outbound)
        );
        let other = Facts { from: None, ..call(1).facts };
        assert!(matches!(create(&app, &owner, other).await, Err(Error::Call(CallRefusal::Exists))));
        assert_eq!(store.committed().len(), 1);
        assert_eq!(store.committed()[0].1, [(Action::CallCreated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn attack_5_a_key_that_has_ended_or_lost_the_scope_meanwhile_writes_nothing() {
        use rollcall_domain::api_keys::{ApiKey, Scopes};
        let writing = |key: ApiKey| {
            let scopes = Scopes::new([Permission::CallsWrite]).expect("scopes");
            ApiKey { scopes, ..key }
        };
        let revoked = ApiKey { revoked_at: Some(crate::testing::NOW), ..writing(api_key(1)) };
        for held in [None, Some(revoked), Some(api_key(1))] {
            let mut unit = MockUnit::new();
            unit.expect_api_key_hold().returning(move |_, _, _, _| Ok(held.clone()));
            let store = TestStore::of(unit);
            let mut key = key_actor(1);
            key.key = writing(api_key(1)).into();
            let refused =
                create(&application(&store, MockDirectory::new()), &Principal::Key(key), call(1).facts).await;
            assert!(
                matches!(refused, Err(Error::Unauthenticated | Error::PermissionDenied { .. })),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_may_tell_who_somebody_is_stands_among_what_can_be_erased() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let event = app.event_by(&actor(1, Role::Owner), Action::CallCreated, AuditTarget::Nothing);
        let event = told(event, None, &call(1).facts);
        let fields: Vec<_> = event.changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, ["direction", "started_at"]);
        assert!(
            ["external_id", "agent_ref", "from", "to"].iter().all(|field| event.personal.contains_key(field))
        );
    }
}
