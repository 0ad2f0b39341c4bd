//! Pages about accounts.

pub(crate) mod complete_sign_up;
pub(crate) mod confirm_email_change;
pub(crate) mod reset_password;
