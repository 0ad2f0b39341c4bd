//! Settings → Team: who is in it, and who is invited.

use askama::Template;
use http::StatusCode;
use rollcall_application::{
    PageRequest,
    invitations::{self, ListedInvitation},
    members::{self, MemberFilter, MemberKey},
};
use rollcall_domain::{
    Permission, Role, UserId,
    invitations::{InvitationStatus, may_stand},
    members::{Member, MemberStatus},
};
use serde::Deserialize;

use crate::{
    callers::Caller,
    form_token::FormStart,
    link::Asked,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::{Choice, Field},
    place,
    refused::{Answer, Refused},
    texts::Texts,
};

/// How many people stand on a page.
const PER_PAGE: u16 = 50;
/// How many open invitations are shown.
const INVITATIONS: u16 = 200;

#[derive(Template)]
#[template(path = "members/list.html")]
struct TeamPage {
    t: Texts,
    asked: Query,
    people: Vec<Person>,
    /// Where the next page is.
    next: Option<String>,
    /// Whether whoever looks is all that there is.
    alone: bool,
    /// The open invitations, for whoever may see them.
    pending: Option<Vec<Pending>>,
    /// Whether there are more of them.
    pending_cut: bool,
    mistakes: Mistakes,
}

impl Page for TeamPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.team_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

struct Person {
    id: UserId,
    name: String,
    email: String,
    role: &'static str,
    mfa: bool,
    suspended: bool,
    last_seen: Option<Moment>,
    myself: bool,
}

struct Pending {
    email: String,
    role: &'static str,
    by: Option<String>,
    expires: Moment,
    /// What whoever looks can do about it.
    forms: Option<(FormStart, FormStart)>,
}

/// Which people are wanted.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    search: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    after: String,
}

impl Query {
    /// The filter. A search that can find nobody is left out of it, and said to be a mistake.
    fn filter(&self, t: Texts, mistakes: &mut Mistakes) -> Result<MemberFilter, Refused> {
        let role = match self.role.as_str() {
            "" => None,
            role => Some(role.parse().map_err(|_| Refused::Misread)?),
        };
        let search = Some(self.search.trim()).filter(|search| !search.is_empty());
        let search = search.and_then(|search| mistakes.check(t, "search", search.parse()));
        Ok(MemberFilter { role, status: None, search })
    }

    fn is_filter(&self) -> bool {
        !self.search.trim().is_empty() || !self.role.is_empty() || !self.after.is_empty()
    }

    fn after(&self) -> Result<Option<MemberKey>, Refused> {
        Ok(place::read(&self.after)?.map(|(joined_at, user)| MemberKey { joined_at, user }))
    }

    fn page_after(&self, key: MemberKey) -> String {
        let after = place::written(key.joined_at, key.user);
        let asked = [("search", self.search.as_str()), ("role", &self.role), ("after", &after)];
        place::address("/settings/team", asked)
    }

    fn roles(&self, t: &Texts) -> Vec<(&'static str, &'static str)> {
        let any = ("", t.team_any_role());
        std::iter::once(any).chain(Role::ALL.map(|role| (role.as_str(), t.role(role)))).collect()
    }
}

pub(super) async fn show(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    let request = PageRequest { limit: PER_PAGE, after: asked.after()? };
    let mut mistakes = Mistakes::none();
    let filter = asked.filter(caller.t, &mut mistakes)?;
    let page = members::list(&caller.console.app, &caller.principal(), &filter, &request).await?;
    let (pending, pending_cut) = match caller.may(Permission::TeamInvite) {
        true => pending(&caller).await.map(|(pending, cut)| (Some(pending), cut))?,
        false => (None, false),
    };
    let status = if mistakes.any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = TeamPage {
        t: caller.t,
        alone: !asked.is_filter() && page.entries.len() == 1,
        people: page.entries.into_iter().map(|member| person(&caller, member)).collect(),
        next: page.next.map(|key| asked.page_after(key)),
        asked,
        pending,
        pending_cut,
        mistakes,
    };
    Ok(caller.page_with(status, &page))
}

fn person(caller: &Caller, member: Member) -> Person {
    Person {
        id: member.membership.user,
        role: caller.t.role(member.membership.role),
        mfa: member.mfa_enabled,
        suspended: member.status == MemberStatus::Suspended,
        last_seen: member.last_seen_at.map(|at| caller.times.show(at)),
        myself: member.membership.user == caller.actor.user_id(),
        name: member.name,
        email: member.email,
    }
}

/// The open invitations, and whether there are more.
async fn pending(caller: &Caller) -> Result<(Vec<Pending>, bool), Refused> {
    let request = PageRequest { limit: INVITATIONS, after: None };
    let page =
        invitations::list(&caller.console.app, &caller.actor, Some(InvitationStatus::Pending), &request)
            .await?;
    let shown = |listed: ListedInvitation| {
        let ListedInvitation { invitation, inviter_name } = listed;
        let form = |end| {
            let path = format!("/settings/team/invitations/{}/{end}", invitation.id);
            caller.forms.begin_as("row", path)
        };
        Pending {
            forms: may_stand(caller.role, invitation.role).then(|| (form("resend"), form("revoke"))),
            role: caller.t.role(invitation.role),
            by: inviter_name,
            expires: caller.times.show(invitation.expires_at),
            email: invitation.email.to_string(),
        }
    };
    let cut = page.next.is_some();
    Ok((page.entries.into_iter().map(shown).collect(), cut))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn the_next_page_repeats_the_search_of_this_one_and_begins_after_it() {
        let user = UserId::from_parts(7, &[1; 10]);
        let key = MemberKey { joined_at: OffsetDateTime::UNIX_EPOCH, user };
        let asked = Query { search: "a&b".to_owned(), role: String::new(), after: String::new() };
        let next = asked.page_after(key);
        assert_eq!(next, format!("/settings/team?search=a%26b&after=0.{user}"));
        let asked = Query { after: format!("0.{user}"), ..Query::default() };
        assert_eq!(asked.after().expect("a key"), Some(key));
        for broken in ["x", "0.", ".usr", "0.org_1", "99999999999999999999999999999999999999.x"] {
            let asked = Query { after: broken.to_owned(), ..Query::default() };
            assert!(matches!(asked.after(), Err(Refused::Misread)), "{broken}");
        }
    }
}
