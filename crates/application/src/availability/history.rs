//! How long who was what.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
};
use time::Duration;

use super::{Period, Spell};
use crate::{Application, Error, Principal, ports::Scope};

/// The longest time that can be asked about.
pub const LONGEST: Duration = Duration::days(31);

/// For how long whoever was an agent in a time was what. What is still to come is not counted.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Invalid`] for a time that ends before it begins, or is too long, and [`Error::NotFound`] for
/// somebody who is no agent of the organization, and was none.
pub async fn history(
    app: &Application,
    principal: &Principal,
    user: Option<UserId>,
    period: Period,
) -> Result<Vec<Spell>, Error> {
    let read = async {
        let organization = principal.permit(Permission::AvailabilityRead)?.id;
        if period.until <= period.since {
            return Err(Error::invalid("until", "must be after since"));
        }
        if period.until - period.since > LONGEST {
            return Err(Error::invalid("until", "must be at most 31 days after since"));
        }
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        if let Some(user) = user
            && !view.agent_is_known(organization, user).await?
        {
            return Err(Error::NotFound);
        }
        let period = Period { until: period.until.min(view.moment().await?), ..period };
        Ok(view.availability_spells(organization, user, period).await?)
    };
    let target = user.map_or(AuditTarget::Nothing, AuditTarget::User);
    app.refusals_recorded(principal, Action::PermissionDenied, target, read.await).await
}
