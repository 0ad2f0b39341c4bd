//! Plans and billing.

use rollcall_domain::organizations::Plan;

use super::{Texts, texts};

texts! {
    section_billing = "Billing and plan" | "Abrechnung und Tarif";
    plan_free_means = "Everything a small team needs" | "Alles, was ein kleines Team braucht";
    plan_pro_means = "For teams that serve customers" | "Für Teams, die Kunden betreuen";
    plan_enterprise_means = "For regulated sectors" | "Für regulierte Branchen";

    billing_title = "Billing and plan" | "Abrechnung und Tarif";
    billing_used = "What you use" | "Was Sie nutzen";
    billing_seats = "Seats" | "Plätze";
    billing_keys = "API keys" | "API-Schlüssel";
    billing_used_of(used, most) = "{used} of {most}" | "{used} von {most}";
    billing_used_unlimited(used) = "{used} (unlimited)" | "{used} (unbegrenzt)";
    billing_controls = "Security controls that are on" | "Eingeschaltete Sicherheitsfunktionen";
    billing_none = "None" | "Keine";
    billing_plans = "Plans" | "Tarife";
    billing_current = "Your plan" | "Ihr Tarif";
    billing_plan_seats[n] = "One seat", "{n} seats" | "Ein Platz", "{n} Plätze";
    billing_plan_seats_unlimited = "Unlimited seats" | "Beliebig viele Personen";
    billing_plan_keys[n] = "One API key", "{n} API keys" | "Ein API-Schlüssel", "{n} API-Schlüssel";
    billing_plan_keys_unlimited = "Unlimited API keys" | "Beliebig viele API-Schlüssel";
    billing_plan_audit(kept) = "Audit log kept for {kept}" | "Auditprotokoll {kept} aufbewahrt";
    billing_plan_recordings(kept) = "Recordings kept for {kept}" | "Aufzeichnungen {kept} aufbewahrt";
    kept_days[n] = "one day", "{n} days" | "einen Tag", "{n} Tage";
    kept_years[n] = "one year", "{n} years" | "ein Jahr", "{n} Jahre";
    billing_plan_mfa = "Second factors for everybody" | "Zweite Faktoren für alle";
    billing_choose(plan) = "Change to {plan}" | "Zu {plan} wechseln";
    billing_history = "Changes of the plan" | "Änderungen des Tarifs";
    billing_history_none = "The plan has never been changed." | "Der Tarif wurde noch nie geändert.";
    billing_when = "When" | "Wann";
    billing_change = "Change" | "Änderung";
    billing_from_to(before, after) = "{before} to {after}" | "Von {before} zu {after}";
    billing_by = "By" | "Geändert von";
    billing_by_operator = "The operator of this service" | "Betreiber dieses Dienstes";
    billing_by_gone = "Somebody who has left" | "Eine Person, die nicht mehr da ist";

    change_title(plan) = "Change to {plan}" | "Zu {plan} wechseln";
    change_already(plan) = "Your organization has the plan {plan} already." | "Ihre Organisation hat den Tarif {plan} schon.";
    change_gives = "What you get" | "Was der Tarif enthält";
    change_loses = "What ends" | "Was entfällt";
    change_loses_nothing = "Nothing that you use now ends." | "Nichts, was Sie jetzt nutzen, entfällt.";
    change_control_off(control) = "{control} is switched off, because that plan does not include it. All Owners are told by mail." | "{control}: wird ausgeschaltet, da dieser Tarif das nicht enthält. Alle Inhaber erhalten eine E-Mail.";
    change_recordings(before, after) = "Recordings are kept for {after} instead of {before}. Older ones are deleted." | "Aufzeichnungen werden nur noch {after} aufbewahrt (bisher: {before}). Ältere werden gelöscht.";
    change_audit(before, after) = "The audit log is kept for {after} instead of {before}. Older events are deleted." | "Das Auditprotokoll wird nur noch {after} aufbewahrt (bisher: {before}). Ältere Ereignisse werden gelöscht.";
    change_fewer_seats(after) = "There are only {after} seats." | "Es gibt höchstens {after} Plätze.";
    change_fewer_keys(after) = "There can only be {after} API keys." | "Es sind höchstens {after} API-Schlüssel möglich.";
    change_impossible = "This is not possible as it is" | "So ist das nicht möglich";
    change_members_first(used, most) = "There are {used} members, and that plan has {most} seats. Remove members first." | "Es gibt {used} Mitglieder, und der Tarif hat {most} Plätze. Entfernen Sie zuerst Mitglieder.";
    change_keys_first(used, most) = "There are {used} API keys, and that plan allows {most}. Revoke keys first." | "Es gibt {used} API-Schlüssel, und der Tarif erlaubt {most}. Widerrufen Sie zuerst Schlüssel.";
    change_agree_controls(controls) = "Switch off: {controls}" | "Ausschalten: {controls}";
    change_agree_deletion = "Delete what is older than that plan keeps it. It cannot be restored." | "Löschen, was älter ist, als der Tarif es aufbewahrt. Das lässt sich nicht rückgängig machen.";
    change_outlived_recordings[n] = "One recording would be deleted.", "{n} recordings would be deleted." | "Eine Aufzeichnung würde gelöscht.", "{n} Aufzeichnungen würden gelöscht.";
    change_outlived_events[n] = "One event of the audit log would be deleted.", "{n} events of the audit log would be deleted." | "Ein Ereignis des Auditprotokolls würde gelöscht.", "{n} Ereignisse des Auditprotokolls würden gelöscht.";
    change_outlived_or_more = "There may be more: only so many are counted." | "Es können mehr sein: Weiter wird nicht gezählt.";
    change_do(plan) = "Change to {plan}" | "Zu {plan} wechseln";
    change_done(plan) = "Your organization has the plan {plan} now." | "Ihre Organisation hat jetzt den Tarif {plan}.";
}

impl Texts {
    /// For how long something is kept: whole years as such, with the leap days in them or without.
    pub(crate) fn kept_for(self, days: u32) -> String {
        let days = u64::from(days);
        let years = (days * 4 + 730) / 1_461;
        match years > 0 && (years * 365..=(years * 1_461).div_ceil(4)).contains(&days) {
            true => self.kept_years(years),
            false => self.kept_days(days),
        }
    }

    /// What a plan is called.
    pub(crate) fn plan(self, plan: Plan) -> &'static str {
        match plan {
            Plan::Free => self.language().plan_free(),
            Plan::Pro => self.language().plan_pro(),
            Plan::Enterprise => self.language().plan_enterprise(),
        }
    }

    /// For whom it is.
    pub(crate) fn plan_means(self, plan: Plan) -> &'static str {
        match plan {
            Plan::Free => self.plan_free_means(),
            Plan::Pro => self.plan_pro_means(),
            Plan::Enterprise => self.plan_enterprise_means(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn whole_years_are_told_as_years() {
        let t = Texts::of(Language::English);
        for (days, told) in [
            (1, "one day"),
            (30, "30 days"),
            (364, "364 days"),
            (365, "one year"),
            (366, "one year"),
            (400, "400 days"),
            (730, "2 years"),
            (2_557, "7 years"),
            (2_558, "2,558 days"),
        ] {
            assert_eq!(t.kept_for(days), told);
        }
    }
}
