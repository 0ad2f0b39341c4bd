//! A limit on how much of one kind of long work runs at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::{OrganizationId, UserId};

use crate::Error;

/// The work of one long kind that runs on this node, such as exports or bulk invitations. Each holds a database connection while it runs,
/// or takes one over and over, so only so many run: one per organization and one per person, however many organizations they have, so
/// that nobody takes everybody else's places. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bulkhead {
    most: usize,
    /// By organization, who began it: none for a program, which belongs to no other organization.
    running: Arc<Mutex<HashMap<OrganizationId, Option<UserId>>>>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    bulkhead: Bulkhead,
    organization: OrganizationId,
}

impl Bulkhead {
    /// At most so many at a time.
    pub fn at_most(most: usize) -> Self {
        Self { most, running: Arc::default() }
    }

    /// Takes a place for one more, begun by a person or a program.
    ///
    /// # Errors
    /// `has_one` when the organization or the person has one running, [`Error::Busy`] when no place is free.
    pub(crate) fn begin(
        &self,
        organization: OrganizationId,
        by: Option<UserId>,
        has_one: Error,
    ) -> Result<Running, Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(&organization) || by.is_some() && running.values().any(|other| *other == by) {
            return Err(has_one);
        }
        if running.len() >= self.most {
            return Err(Error::Busy);
        }
        running.insert(organization, by);
        Ok(Running { bulkhead: self.clone(), organization })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.bulkhead.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.organization);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    fn person(number: u8) -> Option<UserId> {
        Some(UserId::from_parts(0, &[number; 10]))
    }

    fn begin(bulkhead: &Bulkhead, number: u8, by: Option<UserId>) -> Result<Running, Error> {
        bulkhead.begin(organization(number), by, Error::ExportRunning)
    }

    #[test]
    fn attack_35_an_organization_runs_one_export_and_a_node_only_so_many() {
        let exports = Bulkhead::at_most(2);
        let first = begin(&exports, 1, person(1)).expect("room");
        assert!(matches!(begin(&exports, 1, person(2)), Err(Error::ExportRunning)));
        let second = begin(&exports, 2, person(2)).expect("room");
        assert!(matches!(begin(&exports, 3, person(3)), Err(Error::Busy)));
        // Whoever has one is told so, whether or not there is room for others.
        assert!(matches!(begin(&exports, 2, person(3)), Err(Error::ExportRunning)));
        drop(first);
        assert!(matches!(begin(&exports, 2, person(3)), Err(Error::ExportRunning)));
        assert!(begin(&exports, 3, person(3)).is_ok());
        drop(second);
    }

    #[test]
    fn attack_35_a_person_runs_one_export_however_many_organizations_they_have() {
        let exports = Bulkhead::at_most(4);
        let first = begin(&exports, 1, person(1)).expect("room");
        assert!(matches!(begin(&exports, 2, person(1)), Err(Error::ExportRunning)));
        let _other = begin(&exports, 2, person(2)).expect("room");
        // Programs of different organizations have nothing to do with each other.
        let _program = begin(&exports, 3, None).expect("room");
        let _another = begin(&exports, 4, None).expect("room");
        drop(first);
        assert!(begin(&exports, 1, person(1)).is_ok());
    }
}
