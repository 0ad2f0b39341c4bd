//! What plans, roles and security controls are called on pages and in mails alike.

use crate::Language;

/// German for what the domain says of calls once end-to-end encryption is off.
pub const CALLS_KEEP_THEIR_KEYS: &str = "Anrufe, die schon einen Schlüssel haben, bleiben dabei: Ihre Teilnehmer erhalten weiter Schlüssel, und ihre Aufzeichnungen werden nur von ihnen angenommen. Anrufe ohne einen erhalten keinen.";

macro_rules! names {
    ($($name:ident = $en:literal | $de:literal;)*) => {
        impl Language {
            $(
                #[doc = concat!("“", $en, "”.")]
                #[must_use]
                pub const fn $name(self) -> &'static str {
                    match self {
                        Self::English => $en,
                        Self::German => $de,
                    }
                }
            )*
        }
    };
}

names! {
    plan_free = "Free" | "Free";
    plan_pro = "Pro" | "Pro";
    plan_enterprise = "Enterprise" | "Enterprise";

    role_owner = "Owner" | "Inhaber";
    role_admin = "Admin" | "Administrator";
    role_member = "Member" | "Mitglied";
    role_agent = "Customer Support Agent" | "Kundenbetreuung";
    role_viewer = "Viewer" | "Betrachter";

    control_recording = "Call recording" | "Anrufaufzeichnung";
    control_phi = "PHI protection" | "PHI-Schutz";
    control_e2ee = "End-to-end encryption" | "Ende-zu-Ende-Verschlüsselung";
}
