//! A log's tree as it grows: its right edge is all that is needed.

use std::{collections::BTreeMap, fmt};

use crate::{
    Hash,
    tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileId},
};

/// The right edge of a tree. What is left of it never changes any more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    /// By level: the tile that is not full yet.
    edge: Vec<Tile>,
}

/// A tile that should be there is not, or has another width than the tree's size says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongTile(
    /// Which one.
    pub TileId,
);

impl fmt::Display for WrongTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(TileId { level, index }) = self;
        write!(f, "tile {index} of level {level} is not as wide as the tree's size says")
    }
}

impl std::error::Error for WrongTile {}

/// More leaves than a tree can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tree has fewer than 2^63 leaves")
    }
}

impl std::error::Error for Full {}

impl Tree {
    /// A tree of a size, of which the tiles of [`TileId::edge`] are known: `tile` is asked for each of them once.
    ///
    /// # Errors
    /// [`WrongTile`] when one of them is missing, or is not as wide as the size says.
    pub fn at(size: u64, mut tile: impl FnMut(TileId) -> Option<Tile>) -> Result<Self, WrongTile> {
        let mut edge: Vec<Tile> = Vec::new();
        for id in TileId::edge(size) {
            let found = tile(id).filter(|tile| tile.hashes().len() == id.width(size)).ok_or(WrongTile(id))?;
            edge.resize(usize::from(id.level), Tile::default());
            edge.push(found);
        }
        Ok(Self { size, edge })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root (RFC 6962, section 2.1); [`Hash::of_nothing`] of a tree without leaves.
    pub fn root(&self) -> Hash {
        // From the right to the left: each full tree is the left sister of everything to its right.
        let peaks = self.edge.iter().flat_map(Tile::peaks_from_the_right);
        peaks.reduce(|right, left| Hash::of_node(&left, &right)).unwrap_or_else(Hash::of_nothing)
    }

    /// Appends leaves, of which it takes the hashes; gives back every tile that is not what it was, as it is now.
    ///
    /// # Errors
    /// [`Full`], and then nothing has changed.
    pub fn append(
        &mut self,
        leaves: impl ExactSizeIterator<Item = Hash>,
    ) -> Result<BTreeMap<TileId, Tile>, Full> {
        let more = u64::try_from(leaves.len()).map_err(|_| Full)?;
        // Sizes are kept as signed numbers, too.
        self.size.checked_add(more).filter(|size| i64::try_from(*size).is_ok()).ok_or(Full)?;
        let mut changed = BTreeMap::new();
        let mut touched = 0;
        for leaf in leaves {
            touched = touched.max(self.push(leaf, &mut changed));
        }
        let levels = (0..touched).zip(&self.edge);
        changed.extend(levels.filter(|(_, tile)| !tile.hashes().is_empty()).map(|(level, tile)| {
            let index = self.size >> (u32::from(level) * u32::from(TILE_HEIGHT)) >> TILE_HEIGHT;
            (TileId { level, index }, tile.clone())
        }));
        Ok(changed)
    }

    /// Appends one leaf; gives back how many levels, from the lowest, have changed.
    fn push(&mut self, leaf: Hash, full: &mut BTreeMap<TileId, Tile>) -> u8 {
        self.size += 1;
        let (mut level, mut hash) = (0_u8, leaf);
        loop {
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Tile::default());
            }
            let tile = &mut self.edge[usize::from(level)];
            let root = tile.push(hash);
            level += 1;
            let Some(root) = root else { return level };
            let index = (self.size >> (u32::from(level) * u32::from(TILE_HEIGHT))) - 1;
            full.insert(TileId { level: level - 1, index }, std::mem::take(tile));
            hash = root;
        }
    }
}

/// The root of the tree that some leaves make, of which it takes the hashes. Of many, [`Tree::append`] some at a time.
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [one] => *one,
        more => {
            let left = more.len().next_power_of_two() / 2;
            Hash::of_node(&root_of(&more[..left]), &root_of(&more[left..]))
        }
    }
}

const _: () = assert!(TILE_WIDTH == 256, "levels are counted in a byte");

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is in the leaves of the trees that implementations of RFC 6962 are tested with, from the reference implementation of
    /// Certificate Transparency.
    pub(crate) const PUBLISHED: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    fn leaves(from: u64, count: u64) -> Vec<Hash> {
        (from..from + count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    fn append(tree: &mut Tree, kept: &mut BTreeMap<TileId, Tile>, leaves: &[Hash]) {
        kept.extend(tree.append(leaves.iter().copied()).expect("not full"));
    }

    /// The roots of those trees, from there too.
    #[test]
    fn the_roots_of_certificate_transparency_s_own_tests() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let hashes: Vec<Hash> = PUBLISHED.iter().map(|content| Hash::of_leaf(content)).collect();
        for (size, root) in roots.iter().enumerate() {
            let mut tree = Tree::default();
            tree.append(hashes[..size].iter().copied()).expect("not full");
            assert_eq!(tree.root().to_string(), *root, "of {size}");
            assert_eq!(root_of(&hashes[..size]).to_string(), *root, "of {size}");
        }
    }

    #[test]
    fn every_size_over_two_tiles_has_the_root_that_the_rfc_defines() {
        let all = leaves(0, 600);
        let (mut tree, mut kept) = (Tree::default(), BTreeMap::new());
        for size in 0..=all.len() {
            assert_eq!(tree.root(), root_of(&all[..size]), "of {size}");
            if size < all.len() {
                append(&mut tree, &mut kept, &all[size..=size]);
            }
        }
    }

    #[test]
    fn a_tree_of_three_levels_of_tiles_goes_on_from_what_was_kept() {
        let all = leaves(0, 66_000);
        let (mut tree, mut kept) = (Tree::default(), BTreeMap::new());
        for part in all.chunks(4_096) {
            // As if by another process each time.
            tree = Tree::at(tree.size(), |id| kept.get(&id).cloned()).expect("the edge is kept");
            append(&mut tree, &mut kept, part);
        }
        assert_eq!(tree.size(), 66_000);
        assert_eq!(tree.root(), root_of(&all));
        let widths = |level: u8| -> Vec<usize> {
            kept.iter().filter(|(id, _)| id.level == level).map(|(_, tile)| tile.hashes().len()).collect()
        };
        assert_eq!(widths(0).len(), 258);
        assert_eq!(widths(1), [256, 1]);
        assert_eq!(widths(2), [1]);
        // Every node is where the geometry says.
        for (level, index) in [(0, 65_999), (5, 100), (8, 200), (12, 9), (16, 0)] {
            let (tile, within, place) = TileId::of_node(level, index).expect("a node");
            let below = 1_usize << level;
            let from = usize::try_from(index).expect("small") * below;
            assert_eq!(
                kept[&tile].node(within, place),
                Some(root_of(&all[from..from + below])),
                "{level} {index}"
            );
        }
    }

    #[test]
    fn attack_32_an_edge_that_is_not_as_wide_as_the_size_says_is_refused() {
        let mut tree = Tree::default();
        let kept = tree.append(leaves(0, 300).into_iter()).expect("not full");
        let (leaf_edge, above) = (TileId { level: 0, index: 1 }, TileId { level: 1, index: 0 });
        assert_eq!(Tree::at(300, |id| kept.get(&id).cloned()), Ok(tree));
        for wrong in [299, 301, 511] {
            assert_eq!(Tree::at(wrong, |id| kept.get(&id).cloned()), Err(WrongTile(leaf_edge)), "{wrong}");
        }
        assert_eq!(Tree::at(812, |id| kept.get(&id).cloned()), Err(WrongTile(TileId { level: 0, index: 3 })));
        let without = |missing: TileId| Tree::at(300, |id| kept.get(&id).filter(|_| id != missing).cloned());
        assert_eq!(without(above), Err(WrongTile(above)));
        assert_eq!(without(leaf_edge), Err(WrongTile(leaf_edge)));
    }

    #[test]
    fn a_tree_that_would_be_too_large_stays_as_it_was() {
        let size = i64::MAX as u64;
        let mut tree =
            Tree::at(size, |id| Some(Tile::from(leaves(0, id.width(size) as u64)))).expect("a tree");
        let before = tree.clone();
        assert_eq!(tree.append(leaves(0, 1).into_iter()), Err(Full));
        assert_eq!(tree, before);
    }

    proptest! {
        #[test]
        fn however_leaves_are_appended_the_tree_is_the_one_that_the_rfc_defines(
            parts in prop::collection::vec(0_u64..700, 0..8)
        ) {
            let (mut tree, mut kept, mut all) = (Tree::default(), BTreeMap::new(), Vec::new());
            for part in parts {
                let more = leaves(all.len() as u64, part);
                let before = kept.clone();
                append(&mut tree, &mut kept, &more);
                all.extend(more);
                prop_assert_eq!(tree.size(), all.len() as u64);
                prop_assert_eq!(tree.root(), root_of(&all));
                // Tiles only ever grow.
                for (id, tile) in before {
                    prop_assert!(kept[&id].hashes().starts_with(tile.hashes()));
                }
                for (id, tile) in &kept {
                    prop_assert_eq!(tile.hashes().len(), id.width(tree.size()));
                }
                let again = Tree::at(tree.size(), |id| kept.get(&id).cloned()).expect("the edge is kept");
                prop_assert_eq!(again.root(), tree.root());
                tree = again;
            }
        }
    }
}
