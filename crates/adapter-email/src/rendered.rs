//! A letter as a mail: subject, text and HTML.

use rollcall_application::mail::{Contents, OutgoingMail, SecurityNotice};
use rollcall_domain::{EmailAddress, accounts::PersonName, organizations::OrganizationName};
use rollcall_texts::Language;
use time::OffsetDateTime;

use crate::{
    inert::inert,
    sheet::{Part, Sheet, whole},
    texts::Texts,
};

/// A mail, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) to: EmailAddress,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) links: Vec<String>,
}

impl Rendered {
    /// Writes a letter, in its language. Links lead to `public_url`, whatever host a request may have named (attack 18); the platform's
    /// operator is written to at `contact`.
    pub(crate) fn of(message: OutgoingMail, public_url: &str, contact: &str) -> Result<Self, askama::Error> {
        // English where the language that somebody has chosen is not written.
        let t = Texts::of(Language::tagged(message.locale.as_str()).unwrap_or(Language::English));
        let writer = Writer { t, public_url, contact, token: message.token.expose() };
        let (to, sheet) = writer.write(message.contents);
        let links = sheet.parts.iter().filter_map(|part| match part {
            Part::Button { link, .. } => Some(link.clone()),
            Part::Text(_) | Part::Item(_) | Part::Address(_) | Part::Lines(_) | Part::Command(_) => None,
        });
        Ok(Self {
            to,
            subject: sheet.subject(),
            text: sheet.text(t),
            html: sheet.html(t)?,
            links: links.collect(),
        })
    }
}

struct Writer<'a> {
    t: Texts,
    public_url: &'a str,
    contact: &'a str,
    token: &'a str,
}

impl Writer<'_> {
    /// To whom, and what.
    fn write(&self, contents: Contents) -> (EmailAddress, Sheet) {
        let t = self.t;
        match contents {
            Contents::ConfirmSignup { to, name, organization, expires_at } => {
                let parts = vec![
                    hello(t, &name),
                    text(t.confirm_signup(named(&organization))),
                    self.button(t.confirm_signup_button(), "/signup/complete", expires_at),
                ];
                let sheet = sheet(t.confirm_signup_subject(), parts, t.confirm_signup_otherwise());
                (to, Sheet { heading: t.confirm_signup_heading().to_owned(), ..sheet })
            }
            Contents::AccountExists { to, name } => {
                let parts = vec![
                    hello(t, &name),
                    text(t.account_exists()),
                    Part::Address(self.public_url.to_owned()),
                ];
                (to, sheet(t.account_exists_subject(), parts, t.nothing_happened()))
            }
            Contents::PasswordReset { to, name, expires_at } => {
                let parts = vec![
                    hello(t, &name),
                    text(t.password_reset()),
                    self.button(t.password_reset_button(), "/password/reset", expires_at),
                ];
                (to, sheet(t.password_reset_subject(), parts, t.password_reset_otherwise()))
            }
            Contents::PasswordChanged { to, name } => {
                let parts = vec![hello(t, &name), text(t.password_changed())];
                (to, sheet(t.password_changed_subject(), parts, t.password_changed_otherwise()))
            }
            Contents::FailedSignIns { to, name } => {
                let parts = vec![
                    hello(t, &name),
                    text(t.failed_sign_ins()),
                    text(t.failed_sign_ins_devices()),
                    text(t.failed_sign_ins_codes()),
                ];
                (to, sheet(t.failed_sign_ins_subject(), parts, t.was_it_you()))
            }
            Contents::FailedProofs { to, name, at } => {
                let parts = vec![
                    hello(t, &name),
                    text(t.failed_proofs(self.moment(at))),
                    text(t.failed_proofs_end(self.public_url)),
                ];
                (to, sheet(t.failed_proofs_subject(), parts, t.was_it_you()))
            }
            Contents::SecurityNotice { to, name, notice } => (to, self.notice(&name, notice)),
            Contents::OrganizationDeleted { to, name, organization, id, purge_at } => {
                let organization = named(&organization);
                let parts = vec![
                    hello(t, &name),
                    text(t.organization_deleted(&organization)),
                    text(t.organization_deleted_until(self.moment(purge_at), self.contact, id)),
                ];
                let subject = t.organization_deleted_subject(&organization);
                (to, sheet(subject, parts, t.organization_deleted_why(&organization)))
            }
            Contents::MfaRequired { to, name, organization, deadline_at } => {
                let (organization, until) = (named(&organization), self.moment(deadline_at));
                let parts = vec![
                    hello(t, &name),
                    text(t.mfa_required(&organization)),
                    text(t.mfa_required_how(self.public_url, until, &organization)),
                ];
                (to, sheet(t.mfa_required_subject(&organization), parts, t.mfa_date_stays()))
            }
            Contents::MfaReminder { to, name, organization, deadline_at } => {
                let (organization, until) = (named(&organization), self.moment(deadline_at));
                let parts = vec![
                    hello(t, &name),
                    text(t.mfa_reminder(&organization, until)),
                    text(t.mfa_reminder_how(self.public_url, &organization)),
                ];
                (to, sheet(t.mfa_reminder_subject(&organization), parts, t.mfa_date_stays()))
            }
            Contents::ApiKeyReported { to, name, organization, key, prefix } => {
                let organization = named(&organization);
                let key = whole(&inert(key.as_str()));
                let parts = vec![
                    hello(t, &name),
                    text(t.api_key_reported(key, &organization, prefix.as_str())),
                    text(t.api_key_reported_next()),
                ];
                let subject = t.api_key_reported_subject(&organization);
                let sheet = sheet(subject, parts, t.because_owner(&organization));
                (to, Sheet { heading: t.api_key_reported_heading().to_owned(), ..sheet })
            }
            Contents::AuditCheckpoint { to, organization, id, size, note } => {
                let organization = named(&organization);
                let parts = vec![
                    text(t.hello()),
                    text(t.checkpoint(&organization, id, size)),
                    Part::Lines(note),
                    text(t.checkpoint_how()),
                    Part::Command("rollcall audit verify EXPORT --checkpoint THIS_FILE"),
                ];
                let sheet =
                    sheet(t.checkpoint_subject(&organization), parts, t.checkpoint_daily(self.contact));
                (to, Sheet { heading: t.checkpoint_heading().to_owned(), ..sheet })
            }
            Contents::ControlSwitchedOff { to, name, organization, control } => {
                let (organization, called) = (named(&organization), t.control(control));
                let told = [
                    Some(text(t.control_off(called, &organization))),
                    t.once_off(control).map(text),
                    Some(text(t.control_off_who(self.public_url))),
                    Some(text(t.unexpected(self.contact))),
                ];
                let parts = std::iter::once(hello(t, &name)).chain(told.into_iter().flatten()).collect();
                let subject = t.control_off_subject(called, &organization);
                let sheet = sheet(subject, parts, t.because_owner(&organization));
                (to, Sheet { heading: t.control_off_heading().to_owned(), ..sheet })
            }
            Contents::RetentionShortened { to, name, organization, plan, at, recordings, audit_events } => {
                let (organization, at) = (named(&organization), self.moment(at));
                let recordings = recordings.map(|(days, outlived)| {
                    Part::Item(t.retention_recordings(days.after, days.before, t.outlived(outlived)))
                });
                let audit_events = audit_events.map(|(days, outlived)| {
                    Part::Item(t.retention_events(days.after, days.before, t.outlived(outlived)))
                });
                let told = [
                    Some(text(t.retention(&organization, t.plan(plan), at))),
                    recordings,
                    audit_events,
                    Some(text(t.retention_later(self.public_url))),
                    Some(text(t.unexpected(self.contact))),
                ];
                let parts = std::iter::once(hello(t, &name)).chain(told.into_iter().flatten()).collect();
                let sheet = sheet(t.retention_subject(&organization), parts, t.because_owner(&organization));
                (to, Sheet { heading: t.retention_heading().to_owned(), ..sheet })
            }
            Contents::ConfirmEmail { to, expires_at } => {
                let parts = vec![
                    text(t.hello()),
                    text(t.confirm_email()),
                    self.button(t.confirm_email_button(), "/me/email/confirm", expires_at),
                ];
                (to, sheet(t.confirm_email_subject(), parts, t.confirm_email_otherwise()))
            }
            Contents::AddressInUse { to, name } => {
                let parts = vec![hello(t, &name), text(t.address_in_use())];
                (to, sheet(t.address_in_use_subject(), parts, t.nothing_happened()))
            }
            Contents::EmailChangeRequested { to, name } => {
                let parts = vec![hello(t, &name), text(t.email_change_requested())];
                (to, sheet(t.email_change_requested_subject(), parts, t.email_change_requested_otherwise()))
            }
            Contents::EmailChanged { to, name } => {
                let parts = vec![hello(t, &name), text(t.email_changed())];
                (to, sheet(t.email_changed_subject(), parts, t.email_changed_otherwise()))
            }
            Contents::AccountDeleted { to, name } => {
                let parts = vec![hello(t, &name), text(t.account_deleted())];
                (to, sheet(t.account_deleted_subject(), parts, t.account_deleted_otherwise()))
            }
            Contents::Invitation { to, organization, inviter, role, expires_at } => {
                let (organization, role) = (named(&organization), whole(t.role(role)));
                let invites = match inviter {
                    Some(inviter) => t.invitation(whole(&inert(&inviter)), &organization, role),
                    None => t.invitation_by_nobody(&organization, role),
                };
                let button = self.button(t.invitation_button(), "/invitations/accept", expires_at);
                let parts = vec![text(invites), button];
                let sheet = sheet(t.invitation_subject(&organization), parts, t.invitation_otherwise());
                (to, Sheet { heading: t.invitation_heading(&organization), ..sheet })
            }
        }
    }

    fn notice(&self, name: &PersonName, notice: SecurityNotice) -> Sheet {
        let (t, words) = (self.t, self.t.notice(notice));
        let parts = vec![hello(t, name), text(words.news)];
        sheet(words.subject, parts, t.if_not_possible(words.otherwise, self.contact))
    }

    fn button(&self, label: &'static str, page: &str, expires_at: OffsetDateTime) -> Part {
        let link = format!("{}{page}?token={}", self.public_url, self.token);
        Part::Button { label, link, until: self.moment(expires_at) }
    }

    fn moment(&self, at: OffsetDateTime) -> String {
        whole(&self.t.moment(at))
    }
}

/// A mail whose heading is its subject.
fn sheet(subject: impl Into<String>, parts: Vec<Part>, footer: impl Into<String>) -> Sheet {
    let subject = subject.into();
    Sheet { heading: subject.clone(), subject, parts, footer: footer.into() }
}

fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

fn hello(t: Texts, name: &PersonName) -> Part {
    text(t.hello_to(whole(&inert(name.as_str()))))
}

fn named(organization: &OrganizationName) -> String {
    whole(&inert(organization.as_str()))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{OrganizationId, Role, id::MailId, secret::Secret};
    use time::macros::datetime;

    use super::*;

    fn invitation(organization: &str, inviter: &str) -> Rendered {
        rendered(Contents::Invitation {
            to: "ada@analytical.example".parse().expect("an address"),
            organization: organization.parse().expect("a name"),
            inviter: Some(inviter.to_owned()),
            role: Role::CustomerSupportAgent,
            expires_at: datetime!(2026-01-09 03:04:05 UTC),
        })
    }

    fn rendered(contents: Contents) -> Rendered {
        rendered_in("en", contents)
    }

    fn rendered_in(locale: &str, contents: Contents) -> Rendered {
        let (token, locale) = (Secret::new("t0k3n"), locale.parse().expect("a locale"));
        let message = OutgoingMail { id: MailId::from_parts(0, &[0; 10]), contents, token, locale };
        Rendered::of(message, "https://rollcall.example", "help@rollcall.example").expect("a mail")
    }

    #[test]
    fn the_notice_of_a_found_key_says_which_and_where_and_makes_no_links() {
        let mail = rendered(Contents::ApiKeyReported {
            to: "grace@navy.example".parse().expect("an address"),
            name: "Grace Hopper".parse().expect("a name"),
            organization: "Acme".parse().expect("a name"),
            key: "<b>evil.example".parse().expect("a name"),
            prefix: "rck_0Gk3wQ9xLm2T".parse().expect("a prefix"),
        });
        for part in [&mail.text, &mail.html] {
            for word in ["Grace Hopper", "Acme", "rck_0Gk3wQ9xLm2T", "is revoked"] {
                assert!(part.contains(word), "{word} in {part}");
            }
            assert!(!part.contains("evil.example"), "{part}");
        }
        assert!(!mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.links.is_empty());
    }

    #[test]
    fn the_notice_of_a_deletion_says_which_until_when_and_whom_to_ask() {
        let id = OrganizationId::from_parts(0, &[1; 10]);
        let mail = rendered(Contents::OrganizationDeleted {
            to: "grace@navy.example".parse().expect("an address"),
            name: "Grace Hopper".parse().expect("a name"),
            organization: "Acme <Voice> evil.example".parse().expect("a name"),
            id,
            purge_at: datetime!(2026-01-09 03:04:05 UTC),
        });
        for part in [&mail.text, &mail.html] {
            for word in
                ["Grace Hopper", &id.to_string(), "9 January 2026, 03:04 UTC", "help@rollcall.example"]
            {
                assert!(part.contains(word), "{word} in {part}");
            }
            assert!(!part.contains("evil.example"), "{part}");
        }
        assert!(!mail.html.contains("<Voice>") && mail.links.is_empty(), "{}", mail.html);
    }

    #[test]
    fn an_invitation_says_what_it_is_about_in_both_parts() {
        let mail = invitation("Acme Voice", "Grace Hopper");
        let link = "https://rollcall.example/invitations/accept?token=t0k3n";
        for part in [&mail.text, &mail.html] {
            for word in
                ["Acme Voice", "Grace Hopper", "Customer Support Agent", "9 January 2026, 03:04 UTC", link]
            {
                assert!(part.contains(word), "{word} in {part}");
            }
        }
        assert_eq!(mail.subject, "You are invited to join Acme Voice on Rollcall");
        assert_eq!(mail.links, [link]);
    }

    #[test]
    fn attack_22_names_are_inert_text() {
        let mail =
            invitation("<b>Win</b> https://evil.example", "\"><img src=x onerror=alert(1)> eve@evil.example");
        assert!(!mail.html.contains("<b>Win") && !mail.html.contains("<img"), "{}", mail.html);
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains("evil.example"), "{part}");
        }
    }
}
