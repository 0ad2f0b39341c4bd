//! An invitation: one seat at the most comes of it, to the invited address, while it is open.

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use crate::{
    EmailAddress, InvitationId, Role, UserId,
    invitations::{Acceptance, AcceptanceRefusal, Invitation, InvitationStatus, LIFETIME, renew, revoke},
};

const BEGIN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

#[derive(Debug, Clone, Copy)]
enum Command {
    /// Time goes by: hours, sometimes to the microsecond of its end.
    Wait(u32),
    WaitForItsEnd {
        one_less: bool,
    },
    AcceptAs {
        the_invited: bool,
    },
    Renew,
    Revoke,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => (0..100_u32).prop_map(Command::Wait),
        1 => any::<bool>().prop_map(|one_less| Command::WaitForItsEnd { one_less }),
        2 => any::<bool>().prop_map(|the_invited| Command::AcceptAs { the_invited }),
        2 => Just(Command::Renew),
        1 => Just(Command::Revoke),
    ]
}

/// All that the model knows: until when it is open, and what has closed it.
struct Model {
    open_until: OffsetDateTime,
    closed: Option<InvitationStatus>,
}

impl Model {
    fn status(&self, now: OffsetDateTime) -> InvitationStatus {
        match self.closed {
            Some(closed) => closed,
            None if now < self.open_until => InvitationStatus::Pending,
            None => InvitationStatus::Expired,
        }
    }
}

proptest! {
    #![proptest_config(super::always_the_same())]

    #[test]
    fn an_invitation_is_accepted_once_by_its_recipient_while_it_is_open_and_never_reopens(
        commands in prop::collection::vec(command(), 1..60),
    ) {
        let email: EmailAddress = "ada@example.com".parse().expect("an address");
        let other: EmailAddress = "eve@example.com".parse().expect("an address");
        let mut invitation = Invitation {
            id: InvitationId::from_parts(0, &[1; 10]),
            email: email.clone(),
            role: Role::Admin,
            kept_status: InvitationStatus::Pending,
            invited_by: Some(UserId::from_parts(0, &[2; 10])),
            created_at: BEGIN,
            expires_at: BEGIN + LIFETIME,
            accepted_at: None,
            version: 1,
        };
        let mut model = Model { open_until: BEGIN + LIFETIME, closed: None };
        let (mut now, mut seats) = (BEGIN, 0);
        for command in commands {
            let before = model.status(now);
            match command {
                Command::Wait(hours) => now += Duration::hours(hours.into()),
                Command::WaitForItsEnd { one_less } => {
                    let end = invitation.expires_at - Duration::microseconds(one_less.into());
                    now = now.max(end);
                }
                Command::AcceptAs { the_invited } => {
                    let by = if the_invited { &email } else { &other };
                    let decided = Acceptance::decide(&invitation, by, now);
                    match (before, the_invited) {
                        (InvitationStatus::Pending, true) => {
                            let acceptance = decided.expect("an open invitation is accepted");
                            prop_assert_eq!(
                                (acceptance.invitation(), acceptance.role(), acceptance.at()),
                                (invitation.id, Role::Admin, now)
                            );
                            (invitation.kept_status, invitation.accepted_at) = (InvitationStatus::Accepted, Some(now));
                            model.closed = Some(InvitationStatus::Accepted);
                            seats += 1;
                        }
                        (InvitationStatus::Pending, false) => prop_assert_eq!(decided, Err(AcceptanceRefusal::WrongAccount)),
                        (_, _) => prop_assert_eq!(decided, Err(AcceptanceRefusal::Gone)),
                    }
                }
                Command::Renew => match renew(&invitation, now) {
                    Ok(expires_at) => {
                        prop_assert_eq!(model.closed, None);
                        prop_assert!(expires_at >= model.open_until, "its time is shorter than before");
                        invitation.expires_at = expires_at;
                        model.open_until = now + LIFETIME;
                    }
                    Err(_) => prop_assert!(model.closed.is_some()),
                },
                Command::Revoke => {
                    prop_assert_eq!(revoke(&invitation).is_ok(), model.closed.is_none());
                    if model.closed.is_none() {
                        invitation.kept_status = InvitationStatus::Revoked;
                        model.closed = Some(InvitationStatus::Revoked);
                    }
                }
            }
            let after = invitation.status(now);
            prop_assert_eq!(after, model.status(now));
            prop_assert!(seats <= 1, "it has given {} seats", seats);
            // What was accepted or taken back stays so; what has run out is open again by being sent again, and by nothing else.
            let stays = match before {
                InvitationStatus::Accepted | InvitationStatus::Revoked => after == before,
                InvitationStatus::Expired => {
                    matches!(command, Command::Renew | Command::Revoke) || after == InvitationStatus::Expired
                }
                InvitationStatus::Pending => true,
            };
            prop_assert!(stays, "{before} became {after} by {command:?}");
        }
    }
}
