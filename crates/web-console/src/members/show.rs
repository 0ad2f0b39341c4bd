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
    /// Where they are removed.
    remove: Option<String>,
}

impl Page for MemberPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.member.name.clone()
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
    let page = MemberPage {
        t: caller.t,
        role: caller.t.role(role),
        suspended: member.status == MemberStatus::Suspended,
        myself: id == caller.actor.user_id(),
        joined: caller.times.day(member.joined_at),
        last_seen: member.last_seen_at.map(|at| caller.times.show(at)),
        change: may(Permission::TeamUpdateRole, role)
            .then(|| (caller.forms.begin(format!("/settings/team/{id}/role")), roles)),
        reset_mfa: (caller.may(Permission::OwnersManage)
            && member.mfa_enabled
            && id != caller.actor.user_id())
        .then(|| caller.forms.begin(format!("/settings/team/{id}/reset-mfa"))),
        remove: may(Permission::TeamRemove, role).then(|| format!("/settings/team/{id}/remove")),
        member,
    };
    Ok(caller.page(&page))
}
