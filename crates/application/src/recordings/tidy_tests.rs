//! Whom a round over recordings passes over, and what ends it.

use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use rollcall_domain::audit::Outcome;
use time::OffsetDateTime;

use super::*;
use crate::{
    ports::StoreError,
    testing::{LogHeard, MockDirectory, MockUnit, TestStore, application, call},
};

type Outlived = (OrganizationId, RecordingId, CallId);

/// What is over. Somebody holds what is the first organization's.
#[derive(Default)]
struct Over {
    outlived: Mutex<Vec<Outlived>>,
    /// Which organizations were not to be looked at.
    but: Mutex<Vec<Vec<OrganizationId>>>,
    expired: Mutex<Vec<OrganizationId>>,
    settled: Mutex<Vec<OrganizationId>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

fn organization(number: u8) -> OrganizationId {
    OrganizationId::from_parts(0, &[number; 10])
}

fn recording(number: u8) -> RecordingId {
    RecordingId::from_parts(0, &[number; 10])
}

fn held() -> StoreError {
    StoreError::Unavailable("held by somebody".into())
}

fn noted(done: &Mutex<Vec<OrganizationId>>, of: OrganizationId) -> Result<(), StoreError> {
    if of == organization(1) {
        return Err(held());
    }
    lock(done).push(of);
    Ok(())
}

#[async_trait]
impl Remains for Over {
    async fn uploads_expired(
        &self,
        _: OffsetDateTime,
        but: &[OrganizationId],
        _: u16,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        Ok([1, 2].map(organization).into_iter().filter(|of| !but.contains(of)).collect())
    }

    async fn expire_uploads(&self, of: OrganizationId, _: OffsetDateTime) -> Result<u64, StoreError> {
        noted(&self.expired, of).map(|()| 1)
    }

    async fn take(
        &self,
        _: OffsetDateTime,
        _: OffsetDateTime,
        _: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId)>, StoreError> {
        Ok(vec![(organization(1), recording(1)), (organization(2), recording(2))])
    }

    async fn settle(&self, of: OrganizationId, _: RecordingId, _: OffsetDateTime) -> Result<(), StoreError> {
        noted(&self.settled, of)
    }

    async fn outlived(
        &self,
        plan: Plan,
        _: OffsetDateTime,
        but: &[OrganizationId],
        _: u16,
    ) -> Result<Vec<Outlived>, StoreError> {
        if plan != Plan::Free {
            return Ok(Vec::new());
        }
        lock(&self.but).push(but.to_vec());
        Ok(lock(&self.outlived).iter().filter(|(of, ..)| !but.contains(of)).copied().collect())
    }
}

#[tokio::test]
async fn recordings_of_an_organization_that_somebody_holds_are_passed_over() {
    let (heard, _hearing) = LogHeard::here();
    let (mut locked, mut free) = (MockUnit::new(), MockUnit::new());
    locked.expect_organization_hold().times(1).returning(|_, _| Err(held()));
    free.expect_organization_hold().times(1).returning(|_, _| Ok(true));
    free.expect_call_lock().returning(|_, _| Ok(Some(call(3))));
    free.expect_recording_remove().times(1).returning(|_, _| Ok(true));
    let store = TestStore::of_each([locked, free]);
    let app = application(&store, MockDirectory::new());
    let outlived = [(1, 1), (1, 2), (2, 3)]
        .map(|(of, number)| (organization(of), recording(number), CallId::from_parts(0, &[number; 10])));
    let over = Over { outlived: Mutex::new(outlived.to_vec()), ..Over::default() };
    let mut passed_over = PassedOver::default();
    assert!(retain_some(&app, &over, &mut passed_over).await.expect("a step"));
    assert!(store.committed().is_empty());
    // However many recordings it has, they do not fill the next step.
    assert!(!retain_some(&app, &over, &mut passed_over).await.expect("a step"));
    let scope = Scope::Organization(organization(2));
    let expected = (scope, vec![(Action::RecordingExpired, Outcome::Success)], vec![]);
    assert_eq!(store.committed(), [expected]);
    let lines = heard.lines();
    let whose = organization(1).to_string();
    assert!(
        matches!(&lines[..], [line] if line.contains("held by somebody") && line.contains(&whose)),
        "{lines:?}"
    );
    assert_eq!(*lock(&over.but), [vec![], vec![organization(1)]]);
}

#[tokio::test]
async fn what_cannot_be_noted_of_one_organization_keeps_no_other_waiting() {
    let (heard, _hearing) = LogHeard::here();
    let app = application(&TestStore::default(), MockDirectory::new());
    let (over, mut passed_over) = (Over::default(), PassedOver::default());
    assert!(clean_some(&app, &over, &mut passed_over).await.expect("a step"));
    assert!(!clean_some(&app, &over, &mut passed_over).await.expect("a step"));
    assert_eq!(*lock(&over.expired), [organization(2)]);
    assert_eq!(*lock(&over.settled), [organization(2)]);
    let lines = heard.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("held by somebody")), "{lines:?}");
}

/// A database that goes away once it has said what is over: uploads of so many organizations, recordings, and segments.
struct Leaving {
    uploads: u8,
    found: AtomicU32,
    tried: AtomicU32,
}

impl Leaving {
    fn with_uploads(uploads: u8) -> Self {
        Self { uploads, found: AtomicU32::default(), tried: AtomicU32::default() }
    }

    fn first<T>(&self, found: Vec<T>) -> Result<Vec<T>, StoreError> {
        if self.found.fetch_add(1, Ordering::Relaxed) == 0 { Ok(found) } else { Err(held()) }
    }

    fn try_in_vain<T>(&self) -> Result<T, StoreError> {
        self.tried.fetch_add(1, Ordering::Relaxed);
        Err(held())
    }
}

#[async_trait]
impl Remains for Leaving {
    async fn uploads_expired(
        &self,
        _: OffsetDateTime,
        _: &[OrganizationId],
        _: u16,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        self.first((0..self.uploads).map(organization).collect())
    }

    async fn expire_uploads(&self, _: OrganizationId, _: OffsetDateTime) -> Result<u64, StoreError> {
        self.try_in_vain()
    }

    async fn take(
        &self,
        _: OffsetDateTime,
        _: OffsetDateTime,
        _: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId)>, StoreError> {
        Ok((0..8).map(|number| (organization(number), recording(number))).collect())
    }

    async fn settle(&self, _: OrganizationId, _: RecordingId, _: OffsetDateTime) -> Result<(), StoreError> {
        self.try_in_vain()
    }

    async fn outlived(
        &self,
        _: Plan,
        _: OffsetDateTime,
        _: &[OrganizationId],
        _: u16,
    ) -> Result<Vec<Outlived>, StoreError> {
        let outlived = (0..8)
            .map(|number| (organization(number), recording(number), CallId::from_parts(0, &[number; 10])));
        self.first(outlived.collect())
    }
}

#[tokio::test]
async fn a_database_that_goes_away_is_not_waited_for_with_each_recording() {
    let mut away = MockUnit::new();
    away.expect_organization_hold().times(1).returning(|_, _| Err(held()));
    let app = application(&TestStore::of(away), MockDirectory::new());
    let (leaving, mut passed_over) = (Leaving::with_uploads(0), PassedOver::default());
    assert!(retain_some(&app, &leaving, &mut passed_over).await.expect("a step"));
    assert!(retain_some(&app, &leaving, &mut passed_over).await.is_err());
}

#[tokio::test]
async fn a_database_that_goes_away_is_not_waited_for_with_the_uploads_of_each_organization() {
    let app = application(&TestStore::default(), MockDirectory::new());
    let (leaving, mut passed_over) = (Leaving::with_uploads(8), PassedOver::default());
    assert!(clean_some(&app, &leaving, &mut passed_over).await.expect("a step"));
    assert!(clean_some(&app, &leaving, &mut passed_over).await.is_err());
    assert_eq!(leaving.tried.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_database_that_goes_away_is_not_waited_for_with_the_segments_of_each_recording() {
    let app = application(&TestStore::default(), MockDirectory::new());
    let leaving = Leaving::with_uploads(0);
    assert!(clean_some(&app, &leaving, &mut PassedOver::default()).await.is_err());
    assert_eq!(leaving.tried.load(Ordering::Relaxed), 1);
}

/// Uploads of so many organizations; somebody holds those of all but the last.
struct Uploads(u8, Mutex<Vec<OrganizationId>>);

#[async_trait]
impl Remains for Uploads {
    async fn uploads_expired(
        &self,
        _: OffsetDateTime,
        but: &[OrganizationId],
        limit: u16,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let done = lock(&self.1);
        let expired = (0..self.0).map(organization).filter(|of| !but.contains(of) && !done.contains(of));
        Ok(expired.take(limit.into()).collect())
    }

    async fn expire_uploads(&self, of: OrganizationId, _: OffsetDateTime) -> Result<u64, StoreError> {
        if of != organization(self.0 - 1) {
            return Ok(0);
        }
        lock(&self.1).push(of);
        Ok(1)
    }

    async fn take(
        &self,
        _: OffsetDateTime,
        _: OffsetDateTime,
        _: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId)>, StoreError> {
        Ok(Vec::new())
    }

    async fn settle(&self, _: OrganizationId, _: RecordingId, _: OffsetDateTime) -> Result<(), StoreError> {
        Ok(())
    }

    async fn outlived(
        &self,
        _: Plan,
        _: OffsetDateTime,
        _: &[OrganizationId],
        _: u16,
    ) -> Result<Vec<Outlived>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn uploads_that_somebody_holds_hide_no_others_however_many_they_are() {
    let app = application(&TestStore::default(), MockDirectory::new());
    let (uploads, mut passed_over) = (Uploads(120, Mutex::default()), PassedOver::default());
    for more in [true, true, false] {
        assert_eq!(clean_some(&app, &uploads, &mut passed_over).await.expect("a step"), more);
    }
    assert_eq!(*lock(&uploads.1), [organization(119)]);
}
