//! Tiles: the pieces in which a log's tree is kept, with the geometry of C2SP tlog-tiles.
//!
//! A tile of level 0 has up to 256 hashes of leaves that follow each other; one of level 1 up to 256 hashes of which each is the
//! root of a full tile of level 0, and so on. What is between is computed. A tile that is not full is the last of its level.

use std::fmt;

use crate::{
    Hash,
    hash::{HASH_BYTES, WrongLength},
};

/// How many levels of the tree are in one tile.
pub const TILE_HEIGHT: u8 = 8;
/// How many hashes a full tile has.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for the tiles with hashes of leaves. Trees of fewer than 2⁶⁴ leaves have levels up to 7.
    pub level: u8,
    /// Counts the tiles of a level from the left, from 0.
    pub index: u64,
}

impl TileId {
    /// The tile in which a node of the tree is, or out of which it is computed. Nodes of level 0 are the leaves; `index` counts those
    /// of a level from the left. Gives back also which node of the tile's own tree it is: its level in it, and its place there.
    ///
    /// `None` for nodes that no tree of fewer than 2⁶⁴ leaves has.
    pub fn of_node(level: u8, index: u64) -> Option<(Self, u8, usize)> {
        if level >= 64 || index > u64::MAX >> level {
            return None;
        }
        let within = level % TILE_HEIGHT;
        // The tile has this many nodes on the node's own level.
        let nodes = (TILE_WIDTH as u64) >> within;
        let place = usize::try_from(index % nodes).ok()?;
        Some((Self { level: level / TILE_HEIGHT, index: index / nodes }, within, place))
    }

    /// How many hashes the tile has in a tree of a size: 0 to [`TILE_WIDTH`].
    pub fn width(self, size: u64) -> usize {
        let Some(hashes) = size.checked_shr(u32::from(self.level) * u32::from(TILE_HEIGHT)) else { return 0 };
        let before = u128::from(self.index) * TILE_WIDTH as u128;
        usize::try_from(u128::from(hashes).saturating_sub(before))
            .map_or(TILE_WIDTH, |width| width.min(TILE_WIDTH))
    }

    /// The tiles on the right edge of a tree of a size: of each level the one that is not full yet, where it has anything.
    pub fn edge(size: u64) -> impl Iterator<Item = Self> {
        let levels = 0..(u64::BITS / u32::from(TILE_HEIGHT)) as u8;
        levels.filter_map(move |level| {
            let hashes = size >> (u32::from(level) * u32::from(TILE_HEIGHT));
            (!hashes.is_multiple_of(TILE_WIDTH as u64))
                .then_some(Self { level, index: hashes / TILE_WIDTH as u64 })
        })
    }
}

/// A tile's hashes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tile(Vec<Hash>);

/// These bytes are no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTile;

impl fmt::Display for NoTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tile has 1 to 256 hashes of 32 bytes")
    }
}

impl std::error::Error for NoTile {}

impl From<WrongLength> for NoTile {
    fn from(_: WrongLength) -> Self {
        Self
    }
}

impl Tile {
    /// Reads a tile: its hashes one after the other.
    ///
    /// # Errors
    /// [`NoTile`] for what is not 1 to [`TILE_WIDTH`] times [`HASH_BYTES`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoTile> {
        if bytes.is_empty() || bytes.len() > TILE_WIDTH * HASH_BYTES {
            return Err(NoTile);
        }
        let hashes = bytes.chunks(HASH_BYTES).map(Hash::try_from).collect::<Result<_, _>>()?;
        Ok(Self(hashes))
    }

    /// Its hashes one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.as_bytes()).copied().collect()
    }

    /// Its hashes, from the left to the right; one that nothing was taken into has none.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// A node of the tile's own tree, by its level in it (0 for the tile's hashes, 8 for its root) and its place there; none when
    /// not everything below it is there.
    pub fn node(&self, level: u8, place: usize) -> Option<Hash> {
        if level > TILE_HEIGHT {
            return None;
        }
        let below = 1_usize << level;
        let from = place.checked_mul(below)?;
        Some(root_of_full(self.0.get(from..from.checked_add(below)?)?))
    }

    /// Takes another hash in; gives back the tile's root if it is full then. Nothing is ever taken into a full one.
    pub(crate) fn push(&mut self, hash: Hash) -> Option<Hash> {
        self.0.push(hash);
        self.node(TILE_HEIGHT, 0)
    }

    /// The roots of the full trees that its hashes make, from the right to the left: the smallest first.
    pub(crate) fn peaks_from_the_right(&self) -> impl Iterator<Item = Hash> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let full = 1 << rest.len().checked_ilog2().map(|_| rest.len().trailing_zeros())?;
            let (before, last) = rest.split_at(rest.len() - full);
            rest = before;
            Some(root_of_full(last))
        })
    }
}

impl From<Vec<Hash>> for Tile {
    /// Of at most 256 hashes.
    fn from(hashes: Vec<Hash>) -> Self {
        debug_assert!(hashes.len() <= TILE_WIDTH);
        Self(hashes)
    }
}

impl fmt::Debug for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tile of {}", self.0.len())
    }
}

/// The root above so many hashes that they make a full tree: a power of two, not 0.
fn root_of_full(hashes: &[Hash]) -> Hash {
    let mut level: Vec<Hash> = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| Hash::of_node(&pair[0], &pair[1])).collect();
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    #[test]
    fn nodes_are_where_the_geometry_has_them() {
        let tile = |level, index| TileId { level, index };
        assert_eq!(TileId::of_node(0, 0), Some((tile(0, 0), 0, 0)));
        assert_eq!(TileId::of_node(0, 70_000), Some((tile(0, 273), 0, 112)));
        assert_eq!(TileId::of_node(3, 33), Some((tile(0, 1), 3, 1)));
        assert_eq!(TileId::of_node(8, 257), Some((tile(1, 1), 0, 1)));
        assert_eq!(TileId::of_node(17, 1), Some((tile(2, 0), 1, 1)));
        assert_eq!(TileId::of_node(0, u64::MAX), Some((tile(0, u64::MAX >> 8), 0, 255)));
        assert_eq!(TileId::of_node(63, 1), Some((tile(7, 0), 7, 1)));
        assert_eq!(TileId::of_node(63, 2), None);
        assert_eq!(TileId::of_node(64, 0), None);
    }

    #[test]
    fn the_edge_has_what_is_not_full() {
        let tile = |level, index| TileId { level, index };
        assert_eq!(TileId::edge(0).count(), 0);
        assert_eq!(TileId::edge(255).collect::<Vec<_>>(), [tile(0, 0)]);
        assert_eq!(TileId::edge(256).collect::<Vec<_>>(), [tile(1, 0)]);
        // The example of C2SP tlog-tiles.
        assert_eq!(TileId::edge(70_000).collect::<Vec<_>>(), [tile(0, 273), tile(1, 1), tile(2, 0)]);
        let widths = TileId::edge(70_000).map(|tile| tile.width(70_000));
        assert_eq!(widths.collect::<Vec<_>>(), [112, 17, 1]);
        assert_eq!(TileId::edge(u64::MAX).count(), 8);
        assert_eq!(tile(0, 272).width(70_000), 256);
        assert_eq!(tile(0, 274).width(70_000), 0);
        assert_eq!(tile(3, 0).width(70_000), 0);
        assert_eq!(tile(9, u64::MAX).width(u64::MAX), 0);
    }

    #[test]
    fn tiles_read_back_and_other_bytes_are_none() {
        for count in [1, 2, 255, 256] {
            let tile = Tile::from(leaves(count));
            assert_eq!(Tile::from_bytes(&tile.to_bytes()), Ok(tile));
        }
        for length in [0, 31, 33, 32 * 256 + 1, 32 * 257] {
            assert_eq!(Tile::from_bytes(&vec![0; length]), Err(NoTile), "{length}");
        }
    }

    #[test]
    fn a_tile_knows_its_nodes() {
        let hashes = leaves(5);
        let tile = Tile::from(hashes.clone());
        let pair = |n: usize| Hash::of_node(&hashes[n], &hashes[n + 1]);
        assert_eq!(tile.node(0, 4), Some(hashes[4]));
        assert_eq!(tile.node(1, 1), Some(pair(2)));
        assert_eq!(tile.node(2, 0), Some(Hash::of_node(&pair(0), &pair(2))));
        for (level, place) in [(0, 5), (1, 2), (2, 1), (3, 0), (9, 0), (8, usize::MAX), (8, usize::MAX >> 8)]
        {
            assert_eq!(tile.node(level, place), None);
        }
        assert_eq!(
            tile.peaks_from_the_right().collect::<Vec<_>>(),
            [hashes[4], tile.node(2, 0).expect("full")]
        );
        assert_eq!(Tile::default().peaks_from_the_right().count(), 0);
    }
}
