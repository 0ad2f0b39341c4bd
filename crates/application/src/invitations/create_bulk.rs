//! Inviting many at once.

use super::{Create, ListedInvitation, create};
use crate::{Actor, Application, Error};

/// Invites each in turn, in a transaction of its own, so that one bad line spoils no other. The results come in
/// the order of the commands.
pub async fn create_bulk(
    app: &Application,
    actor: &Actor,
    commands: impl IntoIterator<Item = Result<Create, Error>>,
) -> Vec<Result<ListedInvitation, Error>> {
    let mut results = Vec::new();
    for command in commands {
        results.push(match command {
            Ok(command) => create(app, actor, command).await,
            Err(error) => Err(error),
        });
    }
    results
}
