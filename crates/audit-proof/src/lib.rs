//! The form in which audit events are written down, so that anybody can check them.
//!
//! This crate knows nothing of Rollcall's other crates: an auditor can use it on its own. It holds the encoding of a single event,
//! its *leaf*, and the Merkle tree of RFC 6962 that leaves make ([`Tree`]), in the pieces in which it is kept ([`Tile`]).
//!
//! # The encoding, version 1
//!
//! A leaf is UTF-8 JSON in the canonical form of RFC 8785: keys sorted, no white space, the shortest
//! escapes. It holds strings, objects, arrays, nulls and the one number `v`, so that two programs cannot
//! differ over how a number is written. What identifies a person is not in the leaf itself but as a
//! [`Commitment`]: it can be erased later, and the leaf stays as it was.

mod commitment;
mod hash;
mod leaf;
mod tile;
mod tree;

pub use commitment::{Commitment, SALT_BYTES, Salt};
pub use hash::{HASH_BYTES, Hash, WrongLength};
pub use leaf::{Change, Leaf, Reference, VERSION};
pub use tile::{NoTile, TILE_HEIGHT, TILE_WIDTH, Tile, TileId};
pub use tree::{Full, Tree, WrongTile, root_of};
