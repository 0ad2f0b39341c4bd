//! A letter as a mail: subject, text and HTML.

use askama::Template;
use rollcall_application::mail::{Contents, Message};
use rollcall_domain::plans::{COUNTED, Shorter};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    inert::inert,
    security_notice::Words,
    templates::{
        AccountDeletedHtml, AccountDeletedText, AccountExistsHtml, AccountExistsText, AddressInUseHtml,
        AddressInUseText, ApiKeyReportedHtml, ApiKeyReportedText, AuditCheckpointHtml, AuditCheckpointText,
        ConfirmEmailHtml, ConfirmEmailText, ConfirmSignupHtml, ConfirmSignupText, ControlSwitchedOffHtml,
        ControlSwitchedOffText, EmailChangeRequestedHtml, EmailChangeRequestedText, EmailChangedHtml,
        EmailChangedText, FailedProofsHtml, FailedProofsText, FailedSignInsHtml, FailedSignInsText,
        InvitationHtml, InvitationText, MfaReminderHtml, MfaReminderText, MfaRequiredHtml, MfaRequiredText,
        OrganizationDeletedHtml, OrganizationDeletedText, PasswordChangedHtml, PasswordChangedText,
        PasswordResetHtml, PasswordResetText, RetentionShortenedHtml, RetentionShortenedText,
        SecurityNoticeHtml, SecurityNoticeText,
    },
};

/// How times stand in mails: `9 January 2026, 03:04 UTC`.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");

/// A mail, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) to: rollcall_domain::EmailAddress,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) links: Vec<String>,
}

impl Rendered {
    /// Writes a letter. Links lead to `public_url`, whatever host a request may have named (attack 18); the platform's operator
    /// is written to at `contact`.
    pub(crate) fn of(message: Message, public_url: &str, contact: &str) -> Result<Self, askama::Error> {
        let token = message.token.expose();
        let link = |page: &str| format!("{public_url}{page}?token={token}");
        match message.contents {
            Contents::ConfirmSignup { to, name, organization, expires_at } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let (link, until) = (link("/signup/complete"), moment(expires_at));
                let (name, organization, until) = (name.as_str(), organization.as_str(), until.as_str());
                Ok(Self {
                    to,
                    subject: "Confirm your address to finish signing up".to_owned(),
                    text: ConfirmSignupText { name, organization, link: &link, until }.render()?,
                    html: ConfirmSignupHtml { name, organization, link: &link, until }.render()?,
                    links: vec![link],
                })
            }
            Contents::AccountExists { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "You already have an account".to_owned(),
                    text: AccountExistsText { name: &name, public_url }.render()?,
                    html: AccountExistsHtml { name: &name, public_url }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::PasswordReset { to, name, expires_at } => {
                let (name, link, until) = (inert(name.as_str()), link("/password/reset"), moment(expires_at));
                Ok(Self {
                    to,
                    subject: "Choose another password".to_owned(),
                    text: PasswordResetText { name: &name, link: &link, until: &until }.render()?,
                    html: PasswordResetHtml { name: &name, link: &link, until: &until }.render()?,
                    links: vec![link],
                })
            }
            Contents::PasswordChanged { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "Your password has been changed".to_owned(),
                    text: PasswordChangedText { name: &name }.render()?,
                    html: PasswordChangedHtml { name: &name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::FailedSignIns { to, name } => {
                let name = inert(name.as_str());
                let name = name.as_str();
                Ok(Self {
                    to,
                    subject: "Somebody tries to sign in to your account".to_owned(),
                    text: FailedSignInsText { name }.render()?,
                    html: FailedSignInsHtml { name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::FailedProofs { to, name, at } => {
                let (name, at) = (inert(name.as_str()), moment(at));
                let (name, at) = (name.as_str(), at.as_str());
                Ok(Self {
                    to,
                    subject: "Somebody guesses on a device that is signed in".to_owned(),
                    text: FailedProofsText { name, at, public_url }.render()?,
                    html: FailedProofsHtml { name, at, public_url }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::SecurityNotice { to, name, notice } => {
                let (name, words) = (inert(name.as_str()), Words::of(notice));
                Ok(Self {
                    to,
                    subject: words.subject.to_owned(),
                    text: SecurityNoticeText { name: &name, words, contact }.render()?,
                    html: SecurityNoticeHtml { name: &name, words, contact }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::OrganizationDeleted { to, name, organization, id, purge_at } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let (id, until) = (id.to_string(), moment(purge_at));
                let (name, organization, id, until) =
                    (name.as_str(), organization.as_str(), id.as_str(), until.as_str());
                Ok(Self {
                    to,
                    subject: format!("{organization} is deleted"),
                    text: OrganizationDeletedText { name, organization, id, until, contact }.render()?,
                    html: OrganizationDeletedHtml { name, organization, id, until, contact }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::MfaRequired { to, name, organization, deadline_at } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let until = moment(deadline_at);
                let (name, organization, until) = (name.as_str(), organization.as_str(), until.as_str());
                Ok(Self {
                    to,
                    subject: format!("{organization} asks for a second factor"),
                    text: MfaRequiredText { name, organization, until, public_url }.render()?,
                    html: MfaRequiredHtml { name, organization, until, public_url }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::MfaReminder { to, name, organization, deadline_at } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let until = moment(deadline_at);
                let (name, organization, until) = (name.as_str(), organization.as_str(), until.as_str());
                Ok(Self {
                    to,
                    subject: format!("Set up a second factor for {organization}"),
                    text: MfaReminderText { name, organization, until, public_url }.render()?,
                    html: MfaReminderHtml { name, organization, until, public_url }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::ApiKeyReported { to, name, organization, key, prefix } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let (key, prefix) = (inert(key.as_str()), prefix.as_str());
                let (name, organization, key) = (name.as_str(), organization.as_str(), key.as_str());
                Ok(Self {
                    to,
                    subject: format!("An API key of {organization} was found and is revoked"),
                    text: ApiKeyReportedText { name, organization, key, prefix }.render()?,
                    html: ApiKeyReportedHtml { name, organization, key, prefix }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::AuditCheckpoint { to, organization, id, size, note } => {
                let (organization, id) = (inert(organization.as_str()), id.to_string());
                let (organization, id, note) = (organization.as_str(), id.as_str(), note.as_str());
                Ok(Self {
                    to,
                    subject: format!("A checkpoint of the audit log of {organization}"),
                    text: AuditCheckpointText { organization, id, size, note, contact }.render()?,
                    html: AuditCheckpointHtml { organization, id, size, note, contact }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::ControlSwitchedOff { to, name, organization, control } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let at_once = control.once_off();
                let (name, organization, control) = (name.as_str(), organization.as_str(), control.title());
                let text =
                    ControlSwitchedOffText { name, organization, control, at_once, public_url, contact };
                let html =
                    ControlSwitchedOffHtml { name, organization, control, at_once, public_url, contact };
                Ok(Self {
                    to,
                    subject: format!("{control} of {organization} is off"),
                    text: text.render()?,
                    html: html.render()?,
                    links: Vec::new(),
                })
            }
            Contents::RetentionShortened { to, name, organization, plan, at, recordings, audit_events } => {
                let (name, organization) = (inert(name.as_str()), inert(organization.as_str()));
                let (name, organization, plan) = (name.as_str(), organization.as_str(), plan.as_str());
                let at = moment(at);
                let told = |kept: Option<(Shorter, u64)>| kept.map(|(days, of)| (days, too_old(of)));
                let (recordings, audit_events) = (told(recordings), told(audit_events));
                let (at, recordings, audit_events) =
                    (at.as_str(), recordings.as_ref(), audit_events.as_ref());
                Ok(Self {
                    to,
                    subject: format!("What is too old for the plan of {organization} is deleted"),
                    text: RetentionShortenedText {
                        name,
                        organization,
                        plan,
                        at,
                        recordings,
                        audit_events,
                        public_url,
                        contact,
                    }
                    .render()?,
                    html: RetentionShortenedHtml {
                        name,
                        organization,
                        plan,
                        at,
                        recordings,
                        audit_events,
                        public_url,
                        contact,
                    }
                    .render()?,
                    links: Vec::new(),
                })
            }
            Contents::ConfirmEmail { to, expires_at } => {
                let (link, until) = (link("/me/email/confirm"), moment(expires_at));
                Ok(Self {
                    to,
                    subject: "Confirm your new address".to_owned(),
                    text: ConfirmEmailText { link: &link, until: &until }.render()?,
                    html: ConfirmEmailHtml { link: &link, until: &until }.render()?,
                    links: vec![link],
                })
            }
            Contents::AddressInUse { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "This address already has an account".to_owned(),
                    text: AddressInUseText { name: &name }.render()?,
                    html: AddressInUseHtml { name: &name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::EmailChangeRequested { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "A new address for your account".to_owned(),
                    text: EmailChangeRequestedText { name: &name }.render()?,
                    html: EmailChangeRequestedHtml { name: &name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::EmailChanged { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "Your address has been changed".to_owned(),
                    text: EmailChangedText { name: &name }.render()?,
                    html: EmailChangedHtml { name: &name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::AccountDeleted { to, name } => {
                let name = inert(name.as_str());
                Ok(Self {
                    to,
                    subject: "Your account has been deleted".to_owned(),
                    text: AccountDeletedText { name: &name }.render()?,
                    html: AccountDeletedHtml { name: &name }.render()?,
                    links: Vec::new(),
                })
            }
            Contents::Invitation { to, organization, inviter, role, expires_at } => {
                let organization = inert(organization.as_str());
                let inviter = inert(inviter.as_deref().unwrap_or("A colleague"));
                let (link, until) = (link("/invitations/accept"), moment(expires_at));
                let (inviter, organization, until) =
                    (inviter.as_str(), organization.as_str(), until.as_str());
                let role = role.display_name();
                Ok(Self {
                    to,
                    subject: format!("You are invited to join {organization} on Rollcall"),
                    text: InvitationText { inviter, organization, role, link: &link, until }.render()?,
                    html: InvitationHtml { inviter, organization, role, link: &link, until }.render()?,
                    links: vec![link],
                })
            }
        }
    }
}

/// How many are too old, in words that go on with "too old".
fn too_old(outlived: u64) -> String {
    match outlived {
        0 => "None of them are".to_owned(),
        1 => "1 of them is".to_owned(),
        most if most >= u64::from(COUNTED) => format!("{COUNTED} of them or more are"),
        many => format!("{many} of them are"),
    }
}

fn moment(at: OffsetDateTime) -> String {
    // Formatting only fails for parts that a moment lacks, and it lacks none.
    at.to_offset(UtcOffset::UTC).format(MOMENT).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{OrganizationId, Role, accounts::Locale, id::MailId, secret::Secret};
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
        let token = Secret::new("t0k3n");
        let message =
            Message { id: MailId::from_parts(0, &[0; 10]), contents, token, locale: Locale::default() };
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
