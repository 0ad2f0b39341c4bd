//! The link to an invitation that whoever invites may pass on. It names the invitation, and proves nothing: whoever follows it takes the
//! seat in the account of the invited address, and only there. It is kept nowhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{
    InvitationId, OrganizationId,
    audit::Origin,
    invitations::{Invitation, InvitationStatus},
    organizations::OrganizationName,
};
use uuid::Uuid;

use super::accept::accept_in_account;
use crate::{Actor, Application, Error, ports::Scope, sessions::SignedIn};

const PURPOSE: &str = "invitation/passed-on/v1";

/// An invitation that somebody was passed a link to.
#[derive(Debug, Clone)]
pub struct PassedOn {
    /// Where it leads.
    pub organization: OrganizationId,
    /// How that is called.
    pub organization_name: OrganizationName,
    /// The name of the member who stands behind it, if there still is one.
    pub inviter_name: Option<String>,
    /// The invitation.
    pub invitation: Invitation,
}

/// What a link says that names an invitation: nobody else can make it, and nothing of it is secret.
pub fn reference(app: &Application, organization: OrganizationId, invitation: InvitationId) -> String {
    let ids = [organization.uuid().into_bytes(), invitation.uuid().into_bytes()].concat();
    URL_SAFE_NO_PAD.encode(app.keyring.sign(PURPOSE, b"", &ids))
}

/// The invitation that a link names. Looking at it uses nothing up.
///
/// # Errors
/// [`Error::InvitationGone`] for one that is not open, or a reference that is none of ours.
pub async fn passed_on(app: &Application, reference: &str) -> Result<PassedOn, Error> {
    let (organization, id) = read(app, reference).ok_or(Error::InvitationGone)?;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    let listed = view.invitation_find(organization, id).await?;
    let there = view.organization_find(organization).await?;
    let (Some(listed), Some(there)) = (listed, there) else { return Err(Error::InvitationGone) };
    if listed.invitation.status(app.now()) != InvitationStatus::Pending {
        return Err(Error::InvitationGone);
    }
    Ok(PassedOn {
        organization,
        organization_name: there.name,
        inviter_name: listed.inviter_name,
        invitation: listed.invitation,
    })
}

/// Takes the seat that an invitation offers, in the account that somebody is signed in to.
///
/// # Errors
/// As [`accept`](super::accept()); [`Error::WrongAccount`] to whoever is not signed in with the invited address.
pub async fn accept_passed_on(
    app: &Application,
    actor: &Actor,
    origin: &Origin,
    reference: &str,
) -> Result<SignedIn, Error> {
    let found = passed_on(app, reference).await?;
    accept_in_account(app, actor, origin, found.organization, &found.invitation).await
}

fn read(app: &Application, reference: &str) -> Option<(OrganizationId, InvitationId)> {
    let signed = URL_SAFE_NO_PAD.decode(reference).ok()?;
    let ids = app.keyring.verify(PURPOSE, b"", &signed)?;
    let (organization, invitation) = ids.split_at_checked(16)?;
    let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
    Some((OrganizationId::from_uuid(id(organization)?), InvitationId::from_uuid(id(invitation)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MockDirectory, TestStore, application};

    #[tokio::test]
    async fn attack_4_a_reference_to_an_invitation_cannot_be_forged() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let ids = (OrganizationId::from_parts(1, &[2; 10]), InvitationId::from_parts(3, &[4; 10]));
        let good = reference(&app, ids.0, ids.1);
        assert_eq!(read(&app, &good), Some(ids));
        let bare = URL_SAFE_NO_PAD.encode([ids.0.uuid().into_bytes(), ids.1.uuid().into_bytes()].concat());
        let form = URL_SAFE_NO_PAD.encode(app.keyring.sign("console/form/v1", b"", &[7; 32]));
        let mut other = URL_SAFE_NO_PAD.decode(&good).expect("base64");
        *other.last_mut().expect("an id") ^= 1;
        for broken in ["", "x", &good[1..], &bare, &form, &URL_SAFE_NO_PAD.encode(other)] {
            assert_eq!(read(&app, broken), None, "{broken}");
            // Before the database is asked for anything.
            assert!(matches!(passed_on(&app, broken).await, Err(Error::InvitationGone)), "{broken}");
        }
    }
}
