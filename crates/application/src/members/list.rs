//! The members of the organization.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    members::Member,
};

use super::{MemberFilter, MemberKey};
use crate::{Application, Error, Page, PageRequest, Principal, ports::Scope};

/// A page of the members that fit, those who came in first at its beginning.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    principal: &Principal,
    filter: &MemberFilter,
    page: &PageRequest<MemberKey>,
) -> Result<Page<Member, MemberKey>, Error> {
    let read = async {
        let organization = principal.permit(Permission::TeamRead)?.id;
        // All of them are what is asked for most.
        if *filter == MemberFilter::default() {
            return Ok(app.teams.page(organization, page).await?);
        }
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        Ok(view.members_page(organization, filter, page).await?)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rollcall_domain::{Role, audit::Outcome, members::MemberStatus};

    use super::*;
    use crate::testing::{
        MockDirectory, MockTeams, MockUnit, TestStore, actor, application, member, organization,
    };

    const PAGE: PageRequest<MemberKey> = PageRequest { limit: 2, after: None };

    /// A use case that finds one team without a view, and another page in the view that it is given.
    fn app(units: Vec<MockUnit>) -> (Application, TestStore) {
        let store = TestStore::of_each(units);
        let mut teams = MockTeams::new();
        teams
            .expect_page()
            .withf(|asked, page| *asked == organization().id && *page == PAGE)
            .returning(|_, _| Ok(Page { entries: vec![member(1, Role::Owner)], next: None }));
        (Application { teams: Arc::new(teams), ..application(&store, MockDirectory::new()) }, store)
    }

    #[tokio::test]
    async fn a_page_of_all_opens_no_view_and_any_other_does() {
        let principal = Principal::Person(actor(1, Role::Owner));
        let everybody = MemberFilter::default();
        let (all, _) = app(Vec::new());
        let page = list(&all, &principal, &everybody, &PAGE).await.expect("a page");
        assert_eq!(page.entries.len(), 1);

        for filter in [
            MemberFilter { role: Some(Role::Admin), ..everybody.clone() },
            MemberFilter { status: Some(MemberStatus::Active), ..everybody.clone() },
            MemberFilter { search: Some("grace".parse().expect("a search")), ..everybody },
        ] {
            let (mut view, wanted) = (MockUnit::new(), filter.clone());
            view.expect_members_page()
                .withf(move |_, filter, _| *filter == wanted)
                .returning(|_, _, _| Ok(Page { entries: Vec::new(), next: None }));
            let (some, _) = app(vec![view]);
            let page = list(&some, &principal, &filter, &PAGE).await.expect("a page");
            assert_eq!(page.entries.len(), 0);
        }
    }

    #[tokio::test]
    async fn whoever_may_not_read_the_team_has_nothing_read() {
        let (mut app, store) = app(Vec::new());
        app.teams = Arc::new(MockTeams::new());
        let principal = Principal::Person(actor(1, Role::Viewer));
        let refused = list(&app, &principal, &MemberFilter::default(), &PAGE).await.map(|_| ());
        assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
        assert_eq!(store.committed()[0].1, [(Action::PermissionDenied, Outcome::Refused)]);
    }
}
