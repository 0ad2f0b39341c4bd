//! What each plan has.

use rollcall_domain::{
    organizations::Plan,
    plans::{InvalidPlans, Offer, Plans},
    security::Control,
};

use super::{InvalidSettings, Settings};
use crate::values::PlanValues;

impl Settings {
    /// What each plan has.
    pub(crate) fn plans(&self) -> Result<Plans, InvalidSettings> {
        let values = &self.values.plans;
        Plans::new([offer(values.free), offer(values.pro), offer(values.enterprise)]).map_err(|problem| {
            let (InvalidPlans::LessThanSmaller(plan) | InvalidPlans::Nothing(plan)) = problem;
            let setting = match plan {
                Plan::Free => "ROLLCALL__PLANS__FREE",
                Plan::Pro => "ROLLCALL__PLANS__PRO",
                Plan::Enterprise => "ROLLCALL__PLANS__ENTERPRISE",
            };
            InvalidSettings::value(setting, problem)
        })
    }
}

fn offer(values: PlanValues) -> Offer {
    let controls = [
        (Control::CallRecording, values.call_recording),
        (Control::PhiProtection, values.phi_protection),
        (Control::EndToEndEncryption, values.end_to_end_encryption),
        (Control::AuditLog, values.audit_log),
    ];
    Offer {
        controls: controls.into_iter().filter(|(_, has)| *has).map(|(control, _)| control).collect(),
        seats: (values.seats > 0).then_some(values.seats),
        api_keys: (values.api_keys > 0).then_some(values.api_keys),
        audit_retention_days: values.audit_retention_days,
        recording_retention_days: values.recording_retention_days,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn plans_are_what_the_file_says_unless_something_else_is_said() {
        let plans = |values: &[(&str, &str)]| Settings::with(Profile::Development, values).map(|s| s.plans());
        let built_in = plans(&[]).expect("settings").expect("plans");
        assert_eq!(built_in.available_from(Control::CallRecording), Some(Plan::Pro));
        assert_eq!(built_in.available_from(Control::PhiProtection), Some(Plan::Pro));
        assert_eq!(built_in.available_from(Control::EndToEndEncryption), Some(Plan::Enterprise));
        assert_eq!(built_in.available_from(Control::AuditLog), Some(Plan::Enterprise));
        assert_eq!(built_in.of(Plan::Enterprise).seats, None);
        let changed = plans(&[("plans.free.seats", "3"), ("plans.pro.audit_log", "true")]);
        let changed = changed.expect("settings").expect("plans");
        assert_eq!(changed.of(Plan::Free).seats, Some(3));
        assert_eq!(changed.available_from(Control::AuditLog), Some(Plan::Pro));
        for (path, value, setting) in [
            ("plans.pro.seats", "1", "ROLLCALL__PLANS__PRO"),
            ("plans.enterprise.phi_protection", "false", "ROLLCALL__PLANS__ENTERPRISE"),
            ("plans.free.audit_retention_days", "0", "ROLLCALL__PLANS__FREE"),
        ] {
            let refused = plans(&[(path, value)]).map(drop).expect_err("no settings").to_string();
            assert!(refused.starts_with(setting), "{refused}");
        }
        assert!(plans(&[("plans.gold.seats", "1")]).is_err());
    }
}
