//! A store that gives out units that were prepared.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rollcall_domain::{
    EventId,
    audit::{Action, Outcome},
};

use super::{Answer, MockUnit, agents, people};
use crate::{
    audit::Record,
    mail::Letter,
    ports::{Scope, Store, UnitOfWork, View},
};

/// What has been committed, in order: the scope, the actions and outcomes, and the letters.
pub(crate) type Committed = Vec<(Scope, Vec<(Action, Outcome)>, Vec<Letter>)>;

/// What has changed by it, in order: fields, and what they are now.
pub(crate) type Changed = Vec<(&'static str, Option<String>)>;

/// Gives out the units it was given, in order, and notes what they commit. A unit that is asked for beyond them
/// knows nothing but to commit, as recording a refusal does.
#[derive(Clone, Default)]
pub(crate) struct TestStore {
    units: Arc<Mutex<Vec<MockUnit>>>,
    committed: Arc<Mutex<Committed>>,
    changes: Arc<Mutex<Changed>>,
}

impl TestStore {
    pub(crate) fn of(unit: MockUnit) -> Self {
        Self::of_each([unit])
    }

    pub(crate) fn of_each(units: impl Into<Vec<MockUnit>>) -> Self {
        Self { units: Arc::new(Mutex::new(units.into())), ..Self::default() }
    }

    /// What the committed events say has changed, in order: each field with its value after.
    pub(crate) fn changes(&self) -> Changed {
        self.changes.lock().expect("no panic").clone()
    }

    pub(crate) fn committed(&self) -> Committed {
        self.committed.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Store for TestStore {
    async fn begin(&self, scope: Scope) -> Answer<Box<dyn UnitOfWork>> {
        let mut units = self.units.lock().expect("no panic");
        let mut unit = if units.is_empty() { MockUnit::new() } else { units.remove(0) };
        agents::nothing_of_agents(&mut unit);
        people::still_signed_in(&mut unit);
        let here = Arc::new(Mutex::new((scope, Committed::new())));
        let note = |here: &mut (Scope, Committed), record: &Record| {
            let events =
                record.entries().map(|entry| (entry.event().action, entry.event().outcome)).collect();
            here.1.push((here.0, events, record.letters().to_vec()));
        };
        let going = here.clone();
        unit.expect_go_on().returning(move |record, scope| {
            let mut here = going.lock().expect("no panic");
            note(&mut here, &record);
            here.0 = scope;
            Ok(())
        });
        let (committed, changes) = (self.committed.clone(), self.changes.clone());
        unit.expect_commit().returning(move |record| {
            let changed = record.entries().flat_map(|entry| &entry.event().changes);
            let changed = changed.map(|change| (change.field, change.after.clone()));
            changes.lock().expect("no panic").extend(changed);
            let mut here = here.lock().expect("no panic");
            note(&mut here, &record);
            committed.lock().expect("no panic").append(&mut here.1);
            Ok(())
        });
        Ok(Box::new(unit))
    }

    async fn view(&self, _: Scope) -> Answer<Box<dyn View>> {
        let mut unit = self.units.lock().expect("no panic").remove(0);
        agents::nothing_of_agents(&mut unit);
        people::still_signed_in(&mut unit);
        Ok(Box::new(unit))
    }

    async fn view_for_long(&self, scope: Scope, _: EventId) -> Answer<Box<dyn View>> {
        self.view(scope).await
    }
}
