//! Saying how large a log is and what its root is, signed: [0019](../../../../docs/decisions/0019-checkpoints-and-proofs.md).

use rollcall_audit_proof::{Checkpoint, Hash, MissingNode, Plan, continues};
use rollcall_domain::{Permission, tokens::KeyPurpose};

use super::{
    KeptCheckpoint, KeptTree, Log, catch_up,
    checkpoints::{name_of, scope_of},
    readings::{ReadingAttempt, refusals_recorded_once},
};
use crate::{Application, Error, ErrorChain, Principal, ports::StoreError};

/// A log does not continue what was signed of it: somebody has changed it. Nothing more is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// Events are gone.
    #[error("it has {size} events, and had {signed}")]
    Shorter {
        /// How many there are.
        size: u64,
        /// How many there were.
        signed: u64,
    },
    /// Its tree is not the one that was signed, and more.
    #[error("the tree of {size} events does not continue the one of {signed} events that was signed")]
    Forked {
        /// How many events there are.
        size: u64,
        /// How many there were.
        signed: u64,
    },
    /// Its tiles do not make its root.
    #[error("the tiles of {size} events do not make its root")]
    Root {
        /// How many events there are.
        size: u64,
    },
    /// Its tree is not whole.
    #[error(transparent)]
    Missing(#[from] MissingNode),
}

/// The newest checkpoint of the log of the organization that the principal is at work in, as a signed note. Everything that was
/// committed before is in it.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::AuditLogDisabled`]; [`Error::Internal`] when the log does not continue what was signed before.
pub async fn checkpoint(app: &Application, principal: &Principal) -> Result<String, Error> {
    let read = async {
        let organization = principal.permit(Permission::AuditLogRead)?.id;
        Ok(newest_checkpoint(app, Some(organization)).await?.note)
    };
    refusals_recorded_once(app, principal, ReadingAttempt::at("checkpoint"), read.await).await
}

/// The newest checkpoint of a log, signed now if there are events that none before has. It asks nobody's permission.
///
/// # Errors
/// [`Error::AuditLogDisabled`] when the log is empty and off; [`Error::Internal`] when it does not continue what was signed before.
pub async fn newest_checkpoint(app: &Application, log: Log) -> Result<KeptCheckpoint, Error> {
    catch_up(app, log).await?;
    match sign(app, log).await? {
        Ok(checkpoint) => Ok(checkpoint),
        Err(inconsistent) => Err(Error::Internal(Box::new(inconsistent))),
    }
}

/// The log's tree.
///
/// # Errors
/// [`Error::AuditLogDisabled`] when it is empty and off.
pub(super) fn there(log: Log, tree: Option<KeptTree>) -> Result<KeptTree, Error> {
    let empty = KeptTree { size: 0, root: Hash::of_nothing(), offered: log.is_none() };
    let tree = tree.unwrap_or(empty);
    if tree.size == 0 && !tree.offered { Err(Error::AuditLogDisabled) } else { Ok(tree) }
}

/// Signs what the log is now, unless that has been done, or the log does not continue what was signed of it.
pub(super) async fn sign(app: &Application, log: Log) -> Result<Result<KeptCheckpoint, Inconsistent>, Error> {
    let origin = app.checkpoints.origin_of(log);
    let keys = app.tokens.keys(app).await?;
    let now = app.now();
    let (_, key) = keys.signing(KeyPurpose::AuditCheckpoint, now)?;

    let mut signing = app.checkpoints.notary.begin(log).await?;
    // In this order: what was signed was there before.
    let last = signing.last(&origin).await?;
    let tree = match (signing.tree().await?, &last) {
        // Whatever was signed was of something.
        (None, Some(_)) => KeptTree { size: 0, root: Hash::of_nothing(), offered: true },
        (tree, _) => there(log, tree)?,
    };
    let needed = match plans(last.as_ref(), tree) {
        Ok(plans) => plans,
        Err(inconsistent) => return Ok(Err(refused(app, log, inconsistent))),
    };
    let tiles = signing.tiles(&needed.iter().flat_map(Plan::tiles).collect()).await?;
    let [root, proof] = needed.map(|plan| plan.hashes(&tiles));
    if let Err(inconsistent) = root
        .and_then(|root| Ok((root, proof?)))
        .map_err(Inconsistent::from)
        .and_then(|(root, proof)| consistent(last.as_ref(), tree, root.first(), &proof))
    {
        return Ok(Err(refused(app, log, inconsistent)));
    }
    if let Some(same) = last.filter(|last| last.size == tree.size && last.origin == origin) {
        return Ok(Ok(same));
    }
    let checkpoint = Checkpoint { origin, size: tree.size, root: tree.root };
    let note = checkpoint.sign(key).map_err(|error| Error::Internal(Box::new(error)))?;
    let Checkpoint { origin, size, root } = checkpoint;
    let checkpoint = KeptCheckpoint { origin, size, root, note };
    signing.keep(&checkpoint, now).await?;
    Ok(Ok(checkpoint))
}

/// What is to be looked at: the root, and that it continues the last one.
fn plans(last: Option<&KeptCheckpoint>, tree: KeptTree) -> Result<[Plan; 2], Inconsistent> {
    let (size, signed) = (tree.size, last.map_or(0, |last| last.size));
    let continued = Plan::consistency(signed, size).map_err(|_| Inconsistent::Shorter { size, signed })?;
    Ok([Plan::root(size), continued])
}

fn consistent(
    last: Option<&KeptCheckpoint>,
    tree: KeptTree,
    root: Option<&Hash>,
    proof: &[Hash],
) -> Result<(), Inconsistent> {
    let (size, nothing) = (tree.size, Hash::of_nothing());
    if *root.unwrap_or(&nothing) != tree.root {
        return Err(Inconsistent::Root { size });
    }
    let (signed, signed_root) = last.map_or((0, &nothing), |last| (last.size, &last.root));
    if continues((signed, signed_root), (size, &tree.root), proof) {
        Ok(())
    } else {
        Err(Inconsistent::Forked { size, signed })
    }
}

fn refused(app: &Application, log: Log, inconsistent: Inconsistent) -> Inconsistent {
    app.checkpoints.refuse();
    tracing::error!(
        log = name_of(log),
        inconsistent = %ErrorChain(&inconsistent),
        "an audit log does not continue what was signed of it; nothing more is signed"
    );
    inconsistent
}

/// The last checkpoint that was given out, if any was.
pub(super) async fn last(app: &Application, log: Log) -> Result<Option<KeptCheckpoint>, StoreError> {
    let mut view = app.store.view(scope_of(log)).await?;
    view.audit_checkpoint_last(log, &app.checkpoints.origin_of(log)).await
}

#[cfg(test)]
mod tests {
    use rollcall_audit_proof::{Tree, VerifierKey};

    use super::*;
    use crate::testing::{
        KeptNotary, MockDirectory, NOW, TestStore, application, organization, with_signing_key,
    };

    fn leaf(n: u64) -> Hash {
        Hash::of_leaf(&n.to_be_bytes())
    }

    /// A log of so many events.
    fn notary(events: u64) -> KeptNotary {
        let notary = KeptNotary::default();
        notary.grow(events, leaf);
        notary
    }

    fn app(notary: &KeptNotary) -> Application {
        let store = TestStore::of_each([with_signing_key()]);
        let mut app = application(&store, MockDirectory::new());
        app.checkpoints = Checkpoints::new("rollcall.example", std::sync::Arc::new(notary.clone()));
        app
    }

    use super::super::Checkpoints;

    fn log() -> Log {
        Some(organization().id)
    }

    #[tokio::test]
    async fn another_name_than_the_one_that_was_signed_last_is_noticed() {
        let notary = notary(3);
        let mut app = app(&notary);
        let renamed = async |app: &Application| app.checkpoints.renamed_from().await.expect("an answer");
        assert_eq!(renamed(&app).await, None, "nothing was signed yet");
        newest_checkpoint(&app, log()).await.expect("a checkpoint");
        assert_eq!(renamed(&app).await, None);
        app.checkpoints = Checkpoints::new("other.example/path", std::sync::Arc::new(notary.clone()));
        assert_eq!(renamed(&app).await.as_deref(), Some("rollcall.example"));
        notary.grow(1, leaf);
        newest_checkpoint(&app, log()).await.expect("a checkpoint");
        assert_eq!(renamed(&app).await, None);
        app.checkpoints = Checkpoints::new("other.example", std::sync::Arc::new(notary));
        assert_eq!(renamed(&app).await.as_deref(), Some("other.example/path"));
    }

    #[tokio::test]
    async fn what_is_signed_is_the_tree_and_is_kept_and_the_same_until_there_is_more() {
        let notary = notary(300);
        let app = app(&notary);
        let first = newest_checkpoint(&app, log()).await.expect("a checkpoint");
        let origin = format!("rollcall.example/{}", organization().id);
        let keys = app.tokens.keys(&app).await.expect("keys").published(NOW);
        let keys: Vec<_> = keys
            .iter()
            .filter(|key| key.purpose == KeyPurpose::AuditCheckpoint)
            .map(|key| VerifierKey::new(&origin, &key.public_key).expect("a key"))
            .collect();
        let read = Checkpoint::open(&first.note, &origin, &keys).expect("signed with that key");
        let mut tree = Tree::default();
        tree.append((0..300).map(leaf).collect::<Vec<_>>().into_iter()).expect("not full");
        assert_eq!((read.size, read.root), (300, tree.root()));
        assert_eq!(newest_checkpoint(&app, log()).await.expect("the same"), first);
        assert_eq!(notary.kept().len(), 1);
        notary.grow(1, leaf);
        let second = newest_checkpoint(&app, log()).await.expect("another");
        assert_eq!((second.size, notary.kept().len(), app.checkpoints.refused()), (301, 2, 0));
    }

    #[tokio::test]
    async fn attack_32_nothing_is_signed_that_is_inconsistent_with_what_was_signed_before() {
        type Tamper = fn(&KeptNotary);
        let tampers: [(Tamper, Inconsistent); 5] = [
            (|notary| notary.rewrite(299, leaf), Inconsistent::Shorter { size: 299, signed: 300 }),
            (|notary| notary.rewrite(0, leaf), Inconsistent::Shorter { size: 0, signed: 300 }),
            (|notary| notary.rewrite(300, |n| leaf(n + 1)), Inconsistent::Forked { size: 300, signed: 300 }),
            (
                |notary| notary.rewrite(400, |n| leaf(n + n / 299)),
                Inconsistent::Forked { size: 400, signed: 300 },
            ),
            (KeptNotary::change_root, Inconsistent::Root { size: 300 }),
        ];
        for (tamper, expected) in tampers {
            let notary = notary(300);
            let app = app(&notary);
            newest_checkpoint(&app, log()).await.expect("a checkpoint");
            tamper(&notary);
            let refused = sign(&app, log()).await.expect("an answer");
            assert_eq!(refused, Err(expected));
            assert!(matches!(newest_checkpoint(&app, log()).await, Err(Error::Internal(_))));
            assert_eq!((notary.kept().len(), app.checkpoints.refused()), (1, 2));
        }
        let notary = notary(300);
        notary.forget_tiles();
        let refused = sign(&app(&notary), log()).await.expect("an answer");
        assert!(matches!(refused, Err(Inconsistent::Missing(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_log_that_is_empty_is_off_but_for_the_platform_s() {
        let notary = KeptNotary::default();
        let off = newest_checkpoint(&app(&notary), log()).await;
        assert!(matches!(off, Err(Error::AuditLogDisabled)), "{off:?}");
        let platform = newest_checkpoint(&app(&notary), None).await.expect("a checkpoint");
        assert_eq!((platform.size, platform.origin.as_str()), (0, "rollcall.example/platform"));
    }

    #[tokio::test]
    async fn a_log_that_is_called_something_else_goes_on_under_its_new_name() {
        let notary = notary(300);
        newest_checkpoint(&app(&notary), log()).await.expect("a checkpoint");
        let mut moved = app(&notary);
        moved.checkpoints = Checkpoints::new("elsewhere.example", std::sync::Arc::new(notary.clone()));
        let checkpoint = newest_checkpoint(&moved, log()).await.expect("a checkpoint");
        assert!(checkpoint.origin.starts_with("elsewhere.example/"), "{checkpoint:?}");
        notary.rewrite(200, leaf);
        assert!(sign(&moved, log()).await.expect("an answer").is_err());
    }
}
