//! How much anybody may do.

use rollcall_api_http::{Quota, Quotas};
use rollcall_application::Limits;
use rollcall_domain::attempts::{Allowance, Allowances};

use super::Settings;

impl Settings {
    pub(crate) fn limits(&self) -> Option<Limits> {
        let limits = &self.values.limits;
        limits.enabled.then_some(Limits {
            invitations_per_inviter: limits.invitations_per_inviter,
            invitations_per_organization: limits.invitations_per_organization,
            signups_per_address: limits.signups_per_address,
            password_resets_per_address: limits.password_resets_per_address,
            password_attempts: Allowances {
                account: allowance(limits.password_attempts, limits.password_attempt_seconds),
                network: allowance(limits.network_password_attempts, limits.network_password_attempt_seconds),
            },
            email_changes_per_account: limits.email_changes_per_account,
            api_keys_per_organization: limits.api_keys_per_organization,
        })
    }

    pub(crate) fn quotas(&self) -> Option<Quotas> {
        let limits = &self.values.limits;
        limits.enabled.then_some(Quotas {
            requests: Quota { requests: limits.requests, per_seconds: limits.requests_per_seconds },
            attempts: Quota { requests: limits.attempts, per_seconds: limits.attempts_per_seconds },
            services: Quota {
                requests: limits.service_requests,
                per_seconds: limits.service_requests_per_seconds,
            },
        })
    }
}

fn allowance(attempts: u32, seconds: u32) -> Allowance {
    Allowance { attempts, each: time::Duration::seconds(seconds.into()) }
}
