//! What is told of use cases to whoever traces requests: one span for each unit of work, from its beginning until it is
//! committed or dropped, named by the use case that has begun it.
//!
//! While nobody traces, no span is made: asking whether anybody does is reading a number.

use std::{fmt, panic::Location, sync::Arc};

use rollcall_domain::EventId;
use tracing::{Instrument, Span, field, info_span};

use crate::ports::{Scope, Store, StoreError, UnitOfWork, View};

/// The target of every span that is for traces, and not for the log.
pub const TARGET: &str = "rollcall::trace";

/// The name of the span of a unit of work.
pub const UNIT: &str = "unit";

/// The door to what is kept: [`Store`], and a span around what is done behind it.
#[derive(Clone)]
pub struct Door(Arc<dyn Store>);

impl Door {
    /// The door to a store.
    pub fn new(store: impl Store + 'static) -> Self {
        Self(Arc::new(store))
    }

    /// [`Store::begin`].
    #[track_caller]
    pub fn begin(
        &self,
        scope: Scope,
    ) -> impl Future<Output = Result<Box<dyn UnitOfWork>, StoreError>> + Send + '_ {
        let span = unit(Location::caller(), "change");
        self.0.begin(scope).instrument(span)
    }

    /// [`Store::view`].
    #[track_caller]
    pub fn view(&self, scope: Scope) -> impl Future<Output = Result<Box<dyn View>, StoreError>> + Send + '_ {
        let span = unit(Location::caller(), "look");
        self.0.view(scope).instrument(span)
    }

    /// [`Store::view_for_long`].
    #[track_caller]
    pub(crate) fn view_for_long(
        &self,
        scope: Scope,
        since: EventId,
    ) -> impl Future<Output = Result<Box<dyn View>, StoreError>> + Send + '_ {
        let span = unit(Location::caller(), "look");
        self.0.view_for_long(scope, since).instrument(span)
    }
}

fn unit(begun: &'static Location<'static>, purpose: &'static str) -> Span {
    info_span!(
        target: TARGET,
        UNIT,
        otel.name = %UseCase(begun.file()),
        otel.kind = "internal",
        rollcall.unit = purpose,
        rollcall.committed = field::Empty,
    )
}

/// The span of a unit of work, which ends when this is dropped.
pub struct UnitSpan(Span);

impl UnitSpan {
    /// Of the unit that is being begun; none while nobody traces.
    pub fn of_current() -> Self {
        let span = Span::current();
        match span.metadata() {
            Some(metadata) if metadata.target() == TARGET && metadata.name() == UNIT => Self(span),
            _ => Self(Span::none()),
        }
    }

    /// Says that the unit was committed.
    pub fn committed(&self) {
        self.0.record("rollcall.committed", true);
    }
}

impl Drop for UnitSpan {
    fn drop(&mut self) {
        // A span lasts until it was left for the last time, and nothing runs within a unit but its beginning.
        self.0.in_scope(|| {});
    }
}

/// A use case by the file that it has for itself: `invitations::revoke`.
struct UseCase(&'static str);

impl fmt::Display for UseCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.rsplit_once("application/src/").map_or(self.0, |(_, path)| path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let mut rooms = path.split('/');
        f.write_str(rooms.next().unwrap_or_default())?;
        rooms.try_for_each(|room| write!(f, "::{room}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rollcall_domain::{Permission, Role};
    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
        subscriber::set_default,
    };

    use super::*;
    use crate::{
        Principal,
        testing::{MockDirectory, MockUnit, TestStore, actor, application},
    };

    /// Hears the names of units of work.
    #[derive(Clone, Default)]
    struct Names(Arc<Mutex<Vec<String>>>);

    impl Visit for Names {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "otel.name" {
                self.0.lock().expect("no panic").push(format!("{value:?}"));
            }
        }
    }

    impl Subscriber for Names {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }

        fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
            span.record(&mut self.clone());
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[tokio::test]
    async fn a_unit_of_work_is_traced_by_its_use_case_also_when_it_is_begun_again() {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_session_hold().returning(|_| Ok(true));
        let app = application(&TestStore::of(unit), MockDirectory::new());
        let names = Names::default();
        let _heard = set_default(names.clone());
        let principal = Principal::Person(actor(1, Role::Owner));
        assert!(principal.begin_again(&app, Permission::TeamRead).await.is_ok());
        assert!(app.store.begin(actor(1, Role::Owner).scope()).await.is_ok());
        assert_eq!(*names.0.lock().expect("no panic"), ["trace", "trace"]);
    }

    #[test]
    fn a_use_case_has_the_name_of_its_file() {
        for (file, name) in [
            ("crates/application/src/invitations/revoke.rs", "invitations::revoke"),
            ("/home/somebody/rollcall/crates/application/src/audit/witness/mod.rs", "audit::witness"),
            ("crates/application/src/reseal.rs", "reseal"),
        ] {
            assert_eq!(UseCase(file).to_string(), name);
        }
    }
}
