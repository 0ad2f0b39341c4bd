//! How many exports run at a time.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::OrganizationId;

use crate::Error;

/// The exports of a kind that run on this node. Each holds something as long as it runs, a connection to the database or a part of
/// what it gives out, so there are only so many, and one of each organization: nobody takes the places of all others.
/// Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Exports {
    most: usize,
    running: Arc<Mutex<HashSet<OrganizationId>>>,
}

/// One that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    exports: Exports,
    organization: OrganizationId,
}

impl Exports {
    /// At most so many at a time.
    pub fn at_most(most: usize) -> Self {
        Self { most, running: Arc::default() }
    }

    /// One more.
    ///
    /// # Errors
    /// [`Error::ExportRunning`] when the organization has one, [`Error::Busy`] when there is no room for another.
    pub(crate) fn begin(&self, organization: OrganizationId) -> Result<Running, Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains(&organization) {
            return Err(Error::ExportRunning);
        }
        if running.len() >= self.most {
            return Err(Error::Busy);
        }
        running.insert(organization);
        Ok(Running { exports: self.clone(), organization })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.exports.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.organization);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_35_one_of_each_organization_and_only_so_many() {
        let organization = |number| OrganizationId::from_parts(0, &[number; 10]);
        let exports = Exports::at_most(2);
        let first = exports.begin(organization(1)).expect("room");
        assert!(matches!(exports.begin(organization(1)), Err(Error::ExportRunning)));
        let second = exports.begin(organization(2)).expect("room");
        assert!(matches!(exports.begin(organization(3)), Err(Error::Busy)));
        // Whoever has one is told so, whether or not there is room for others.
        assert!(matches!(exports.begin(organization(2)), Err(Error::ExportRunning)));
        drop(first);
        assert!(matches!(exports.begin(organization(2)), Err(Error::ExportRunning)));
        assert!(exports.begin(organization(3)).is_ok());
        drop(second);
    }
}
