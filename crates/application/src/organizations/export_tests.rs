use std::collections::BTreeMap;

use rollcall_domain::{Role, audit::Outcome};
use serde_json::json;

use super::*;
use crate::security::KeptRule;
use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, member, organization};

/// The unit that the right is looked up in, with the role held at that moment and whether the session is still there. It is a view, too.
fn look(session: bool, role: Role) -> MockUnit {
    let mut unit = view();
    unit.expect_session_hold().returning(move |_| Ok(session));
    unit.expect_member_hold().returning(move |_, _| Ok(Some(role)));
    unit
}

/// Two pages of members, and nothing else.
fn view() -> MockUnit {
    view_with(Vec::new())
}

/// The same with events.
fn view_with(events: Vec<KeptLeaf>) -> MockUnit {
    let mut view = MockUnit::new();
    view.expect_organization_find().returning(|_| Ok(Some(organization())));
    view.expect_members_page().returning(|_, _, page| {
        let key = MemberKey { joined_at: NOW, user: member(1, Role::Owner).membership.user };
        let next = page.after.is_none().then_some(key);
        Ok(Page { entries: vec![member(1, Role::Owner)], next })
    });
    view.expect_invitations_page().returning(|_, _, _, _| Ok(Page { entries: vec![], next: None }));
    view.expect_api_keys_page().returning(|_, _| Ok(Page { entries: vec![], next: None }));
    view.expect_mfa_rule_find().returning(|_| Ok(KeptRule::default()));
    view.expect_controls().returning(|_| Ok(vec![]));
    view.expect_webhook_find().returning(|_| Ok(None));
    view.expect_witness_find().returning(|_| Ok(None));
    view.expect_mfa_deadlines_page().returning(|_, _| Ok(Page { entries: vec![], next: None }));
    view.expect_calls_page().returning(|_, _, _| Ok(Page { entries: vec![], next: None }));
    view.expect_transcripts_page().returning(|_, _| Ok(Page { entries: vec![], next: None }));
    view.expect_recordings_page().returning(|_, _| Ok(Page { entries: vec![], next: None }));
    view.expect_audit_events_page().returning(move |_, _| Ok(Page { entries: events.clone(), next: None }));
    view
}

#[tokio::test]
async fn an_export_is_in_the_log_before_anything_is_given_out_and_ends_with_its_counts() {
    // For each part, for four kinds of persons, and another page of them.
    let looks = (0..24).map(|_| look(true, Role::Owner));
    let units: Vec<_> = [look(true, Role::Owner), view()].into_iter().chain(looks).collect();
    let store = TestStore::of_each(units);
    let app = application(&store, MockDirectory::new());
    let mut running = export(&app, &actor(1, Role::Owner)).await.expect("an export");
    assert_eq!(store.committed()[0].1, [(Action::OrganizationExported, Outcome::Success)]);
    let mut members = 0;
    let counts = loop {
        match running.next().await.expect("a part").expect("an end") {
            OrganizationExportPart::Members(page) => members += page.len(),
            OrganizationExportPart::End(counts) => break counts,
            OrganizationExportPart::Begin(_)
            | OrganizationExportPart::Webhook(_)
            | OrganizationExportPart::Witness(_)
            | OrganizationExportPart::Security(_)
            | OrganizationExportPart::Invitations(_)
            | OrganizationExportPart::ApiKeys(_)
            | OrganizationExportPart::Deadlines(_)
            | OrganizationExportPart::Agents(_)
            | OrganizationExportPart::Escalations(_)
            | OrganizationExportPart::Calls(_)
            | OrganizationExportPart::Transcripts(_)
            | OrganizationExportPart::Recordings(_)
            | OrganizationExportPart::AuditEvents(_) => {}
        }
    };
    assert_eq!((members, counts.members), (2, 2));
    assert!(running.next().await.expect("no error").is_none());
}

#[tokio::test]
async fn attack_9_whoever_loses_the_right_or_the_session_in_the_middle_gets_no_more() {
    for (session, role) in [(true, Role::Admin), (false, Role::Owner)] {
        let units = vec![
            look(true, Role::Owner),
            view(),
            look(true, Role::Owner),
            look(session, role),
            MockUnit::new(),
            look(true, Role::Owner),
        ];
        let store = TestStore::of_each(units);
        let app = application(&store, MockDirectory::new());
        let mut running = export(&app, &actor(1, Role::Owner)).await.expect("an export");
        assert!(matches!(running.next().await, Ok(Some(OrganizationExportPart::Begin(_)))));
        let refused = running.next().await;
        assert!(
            matches!(refused, Err(Error::PermissionDenied { .. } | Error::Unauthenticated)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn attack_29_events_are_those_of_the_view_and_tell_of_persons_what_may_be_told_now() {
    let leaf = |written: i64| {
        let key = EventKey { occurred_at: NOW, written };
        KeptLeaf { key, leaf: written.to_string() }
    };
    let mut now = MockUnit::new();
    now.expect_audit_events_personal()
        .withf(|_, events| events.iter().map(|event| event.written).eq([1_i64, 2]))
        .returning(|_, _| Ok(BTreeMap::from([(1, json!({"name": "Ada"}))])));
    let units =
        vec![look(true, Role::Owner), view_with(vec![leaf(1), leaf(2)]), look(true, Role::Owner), now];
    let app = application(&TestStore::of_each(units), MockDirectory::new());
    let mut running = export(&app, &actor(1, Role::Owner)).await.expect("an export");
    running.next = Next::AuditEvents(None);
    let Ok(Some(OrganizationExportPart::AuditEvents(events))) = running.next().await else {
        panic!("no events")
    };
    let event = |leaf: &str, personal| KeptEvent { leaf: leaf.to_owned(), personal };
    assert_eq!(events, [event("1", json!({"name": "Ada"})), event("2", json!({}))]);
}

#[tokio::test]
async fn attack_29_persons_are_not_read_in_the_view_that_does_not_know_who_was_forgotten() {
    let there = (0..6).map(|_| look(true, Role::Owner));
    let units: Vec<_> = [look(true, Role::Owner), MockUnit::new()].into_iter().chain(there).collect();
    let app = application(&TestStore::of_each(units), MockDirectory::new());
    let mut running = export(&app, &actor(1, Role::Owner)).await.expect("an export");
    // The view answers nothing.
    for next in [Next::Witness, Next::Members(None), Next::Invitations(None)] {
        running.next = next;
        assert!(matches!(running.next().await, Ok(Some(_))));
    }
    assert_eq!(running.counts.members, 1);
}

#[tokio::test]
async fn whoever_may_not_export_begins_nothing() {
    let mut stale = actor(1, Role::Owner);
    stale.session.authenticated_at = NOW - Duration::minutes(10);
    for actor in [actor(1, Role::Admin), stale] {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        let refused = export(&app, &actor).await.map(|_| ());
        assert!(
            matches!(refused, Err(Error::PermissionDenied { .. } | Error::ElevationRequired)),
            "{refused:?}"
        );
        assert_eq!(store.committed()[0].1, [(Action::OrganizationExported, Outcome::Refused)]);
    }
}
