//! Letting somebody into a call that goes on.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
    calls::{CallRefusal, Guest, LiveClaims, LiveMode, Occasion, TYPE},
    policy::{self, Decision},
    secret::Secret,
    security::Control,
    tokens::KeyPurpose,
};
use time::OffsetDateTime;

use super::media_key::{self, IssuedMediaKey};
use crate::{Application, Error, Principal, tokens};

/// A live grant that was just made. It is not kept, so it is known at this moment only.
#[derive(Debug, Clone)]
pub struct LiveGrant {
    /// What the media plane is shown: a signed token.
    pub grant: Secret,
    /// In what way it lets in.
    pub mode: LiveMode,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
    /// The key that takes part with; none unless end-to-end encryption is on, or the call has had a key already. An API key
    /// gets one only if it may have media keys anyway.
    pub media_key: Option<IssuedMediaKey>,
}

/// Lets whoever asks into a call that goes on, for as long as it takes to go in.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::SessionRequired`] to whoever comes with an access token, [`Error::NotFound`], and
/// [`CallRefusal::Ended`].
pub async fn grant_live(
    app: &Application,
    principal: &Principal,
    id: CallId,
    mode: LiveMode,
) -> Result<LiveGrant, Error> {
    let granted = grant(app, principal, id, mode).await;
    app.refusals_recorded(principal, Action::LiveGrantIssued, AuditTarget::Call(id), granted).await
}

async fn grant(
    app: &Application,
    principal: &Principal,
    id: CallId,
    mode: LiveMode,
) -> Result<LiveGrant, Error> {
    let required = mode.permission();
    let organization = principal.permit(required)?.id;
    media_key::require_own_credential(principal)?;
    let signer = tokens::signer(app, KeyPurpose::LiveGrant).await?;
    let now = app.now();
    let mut unit = app.store.begin(principal.scope()).await?;
    let encrypted = unit.control_hold(organization, Control::EndToEndEncryption).await?;
    // Nothing is said for a seat or a session that has gone in the meantime.
    let held = principal.permit_again(unit.as_mut(), required, now).await?;
    let guest = match principal {
        Principal::Person(actor) => {
            if !unit.session_hold(actor.session_id()).await? {
                return Err(Error::Unauthenticated);
            }
            Guest::Person { sub: actor.user_id(), sid: actor.session_id() }
        }
        Principal::Key(key) => Guest::Key { sub: key.id() },
    };
    let call = unit.call_lock(organization, id).await?.ok_or(Error::NotFound)?;
    if call.has_ended() {
        return Err(CallRefusal::Ended.into());
    }
    // To people, the grant gives the key too. A program gets keys by a permission of their own alone.
    let gives = match principal {
        Principal::Person(_) => required,
        Principal::Key(_) => Permission::MediaKeysIssue,
    };
    let may_have = policy::decide(&held, gives, policy::Target::Organization) == Decision::Allowed;
    let media_key = if may_have && (encrypted || unit.call_is_keyed(organization, id).await?) {
        let joining = Occasion::Joining;
        Some(media_key::next(app, unit.as_mut(), organization, &call, principal, gives, joining).await?)
    } else {
        None
    };
    let claims = LiveClaims::of(app.tokens.issuer(), app.id(), guest, (organization, id), mode, now);
    let expires_at =
        OffsetDateTime::from_unix_timestamp(claims.exp).map_err(|error| Error::Internal(Box::new(error)))?;
    let grant = signer.sign(TYPE, &claims)?;
    let event = app
        .event_by(principal, Action::LiveGrantIssued, AuditTarget::Call(id))
        .change("mode", None, Some(mode.as_str()))
        .change("jti", None, Some(&claims.jti.to_string()));
    let event = media_key.iter().fold(event, media_key::told);
    unit.commit(app.record(event)).await?;
    Ok(LiveGrant { grant, mode, expires_at, media_key })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{
        MockDirectory, MockUnit, TestStore, actor, application, call, key_actor, with_signing_key,
    };

    fn unit(held: Option<Role>, session: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_control_hold().returning(|_, _| Ok(false));
        unit.expect_call_is_keyed().returning(|_, _| Ok(false));
        unit.expect_member_hold().returning(move |_, _| Ok(held));
        unit.expect_session_hold().returning(move |_| Ok(session));
        unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
        unit
    }

    #[tokio::test]
    async fn a_grant_is_for_one_call_one_mode_and_a_minute_and_leaves_its_event() {
        let store = TestStore::of_each([with_signing_key(), unit(Some(Role::Member), true)]);
        let app = application(&store, MockDirectory::new());
        let member = Principal::Person(actor(1, Role::Member));
        let granted = grant_live(&app, &member, call(1).id, LiveMode::Monitor).await.expect("a grant");
        assert_eq!(granted.expires_at, app.now() + rollcall_domain::calls::LONGEST);
        assert!(granted.media_key.is_none());
        assert_eq!(store.committed()[0].1, [(Action::LiveGrantIssued, Outcome::Success)]);
    }

    #[tokio::test]
    async fn attack_31_whoever_was_let_go_demoted_or_signed_out_meanwhile_is_not_let_in() {
        for (held, session) in [(None, true), (Some(Role::Viewer), true), (Some(Role::Member), false)] {
            let store = TestStore::of_each([with_signing_key(), unit(held, session)]);
            let app = application(&store, MockDirectory::new());
            let member = Principal::Person(actor(1, Role::Member));
            let refused = grant_live(&app, &member, call(1).id, LiveMode::Monitor).await;
            assert!(
                matches!(refused, Err(Error::Unauthenticated | Error::PermissionDenied { .. })),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn whispering_and_barging_are_for_people_with_the_right_role() {
        let app = application(&TestStore::default(), MockDirectory::new());
        for who in [Principal::Person(actor(1, Role::Member)), Principal::Key(key_actor(1))] {
            for mode in [LiveMode::Whisper, LiveMode::Barge] {
                let refused = grant_live(&app, &who, call(1).id, mode).await;
                assert!(
                    matches!(refused, Err(Error::PermissionDenied { required }) if required == mode.permission())
                );
            }
        }
    }
}
