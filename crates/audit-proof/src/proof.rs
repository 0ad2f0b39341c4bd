//! Proofs that an event is in a tree, and that a tree continues another (RFC 6962 section 2.1, RFC 9162 section 2.1).
//!
//! A [`Plan`] says which nodes of a tree a proof consists of. Whoever keeps the tree in tiles reads [`Plan::tiles`], a handful
//! however large the tree is, and gets the hashes from [`Plan::hashes`].

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Hash,
    tile::{Tile, TileId},
};

/// A full subtree: over 2^level leaves, the `index`th of its level from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// How high it is; 0 is a leaf.
    pub level: u8,
    /// Counts those of its level from the left, from 0.
    pub index: u64,
}

/// The full subtrees over the leaves from `from` on and before `to`, from the left to the right: the fewest there are, and none where `to` is
/// not beyond `from`.
pub fn subtrees(from: u64, to: u64) -> impl Iterator<Item = Node> {
    let mut at = from;
    std::iter::from_fn(move || {
        let left = to.checked_sub(at).filter(|left| *left > 0)?;
        // As high as where it begins lets it be, and no wider than what is left. Below 64, so it is a byte.
        let level = at.trailing_zeros().min(left.ilog2()) as u8;
        let node = Node { level, index: at >> level };
        at += 1 << level;
        Some(node)
    })
}

/// What hashes are made of: each of full subtrees, from the left to the right, above which it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan(Vec<Vec<Node>>);

/// Something that is asked for is not in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree is not so large")]
pub struct Beyond;

/// A tile that a proof needs is not there, or is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tile {} of level {} does not hold what the tree's size says", .0.index, .0.level)]
pub struct MissingNode(
    /// Which tile.
    pub TileId,
);

/// Where tiles are read.
pub trait Tiles {
    /// The hashes of a tile, as far as they are there.
    fn tile(&self, id: TileId) -> Option<&Tile>;
}

impl Tiles for BTreeMap<TileId, Tile> {
    fn tile(&self, id: TileId) -> Option<&Tile> {
        self.get(&id)
    }
}

impl Plan {
    /// The proof that a leaf is in the tree of a size (RFC 6962 section 2.1.1): what [`includes`] takes. `index` counts from 0.
    ///
    /// # Errors
    /// [`Beyond`] for a leaf that is not.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, Beyond> {
        if index >= size {
            return Err(Beyond);
        }
        let mut path = Vec::new();
        let (mut from, mut to) = (0, size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(subtrees(middle, to).collect());
                to = middle;
            } else {
                path.push(subtrees(from, middle).collect());
                from = middle;
            }
        }
        path.reverse();
        Ok(Self(path))
    }

    /// The proof that the tree of size `second` continues the one of size `first` (RFC 6962 section 2.1.2): what [`continues`] takes. It is
    /// empty where there is nothing to prove, for an empty tree and for two of the same size.
    ///
    /// # Errors
    /// [`Beyond`] when `second` is smaller.
    pub fn consistency(first: u64, second: u64) -> Result<Self, Beyond> {
        if first > second {
            return Err(Beyond);
        }
        // Everything continues nothing, and itself.
        if first == 0 || first == second {
            return Ok(Self::default());
        }
        let mut path = Vec::new();
        let (mut from, mut to) = (0, second);
        while first != to {
            let middle = from + split(to - from);
            if first <= middle {
                path.push(subtrees(middle, to).collect());
                to = middle;
            } else {
                path.push(subtrees(from, middle).collect());
                from = middle;
            }
        }
        // The first tree itself, where it is a full subtree of the second, is known.
        if from != 0 {
            path.push(subtrees(from, to).collect());
        }
        path.reverse();
        Ok(Self(path))
    }

    /// The full subtrees over the leaves from `from` on and before `to`, each by itself.
    pub fn range(from: u64, to: u64) -> Self {
        Self(subtrees(from, to).map(|node| vec![node]).collect())
    }

    /// The leaves from `from` on and before `to`, each by itself.
    pub fn leaves(from: u64, to: u64) -> Self {
        Self((from..to).map(|index| vec![Node { level: 0, index }]).collect())
    }

    /// The root of the tree of a size, and nothing else; empty for the empty tree.
    pub fn root(size: u64) -> Self {
        Self((size > 0).then(|| subtrees(0, size).collect()).into_iter().collect())
    }

    /// The tiles that it needs.
    pub fn tiles(&self) -> BTreeSet<TileId> {
        let nodes = self.0.iter().flatten();
        nodes.filter_map(|node| TileId::of_node(node.level, node.index)).map(|(tile, _, _)| tile).collect()
    }

    /// The hashes, out of its tiles: of a proof the lowest first.
    ///
    /// # Errors
    /// [`MissingNode`] for the first tile that is not there, or has not the hash.
    pub fn hashes(&self, tiles: &impl Tiles) -> Result<Vec<Hash>, MissingNode> {
        self.0.iter().map(|nodes| above(nodes, tiles)).collect()
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The hash above full subtrees that get smaller to the right.
fn above(nodes: &[Node], tiles: &impl Tiles) -> Result<Hash, MissingNode> {
    let mut hash = None;
    for node in nodes.iter().rev() {
        let nowhere = MissingNode(TileId { level: node.level, index: node.index });
        let (tile, level, place) = TileId::of_node(node.level, node.index).ok_or(nowhere)?;
        let left = tiles.tile(tile).and_then(|tile| tile.node(level, place)).ok_or(MissingNode(tile))?;
        hash = Some(hash.map_or(left, |right| Hash::of_node(&left, &right)));
    }
    Ok(hash.unwrap_or_else(Hash::of_nothing))
}

/// Whether a leaf of that hash is the `index`th of the tree, counted from 0 (RFC 9162 section 2.1.3.2). The root is only worth what a
/// checkpoint of that size makes it.
pub fn includes(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_node(other, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::of_node(&hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the tree of size `second` continues the one of size `first` (RFC 9162 section 2.1.4.2), each with its root.
///
/// ```
/// use rollcall_audit_proof::{Hash, continues, root_of};
///
/// let leaves = ["a", "b", "c"].map(|leaf| Hash::of_leaf(leaf.as_bytes()));
/// let (two, three) = (root_of(&leaves[..2]), root_of(&leaves));
/// assert!(continues((2, &two), (3, &three), &[leaves[2]]));
/// assert!(!continues((2, &three), (3, &two), &[leaves[2]]));
/// ```
pub fn continues(first: (u64, &Hash), second: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((first, first_root), (second, second_root)) = (first, second);
    if first == second {
        return proof.is_empty() && first_root == second_root;
    }
    if first == 0 {
        return proof.is_empty() && *first_root == Hash::of_nothing();
    }
    if first > second {
        return false;
    }
    // The first tree itself is left out where it is a full subtree.
    let mut path = first.is_power_of_two().then_some(first_root).into_iter().chain(proof);
    let Some(start) = path.next() else { return false };
    let (mut node, mut last) = (first - 1, second - 1);
    let ones = node.trailing_ones();
    node >>= ones;
    last >>= ones;
    let (mut old, mut new) = (*start, *start);
    for other in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = Hash::of_node(other, &old);
            new = Hash::of_node(other, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = Hash::of_node(&new, other);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::{Tree, root_of, tests::PUBLISHED};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    fn kept(leaves: &[Hash]) -> BTreeMap<TileId, Tile> {
        Tree::default().append(leaves.iter().copied()).expect("not full")
    }

    fn root(leaves: &[Hash], size: u64) -> Hash {
        root_of(&leaves[..usize::try_from(size).expect("small")])
    }

    fn hexadecimal(hashes: &[Hash]) -> Vec<String> {
        hashes.iter().map(|hash| hash.to_string()[..8].to_owned()).collect()
    }

    /// Proofs from the reference implementation of Certificate Transparency. (Hashes are told apart by their first four bytes.)
    #[test]
    fn the_proofs_of_certificate_transparency_s_own_tests() {
        let hashes: Vec<Hash> = PUBLISHED.iter().map(|content| Hash::of_leaf(content)).collect();
        let tiles = kept(&hashes);
        let published: [(u64, u64, &[&str]); 5] = [
            (0, 1, &[]),
            (0, 8, &["96a296d2", "5f083f0a", "6b47aaf2"]),
            (5, 8, &["bc1a0643", "ca854ea1", "d37ee418"]),
            (2, 3, &["fac54203"]),
            (1, 5, &["6e340b9c", "5f083f0a", "bc1a0643"]),
        ];
        for (index, size, expected) in published {
            let proof = Plan::inclusion(index, size).expect("a plan").hashes(&tiles).expect("hashes");
            assert_eq!(hexadecimal(&proof), expected, "{index} of {size}");
            let leaf = &hashes[usize::try_from(index).expect("small")];
            assert!(includes(leaf, index, size, &proof, &root(&hashes, size)));
        }
        let published: [(u64, u64, &[&str]); 4] = [
            (1, 1, &[]),
            (1, 8, &["96a296d2", "5f083f0a", "6b47aaf2"]),
            (6, 8, &["0ebc5d34", "ca854ea1", "d37ee418"]),
            (2, 5, &["5f083f0a", "bc1a0643"]),
        ];
        for (first, second, expected) in published {
            let proof = Plan::consistency(first, second).expect("a plan").hashes(&tiles).expect("hashes");
            assert_eq!(hexadecimal(&proof), expected, "{first} to {second}");
            let (old, new) = (root(&hashes, first), root(&hashes, second));
            assert!(continues((first, &old), (second, &new), &proof));
        }
    }

    #[test]
    fn every_proof_in_small_trees_holds_and_none_that_is_changed() {
        let all = leaves(20);
        for size in 1..=20 {
            let (tiles, new) = (kept(&all[..usize::try_from(size).expect("small")]), root(&all, size));
            for index in 0..size {
                let leaf = all[usize::try_from(index).expect("small")];
                let proof = Plan::inclusion(index, size).expect("a plan").hashes(&tiles).expect("hashes");
                assert!(includes(&leaf, index, size, &proof, &new));
                assert!(!includes(&Hash::of_leaf(b"other"), index, size, &proof, &new));
                assert!(!includes(&leaf, index, size, &proof, &Hash::of_nothing()));
                for other in (0..=size).filter(|other| *other != index) {
                    assert!(!includes(&leaf, other, size, &proof, &new), "{other} for {index} of {size}");
                }
                for changed in changed(&proof) {
                    assert!(!includes(&leaf, index, size, &changed, &new), "{index} of {size}");
                }
            }
            for first in 0..=size {
                let old = root(&all, first);
                let proof = Plan::consistency(first, size).expect("a plan").hashes(&tiles).expect("hashes");
                assert!(continues((first, &old), (size, &new), &proof), "{first} to {size}");
                assert!(!continues((first, &Hash::of_leaf(b"other")), (size, &new), &proof));
                // Of everything it continues nothing, whatever it is.
                let other = continues((first, &old), (size, &Hash::of_leaf(b"other")), &proof);
                assert_eq!(other, first == 0);
                for changed in changed(&proof) {
                    assert!(!continues((first, &old), (size, &new), &changed), "{first} to {size}");
                }
            }
            assert_eq!(Plan::inclusion(size, size), Err(Beyond));
            assert_eq!(Plan::consistency(size + 1, size), Err(Beyond));
            assert_eq!(Plan::root(size).hashes(&tiles), Ok(vec![new]));
        }
    }

    /// One more, one fewer, and each one changed.
    fn changed(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let other = Hash::of_leaf(b"other");
        let mut all = vec![[proof, &[other]].concat()];
        all.extend((!proof.is_empty()).then(|| proof[1..].to_vec()));
        all.extend((0..proof.len()).map(|place| {
            let mut changed = proof.to_vec();
            changed[place] = other;
            changed
        }));
        all
    }

    #[test]
    fn a_log_of_ten_million_events_is_proved_from_a_handful_of_tiles() {
        for (plan, most) in [
            (Plan::inclusion(1_234_567, 10_000_000), 6),
            (Plan::inclusion(9_999_999, 10_000_000), 6),
            (Plan::consistency(1_234_567, 10_000_000), 6),
            (Plan::consistency(9_999_999, 10_000_000), 6),
            (Ok(Plan::range(0, 9_999_999)), 3),
        ] {
            let tiles = plan.expect("a plan").tiles();
            assert!(tiles.len() <= most, "{tiles:?}");
        }
    }

    #[test]
    fn a_hash_that_is_missing_is_named_and_not_made_up() {
        let all = leaves(300);
        let mut tiles = kept(&all);
        let plan = Plan::inclusion(3, 300).expect("a plan");
        assert!(plan.hashes(&tiles).is_ok());
        let short = Tile::from(all[256..299].to_vec());
        let edge = TileId { level: 0, index: 1 };
        tiles.insert(edge, short);
        assert_eq!(plan.hashes(&tiles), Err(MissingNode(edge)));
        tiles.remove(&TileId { level: 0, index: 0 });
        assert_eq!(plan.hashes(&tiles), Err(MissingNode(TileId { level: 0, index: 0 })));
    }

    proptest! {
        #[test]
        fn proofs_over_many_tiles_hold(size in 1_u64..3_000, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
            let all = leaves(size);
            let tiles = kept(&all);
            let (index, first) = (a.index(all.len()), b.index(all.len()) as u64 + 1);
            let new = root(&all, size);
            let proof = Plan::inclusion(index as u64, size).expect("a plan").hashes(&tiles).expect("hashes");
            prop_assert!(includes(&all[index], index as u64, size, &proof, &new));
            let proof = Plan::consistency(first, size).expect("a plan").hashes(&tiles).expect("hashes");
            prop_assert!(continues((first, &root(&all, first)), (size, &new), &proof));
        }

        #[test]
        fn subtrees_cover_a_range_and_nothing_else(from in any::<u32>(), length in any::<u32>()) {
            let (from, to) = (u64::from(from), u64::from(from) + u64::from(length));
            let end = subtrees(from, to).try_fold(from, |at, node| {
                (node.index << node.level == at).then_some(at + (1 << node.level))
            });
            prop_assert_eq!(end, Some(to));
            prop_assert!(subtrees(from, to).count() <= 64);
        }
    }
}
