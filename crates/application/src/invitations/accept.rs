//! Accepting an invitation: account, seat, role and event are one commit.

use rollcall_domain::{
    EmailAddress,
    accounts::{Locale, PersonName, TimeZone, User},
    audit::{self, Action, Origin, Target},
    invitations::{Acceptance, AcceptanceRefusal},
    members::Membership,
    secret::{Password, Secret},
};

use super::preview;
use crate::{
    Actor, Application, Error,
    ports::{FoundInvitation, Scope},
    sessions::{SignedIn, open},
};

/// What somebody accepts with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The token from the mail.
    pub token: Secret,
    /// The account to be made, if the address has none.
    pub new_account: Option<NewAccount>,
}

/// The account of somebody who had none. Its address is the invited one: whoever has the token reads that mail.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name.
    pub name: PersonName,
    /// The password.
    pub password: Password,
}

/// Takes the seat that an invitation offers, and opens a session there.
///
/// # Errors
/// [`Error::InvitationGone`]; [`Error::SignInRequired`] when the address has an account and nobody is signed in;
/// [`Error::WrongAccount`] when another one is; [`Error::Invalid`] when a new account lacks its values;
/// [`Error::AlreadyMember`].
pub async fn accept(
    app: &Application,
    actor: Option<&Actor>,
    origin: &Origin,
    command: Command,
) -> Result<SignedIn, Error> {
    let found = preview(app, &command.token).await?;
    match actor {
        Some(actor) => {
            let accepted = take(app, actor.user.clone(), None, &found, origin).await;
            // It is the inviting organization that wants to know who tried its invitations.
            if let Err(error @ Error::WrongAccount { .. }) = &accepted {
                let target = Target::Invitation(found.invitation.id);
                let event = app.event(audit::Actor::Anonymous, origin, Action::InvitationAccepted, target);
                app.record_refusal(Scope::Organization(found.organization), event, error).await?;
            }
            accepted
        }
        None if found.account_exists => Err(Error::SignInRequired),
        None => {
            let Some(NewAccount { name, password }) = command.new_account else {
                let missing = |field| crate::FieldError::new(field, "is needed for a new account");
                return Err(Error::Invalid(vec![missing("name"), missing("password")]));
            };
            let hash = app.passwords.hash(password).await?;
            let user = User {
                id: app.id(),
                email: found.invitation.email.clone(),
                name,
                locale: Locale::default(),
                time_zone: TimeZone::default(),
                created_at: app.now(),
                version: 1,
            };
            take(app, user, Some(hash), &found, origin).await
        }
    }
}

async fn take(
    app: &Application,
    user: User,
    new_account: Option<crate::passwords::PasswordHash>,
    found: &FoundInvitation,
    origin: &Origin,
) -> Result<SignedIn, Error> {
    let organization = found.organization;
    let now = app.now();
    let mut unit = app.store.begin(Scope::Seat { organization, user: user.id }).await?;
    // From here on nobody else can accept, take back or renew it.
    let locked =
        unit.invitation_lock(organization, found.invitation.id).await?.ok_or(Error::InvitationGone)?;
    // A renewal while we waited has given it another token than the one that was shown.
    if locked.version != found.invitation.version {
        return Err(Error::InvitationGone);
    }
    let acceptance = Acceptance::decide(&locked, &user.email, now)
        .map_err(|refusal| refused(refusal, &locked.email, &user.email))?;
    if let Some(password) = &new_account {
        unit.user_add(&user, password).await?;
        unit.signups_forget(&user.email).await?;
    }
    let membership = Membership { user: user.id, role: acceptance.role() };
    unit.member_add(membership, organization, acceptance.at()).await?;
    unit.invitation_accept(organization, &acceptance).await?;
    let place = unit.seat_of(user.id, organization).await?.ok_or(Error::NotFound)?;
    let (signed_in, session) = open(app, user, Some(place), now);
    unit.session_add(&session, origin).await?;

    let actor = audit::Actor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = |action, target| app.event(actor, origin, action, target);
    let user = Target::User(signed_in.user.id);
    let mut record =
        app.record(event(Action::InvitationAccepted, Target::Invitation(acceptance.invitation())));
    if new_account.is_some() {
        let created = event(Action::AccountCreated, user)
            .personal("email", &signed_in.user.email)
            .personal("name", &signed_in.user.name);
        record = record.and(created, app.entropy.as_ref());
    }
    let added = event(Action::MemberAdded, user).change("role", None, Some(acceptance.role().as_str()));
    unit.commit(record.and(added, app.entropy.as_ref())).await?;
    Ok(signed_in)
}

fn refused(refusal: AcceptanceRefusal, invited: &EmailAddress, signed_in: &EmailAddress) -> Error {
    match refusal {
        AcceptanceRefusal::Gone => Error::InvitationGone,
        AcceptanceRefusal::WrongAccount => {
            Error::WrongAccount { invited: invited.masked(), signed_in: signed_in.masked() }
        }
    }
}
