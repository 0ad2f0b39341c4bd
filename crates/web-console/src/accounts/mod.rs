//! Pages about accounts.

pub(crate) mod complete_sign_up;
