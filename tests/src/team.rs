//! An organization with somebody in every role.

use std::collections::BTreeMap;

use rollcall_domain::{OrganizationId, Role};
use uuid::Uuid;

use crate::{Caller, Service};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// An organization with somebody in every role.
pub struct Team {
    /// The organization's id.
    pub organization: String,
    /// Who sits where: the caller, their user id and their address.
    pub members: BTreeMap<&'static str, (Caller, String, String)>,
}

impl Team {
    /// Makes one.
    pub async fn assemble(service: &Service, name: &str) -> Self {
        let email = Service::new_address("owner");
        let (owner, signed_up) = service.sign_up(&email, name).await;
        let organization = signed_up.text_at("/organization/id").to_owned();
        let mut members = BTreeMap::new();
        for role in &Role::ALL[1..] {
            let email = Service::new_address(role.as_str());
            let (caller, id) = service.bring_in(&owner, &email, role.as_str()).await;
            members.insert(role.as_str(), (caller, id, email));
        }
        members.insert("owner", (owner, signed_up.text_at("/user/id").to_owned(), email));
        Self { organization, members }
    }

    /// The organization's id as the database has it.
    pub fn uuid(&self) -> Uuid {
        self.organization.parse::<OrganizationId>().unwrap().uuid()
    }

    /// Whoever sits in a role.
    pub fn caller(&self, role: &str) -> &Caller {
        &self.members[role].0
    }

    /// The Owner.
    pub fn owner(&self) -> &Caller {
        self.caller("owner")
    }

    /// The user id of whoever sits in a role.
    pub fn id(&self, role: &str) -> &str {
        &self.members[role].1
    }

    /// The address of whoever sits in a role.
    pub fn email(&self, role: &str) -> &str {
        &self.members[role].2
    }
}

/// A word of so many characters.
pub fn word(characters: usize) -> String {
    "x".repeat(characters)
}
