//! Inviting somebody.

use askama::Template;
use rollcall_application::invitations::{self, Create};
use rollcall_domain::{Permission, Role};
use serde::Deserialize;

use super::{
    created,
    seats::{invitable, read},
};
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "invitations/create.html")]
struct InvitePage {
    t: Texts,
    organization: String,
    start: FormStart,
    roles: Vec<Role>,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for InvitePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.invite_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: String,
    role: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    caller.actor.permit(Permission::TeamInvite)?;
    let fields = Fields { email: String::new(), role: Role::Member.as_str().to_owned() };
    Ok(caller.page(&page(&caller, fields, Mistakes::none())))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    caller.actor.permit(Permission::TeamInvite)?;
    let mut mistakes = Mistakes::none();
    let email = mistakes.check(caller.t, "email", read(&fields.email));
    let role = mistakes.check(caller.t, "role", fields.role.parse());
    let (Some(email), Some(role)) = (email, role) else {
        return Ok(caller.mend(&page(&caller, fields, mistakes)));
    };
    match invitations::create(&caller.console.app, &caller.actor, Create { email, role }).await {
        Ok(made) => Ok(created::page(&caller, &made)),
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&page(&caller, fields, mistakes)))
        }
    }
}

fn page(caller: &Caller, fields: Fields, mistakes: Mistakes) -> InvitePage {
    InvitePage {
        t: caller.t,
        organization: caller.organization.name.to_string(),
        start: caller.forms.begin("/settings/team/invite"),
        roles: invitable(caller.role),
        fields,
        mistakes,
    }
}
