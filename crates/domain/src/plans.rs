//! What organizations pay for: which controls a plan has, and how much of some things there can be.

use crate::{
    organizations::Plan,
    security::{Control, ControlChange, ControlSet},
};

/// What a plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The controls that it has, of those that are sold.
    pub controls: ControlSet,
    /// How many members there can be, from 1; as many as come when none.
    pub seats: Option<u32>,
    /// How many API keys that are not revoked there can be; as many as are made when none.
    pub api_keys: Option<u32>,
    /// How many days the audit log is kept: 1 to 36,525, which is a hundred years.
    pub audit_retention_days: u32,
    /// How many days recordings of calls are kept: 1 to 36,525.
    pub recording_retention_days: u32,
}

/// What every plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plans([Offer; Plan::ALL.len()]);

/// Plans that make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlans {
    /// A plan lacks what a smaller one has.
    #[error("must not give less than a smaller plan does")]
    LessThanSmaller(Plan),
    /// There is no room for anybody, or nothing is kept.
    #[error(
        "must leave room for a member, and keep the audit log and recordings for a day to a hundred years"
    )]
    Nothing(Plan),
}

/// The organization's plan lacks a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanRequired {
    /// Which control.
    pub control: Control,
    /// The smallest plan that has it; none where no plan does.
    pub plan: Option<Plan>,
}

/// The longest that an audit log or a recording is kept, in days.
const LONGEST_RETENTION: u32 = 36_525;

impl Plans {
    /// The plans, the smallest first: one for each of [`Plan::ALL`].
    ///
    /// # Errors
    /// [`InvalidPlans`]: whoever goes over to a larger plan loses nothing.
    pub fn new(offers: [Offer; Plan::ALL.len()]) -> Result<Self, InvalidPlans> {
        for (offer, plan) in offers.iter().zip(Plan::ALL) {
            let days = [offer.audit_retention_days, offer.recording_retention_days];
            if offer.seats == Some(0) || days.iter().any(|days| !(1..=LONGEST_RETENTION).contains(days)) {
                return Err(InvalidPlans::Nothing(plan));
            }
        }
        let most = |limit: Option<u32>| limit.unwrap_or(u32::MAX);
        for (pair, plan) in offers.windows(2).zip(&Plan::ALL[1..]) {
            let (smaller, larger) = (&pair[0], &pair[1]);
            let less = !smaller.controls.without(larger.controls).is_empty()
                || most(larger.seats) < most(smaller.seats)
                || most(larger.api_keys) < most(smaller.api_keys)
                || larger.audit_retention_days < smaller.audit_retention_days
                || larger.recording_retention_days < smaller.recording_retention_days;
            if less {
                return Err(InvalidPlans::LessThanSmaller(*plan));
            }
        }
        Ok(Self(offers))
    }

    /// What a plan has.
    pub fn of(&self, plan: Plan) -> &Offer {
        &self.0[plan as usize]
    }

    /// Whether a plan has a control: every plan has those that are not [sold](Control::SOLD).
    pub fn has(&self, plan: Plan, control: Control) -> bool {
        !Control::SOLD.contains(&control) || self.of(plan).controls.contains(control)
    }

    /// What is kept for less long with one plan than with another.
    pub fn shortening(&self, before: Plan, after: Plan) -> Shortening {
        let (before, after) = (self.of(before), self.of(after));
        let shorter = |before: u32, after: u32| (after < before).then_some(Shorter { before, after });
        Shortening {
            recordings: shorter(before.recording_retention_days, after.recording_retention_days),
            audit_events: shorter(before.audit_retention_days, after.audit_retention_days),
        }
    }

    /// The smallest plan that has a control; none where no plan does.
    pub fn available_from(&self, control: Control) -> Option<Plan> {
        Plan::ALL.into_iter().find(|plan| self.has(*plan, control))
    }

    /// Makes sure that a plan has a control.
    ///
    /// # Errors
    /// [`PlanRequired`].
    pub fn require(&self, control: Control, plan: Plan) -> Result<(), PlanRequired> {
        match self.has(plan, control) {
            true => Ok(()),
            false => Err(PlanRequired { control, plan: self.available_from(control) }),
        }
    }
}

/// What an organization uses of its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The controls that are on.
    pub controls: ControlSet,
    /// Its members, each of whom takes a seat.
    pub seats: u64,
    /// Its API keys that are not revoked.
    pub api_keys: u64,
}

/// How long something is kept, where that gets shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shorter {
    /// For how many days it is kept now.
    pub before: u32,
    /// For how many days it will be: fewer.
    pub after: u32,
}

/// What is kept for less long with another plan; none where it is kept for as long, or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shortening {
    /// Recordings of calls.
    pub recordings: Option<Shorter>,
    /// Events of the audit log.
    pub audit_events: Option<Shorter>,
}

/// How much of an organization is older than another plan keeps it. It is counted up to [`COUNTED`], which then says "or more".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlived {
    /// Recordings of calls.
    pub recordings: u64,
    /// Events of the audit log.
    pub audit_events: u64,
}

/// How far it is counted what goes with a plan: whoever waits for that holds the organization.
pub const COUNTED: u32 = 100_000;

/// What a plan deletes, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanDeletion {
    /// What is kept for less long.
    pub shortening: Shortening,
    /// How much that is too old for it there was when it was decided.
    pub outlived: Outlived,
}

/// What somebody agrees to lose with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consent {
    /// Controls that the plan lacks may be switched off.
    pub disable_controls: bool,
    /// What is older than the plan keeps it may be deleted.
    pub accept_deletion: bool,
}

/// A change of an organization's plan that has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanChange {
    before: Plan,
    after: Plan,
    switched_off: ControlSet,
    deletion: Option<PlanDeletion>,
}

/// Why an organization does not go over to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanRefusal {
    /// Controls are on that it lacks, and nobody has said that they may go.
    ControlsInUse(ControlSet),
    /// There are more members than it has seats.
    TooManySeats {
        /// The members.
        used: u64,
        /// The seats.
        most: u32,
    },
    /// There are more API keys than it allows.
    TooManyApiKeys {
        /// The keys.
        used: u64,
        /// How many there can be.
        most: u32,
    },
    /// Something is older than it keeps it, and nobody has said that it may go.
    RetentionTooShort(Outlived),
}

impl PlanChange {
    /// Decides whether an organization goes over from a plan to another; none when it has that already. Nothing goes silently: controls
    /// that the other plan lacks are switched off, and what is older than it keeps it is deleted, only if whoever asks has said so.
    ///
    /// # Errors
    /// [`PlanRefusal`], of controls before members, keys and, last, what would be deleted.
    pub fn decide(
        plans: &Plans,
        before: Plan,
        after: Plan,
        usage: &Usage,
        outlived: Outlived,
        consent: Consent,
    ) -> Result<Option<Self>, PlanRefusal> {
        if before == after {
            return Ok(None);
        }
        let offer = plans.of(after);
        let switched_off = usage.controls.iter().filter(|control| !plans.has(after, *control)).collect();
        if switched_off != ControlSet::default() && !consent.disable_controls {
            return Err(PlanRefusal::ControlsInUse(switched_off));
        }
        if let Some(most) = offer.seats.filter(|most| usage.seats > u64::from(*most)) {
            return Err(PlanRefusal::TooManySeats { used: usage.seats, most });
        }
        if let Some(most) = offer.api_keys.filter(|most| usage.api_keys > u64::from(*most)) {
            return Err(PlanRefusal::TooManyApiKeys { used: usage.api_keys, most });
        }
        // Asked last: whoever cannot have the plan anyway has nothing to agree to.
        if outlived != Outlived::default() && !consent.accept_deletion {
            return Err(PlanRefusal::RetentionTooShort(outlived));
        }
        let deletion = (outlived != Outlived::default())
            .then(|| PlanDeletion { shortening: plans.shortening(before, after), outlived });
        Ok(Some(Self { before, after, switched_off, deletion }))
    }

    /// The plan before.
    pub fn before(&self) -> Plan {
        self.before
    }

    /// The plan after.
    pub fn after(&self) -> Plan {
        self.after
    }

    /// What is deleted, as it is too old for the plan after; none where nothing is.
    pub fn deletion(&self) -> Option<PlanDeletion> {
        self.deletion
    }

    /// The controls that go with the plan before.
    pub fn switched_off(&self) -> impl Iterator<Item = ControlChange> + use<> {
        self.switched_off.iter().map(ControlChange::off)
    }
}

/// Whether there is room for one more where there are `used` already; always, where there is no `most`.
pub fn has_room(most: Option<u32>, used: u64) -> bool {
    most.is_none_or(|most| used < u64::from(most))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn offer(controls: &[Control], seats: Option<u32>, api_keys: Option<u32>, days: u32) -> Offer {
        Offer {
            controls: controls.iter().copied().collect(),
            seats,
            api_keys,
            audit_retention_days: days,
            recording_retention_days: days,
        }
    }

    /// Plans like those that are built in.
    pub(crate) fn plans() -> Plans {
        let pro = [Control::CallRecording, Control::PhiProtection];
        Plans::new([
            offer(&[], Some(2), Some(1), 30),
            offer(&pro, Some(10), Some(10), 365),
            offer(&Control::SOLD, None, Some(10), 365),
        ])
        .expect("plans")
    }

    #[test]
    fn a_larger_plan_never_has_less() {
        let [free, pro, enterprise] = plans().0;
        for (offers, at_fault) in [
            ([pro, free, enterprise], Plan::Pro),
            ([free, enterprise, pro], Plan::Enterprise),
            ([free, Offer { seats: Some(1), ..pro }, enterprise], Plan::Pro),
            ([free, Offer { audit_retention_days: 7, ..pro }, enterprise], Plan::Pro),
            ([free, Offer { recording_retention_days: 7, ..pro }, enterprise], Plan::Pro),
            ([free, pro, Offer { api_keys: Some(1), ..enterprise }], Plan::Enterprise),
        ] {
            assert_eq!(Plans::new(offers), Err(InvalidPlans::LessThanSmaller(at_fault)));
        }
        for nothing in [
            Offer { seats: Some(0), ..free },
            Offer { audit_retention_days: 0, ..free },
            Offer { audit_retention_days: u32::MAX, ..free },
            Offer { recording_retention_days: 0, ..free },
        ] {
            assert_eq!(Plans::new([nothing, pro, enterprise]), Err(InvalidPlans::Nothing(Plan::Free)));
        }
    }

    #[test]
    fn every_plan_has_the_rule_about_second_factors() {
        let nothing = offer(&[], None, None, 1);
        let plans = Plans::new([nothing; 3]).expect("plans");
        assert_eq!(plans.available_from(Control::MfaRequired), Some(Plan::Free));
        assert_eq!(plans.available_from(Control::AuditLog), None);
        let required = PlanRequired { control: Control::AuditLog, plan: None };
        assert_eq!(plans.require(Control::AuditLog, Plan::Enterprise), Err(required));
        assert!(Plan::Free < Plan::Pro && Plan::Pro < Plan::Enterprise);
    }

    #[test]
    fn no_protection_goes_silently_and_nobody_is_left_without_a_seat() {
        let plans = plans();
        let usage = |controls: &[Control], seats, api_keys| Usage {
            controls: controls.iter().copied().collect(),
            seats,
            api_keys,
        };
        let decide = |usage: Usage, before, after, disable| {
            let decided = PlanChange::decide(
                &plans,
                before,
                after,
                &usage,
                Outlived::default(),
                Consent { disable_controls: disable, accept_deletion: false },
            );
            let controls = |change: PlanChange| {
                change
                    .switched_off()
                    .inspect(|off| assert!(!off.switches_on()))
                    .map(|off| off.control())
                    .collect()
            };
            decided.map(|change| change.map(controls))
        };
        let (small, audited) = (usage(&[], 2, 1), usage(&[Control::AuditLog, Control::MfaRequired], 2, 1));
        let log: ControlSet = [Control::AuditLog].into_iter().collect();
        assert_eq!(decide(small, Plan::Pro, Plan::Free, false), Ok(Some(ControlSet::default())));
        assert_eq!(decide(small, Plan::Free, Plan::Free, false), Ok(None));
        let in_use = Err(PlanRefusal::ControlsInUse(log));
        assert_eq!(decide(audited, Plan::Enterprise, Plan::Pro, false), in_use);
        assert_eq!(decide(audited, Plan::Enterprise, Plan::Pro, true), Ok(Some(log)));
        let (three, two_keys) = (usage(&[], 3, 0), usage(&[], 1, 2));
        let too_many = PlanRefusal::TooManySeats { used: 3, most: 2 };
        assert_eq!(decide(three, Plan::Pro, Plan::Free, true), Err(too_many));
        let too_many = PlanRefusal::TooManyApiKeys { used: 2, most: 1 };
        assert_eq!(decide(two_keys, Plan::Enterprise, Plan::Free, true), Err(too_many));
        assert!(has_room(None, u64::MAX) && has_room(Some(2), 1) && !has_room(Some(2), 2));
    }

    #[test]
    fn nothing_is_deleted_that_nobody_has_agreed_to() {
        let plans = plans();
        let shorter = Some(Shorter { before: 365, after: 30 });
        let shortening = plans.shortening(Plan::Pro, Plan::Free);
        assert_eq!(shortening, Shortening { recordings: shorter, audit_events: shorter });
        for (before, after) in [(Plan::Free, Plan::Pro), (Plan::Enterprise, Plan::Pro)] {
            assert_eq!(plans.shortening(before, after), Shortening::default());
        }
        let decide = |outlived, after, accept_deletion| {
            let consent = Consent { disable_controls: true, accept_deletion };
            let decided = PlanChange::decide(&plans, Plan::Pro, after, &Usage::default(), outlived, consent);
            decided.map(|change| change.map(|change| change.deletion()))
        };
        for outlived in [
            Outlived { recordings: 1, audit_events: 0 },
            Outlived { recordings: 0, audit_events: 1 },
            Outlived { recordings: 7, audit_events: 9 },
        ] {
            let refused = Err(PlanRefusal::RetentionTooShort(outlived));
            assert_eq!(decide(outlived, Plan::Free, false), refused);
            let deletion = PlanDeletion { shortening, outlived };
            assert_eq!(decide(outlived, Plan::Free, true), Ok(Some(Some(deletion))));
            assert_eq!(decide(outlived, Plan::Pro, false), Ok(None));
        }
        for accept_deletion in [false, true] {
            assert_eq!(decide(Outlived::default(), Plan::Free, accept_deletion), Ok(Some(None)));
        }
    }
}
