//! How an organization hands calls to its agents.

use time::Duration;

/// How an organization hands calls to its agents. Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationSettings {
    /// For how long a call waits before the answer is that nobody is free: 10 to 86400, 600 if nobody says.
    pub wait_limit_seconds: i32,
    /// For how long an offer stands: 5 to 300, 20 if nobody says.
    pub offer_seconds: i32,
    /// How long a lease lasts that is not renewed: 10 to 3600, 60 if nobody says.
    pub lease_seconds: i32,
    /// Whether waiting calls are offered to agents, instead of agents looking for them.
    pub automatic_assignment: bool,
    /// Counts changes; 0 as long as nothing was said.
    pub version: i32,
}

/// A time is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be between {least} and {most} seconds")]
pub struct InvalidEscalationSettings {
    /// Which: the name of its field.
    pub field: &'static str,
    least: i32,
    most: i32,
}

impl Default for EscalationSettings {
    fn default() -> Self {
        Self {
            wait_limit_seconds: 600,
            offer_seconds: 20,
            lease_seconds: 60,
            automatic_assignment: false,
            version: 0,
        }
    }
}

impl EscalationSettings {
    /// The same, once every time is within its bounds.
    ///
    /// # Errors
    /// [`InvalidEscalationSettings`], one for each that is not.
    pub fn checked(self) -> Result<Self, Vec<InvalidEscalationSettings>> {
        let times = [
            ("wait_limit_seconds", self.wait_limit_seconds, 10, 86_400),
            ("offer_seconds", self.offer_seconds, 5, 300),
            ("lease_seconds", self.lease_seconds, 10, 3_600),
        ];
        let wrong = times.into_iter().filter(|(_, seconds, least, most)| !(*least..=*most).contains(seconds));
        let wrong: Vec<_> =
            wrong.map(|(field, _, least, most)| InvalidEscalationSettings { field, least, most }).collect();
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    /// For how long a call waits.
    pub fn wait_limit(&self) -> Duration {
        Duration::seconds(self.wait_limit_seconds.into())
    }

    /// For how long an offer stands.
    pub fn offer(&self) -> Duration {
        Duration::seconds(self.offer_seconds.into())
    }

    /// How long a lease lasts.
    pub fn lease(&self) -> Duration {
        Duration::seconds(self.lease_seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_bounded_and_each_that_is_not_is_named() {
        assert!(EscalationSettings::default().checked().is_ok());
        let wrong = EscalationSettings {
            wait_limit_seconds: 9,
            offer_seconds: 301,
            lease_seconds: 3_601,
            ..EscalationSettings::default()
        };
        let fields: Vec<_> = wrong.checked().unwrap_err().iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["wait_limit_seconds", "offer_seconds", "lease_seconds"]);
    }
}
