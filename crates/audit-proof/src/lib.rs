//! The form in which audit events are written down, so that anybody can check them.
//!
//! This crate knows nothing of Rollcall's other crates: an auditor can use it on its own. It holds the encoding of a single event,
//! its *leaf*, and the Merkle tree of RFC 6962 that leaves make ([`Tree`]), in the pieces in which it is kept ([`Tile`]); proofs
//! in it ([`Plan`], [`includes`], [`continues`]), what is signed of it ([`Checkpoint`]), the form in which it is taken along
//! ([`export`]), and what checks all of that ([`verify`](verify()), which needs nothing but the file).
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use ed25519_dalek::SigningKey;
//! use rollcall_audit_proof::{Checkpoint, Hash, Plan, Tile, TileId, Tree, VerifierKey, includes};
//!
//! // A log of three leaves, in the tiles in which it is kept.
//! let leaves = ["a", "b", "c"].map(|leaf| Hash::of_leaf(leaf.as_bytes()));
//! let mut tree = Tree::default();
//! let tiles: BTreeMap<TileId, Tile> = tree.append(leaves.into_iter())?;
//!
//! // What is signed of it, and believed by whoever knows the key.
//! let (origin, key) = ("example.com/log", SigningKey::from_bytes(&[7; 32]));
//! let note = Checkpoint { origin: origin.to_owned(), size: tree.size(), root: tree.root() }.sign(&key)?;
//! let known = VerifierKey::new(origin, key.verifying_key().as_bytes())?;
//! let checkpoint = Checkpoint::open(&note, origin, &[known])?;
//!
//! // The proof that the second leaf is in it.
//! let proof = Plan::inclusion(1, checkpoint.size)?.hashes(&tiles)?;
//! assert!(includes(&leaves[1], 1, checkpoint.size, &proof, &checkpoint.root));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The encoding, version 1
//!
//! A leaf is UTF-8 JSON in the canonical form of RFC 8785: keys sorted, no white space, the shortest
//! escapes. It holds strings, objects, arrays, nulls and the one number `v`, so that two programs cannot
//! differ over how a number is written. What identifies a person is not in the leaf itself but as a
//! [`Commitment`]: it can be erased later, and the leaf stays as it was.

mod checkpoint;
mod commitment;
pub mod export;
mod frontier;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hash;
mod leaf;
mod note;
mod proof;
mod tile;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, InvalidCheckpoint};
pub use commitment::{Commitment, SALT_BYTES, Salt};
pub use hash::{HASH_BYTES, Hash, WrongLength};
pub use leaf::{Change, Leaf, Reference, VERSION};
pub use note::{InvalidKey, InvalidNote, Note, VerifierKey, sign};
pub use proof::{Beyond, MissingNode, Node, Plan, Tiles, continues, includes, subtrees};
pub use tile::{NoTile, TILE_HEIGHT, TILE_WIDTH, Tile, TileId};
pub use tree::{Full, Tree, WrongTile, root_of};
pub use verify::{Failure, Finding, Progress, Trust, Verified, verify};
