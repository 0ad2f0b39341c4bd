//! What is wrong with what is chosen under Settings, in the other languages than English: rules say it in that.

/// What rules say of values, with `{}` for what differs.
pub(super) const GERMAN: &[(&str, &str)] = &[
    ("must be between 0 and {}", "Bitte eine Zahl von 0 bis {}."),
    ("must be between 1 and {}", "Bitte eine Zahl von 1 bis {}."),
    ("must hold at least one permission", "Bitte mindestens eine Berechtigung wählen."),
    ("must not hold {}, which is for people only", "{} ist nur für Menschen, nicht für Schlüssel."),
    ("must hold at most {} networks", "Höchstens {} Netze, bitte."),
    (
        "must be a network like 192.0.2.0/24 or 2001:db8::/32, or an address",
        "Bitte ein Netz wie 192.0.2.0/24 oder 2001:db8::/32 oder eine Adresse.",
    ),
    (
        "must be the network itself, like {}, or an address without a length",
        "Bitte das Netz selbst, etwa {}, oder eine Adresse ohne Länge.",
    ),
    (
        "must be a URL like https://example.com/hooks/rollcall, at most 2000 characters long",
        "Bitte eine URL wie https://example.com/hooks/rollcall mit höchstens 2000 Zeichen.",
    ),
    ("must begin with https://", "Bitte mit https:// beginnen."),
    ("must hold no user and no password", "Bitte ohne Benutzer und ohne Passwort."),
    (
        "must not lead to a private, local or reserved address",
        "Bitte keine private, lokale oder reservierte Adresse.",
    ),
    (
        "must be an id, like user_01h455vb4pex5vsknk084sn02q",
        "Bitte eine Kennung wie user_01h455vb4pex5vsknk084sn02q.",
    ),
    (
        "must be the id of a user or an API key, or anonymous, operator or system",
        "Bitte die Kennung einer Person oder eines API-Schlüssels oder eines von anonymous, operator und system.",
    ),
    (
        "must be an action like member.removed, or the beginning of some like member.*",
        "Bitte eine Handlung wie member.removed oder den Anfang mehrerer wie member.*.",
    ),
    ("must be success or refused", "Bitte success oder refused wählen."),
    ("must be at most {} words", "Höchstens {} Wörter, bitte."),
    ("must be words with letters or digits", "Bitte Wörter mit Buchstaben oder Ziffern."),
];

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Permission,
        api_keys::{Networks, Scopes},
        audit::search::{ActionFilter, ActorFilter, SearchWords},
        security::GraceDays,
        webhooks::{Reach, WebhookUrl},
    };

    use rollcall_texts::Language;

    use crate::texts::Texts;

    #[test]
    fn what_is_wrong_with_settings_is_said_in_every_language() {
        let hook = |text: &str| WebhookUrl::parse(text, Reach::Public).err().map(|e| e.to_string());
        let networks = |text: &str| Networks::parse(&[text]).err().map(|e| e.to_string());
        let wrong = [
            GraceDays::try_from(91).err().map(|e| e.to_string()),
            Scopes::new([]).err().map(|e| e.to_string()),
            Scopes::new([Permission::BillingManage]).err().map(|e| e.to_string()),
            Networks::parse(&["192.0.2.1"; 51]).err().map(|e| e.to_string()),
            networks("x"),
            networks("192.0.2.1/24"),
            hook("x"),
            hook("http://example.com/"),
            hook("https://user:password@example.com/"),
            hook("https://localhost/"),
            "x y".parse::<ActorFilter>().err().map(|e| e.to_string()),
            "X".parse::<ActionFilter>().err().map(|e| e.to_string()),
            "?".parse::<SearchWords>().err().map(|e| e.to_string()),
            "a ".repeat(11).parse::<SearchWords>().err().map(|e| e.to_string()),
        ];
        let german = Texts::of(Language::German);
        for problem in wrong.map(|problem| problem.expect("something wrong")) {
            let in_german = german.field_problem(&problem);
            assert!(!in_german.contains(&problem), "{problem:?} is said in English: {in_german}");
        }
    }
}
