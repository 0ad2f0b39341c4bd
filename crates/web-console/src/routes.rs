//! The router of the pages, which knows what it leads to: whoever looks at every page cannot forget one.

use axum::{Router, routing::MethodRouter};

use crate::Console;

/// Paths, and what answers there.
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

    /// The same with another path.
    pub(crate) fn route(mut self, path: &'static str, handlers: MethodRouter<Console>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, handlers), ..self }
    }

    /// The same with those of a room.
    pub(crate) fn merge(mut self, room: Self) -> Self {
        self.paths.extend(room.paths);
        Self { router: self.router.merge(room.router), ..self }
    }

    /// Every path, as it was given: with `{id}` for what differs.
    pub(crate) fn into_paths(self) -> Vec<&'static str> {
        self.paths
    }

    pub(crate) fn into_router(self) -> Router<Console> {
        self.router
    }
}
