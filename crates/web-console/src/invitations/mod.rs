//! Pages about invitations.

pub(crate) mod accept;
