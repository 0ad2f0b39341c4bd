//! Looking into the audit log of the organization that one is at work in.

use rollcall_domain::{
    EventId, OrganizationId, Permission,
    audit::search::{AnyId, Filter},
    audit::sketch::{SECTION, SKETCHED},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    LikelyStretch, LogExtent, LogView, LoggedEvent, catch_up,
    readings::{ReadingAttempt, record_reading, refusals_recorded_once},
};
use crate::{
    Application, Error, Page, PageRequest, Principal,
    ports::{Scope, View},
};

/// How many stretches that may hold something everywhere a page looks through at the most. A search that finds little where there may be
/// much comes to its end page by page, and none of them takes long.
const STRETCHES: usize = 32;
/// How often a page looks for that: at which sections of a stretch may hold something, and at the events of each of them.
const LOOKS: usize = STRETCHES * (1 + (SKETCHED / SECTION) as usize);
/// How many stretches are asked for at once.
const AT_ONCE: u16 = 16;
/// How many bytes of events a page looks at, at the most: about what as many events as that have.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many bytes are meant to be read at once,
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// and what an event is taken to have as long as none has been read.
const BYTES_EACH: usize = 16 * 1024;
/// What the log tells of what was looked for where that may name a person.
const GIVEN: &str = "given";

/// A page of the events that are like the filter wants them, the last in the log first. A page may hold fewer than fit, even none, and
/// be followed by another all the same.
///
/// # Errors
/// [`Error::PermissionDenied`]; [`Error::Invalid`] for a time that ends before it begins; [`Error::AuditLogDisabled`] when the log is
/// off and nothing is left from when it was on.
pub async fn search(
    app: &Application,
    principal: &Principal,
    filter: &Filter,
    page: &PageRequest<u64>,
) -> Result<Page<LoggedEvent, u64>, Error> {
    let read = async {
        let organization = principal.permit(Permission::AuditLogRead)?.id;
        in_order(filter.since, filter.until)?;
        let (mut view, extent) = open(app, organization).await?;
        let found = look_through(view.as_mut(), organization, filter, page, extent).await?;
        drop(view);
        record_reading(app, principal, &looked_for(filter)).await?;
        Ok(found)
    };
    refusals_recorded_once(app, principal, ReadingAttempt::at("events"), read.await).await
}

/// One event.
///
/// # Errors
/// As [`search`]; [`Error::NotFound`] when it is not in the log, or not any more.
pub async fn show(app: &Application, principal: &Principal, id: EventId) -> Result<LoggedEvent, Error> {
    let read = async {
        let organization = principal.permit(Permission::AuditLogRead)?.id;
        let (mut view, _) = open(app, organization).await?;
        let event = view.log_event(organization, id).await?.ok_or(Error::NotFound)?;
        drop(view);
        record_reading(app, principal, &[("event", id.to_string())]).await?;
        Ok(event)
    };
    refusals_recorded_once(app, principal, ReadingAttempt::at("event"), read.await).await
}

/// Makes sure that a time does not end before it begins. One that ends as it begins has no events, and is nobody's mistake: whoever
/// goes on where they were before may ask for it.
pub(super) fn in_order(since: Option<OffsetDateTime>, until: Option<OffsetDateTime>) -> Result<(), Error> {
    match (since, until) {
        (Some(since), Some(until)) if until < since => {
            Err(Error::invalid("until", "must not be before since"))
        }
        _ => Ok(()),
    }
}

/// The log as it is now: with everything in it that was committed before.
async fn open(app: &Application, organization: OrganizationId) -> Result<(Box<dyn View>, LogExtent), Error> {
    catch_up(app, Some(organization)).await?;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    let extent = view.log_extent(organization).await?;
    let extent = extent.filter(|extent| extent.on || extent.first < extent.size);
    Ok((view, extent.ok_or(Error::AuditLogDisabled)?))
}

async fn look_through<V: LogView + ?Sized>(
    view: &mut V,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest<u64>,
    LogExtent { first, size, .. }: LogExtent,
) -> Result<Page<LoggedEvent, u64>, Error> {
    let limit = usize::from(page.limit);
    let (mut found, mut looks, mut read) = (Vec::new(), 0, Read::default());
    // Everything from here on has been looked at.
    let mut end = page.after.map_or(size, |after| after.min(size));
    while end > first {
        let last = (end - 1) / SKETCHED;
        let stretches = if last == size / SKETCHED {
            // The end of the log, which nothing has been sketched of.
            vec![LikelyStretch { number: last, sections: filter.sections(None) }]
        } else {
            view.log_stretches(organization, filter, first / SKETCHED, last, AT_ONCE).await?
        };
        if stretches.is_empty() {
            return Ok(Page { entries: found, next: None });
        }
        for LikelyStretch { number, sections } in stretches {
            if looks >= LOOKS {
                return Ok(Page { entries: found, next: Some(end) });
            }
            looks += 1 + sections.len();
            for section in sections {
                let begin = number * SKETCHED + section * SECTION;
                let from = begin.max(first);
                end = end.min(begin + SECTION);
                while end > from {
                    if read.bytes >= MOST_BYTES {
                        return Ok(Page { entries: found, next: Some(end) });
                    }
                    let wanted = limit + 1 - found.len();
                    // How many of them hold the words is only known when they are here.
                    let at_most = if filter.words.is_some() { SECTION as usize } else { wanted };
                    let at_most = u16::try_from(at_most.min(read.at_once())).unwrap_or(u16::MAX);
                    let left = MOST_BYTES - read.bytes;
                    let looked = view.log_events(organization, filter, from, end, at_most, left).await?;
                    read.bytes += looked.bytes;
                    read.events += looked.events.len();
                    end = looked.down_to;
                    found.extend(with_words(looked.events, filter).await?.into_iter().take(wanted));
                    if found.len() > limit {
                        return Ok(Page::cut(found, page.limit, |event: &LoggedEvent| event.index));
                    }
                }
            }
            end = end.min(number * SKETCHED);
        }
    }
    Ok(Page { entries: found, next: None })
}

/// What a page has read so far.
#[derive(Default)]
struct Read {
    events: usize,
    bytes: usize,
}

impl Read {
    /// How many events are asked for at once: if they are like those before, no more than are meant to be.
    fn at_once(&self) -> usize {
        let each = self.bytes.checked_div(self.events).unwrap_or(BYTES_EACH);
        (BYTES_AT_ONCE / each.max(1)).clamp(1, SECTION as usize)
    }
}

/// Those that hold what a filter's words ask for. Comparing takes long enough to be done where nobody else waits for it (attack 35).
async fn with_words(events: Vec<LoggedEvent>, filter: &Filter) -> Result<Vec<LoggedEvent>, Error> {
    if filter.words.is_none() || events.is_empty() {
        return Ok(events);
    }
    let filter = filter.clone();
    let compare = move || events.into_iter().filter(|event| event.holds_words_of(&filter)).collect();
    tokio::task::spawn_blocking(compare).await.map_err(|error| Error::Internal(Box::new(error)))
}

/// An id as the log tells it, if it is one of Rollcall's. Anything else may name a person, as words may.
fn told(id: &str) -> String {
    id.parse::<AnyId>().map_or_else(|_| GIVEN.to_owned(), |id| id.as_str().to_owned())
}

/// For what, as the log tells it. The words themselves stay out of it: they may name a person who is to be forgotten one day.
fn looked_for(filter: &Filter) -> Vec<(&'static str, String)> {
    let moment = |at: &OffsetDateTime| at.format(&Rfc3339).ok();
    let fields = [
        ("actor", filter.actor.as_ref().map(ToString::to_string)),
        ("action", filter.action.as_ref().map(ToString::to_string)),
        ("target", filter.target.as_ref().map(|id| told(id.as_str()))),
        ("outcome", filter.outcome.map(|outcome| outcome.as_str().to_owned())),
        ("since", filter.since.as_ref().and_then(moment)),
        ("until", filter.until.as_ref().and_then(moment)),
        ("words", filter.words.as_ref().map(|_| GIVEN.to_owned())),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;
    use rollcall_domain::audit::sketch::Sketch;

    use super::*;
    use crate::{audit::LogPage, ports::StoreError, testing::NOW};

    /// A log in memory, some full stretches of which have sketches. It counts how many events it was asked for.
    struct Log {
        events: Vec<LoggedEvent>,
        sketches: BTreeMap<u64, Option<Sketch>>,
        gone: u64,
        read: usize,
        bytes_each: usize,
    }

    impl Log {
        /// So many events, every `each`th of which is about Ada.
        fn new(count: u64, each: u64) -> Self {
            let event = |index: u64| LoggedEvent {
                index,
                id: EventId::from_parts(index, &[0; 10]),
                occurred_at: NOW,
                actor_kind: "system".to_owned(),
                actor_id: None,
                session: None,
                action: "member.added".to_owned(),
                target_kind: "user".to_owned(),
                target_id: None,
                outcome: "success".to_owned(),
                request_id: None,
                changes: Vec::new(),
                personal: [("name".to_owned(), index.is_multiple_of(each).then(|| "Ada".to_owned()))].into(),
            };
            let events: Vec<_> = (0..count).map(event).collect();
            let full = events.chunks_exact(SKETCHED as usize).enumerate().map(|(stretch, events)| {
                let mut sketch = Sketch::default();
                events.iter().for_each(|event| event.add_to(&mut sketch));
                (stretch as u64, Some(sketch))
            });
            let sketches = full.collect();
            Self { events, sketches, gone: 0, read: 0, bytes_each: 700 }
        }

        async fn all_of(&mut self, filter: &Filter, limit: u16) -> (Vec<u64>, usize) {
            let (organization, size) = (crate::testing::organization().id, self.events.len() as u64);
            let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
            loop {
                let extent = LogExtent { first: self.gone, size, on: true };
                let page = PageRequest { limit, after };
                let page = look_through(self, organization, filter, &page, extent).await.expect("a page");
                pages += 1;
                assert!(pages < 3_000, "it comes to no end");
                assert!(page.entries.len() <= usize::from(limit));
                found.extend(page.entries.iter().map(|event| event.index));
                after = page.next;
                if after.is_none() {
                    return (found, pages);
                }
            }
        }
    }

    #[async_trait]
    impl LogView for Log {
        async fn log_extent(&mut self, _: OrganizationId) -> Result<Option<LogExtent>, StoreError> {
            Ok(None)
        }

        async fn log_stretches(
            &mut self,
            _: OrganizationId,
            filter: &Filter,
            from: u64,
            up_to: u64,
            at_most: u16,
        ) -> Result<Vec<LikelyStretch>, StoreError> {
            let bits = filter.bits();
            let shows =
                |sketch: &Sketch| bits.iter().all(|bit| sketch.as_bytes()[bit / 8] >> (bit % 8) & 1 == 1);
            let may = self.sketches.range(from..=up_to).rev();
            let may = may.filter(|(_, sketch)| sketch.as_ref().is_none_or(shows)).map(|(number, sketch)| {
                let sections = filter.sections(sketch.as_ref().map(Sketch::sections));
                LikelyStretch { number: *number, sections }
            });
            Ok(may.take(at_most.into()).collect())
        }

        async fn log_events(
            &mut self,
            _: OrganizationId,
            _: &Filter,
            from: u64,
            to: u64,
            at_most: u16,
            most_bytes: usize,
        ) -> Result<LogPage, StoreError> {
            let events =
                &self.events[usize::try_from(from).expect("small")..usize::try_from(to).expect("small")];
            let fit = most_bytes.div_ceil(self.bytes_each).min(at_most.into());
            let events: Vec<_> = events.iter().rev().take(fit).cloned().collect();
            self.read += events.len();
            let down_to = events.last().filter(|_| events.len() == fit).map_or(from, |event| event.index);
            Ok(LogPage { bytes: events.len() * self.bytes_each, down_to, events })
        }

        async fn log_event(
            &mut self,
            _: OrganizationId,
            _: EventId,
        ) -> Result<Option<LoggedEvent>, StoreError> {
            Ok(None)
        }
    }

    fn about_ada() -> Filter {
        Filter { words: Some("ada".parse().expect("words")), ..Filter::default() }
    }

    #[tokio::test]
    async fn pages_hold_all_that_fits_the_last_first_and_none_twice() {
        for (count, each, limit) in
            [(0, 1, 10), (1, 1, 1), (512, 7, 3), (513, 1, 200), (2_000, 512, 1), (1_500, 100, 7)]
        {
            for filter in [Filter::default(), about_ada()] {
                let mut log = Log::new(count, each);
                let step = if filter.words.is_some() { each } else { 1 };
                let expected: Vec<u64> = (0..count).filter(|index| index % step == 0).rev().collect();
                assert_eq!(log.all_of(&filter, limit).await.0, expected, "{count} {each} {limit}");
                // What is gone is not looked for.
                log.gone = count.min(600);
                let expected: Vec<u64> = expected.into_iter().filter(|index| *index >= log.gone).collect();
                assert_eq!(log.all_of(&filter, limit).await.0, expected, "{count} {each} {limit}");
            }
        }
    }

    #[tokio::test]
    async fn what_sketches_do_not_show_is_not_read() {
        // At the beginnings of stretches; and in the middle of them, when the beginning of the log has gone.
        for (each, gone, there) in [(50 * SKETCHED, 0, 3), (40 * SKETCHED + 300, 600, 2)] {
            let mut log = Log::new(100 * SKETCHED + 10, each);
            log.gone = gone;
            let (found, pages) = log.all_of(&about_ada(), 50).await;
            assert_eq!((found.len(), pages), (there, 1));
            // The sections with what was found, the end that has no sketch yet, and hardly any that look like it by chance.
            assert!(log.read <= 6 * SECTION as usize, "{}", log.read);
        }
    }

    #[tokio::test]
    async fn attack_35_a_page_looks_at_no_more_than_so_many_bytes() {
        for filter in [about_ada(), Filter::default()] {
            let mut log = Log::new(2 * SKETCHED, 1);
            log.bytes_each = 400_000;
            let extent = LogExtent { first: 0, size: 2 * SKETCHED, on: true };
            let (organization, page) =
                (crate::testing::organization().id, PageRequest { limit: 200, after: None });
            let page = look_through(&mut log, organization, &filter, &page, extent).await.expect("a page");
            assert_eq!((page.entries.len(), log.read), (42, 42), "16 MiB of them");
            assert_eq!(page.next, Some(2 * SKETCHED - 42));
            let expected: Vec<u64> = (0..2 * SKETCHED).rev().collect();
            assert_eq!(log.all_of(&filter, 200).await, (expected, 25));
        }
    }

    #[tokio::test]
    async fn a_search_that_is_led_astray_comes_to_its_end_page_by_page() {
        let stretches = 3 * STRETCHES as u64;
        let mut log = Log::new(stretches * SKETCHED, stretches * SKETCHED);
        log.sketches.values_mut().for_each(|sketch| *sketch = None);
        let (found, pages) = log.all_of(&about_ada(), 50).await;
        assert_eq!((found, pages), (vec![0], 3));
        // No page looks through one more.
        let stretches = STRETCHES as u64 + 1;
        let mut log = Log::new(stretches * SKETCHED, stretches * SKETCHED);
        log.sketches.values_mut().for_each(|sketch| *sketch = None);
        assert_eq!(log.all_of(&about_ada(), 50).await, (vec![0], 2));
    }
}
