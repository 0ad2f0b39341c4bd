//! One member: what they are, and what whoever looks can do about it.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{Error, members};
use rollcall_domain::{
    Permission, Role, UserId,
    members::{Member, MemberStatus},
    policy::{self, Decision, Target},
};

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::Choice,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "members/show.html")]
struct MemberPage {
    t: Texts,
    member: Member,
    role: &'static str,
    suspended: bool,
    myself: bool,
    joined: Moment,
    last_seen: Option<Moment>,
    /// The form for another role, and the roles that whoever looks can give.
    change: Option<(FormStart, Vec<Role>)>,
    /// The form that turns their second factor off.
    reset_mfa: Option<FormStart>,
    /// Where they are removed, or leave.
    remove: Option<String>,
    /// Whether whoever looks cannot leave, as nobody else is an Owner.
    must_stay: bool,
}

impl Page for MemberPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.member.name.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

impl MemberPage {
    fn roles(&self, roles: &[Role]) -> Vec<(&'static str, &'static str)> {
        roles.iter().map(|role| (role.as_str(), self.t.role(role))).collect()
    }
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let member = members::show(&caller.console.app, &caller.principal(), id).await?;
    let role = member.membership.role;
    let may = |permission, role| {
        let decision = policy::decide(&caller.actor.grant(), permission, Target::Seat { role });
        decision == Decision::Allowed
    };
    let roles: Vec<Role> =
        Role::ALL.into_iter().filter(|role| may(Permission::TeamUpdateRole, *role)).collect();
    let (myself, removable) = (id == caller.actor.user_id(), may(Permission::TeamRemove, role));
    // Whoever is asked about others than themselves is an Owner beside them.
    let must_stay = myself
        && removable
        && role == Role::Owner
        && members::offboarding(&caller.console.app, &caller.actor, id).await?.sole_owner;
    let page = MemberPage {
        t: caller.t,
        role: caller.t.role(role),
        suspended: member.status == MemberStatus::Suspended,
        myself,
        joined: caller.times.day(member.joined_at),
        last_seen: member.last_seen_at.map(|at| caller.times.show(at)),
        change: may(Permission::TeamUpdateRole, role)
            .then(|| (caller.forms.begin(format!("/settings/team/{id}/role")), roles)),
        reset_mfa: (caller.may(Permission::OwnersManage) && member.mfa_enabled && !myself)
            .then(|| caller.forms.begin(format!("/settings/team/{id}/reset-mfa"))),
        must_stay,
        remove: (removable && !must_stay).then(|| format!("/settings/team/{id}/remove")),
        member,
    };
    Ok(caller.page(&page))
}
