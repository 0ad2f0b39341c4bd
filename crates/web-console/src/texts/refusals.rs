//! Why something was refused, and what to do about it.

use http::StatusCode;
use rollcall_application::{Error, FieldError};
use rollcall_texts::Language;

use super::{Texts, problems, texts};
use crate::refused::Explanation;

texts! {
    stale_form_title = "This form is not from your session" | "Dieses Formular gehört nicht zu Ihrer Sitzung";
    stale_form = "Nothing was changed. You may have signed in or out meanwhile, or switched the organization. Open the page again and send it from there." | "Es wurde nichts geändert. Vielleicht haben Sie sich inzwischen an- oder abgemeldet oder die Organisation gewechselt. Öffnen Sie die Seite neu und senden Sie von dort.";
    misread_title = "That did not work" | "Das hat nicht funktioniert";
    misread = "Go back and reload the page, please, and try again." | "Gehen Sie bitte zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.";
    misread_link = "Open the link in the mail again, please." | "Öffnen Sie bitte den Link in der E-Mail erneut.";
    too_large_title = "That is too much for this form" | "Das ist zu viel für dieses Formular";
    too_large = "Nothing was changed. Go back, enter less, and send the form again." | "Es wurde nichts geändert. Gehen Sie zurück, geben Sie weniger ein, und senden Sie das Formular erneut.";
    no_such_way = "This address leads nowhere by itself: it is where a form is sent. Go to the page with the form and send it from there." | "Diese Adresse führt für sich genommen nirgendwohin: An sie wird ein Formular gesendet. Öffnen Sie die Seite mit dem Formular und senden Sie es von dort.";
    foreign_form_title = "This form came from elsewhere" | "Dieses Formular stammt nicht von hier";
    foreign_form = "Nothing was changed: it was not sent from a page of ours, or your browser did not say so. Open the page here and send it again." | "Nichts wurde geändert: Das Formular kam nicht von einer unserer Seiten, oder Ihr Browser hat das nicht angegeben. Öffnen Sie die Seite hier und senden Sie es erneut.";
    told_as(request_id) = "If you report this, give this number: {request_id}" | "Wenn Sie das melden, nennen Sie diese Nummer: {request_id}";
    slow_down_seconds[n] = "Too many requests. Try again in a second.", "Too many requests. Try again in {n} seconds." | "Zu viele Anfragen. Versuchen Sie es in einer Sekunde erneut.", "Zu viele Anfragen. Versuchen Sie es in {n} Sekunden erneut.";
    invitation_closed_title = "This invitation is not open any more" | "Diese Einladung ist nicht mehr offen";
    invitation_closed = "It has been accepted or revoked, or has expired. The list of invitations shows what is open now." | "Sie wurde angenommen, zurückgezogen oder ist abgelaufen. Die Liste der Einladungen zeigt, was jetzt offen ist.";
    nothing_there_title = "There is no such page" | "Diese Seite gibt es nicht";
    nothing_there = "There is nothing under this address." | "Unter dieser Adresse ist nichts.";
    not_found = "It may have been removed, or you may not see it." | "Es wurde vielleicht entfernt, oder Sie dürfen es nicht sehen.";

    credentials_wrong = "The address and the password do not belong together." | "Adresse und Passwort gehören nicht zusammen.";
    password_wrong = "The password is not right." | "Das Passwort stimmt nicht.";
    code_wrong = "The code is not right, or has been used already." | "Der Code stimmt nicht oder wurde schon verwendet.";
    passkey_wrong = "The passkey was not accepted. Try again, or use another way." | "Der Passkey wurde nicht angenommen. Versuchen Sie es erneut oder wählen Sie einen anderen Weg.";
    busy = "We are very busy at the moment. Please try again." | "Gerade ist sehr viel los. Bitte versuchen Sie es erneut.";

    denied_title = "Your role does not allow this" | "Ihre Rolle erlaubt das nicht";
    denied(roles) = "It takes one of these roles: {roles}. Ask somebody in your organization who has one if you need it." | "Dafür braucht es eine dieser Rollen: {roles}. Wenden Sie sich an jemanden in Ihrer Organisation, der eine davon hat, wenn Sie das brauchen.";
    mfa_required_title = "Set up a second factor first" | "Richten Sie zuerst einen zweiten Faktor ein";
    mfa_required = "The organization that you worked in last asks you for a second factor, and your time to set one up is over." | "Die Organisation, in der Sie zuletzt gearbeitet haben, verlangt einen zweiten Faktor, und Ihre Frist dafür ist abgelaufen.";
    suspended_title = "This organization is suspended" | "Diese Organisation ist gesperrt";
    suspended_text = "Nobody can use it for now. Its Owners can ask the operator of this service." | "Vorerst kann niemand sie benutzen. Die Inhaber können sich an den Betreiber dieses Dienstes wenden.";
    plan_required_title = "Your plan does not include this" | "Ihr Tarif enthält das nicht";
    plan_required(plan) = "It comes with the plan {plan}." | "Es gehört zum Tarif {plan}.";
    plan_required_none = "No plan includes it at the moment." | "Zurzeit enthält es kein Tarif.";
    controls_in_use = "Security controls are on that the other plan does not include. Confirm that they may be switched off." | "Es sind Sicherheitsfunktionen eingeschaltet, die der andere Tarif nicht enthält. Bestätigen Sie, dass sie ausgeschaltet werden dürfen.";
    retention_too_short = "Some data is older than the other plan keeps it. Confirm that it may be deleted." | "Einige Daten sind älter, als der andere Tarif sie aufbewahrt. Bestätigen Sie, dass sie gelöscht werden dürfen.";
    conflict_title = "That is not possible now" | "Das ist jetzt nicht möglich";
    no_seat_title = "No seat is left" | "Kein Platz ist frei";
    no_seat(most) = "The organization has as many members as its plan has seats: {most}. An invitation stays good until there is room." | "Die Organisation hat so viele Mitglieder, wie ihr Tarif Plätze hat: {most}. Eine Einladung bleibt gültig, bis Platz ist.";
    too_many_members(used, most) = "There are {used} members, and the other plan has {most} seats." | "Es gibt {used} Mitglieder, und der andere Tarif hat {most} Plätze.";
    too_many_keys_for_plan(used, most) = "There are {used} API keys, and the other plan allows {most}." | "Es gibt {used} API-Schlüssel, und der andere Tarif erlaubt {most}.";
    too_many_keys(most) = "The organization has {most} API keys, which is as many as it can have. Revoke one first." | "Die Organisation hat {most} API-Schlüssel, mehr sind nicht möglich. Widerrufen Sie zuerst einen.";
    payment_declined = "The payment was declined. Nothing was changed." | "Die Zahlung wurde abgelehnt. Es wurde nichts geändert.";
    plan_changed(plan) = "Somebody else has changed the plan meanwhile; it is {plan} now. Nothing was changed for you. Look at it again, then decide." | "Jemand anderes hat den Tarif inzwischen geändert; er ist jetzt {plan}. Für Sie wurde nichts geändert. Sehen Sie ihn sich noch einmal an und entscheiden Sie dann.";
    audit_log_off = "The audit log is off. An Owner turns it on under Security." | "Das Auditprotokoll ist ausgeschaltet. Ein Inhaber kann es im Bereich Sicherheit einschalten.";
    export_running = "An export of the organization, or one that you have begun in another, is running already. Try again when it is done." | "Es läuft schon ein Export der Organisation, oder einer, den Sie in einer anderen begonnen haben. Versuchen Sie es erneut, wenn er fertig ist.";
    organization_deleted = "This organization is deleted." | "Diese Organisation ist gelöscht.";
    last_owner = "An organization keeps at least one Owner. Make somebody else an Owner first." | "Mindestens eine Person in einer Organisation muss die Rolle Inhaber haben. Geben Sie sie zuerst einer weiteren Person.";
    last_owner_of(names) = "You are the only Owner of {names}. Make somebody else an Owner there, or delete it first." | "Nur Sie haben die Rolle Inhaber in {names}. Geben Sie sie dort zuerst einer weiteren Person, oder löschen Sie die Organisation.";
    already_member = "This address belongs to somebody in the organization already." | "Diese Adresse gehört schon jemandem in der Organisation.";
    already_invited = "This address has an invitation that is still open." | "Diese Adresse hat schon eine offene Einladung.";
    own_mfa = "You cannot reset your own second factor here; turn it off in your account." | "Ihren eigenen zweiten Faktor können Sie hier nicht zurücksetzen; schalten Sie ihn in Ihrem Konto aus.";
    mfa_by_operator = "This person works in other organizations as well, so the operator of this service decides about their second factor." | "Diese Person arbeitet auch in anderen Organisationen; über ihren zweiten Faktor entscheidet daher der Betreiber dieses Dienstes.";
    mfa_not_on = "There is no second factor." | "Es gibt keinen zweiten Faktor.";
    totp_on = "An authenticator app is on already." | "Eine Authenticator-App ist schon eingeschaltet.";
    totp_not_begun = "Setting up the app took too long. Begin again, please." | "Das Einrichten der App hat zu lange gedauert. Beginnen Sie bitte erneut.";
    password_too_short = "Without a second factor your password must have 15 characters or more. Choose a longer one first." | "Ohne zweiten Faktor muss Ihr Passwort mindestens 15 Zeichen haben. Wählen Sie zuerst ein längeres.";
    passkey_exists = "This device has a passkey already." | "Dieses Gerät hat schon einen Passkey.";
    too_many_passkeys = "You have as many passkeys as one can have. Remove one first." | "Sie haben so viele Passkeys wie möglich. Entfernen Sie zuerst einen.";
    no_passkey = "You have no passkey." | "Sie haben keinen Passkey.";
    passkeys_unavailable = "Passkeys do not work under this address of the service." | "Unter dieser Adresse des Dienstes lassen sich Passkeys nicht verwenden.";
    longer_password_title = "Choose a longer password first" | "Wählen Sie zuerst ein längeres Passwort";
    longer_password = "Your second factor was turned off, and without one your password is too short: it has fewer than 15 characters. Use “Forgot your password?” and choose a longer one with the link that you get." | "Ihr zweiter Faktor wurde ausgeschaltet, und ohne ihn ist Ihr Passwort zu kurz: Es hat weniger als 15 Zeichen. Verwenden Sie „Passwort vergessen?“, und wählen Sie über den Link, den Sie erhalten, ein längeres.";
    changed_title = "Somebody was faster" | "Jemand war schneller";
    changed = "This has changed since you opened the page. Open it again to see how it is now." | "Dies hat sich geändert, seit Sie die Seite geöffnet haben. Öffnen Sie sie neu, um den aktuellen Stand zu sehen.";
    slow_down_title = "Please wait a little" | "Bitte warten Sie etwas";
    slow_down = "Too many attempts. Try again soon." | "Zu viele Versuche. Versuchen Sie es bald erneut.";
    slow_down_minutes[n] = "Too many attempts. Try again in a minute.", "Too many attempts. Try again in {n} minutes." | "Zu viele Versuche. Versuchen Sie es in einer Minute erneut.", "Zu viele Versuche. Versuchen Sie es in {n} Minuten erneut.";
    bulk_running = "Other invitations of this organization, or yours in another, are being sent right now. Try again in a few seconds." | "Gerade werden andere Einladungen dieser Organisation gesendet, oder Ihre in einer anderen. Versuchen Sie es in einigen Sekunden erneut.";
    unavailable_title = "Not available at the moment" | "Zurzeit nicht verfügbar";
    unavailable = "Please try again in a minute." | "Bitte versuchen Sie es in einer Minute erneut.";
    internal_title = "Something went wrong here" | "Hier ist etwas schiefgegangen";
    internal = "The fault is ours. Please try again." | "Der Fehler liegt bei uns. Bitte versuchen Sie es erneut.";
    link_gone_title = "This link cannot be used any more" | "Dieser Link gilt nicht mehr";
    invitation_gone_title = "This invitation cannot be used any more" | "Diese Einladung gilt nicht mehr";
    invitation_gone = "It has been accepted, revoked, sent again with a newer link, or has expired. Ask whoever invited you for a new one." | "Sie wurde angenommen, zurückgezogen, mit einem neueren Link erneut gesendet oder ist abgelaufen. Bitten Sie die Person, die Sie eingeladen hat, um eine neue.";
    signup_gone = "It has been used, or has expired. If you have not finished signing up, sign up again to get a new one." | "Er wurde verwendet oder ist abgelaufen. Wenn Sie die Registrierung nicht abgeschlossen haben, registrieren Sie sich erneut.";
    reset_gone = "It has been used, or has expired. Use “Forgot your password?” again to get a new one." | "Er wurde verwendet oder ist abgelaufen. Verwenden Sie erneut „Passwort vergessen?“, um einen neuen zu erhalten.";
    email_change_gone = "It has been used or replaced by a later one, has expired, or the address has got an account. Ask for the change again to get a new one." | "Er wurde verwendet oder durch einen späteren ersetzt, ist abgelaufen, oder zu der Adresse gibt es jetzt ein Konto. Veranlassen Sie die Änderung erneut, um einen neuen zu erhalten.";
    account_exists_title = "You already have an account" | "Sie haben schon ein Konto";
    account_exists = "Since the mail was sent, this address has got an account. Sign in with it." | "Seit die E-Mail gesendet wurde, gibt es zu dieser Adresse ein Konto. Melden Sie sich damit an.";
    value_wrong(why) = "Not accepted: {why}." | "Nicht angenommen: {why}.";
}

impl Texts {
    /// Whether a form can be mended, and sent again, after this: then it is shown once more with everything that was typed.
    pub(crate) fn is_mendable(self, error: &Error) -> bool {
        matches!(
            error,
            Error::InvalidCredentials
                | Error::WrongPassword
                | Error::InvalidMfaCode
                | Error::PasskeyRefused
                | Error::InvalidMfaPasskey
                | Error::AlreadyMember
                | Error::InvitationPending
                | Error::LimitReached { .. }
                | Error::Busy
        )
    }

    /// Why something was refused, and what to do about it. Every kind of error says something of its own where a page can meet it.
    pub(crate) fn explain(self, error: &Error) -> Explanation {
        let because = |status, title: &str, text: &str| Explanation {
            status,
            title: title.to_owned(),
            text: text.to_owned(),
        };
        let conflict = |text: &str| because(StatusCode::CONFLICT, self.conflict_title(), text);
        let unprocessable =
            |text: &str| because(StatusCode::UNPROCESSABLE_ENTITY, self.misread_title(), text);
        let gone = |text: &str| because(StatusCode::GONE, self.link_gone_title(), text);
        let forbidden = |title: &str, text: &str| because(StatusCode::FORBIDDEN, title, text);
        match error {
            Error::InvalidCredentials => unprocessable(self.credentials_wrong()),
            Error::WrongPassword => unprocessable(self.password_wrong()),
            Error::InvalidMfaCode => unprocessable(self.code_wrong()),
            Error::PasskeyRefused | Error::InvalidMfaPasskey => unprocessable(self.passkey_wrong()),
            Error::InvalidChallenge => gone(self.second_step_over()),
            Error::PermissionDenied { required } => {
                forbidden(self.denied_title(), &self.denied(self.roles_that_may(*required)))
            }
            Error::MfaRequired => forbidden(self.mfa_required_title(), self.mfa_required()),
            Error::ElevationRequired => forbidden(self.elevate_title(), self.elevate_why()),
            Error::OrganizationSuspended => forbidden(self.suspended_title(), self.suspended_text()),
            Error::LongerPasswordRequired => forbidden(self.longer_password_title(), self.longer_password()),
            Error::WrongAccount { invited, signed_in } => {
                forbidden(self.join_other_title(), &self.join_other(invited, signed_in))
            }
            Error::PlanRequired { plan, .. } => {
                let text = match plan {
                    Some(plan) => self.plan_required(self.plan(*plan)),
                    None => self.plan_required_none().to_owned(),
                };
                forbidden(self.plan_required_title(), &text)
            }
            Error::NoSeatLeft { most } => {
                because(StatusCode::CONFLICT, self.no_seat_title(), &self.no_seat(most))
            }
            Error::ControlsInUse { .. } => conflict(self.controls_in_use()),
            Error::RetentionTooShort { .. } => conflict(self.retention_too_short()),
            Error::TooManyMembers { used, most } => conflict(&self.too_many_members(used, most)),
            Error::TooManyApiKeysForPlan { used, most } => conflict(&self.too_many_keys_for_plan(used, most)),
            Error::TooManyApiKeys { most } => conflict(&self.too_many_keys(most)),
            Error::PaymentDeclined => conflict(self.payment_declined()),
            Error::PlanChanged { plan } => conflict(&self.plan_changed(self.plan(*plan))),
            Error::AuditLogDisabled => conflict(self.audit_log_off()),
            Error::ExportRunning => conflict(self.export_running()),
            Error::OrganizationDeleted => conflict(self.organization_deleted()),
            Error::Escalation(refusal) => conflict(self.escalation_refused(*refusal)),
            Error::LastOwner => conflict(self.last_owner()),
            Error::LastOwnerOf { organizations } => {
                let names: Vec<&str> = organizations.iter().map(|(_, name)| name.as_str()).collect();
                conflict(&self.last_owner_of(names.join(", ")))
            }
            Error::AlreadyMember => conflict(self.already_member()),
            Error::InvitationPending => conflict(self.already_invited()),
            Error::OwnMfa => conflict(self.own_mfa()),
            Error::MfaResetByOperator => conflict(self.mfa_by_operator()),
            Error::MfaNotEnabled => conflict(self.mfa_not_on()),
            Error::TotpEnabled => conflict(self.totp_on()),
            Error::TotpNotBegun => conflict(self.totp_not_begun()),
            Error::PasswordTooShort => conflict(self.password_too_short()),
            Error::PasskeyExists => conflict(self.passkey_exists()),
            Error::TooManyPasskeys => conflict(self.too_many_passkeys()),
            Error::NoPasskey => conflict(self.no_passkey()),
            Error::PasskeysUnavailable => conflict(self.passkeys_unavailable()),
            Error::SignInRequired => {
                because(StatusCode::CONFLICT, self.account_exists_title(), self.account_exists())
            }
            Error::InvitationGone => {
                because(StatusCode::GONE, self.invitation_gone_title(), self.invitation_gone())
            }
            Error::SignupGone => gone(self.signup_gone()),
            Error::PasswordResetGone => gone(self.reset_gone()),
            Error::EmailChangeGone => gone(self.email_change_gone()),
            Error::PreconditionFailed => {
                because(StatusCode::PRECONDITION_FAILED, self.changed_title(), self.changed())
            }
            Error::NotFound => because(StatusCode::NOT_FOUND, self.nothing_there_title(), self.not_found()),
            // Nobody has tried too often.
            Error::LimitReached { limit, .. } if limit.name == "bulk_invitations" => {
                because(StatusCode::TOO_MANY_REQUESTS, self.slow_down_title(), self.bulk_running())
            }
            Error::LimitReached { retry_after, .. } => {
                let minutes = retry_after.whole_seconds().unsigned_abs().div_ceil(60);
                let text = match minutes {
                    0..=60 => self.slow_down_minutes(minutes.max(1)),
                    _ => self.slow_down().to_owned(),
                };
                because(StatusCode::TOO_MANY_REQUESTS, self.slow_down_title(), &text)
            }
            Error::Busy => because(StatusCode::SERVICE_UNAVAILABLE, self.unavailable_title(), self.busy()),
            Error::Unavailable(_) => {
                because(StatusCode::SERVICE_UNAVAILABLE, self.unavailable_title(), self.unavailable())
            }
            Error::Internal(_) => {
                because(StatusCode::INTERNAL_SERVER_ERROR, self.internal_title(), self.internal())
            }
            Error::Invalid(fields) => match fields.as_slice() {
                [] => because(StatusCode::BAD_REQUEST, self.misread_title(), self.misread()),
                fields => {
                    // No form stands beside that would show which field is meant.
                    let told = |field: &FieldError| {
                        format!("{}: {}", field.field, self.field_problem(&field.message))
                    };
                    unprocessable(&fields.iter().map(told).collect::<Vec<_>>().join(" "))
                }
            },
            Error::Unauthenticated
            | Error::SessionRequired
            | Error::NetworkNotAllowed
            | Error::KeyLimitReached { .. }
            | Error::ApiKeyRevoked
            | Error::ApiKeyExpired
            | Error::Call(_)
            | Error::CallRecordingDisabled
            | Error::MediaKeyRequired
            | Error::PhiProtected
            | Error::RecordingTooLarge { .. }
            | Error::NotAudio
            | Error::OtherAudio { .. }
            | Error::DigestMismatch
            | Error::UploadOffset { .. }
            | Error::UploadBrokenOff
            | Error::UploadSuperseded
            | Error::RecordingExists
            | Error::RecordingDamaged => {
                because(StatusCode::BAD_REQUEST, self.misread_title(), self.misread())
            }
        }
    }

    /// What is wrong with a value, as a sentence. Rules say it in English, as the end of a sentence that begins with the field.
    pub(crate) fn field_problem(self, message: &str) -> String {
        match self.language() {
            Language::English => sentence(message),
            Language::German => GERMAN
                .iter()
                .chain(problems::GERMAN)
                .find_map(|(english, german)| translated(message, english, german))
                .unwrap_or_else(|| self.value_wrong(message)),
        }
    }
}

/// What rules say of values, with `{}` for what differs.
const GERMAN: [(&str, &str); 19] = [
    ("must be at most {} visible characters long", "Höchstens {} sichtbare Zeichen, bitte."),
    ("must not be empty", "Bitte ausfüllen."),
    ("is missing", "Bitte ausfüllen."),
    ("must be at least {} characters long", "Mindestens {} Zeichen, bitte."),
    ("must be at most {} characters long", "Höchstens {} Zeichen, bitte."),
    (
        "must not contain control, bidirectional or zero-width characters",
        "Bitte keine Steuerzeichen und keine unsichtbaren Zeichen.",
    ),
    ("must be an email address like name@example.com", "Bitte eine E-Mail-Adresse wie name@example.com."),
    (
        "must be at most 254 bytes long, at most 64 of them before the @",
        "Die Adresse ist zu lang: höchstens 254 Byte, davon 64 vor dem @.",
    ),
    ("must be a language tag like en or pt-BR", "Bitte ein Sprachkürzel wie de oder pt-BR."),
    (
        "must be the name of a time zone like UTC or Europe/Berlin",
        "Bitte den Namen einer Zeitzone wie UTC oder Europe/Berlin.",
    ),
    (
        "must be the organization's name, as it is now",
        "Bitte den Namen der Organisation, wie er jetzt lautet.",
    ),
    (
        "must be lower-case letters, digits and single hyphens",
        "Bitte nur Kleinbuchstaben, Ziffern und einzelne Bindestriche.",
    ),
    ("must be one of {}", "Bitte eines davon wählen: {}."),
    ("must be in the future", "Bitte einen Zeitpunkt in der Zukunft."),
    ("must be another one than the current", "Bitte nicht dasselbe wie bisher."),
    ("is the address of your account already", "Das ist schon die Adresse Ihres Kontos."),
    ("is not a member", "Diese Person gehört nicht zum Team."),
    (
        "must be somebody else than the member who is removed",
        "Bitte eine andere Person als die, die entfernt wird.",
    ),
    ("is given twice", "Ist doppelt angegeben."),
];

fn translated(message: &str, english: &str, german: &str) -> Option<String> {
    match english.split_once("{}") {
        None => (message == english).then(|| german.to_owned()),
        Some((before, after)) => {
            let value = message.strip_prefix(before)?.strip_suffix(after)?;
            Some(german.replace("{}", value))
        }
    }
}

/// A sentence of what would be the end of one.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        EmailAddress,
        accounts::{Locale, PersonName, TimeZone},
        organizations::Plan,
        secret::Password,
        security::Control,
    };

    use super::*;

    #[test]
    fn a_plan_that_is_needed_is_called_as_it_is_everywhere() {
        let refused = Error::PlanRequired { control: Control::PhiProtection, plan: Some(Plan::Enterprise) };
        let told = Texts::of(Language::English).explain(&refused).text;
        assert_eq!(told, "It comes with the plan Enterprise.");
    }

    #[test]
    fn values_that_cannot_be_accepted_are_told_with_the_fields_that_they_are_in() {
        let wrong = [("name", "must not be empty"), ("networks[1]", "is given twice")];
        let error = Error::Invalid(wrong.map(|(field, why)| FieldError::new(field, why)).into());
        for (language, text) in [
            (Language::English, "name: Must not be empty. networks[1]: Is given twice."),
            (Language::German, "name: Bitte ausfüllen. networks[1]: Ist doppelt angegeben."),
        ] {
            assert_eq!(Texts::of(language).explain(&error).text, text);
        }
    }

    #[test]
    fn what_is_wrong_with_values_is_said_in_every_language() {
        let wrong: Vec<String> = [
            "".parse::<PersonName>().err().map(|e| e.to_string()),
            "x".repeat(101).parse::<PersonName>().err().map(|e| e.to_string()),
            "\u{202e}".parse::<PersonName>().err().map(|e| e.to_string()),
            "grace".parse::<EmailAddress>().err().map(|e| e.to_string()),
            format!("{}@navy.example", "g".repeat(300)).parse::<EmailAddress>().err().map(|e| e.to_string()),
            "-".parse::<Locale>().err().map(|e| e.to_string()),
            "-".parse::<TimeZone>().err().map(|e| e.to_string()),
            "\0".parse::<rollcall_domain::members::MemberSearch>().err().map(|e| e.to_string()),
            "owna".parse::<rollcall_domain::Role>().err().map(|e| e.to_string()),
            Password::chosen("short").err().map(|e| e.to_string()),
            Password::checked(&"x".repeat(1001)).err().map(|e| e.to_string()),
        ]
        .into_iter()
        .map(|problem| problem.expect("something wrong"))
        .collect();
        let (english, german) = (Texts::of(Language::English), Texts::of(Language::German));
        for problem in wrong {
            let in_german = german.field_problem(&problem);
            assert!(!in_german.contains(&problem), "{problem:?} is said in English: {in_german}");
            assert!(english.field_problem(&problem).ends_with('.'));
        }
        assert_eq!(
            german.field_problem("must be at least 15 characters long"),
            "Mindestens 15 Zeichen, bitte."
        );
        assert_eq!(english.field_problem("must not be empty"), "Must not be empty.");
    }
}
