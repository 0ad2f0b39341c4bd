//! What invitations are made of, as forms have it.

use rollcall_domain::{EmailAddress, Role, invitations::may_stand};

/// The roles that somebody in a role may invite as.
pub(super) fn invitable(inviter: Role) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| may_stand(inviter, *role)).collect()
}

/// The address in a field: what is around it does not count.
pub(super) fn read(text: &str) -> Result<EmailAddress, <EmailAddress as std::str::FromStr>::Err> {
    text.trim().parse()
}
