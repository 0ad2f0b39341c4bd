//! Every letter in every language, as files: what has changed in a mail is seen in a diff.

use std::{collections::BTreeSet, env, fs};

use rollcall_application::mail::{Contents, OutgoingMail, SecurityNotice};
use rollcall_domain::{
    OrganizationId, Role,
    id::MailId,
    plans::{COUNTED, Shorter},
    secret::Secret,
    security::Control,
};
use time::macros::datetime;

use crate::rendered::Rendered;

/// The kinds of letters there are.
const KINDS: [&str; 20] = [
    "confirm_signup",
    "account_exists",
    "password_reset",
    "password_changed",
    "failed_sign_ins",
    "failed_proofs",
    "mfa_required",
    "mfa_reminder",
    "security_notice",
    "confirm_email",
    "address_in_use",
    "email_change_requested",
    "organization_deleted",
    "api_key_reported",
    "control_switched_off",
    "retention_shortened",
    "email_changed",
    "account_deleted",
    "audit_checkpoint",
    "invitation",
];

/// Of which kind a letter is. Whoever adds one adds it here, in [`KINDS`] and in [`every`].
fn kind(contents: &Contents) -> &'static str {
    match contents {
        Contents::ConfirmSignup { .. } => "confirm_signup",
        Contents::AccountExists { .. } => "account_exists",
        Contents::PasswordReset { .. } => "password_reset",
        Contents::PasswordChanged { .. } => "password_changed",
        Contents::FailedSignIns { .. } => "failed_sign_ins",
        Contents::FailedProofs { .. } => "failed_proofs",
        Contents::MfaRequired { .. } => "mfa_required",
        Contents::MfaReminder { .. } => "mfa_reminder",
        Contents::SecurityNotice { .. } => "security_notice",
        Contents::ConfirmEmail { .. } => "confirm_email",
        Contents::AddressInUse { .. } => "address_in_use",
        Contents::EmailChangeRequested { .. } => "email_change_requested",
        Contents::OrganizationDeleted { .. } => "organization_deleted",
        Contents::ApiKeyReported { .. } => "api_key_reported",
        Contents::ControlSwitchedOff { .. } => "control_switched_off",
        Contents::RetentionShortened { .. } => "retention_shortened",
        Contents::EmailChanged { .. } => "email_changed",
        Contents::AccountDeleted { .. } => "account_deleted",
        Contents::AuditCheckpoint { .. } => "audit_checkpoint",
        Contents::Invitation { .. } => "invitation",
    }
}

/// A letter of every kind, and of some more than one.
fn every() -> Vec<Contents> {
    let to = || "grace@navy.example".parse().expect("an address");
    let name = || "Grace Hopper".parse().expect("a name");
    let organization = || "Acme Voice".parse().expect("a name");
    let id = OrganizationId::from_parts(0, &[1; 10]);
    let at = datetime!(2026-03-09 03:04:05 UTC);
    let mut letters = vec![
        Contents::ConfirmSignup { to: to(), name: name(), organization: organization(), expires_at: at },
        Contents::AccountExists { to: to(), name: name() },
        Contents::PasswordReset { to: to(), name: name(), expires_at: at },
        Contents::PasswordChanged { to: to(), name: name() },
        Contents::FailedSignIns { to: to(), name: name() },
        Contents::FailedProofs { to: to(), name: name(), at },
        Contents::MfaRequired { to: to(), name: name(), organization: organization(), deadline_at: at },
        Contents::MfaReminder { to: to(), name: name(), organization: organization(), deadline_at: at },
        Contents::ConfirmEmail { to: to(), expires_at: at },
        Contents::AddressInUse { to: to(), name: name() },
        Contents::EmailChangeRequested { to: to(), name: name() },
        Contents::OrganizationDeleted {
            to: to(),
            name: name(),
            organization: organization(),
            id,
            purge_at: at,
        },
        Contents::ApiKeyReported {
            to: to(),
            name: name(),
            organization: organization(),
            key: "Dialler".parse().expect("a name"),
            prefix: "rck_0Gk3wQ9xLm2T".parse().expect("a prefix"),
        },
        Contents::EmailChanged { to: to(), name: name() },
        Contents::AccountDeleted { to: to(), name: name() },
        Contents::AuditCheckpoint {
            to: to(),
            organization: organization(),
            id,
            size: 7,
            note: "rollcall/audit\n7\nAAAA=\n\n— rollcall/audit BBBB=\n".to_owned(),
        },
    ];
    letters.extend(SecurityNotice::ALL.map(|notice| Contents::SecurityNotice {
        to: to(),
        name: name(),
        notice,
    }));
    letters.extend(Control::ALL.into_iter().map(|control| Contents::ControlSwitchedOff {
        to: to(),
        name: name(),
        organization: organization(),
        control,
    }));
    let days = Shorter { before: 365, after: 30 };
    for (recordings, audit_events) in
        [(Some((days, 0)), Some((days, 1))), (Some((days, 2)), None), (None, Some((days, COUNTED.into())))]
    {
        letters.push(Contents::RetentionShortened {
            to: to(),
            name: name(),
            organization: organization(),
            plan: "free".parse().expect("a plan"),
            at,
            recordings,
            audit_events,
        });
    }
    for (role, inviter) in
        Role::ALL.into_iter().map(|role| (role, Some("Ada Lovelace"))).chain([(Role::Viewer, None)])
    {
        letters.push(Contents::Invitation {
            to: to(),
            organization: organization(),
            inviter: inviter.map(str::to_owned),
            role,
            expires_at: at,
        });
    }
    letters
}

fn written(locale: &str, contents: Contents) -> Rendered {
    let (id, token) = (MailId::from_parts(0, &[0; 10]), Secret::new("t0k3n"));
    let message = OutgoingMail { id, contents, token, locale: locale.parse().expect("a locale") };
    Rendered::of(message, "https://rollcall.example", "help@rollcall.example").expect("a mail")
}

/// The text of HTML, without its tags, in one line.
fn bare(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let texts = body.split('<').map(|tag| tag.split_once('>').map_or("", |(_, text)| text));
    let bare = texts.collect::<Vec<_>>().join(" ");
    let bare = bare.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&");
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn golden_every_letter_in_every_language() {
    let kinds: BTreeSet<&str> = every().iter().map(kind).collect();
    assert_eq!(kinds, BTreeSet::from(KINDS), "a letter that is in no golden file");
    for language in ["en", "de"] {
        let mut all = String::new();
        for contents in every() {
            let kind = kind(&contents);
            let Rendered { subject, text, html, .. } = written(language, contents);
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
            all.push_str(&format!("=== {kind}\nSubject: {subject}\n\n{text}\nHTML: {}\n\n", bare(&html)));
        }
        let path = format!("{}/golden/mails.{language}.txt", env!("CARGO_MANIFEST_DIR"));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &all).expect("written");
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == all, "mails differ from {path}; with UPDATE_GOLDEN=1 it is written anew");
    }
}

#[test]
fn no_paragraph_is_left_in_another_language() {
    for contents in every() {
        let kind = kind(&contents);
        let paragraphs = |language| {
            let text = written(language, contents.clone()).text;
            text.split("\n\n").map(|part| part.trim().to_owned()).collect::<BTreeSet<String>>()
        };
        let (english, german) = (paragraphs("en"), paragraphs("de"));
        for same in english.intersection(&german) {
            let is_no_text = same.starts_with("https://")
                || same.starts_with("rollcall audit verify")
                || same.contains("rollcall/audit");
            assert!(is_no_text, "{kind}: {same}");
        }
        assert_ne!(
            written("en", contents.clone()).subject,
            written("de", contents.clone()).subject,
            "{kind}"
        );
    }
}

#[test]
fn both_parts_of_a_letter_say_the_same() {
    for language in ["en", "de"] {
        for contents in every() {
            let kind = kind(&contents);
            let Rendered { text, html, .. } = written(language, contents);
            let html = bare(&html);
            // But for what stands beside a button, and how lists and lines look.
            let same = text
                .split("\n\n")
                .filter(|part| !part.contains("link works") && !part.contains("Der Link gilt"));
            for part in same {
                let part =
                    part.trim_start_matches(['-', ' ']).split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(html.contains(&part), "{kind}: {part} in {html}");
            }
        }
    }
}
