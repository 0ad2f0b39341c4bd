//! How many recordings come and go at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::OrganizationId;

use crate::Error;

/// The uploads and downloads that run on this node. Each holds up to two megabytes and a connection, so there are only so many, and only
/// so many of one organization: nobody takes the places of all others. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Transfers {
    most: usize,
    of_one: usize,
    running: Arc<Mutex<Running>>,
}

#[derive(Debug, Default)]
struct Running {
    all: usize,
    by_organization: HashMap<OrganizationId, usize>,
}

/// One that runs, until this is dropped.
#[derive(Debug)]
pub(super) struct Transfer {
    transfers: Transfers,
    organization: OrganizationId,
}

impl Transfers {
    /// At most so many at a time, and so many of one organization.
    pub fn at_most(most: usize, of_one: usize) -> Self {
        Self { most, of_one, running: Arc::default() }
    }

    /// One more.
    ///
    /// # Errors
    /// [`Error::Busy`] when there is no room for it.
    pub(super) fn begin(&self, organization: OrganizationId) -> Result<Transfer, Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.by_organization.get(&organization).copied().unwrap_or_default();
        if running.all >= self.most || own >= self.of_one {
            return Err(Error::Busy);
        }
        running.all += 1;
        running.by_organization.insert(organization, own + 1);
        Ok(Transfer { transfers: self.clone(), organization })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut running = self.transfers.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.all = running.all.saturating_sub(1);
        match running.by_organization.get_mut(&self.organization) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                running.by_organization.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_35_only_so_many_and_only_so_many_of_one_organization() {
        let organization = |number| OrganizationId::from_parts(0, &[number; 10]);
        let transfers = Transfers::at_most(3, 2);
        let first = transfers.begin(organization(1)).expect("room");
        let _second = transfers.begin(organization(1)).expect("room");
        assert!(matches!(transfers.begin(organization(1)), Err(Error::Busy)));
        let _third = transfers.begin(organization(2)).expect("room");
        assert!(matches!(transfers.begin(organization(2)), Err(Error::Busy)));
        drop(first);
        assert!(transfers.begin(organization(2)).is_ok());
        assert!(transfers.begin(organization(1)).is_ok());
    }
}
