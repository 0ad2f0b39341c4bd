//! Making a key (†). What opens it is on the page that answers the form, and on no other.

use askama::Template;
use rollcall_application::{
    Error,
    api_keys::{self, Create},
};
use rollcall_domain::Permission;

use super::{
    fields::{Fields, Group, Read},
    made,
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

const PATH: &str = "/settings/api-keys/new";

#[derive(Template)]
#[template(path = "api_keys/create.html")]
struct NewKeyPage {
    t: Texts,
    start: FormStart,
    groups: Vec<Group>,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for NewKeyPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.key_create().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

pub(super) async fn show(caller: Caller) -> Answer {
    caller.actor.permit(Permission::ApiKeysManage)?;
    Ok(caller.page(&page(&caller, Fields::default(), Mistakes::none())))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let mut mistakes = Mistakes::none();
    let Some(Read { name, scopes, expires_at, networks, rate_limit }) =
        fields.read(&caller, &mut mistakes, None)
    else {
        caller.permit_first(Permission::ApiKeysManage).await?;
        return Ok(caller.mend(&page(&caller, fields, mistakes)));
    };
    let command = Create { name, scopes, expires_at, networks, rate_limit };
    match api_keys::create(&caller.console.app, &caller.actor, command).await {
        Ok(made) => Ok(made::page(&caller, &made, false)),
        Err(error) => {
            let mistakes = match error {
                Error::TooManyApiKeys { .. } => Mistakes::whole_of(caller.t.explain(&error).text),
                error => Mistakes::of(caller.t, error)?,
            };
            Ok(caller.mend(&page(&caller, fields, mistakes)))
        }
    }
}

fn page(caller: &Caller, fields: Fields, mistakes: Mistakes) -> NewKeyPage {
    NewKeyPage {
        t: caller.t,
        start: caller.forms.begin(PATH),
        groups: fields.groups(caller.t),
        fields,
        mistakes,
    }
}
