//! What rules refuse, and what ports fail with, as errors of use cases.

use rollcall_domain::{
    escalations::EscalationRefusal,
    members::TeamRefusal,
    plans::{PlanRefusal, PlanRequired},
    security::ResetRefusal,
};

use super::Error;
use crate::{
    ports::{StoreError, WebAuthnFault},
    recordings::ObjectsError,
};

impl From<TeamRefusal> for Error {
    fn from(refusal: TeamRefusal) -> Self {
        match refusal {
            TeamRefusal::Forbidden { required } => Self::PermissionDenied { required },
            TeamRefusal::LastOwner => Self::LastOwner,
        }
    }
}

impl From<PlanRequired> for Error {
    fn from(PlanRequired { control, plan }: PlanRequired) -> Self {
        Self::PlanRequired { control, plan }
    }
}

impl From<PlanRefusal> for Error {
    fn from(refusal: PlanRefusal) -> Self {
        match refusal {
            PlanRefusal::ControlsInUse(controls) => Self::ControlsInUse { controls },
            PlanRefusal::RetentionTooShort(outlived) => Self::RetentionTooShort { outlived },
            PlanRefusal::TooManySeats { used, most } => Self::TooManyMembers { used, most },
            PlanRefusal::TooManyApiKeys { used, most } => Self::TooManyApiKeysForPlan { used, most },
        }
    }
}

impl From<WebAuthnFault> for Error {
    fn from(fault: WebAuthnFault) -> Self {
        Self::Internal(Box::new(fault))
    }
}

impl From<ObjectsError> for Error {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::Missing => Self::RecordingDamaged,
            ObjectsError::Unavailable(source) => Self::Unavailable(source),
            ObjectsError::StillWritten => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<ResetRefusal> for Error {
    fn from(refusal: ResetRefusal) -> Self {
        match refusal {
            ResetRefusal::Own => Self::OwnMfa,
            ResetRefusal::NotEnabled => Self::MfaNotEnabled,
            ResetRefusal::Elsewhere => Self::MfaResetByOperator,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PasskeyExists => Self::PasskeyExists,
            StoreError::CallWaits => EscalationRefusal::Exists.into(),
            StoreError::LastOwner => Self::LastOwner,
            StoreError::AlreadyMember => Self::AlreadyMember,
            StoreError::InvitationPending => Self::InvitationPending,
            // Only somebody who has proved the address gets this far: see `accounts::complete_sign_up`.
            StoreError::AddressTaken => Self::SignInRequired,
            StoreError::Unavailable(source) => Self::Unavailable(source),
            StoreError::Internal(source) => Self::Internal(source),
        }
    }
}
