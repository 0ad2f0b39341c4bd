//! The routes of the console, and the list of their paths: whoever looks at every page asks for it, so that none is forgotten.

use axum::{Router, routing::MethodRouter};

use crate::Console;

/// Some routes, and their paths.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<Console>,
    paths: Vec<&'static str>,
}

impl Routes {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What answers at a path.
    pub(crate) fn route(mut self, path: &'static str, methods: MethodRouter<Console>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, methods), ..self }
    }

    /// These and those of another room.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// What answers at them.
    pub(crate) fn router(self) -> Router<Console> {
        self.router
    }

    /// Their paths, as axum writes them: `/settings/team/{id}`.
    pub(crate) fn paths(self) -> Vec<&'static str> {
        self.paths
    }
}
