//! Proving that an event is in the log, and that the log continues what it was.

use rollcall_audit_proof::{Beyond, Plan, Tiles, continues, includes};
use rollcall_domain::{EventId, Permission};

use super::{
    Hash, KeptTree, Log, catch_up,
    checkpoint::there,
    checkpoints::scope_of,
    readings::{ReadingAttempt, refusals_recorded_once},
};
use crate::{Application, Error, Principal, ports::View};

/// That an event is in the tree of some size (RFC 6962 section 2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// Which event.
    pub event: EventId,
    /// Its place in the tree, from 0 and below `tree_size`.
    pub index: u64,
    /// How many events the tree has, from 1.
    pub tree_size: u64,
    /// The hash of its leaf.
    pub leaf_hash: Hash,
    /// The tree's root.
    pub root: Hash,
    /// The hashes from the leaf to the root.
    pub hashes: Vec<Hash>,
}

/// That the tree of some size continues the one of another (RFC 6962 section 2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// How many events the smaller tree has, from 0.
    pub from: u64,
    /// How many the larger one has: at least as many.
    pub to: u64,
    /// The smaller tree's root.
    pub from_root: Hash,
    /// The larger tree's root.
    pub to_root: Hash,
    /// The proof.
    pub hashes: Vec<Hash>,
}

/// Proves that an event is in the tree of a size: the whole of it if none is said. What is wrong with the event's id is told to
/// whoever may know of the log.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::AuditLogDisabled`]; [`Error::NotFound`] for an event that is not in the organization's log;
/// [`Error::Invalid`] for a tree that it is not in.
pub async fn prove_inclusion(
    app: &Application,
    principal: &Principal,
    event: Result<EventId, Error>,
    tree_size: Option<u64>,
) -> Result<Inclusion, Error> {
    let proved = async {
        let (log, mut view, tree) = begin(app, principal).await?;
        let event = event?;
        let index = view.audit_place(log, event).await?.ok_or(Error::NotFound)?;
        let size = within(tree, tree_size, "tree_size")?;
        let beyond = |Beyond| {
            Error::invalid("tree_size", format!("must be at least {}: the event comes later", index + 1))
        };
        let path = Plan::inclusion(index, size).map_err(beyond)?;
        let parts = [path, Plan::range(index, index + 1), Plan::root(size)];
        let [hashes, leaf, root] = hashes(view.as_mut(), log, parts).await?;
        let ([leaf_hash], [root]) = (leaf.as_slice(), root.as_slice()) else { return Err(broken()) };
        // What does not hold is not given out.
        if !includes(leaf_hash, index, size, &hashes, root) {
            return Err(broken());
        }
        Ok(Inclusion { event, index, tree_size: size, leaf_hash: *leaf_hash, root: *root, hashes })
    };
    refusals_recorded_once(app, principal, ReadingAttempt::at("inclusion proof"), proved.await).await
}

/// Proves that the tree of one size continues the tree of another: up to the whole of it if nothing else is said.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::AuditLogDisabled`]; [`Error::Invalid`] for sizes that are not in order, or larger than the tree.
pub async fn prove_consistency(
    app: &Application,
    principal: &Principal,
    from: Option<u64>,
    to: Option<u64>,
) -> Result<Consistency, Error> {
    let proved = async {
        let (log, mut view, tree) = begin(app, principal).await?;
        let to = within(tree, to, "to")?;
        let from = from.ok_or_else(|| Error::invalid("from", "is required"))?;
        let beyond =
            |Beyond| Error::invalid("from", format!("must be at most {to}, the size that is proved"));
        let path = Plan::consistency(from, to).map_err(beyond)?;
        let parts = [path, Plan::root(from), Plan::root(to)];
        let [hashes, from_root, to_root] = hashes(view.as_mut(), log, parts).await?;
        let [from_root, to_root] =
            [from_root, to_root].map(|root| root.first().copied().unwrap_or_else(Hash::of_nothing));
        if !continues((from, &from_root), (to, &to_root), &hashes) {
            return Err(broken());
        }
        Ok(Consistency { from, to, from_root, to_root, hashes })
    };
    refusals_recorded_once(app, principal, ReadingAttempt::at("consistency proof"), proved.await).await
}

/// The log of whoever may read it, with all that was committed before.
async fn begin(app: &Application, principal: &Principal) -> Result<(Log, Box<dyn View>, KeptTree), Error> {
    let log = Some(principal.permit(Permission::AuditLogRead)?.id);
    catch_up(app, log).await?;
    let mut view = app.store.view(scope_of(log)).await?;
    let tree = there(log, view.audit_tree(log).await?)?;
    Ok((log, view, tree))
}

fn within(tree: KeptTree, size: Option<u64>, field: &str) -> Result<u64, Error> {
    match size {
        Some(size) if size > tree.size => Err(Error::invalid(
            field,
            format!("must be at most {}, as the log has no more events", tree.size),
        )),
        size => Ok(size.unwrap_or(tree.size)),
    }
}

async fn hashes<const N: usize>(
    view: &mut dyn View,
    log: Log,
    plans: [Plan; N],
) -> Result<[Vec<Hash>; N], Error> {
    let tiles = view.audit_tiles(log, &plans.iter().flat_map(Plan::tiles).collect()).await?;
    let mut found = [const { Vec::new() }; N];
    for (found, plan) in found.iter_mut().zip(&plans) {
        *found = of(plan, &tiles)?;
    }
    Ok(found)
}

fn of(plan: &Plan, tiles: &impl Tiles) -> Result<Vec<Hash>, Error> {
    plan.hashes(tiles).map_err(|error| Error::Internal(Box::new(error)))
}

fn broken() -> Error {
    Error::Internal("an audit log's tiles do not prove what they should".into())
}
