//! Removing a member. What that would touch is shown before.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error, PageRequest, Precondition,
    members::{self, MemberFilter, Offboarding, Remove},
};
use rollcall_domain::{Permission, UserId, members::Member, policy::Target};
use serde::Deserialize;

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Choice,
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
};

/// The most people who are offered as heirs.
const HEIRS: u16 = 200;

#[derive(Template)]
#[template(path = "members/remove.html")]
struct RemovePage {
    t: Texts,
    start: FormStart,
    member: Member,
    /// Whether they remove themselves.
    myself: bool,
    touches: Offboarding,
    /// Who could take over what they leave behind: ids and names.
    heirs: Vec<(String, String)>,
    /// Whether there are more.
    heirs_cut: bool,
    hand_over_to: String,
    mistakes: Mistakes,
}

impl Page for RemovePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        match self.myself {
            true => self.t.leave_title().to_owned(),
            false => self.t.remove_title(&self.member.name),
        }
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl RemovePage {
    fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        let nobody = ("", self.t.hand_over_nobody());
        std::iter::once(nobody).chain(self.heirs.iter().map(|(id, name)| (id.as_str(), name.as_str())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default)]
    hand_over_to: String,
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    Ok(caller.page(&page(&caller, user, String::new(), Mistakes::none()).await?))
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let hand_over_to = match fields.hand_over_to.as_str() {
        "" => None,
        heir => Some(heir.parse().map_err(|_| Refused::Misread)?),
    };
    let app = &caller.console.app;
    let leaving = members::show(app, &caller.principal(), user).await?;
    match members::remove(app, &caller.actor, Remove { user, hand_over_to, precondition: Precondition::None })
        .await
    {
        Ok(()) => Ok(caller.go_to_and_say("/settings/team", caller.t.removed(leaving.name))),
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&page(&caller, user, fields.hand_over_to, mistakes).await?))
        }
    }
}

async fn page(
    caller: &Caller,
    user: UserId,
    hand_over_to: String,
    mistakes: Mistakes,
) -> Result<RemovePage, Refused> {
    let app = &caller.console.app;
    let member = members::show(app, &caller.principal(), user).await?;
    caller.actor.permit_on(Permission::TeamRemove, Target::Seat { role: member.membership.role })?;
    let touches = members::offboarding(app, &caller.actor, user).await?;
    let everybody = PageRequest { limit: HEIRS, after: None };
    let team = members::list(app, &caller.principal(), &MemberFilter::default(), &everybody).await?;
    let heirs_cut = team.next.is_some();
    let heirs = team.entries.into_iter().filter(|heir| heir.membership.user != user);
    Ok(RemovePage {
        t: caller.t,
        start: caller.forms.begin(format!("/settings/team/{user}/remove")),
        heirs: heirs.map(|heir| (heir.membership.user.to_string(), heir.name)).collect(),
        heirs_cut,
        myself: user == caller.actor.user_id(),
        member,
        touches,
        hand_over_to,
        mistakes,
    })
}
