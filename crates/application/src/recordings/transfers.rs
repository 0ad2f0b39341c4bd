//! How many recordings come in at a time, and how many go out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::OrganizationId;

use crate::Error;

/// The uploads and downloads that run on this node. Each holds up to two megabytes and a connection, so there are only so many of either, and
/// only so many of one organization: nobody takes the places of all others. Uploads may be as slow as what is said, and are counted
/// apart: they keep nobody from hearing what is there. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Transfers {
    most: usize,
    of_one: usize,
    running: Arc<[Mutex<Running>; 2]>,
}

/// Which way a recording goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is uploaded.
    In,
    /// It is played.
    Out,
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
    way: Way,
    organization: OrganizationId,
}

impl Transfers {
    /// At most so many uploads at a time and as many downloads, and so many of either of one organization.
    pub fn at_most(most: usize, of_one: usize) -> Self {
        Self { most, of_one, running: Arc::default() }
    }

    /// One more.
    ///
    /// # Errors
    /// [`Error::Busy`] when there is no room for it.
    pub(super) fn begin(&self, way: Way, organization: OrganizationId) -> Result<Transfer, Error> {
        let mut running = self.running[way as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.by_organization.get(&organization).copied().unwrap_or_default();
        if running.all >= self.most || own >= self.of_one {
            return Err(Error::Busy);
        }
        running.all += 1;
        running.by_organization.insert(organization, own + 1);
        Ok(Transfer { transfers: self.clone(), way, organization })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut running =
            self.transfers.running[self.way as usize].lock().unwrap_or_else(PoisonError::into_inner);
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
        let first = transfers.begin(Way::Out, organization(1)).expect("room");
        let _second = transfers.begin(Way::Out, organization(1)).expect("room");
        assert!(matches!(transfers.begin(Way::Out, organization(1)), Err(Error::Busy)));
        let _third = transfers.begin(Way::Out, organization(2)).expect("room");
        assert!(matches!(transfers.begin(Way::Out, organization(2)), Err(Error::Busy)));
        drop(first);
        assert!(transfers.begin(Way::Out, organization(2)).is_ok());
        assert!(transfers.begin(Way::Out, organization(1)).is_ok());
    }

    #[test]
    fn attack_35_uploads_that_dawdle_take_no_place_of_whoever_listens() {
        let organization = OrganizationId::from_parts(0, &[1; 10]);
        let transfers = Transfers::at_most(2, 2);
        let _slow = [(); 2].map(|()| transfers.begin(Way::In, organization).expect("room"));
        assert!(matches!(transfers.begin(Way::In, organization), Err(Error::Busy)));
        let _heard = [(); 2].map(|()| transfers.begin(Way::Out, organization).expect("room"));
        assert!(matches!(transfers.begin(Way::Out, organization), Err(Error::Busy)));
    }
}
