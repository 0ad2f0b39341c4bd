//! What becomes of a member's open invitations and API keys when the member goes, or may invite less than before.
//!
//! An invitation stands as long as somebody stands behind it who may make it. Otherwise whoever is about to lose their
//! rights could keep them for a week, by inviting an address of their own. API keys are the organization's own, and go on whoever
//! goes; an heir is asked about them from then on, which gives no rights.

use rollcall_domain::{
    OrganizationId, Role, UserId,
    audit::{Action, AuditTarget, Event},
    invitations::may_stand,
};

use crate::{Actor, Application, Error, ports::UnitOfWork};

/// Who stands behind the invitations from now on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Successor {
    /// Nobody: they are taken back.
    Nobody,
    /// The same member in another role: those that it does not carry are taken back.
    InRole(Role),
    /// Another member, who must be allowed to make every one of them.
    Heir(UserId, Role),
}

/// Takes back, or hands over, the open invitations that `inviter` stands behind, and hands over the API keys that they made; gives
/// back an event for each.
///
/// # Errors
/// [`Error::Invalid`] when the heir may not make one of them.
pub(super) async fn settle(
    app: &Application,
    actor: &Actor,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    inviter: UserId,
    successor: Successor,
) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    for (id, role) in unit.invitations_lock_of(organization, inviter).await? {
        let target = AuditTarget::Invitation(id);
        match successor {
            Successor::InRole(inviter) if may_stand(inviter, role) => {}
            Successor::Nobody | Successor::InRole(_) => {
                unit.invitation_revoke(organization, id).await?;
                let event = app.event_by(actor, Action::InvitationRevoked, target);
                events.push(event.change("role", Some(role.as_str()), None));
            }
            Successor::Heir(heir, heir_role) if may_stand(heir_role, role) => {
                unit.invitation_hand_over(organization, id, heir).await?;
                let event = app.event_by(actor, Action::InvitationHandedOver, target);
                events.push(event.change("invited_by", Some(&inviter.to_string()), Some(&heir.to_string())));
            }
            Successor::Heir(..) => {
                let problem = format!("may not stand behind an invitation as {}", role.display_name());
                return Err(Error::invalid("hand_over_to", problem));
            }
        }
    }
    if let Successor::Heir(heir, _) = successor {
        for key in unit.api_keys_hand_over(organization, inviter, heir).await? {
            let event = app.event_by(actor, Action::ApiKeyHandedOver, AuditTarget::ApiKey(key));
            events.push(event.change("created_by", Some(&inviter.to_string()), Some(&heir.to_string())));
        }
    }
    Ok(events)
}
