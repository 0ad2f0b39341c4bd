//! Inviting many at once: what could be done is done, and what could not is still in the field.

use askama::Template;
use axum::response::Response;
use rollcall_application::{
    Error,
    invitations::{self, Create},
};
use rollcall_domain::{Permission, Role};
use serde::Deserialize;

use super::seats::{invitable, read};
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

/// The most addresses of one form.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "invitations/create_bulk.html")]
struct InviteManyPage {
    t: Texts,
    organization: String,
    start: FormStart,
    roles: Vec<Role>,
    fields: Fields,
    /// How many were invited, if any were to be.
    invited: Option<usize>,
    /// The addresses that were not, and why.
    failed: Vec<(String, String)>,
    mistakes: Mistakes,
}

impl Page for InviteManyPage {
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
    addresses: String,
    role: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    caller.actor.permit(Permission::TeamInvite)?;
    let fields = Fields { role: Role::Member.as_str().to_owned(), ..Fields::default() };
    Ok(caller.page(&page(&caller, fields, Mistakes::none())))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    caller.actor.permit(Permission::TeamInvite)?;
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let addresses = apart(&fields.addresses);
    let role: Option<Role> = mistakes.check(t, "role", fields.role.parse());
    match addresses.len() {
        0 => mistakes.add("addresses", t.invite_none()),
        1..=MOST => {}
        _ => mistakes.add("addresses", t.invite_too_many(MOST)),
    }
    let (Some(role), false) = (role, mistakes.any()) else {
        return Ok(caller.mend(&page(&caller, fields, mistakes)));
    };
    let commands = addresses
        .iter()
        .map(|address| {
            let email = read(address).map_err(|problem| Error::invalid("email", problem))?;
            Ok(Create { email, role })
        })
        .collect();
    match invitations::create_bulk(&caller.console.app, &caller.actor, commands).await {
        Ok(results) => Ok(came_of(&caller, fields.role, &addresses, &results)),
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&page(&caller, fields, mistakes)))
        }
    }
}

/// The addresses in a text: by lines, commas, semicolons or blanks, each once. `Grace <grace@navy.example>`, as mail programs have it,
/// is the address between the brackets.
pub(crate) fn apart(text: &str) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    let parts = text.split(['\n', ',', ';']).map(|part| match part.rsplit_once('<') {
        Some((_, bracketed)) => bracketed.trim_end().trim_end_matches('>'),
        None => part,
    });
    for address in parts.flat_map(str::split_whitespace) {
        if !addresses.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            addresses.push(address.to_owned());
        }
    }
    addresses
}

fn came_of<T>(caller: &Caller, role: String, addresses: &[String], results: &[Result<T, Error>]) -> Response {
    let t = caller.t;
    let outcomes = addresses.iter().zip(results);
    let failed: Vec<_> = outcomes
        .filter_map(|(address, result)| Some((address.clone(), t.explain(result.as_ref().err()?).text)))
        .collect();
    let invited = results.len() - failed.len();
    if failed.is_empty() {
        return caller.go_to_and_say("/settings/team", t.invited_many(invited));
    }
    let left: Vec<&str> = failed.iter().map(|(address, _)| address.as_str()).collect();
    let fields = Fields { addresses: left.join("\n"), role };
    let mistakes = Mistakes::whole_of(t.invited_not(failed.len()));
    caller.mend(&InviteManyPage { invited: Some(invited), failed, ..page(caller, fields, mistakes) })
}

fn page(caller: &Caller, fields: Fields, mistakes: Mistakes) -> InviteManyPage {
    InviteManyPage {
        t: caller.t,
        organization: caller.organization.name.to_string(),
        start: caller.forms.begin("/settings/team/invite-many"),
        roles: invitable(caller.role),
        fields,
        invited: None,
        failed: Vec::new(),
        mistakes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_however_they_were_pasted() {
        let text = "a@x.example, b@x.example;c@x.example\n\n d@x.example e@x.example\nGrace Hopper <f@x.example>\nA@X.example";
        assert_eq!(
            apart(text),
            ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example", "f@x.example"]
        );
        assert!(apart(" \n,;").is_empty());
    }
}
