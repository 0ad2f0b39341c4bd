//! A tree whose leaves pass by.

use crate::{Hash, proof::subtrees};

/// The roots of the full subtrees of a tree, of which everything else follows: what is needed to go on, and to tell the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frontier {
    size: u64,
    /// From the left to the right, each with its height.
    peaks: Vec<(u8, Hash)>,
}

impl Frontier {
    /// The tree of a size, from the roots of its full subtrees; none when there are more or fewer than it has.
    pub(crate) fn at(size: u64, hashes: &[Hash]) -> Option<Self> {
        let levels: Vec<u8> = subtrees(0, size).map(|node| node.level).collect();
        let peaks = levels.iter().copied().zip(hashes.iter().copied()).collect();
        (levels.len() == hashes.len()).then_some(Self { size, peaks })
    }

    /// Appends a full subtree; none when it does not begin where the tree ends.
    pub(crate) fn append(&mut self, level: u8, hash: Hash) -> Option<()> {
        let leaves = 1_u64.checked_shl(level.into())?;
        let size = self.size.checked_add(leaves).filter(|_| self.size.is_multiple_of(leaves))?;
        self.size = size;
        let (mut level, mut hash) = (level, hash);
        while let Some((_, left)) = self.peaks.pop_if(|(height, _)| *height == level) {
            hash = Hash::of_node(&left, &hash);
            level += 1;
        }
        self.peaks.push((level, hash));
        Some(())
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn root(&self) -> Hash {
        let peaks = self.peaks.iter().rev().map(|(_, hash)| *hash);
        peaks.reduce(|right, left| Hash::of_node(&left, &right)).unwrap_or_else(Hash::of_nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Tree, root_of};

    #[test]
    fn from_any_place_to_any_other_it_comes_to_the_root_that_the_rfc_defines() {
        let all: Vec<Hash> = (0..70_u8).map(|n| Hash::of_leaf(&[n])).collect();
        let tiles = Tree::default().append(all.iter().copied()).expect("not full");
        let range = |from, to| Plan::range(from, to).hashes(&tiles).expect("hashes");
        for first in 0..=70_u64 {
            for end in first..=70 {
                let mut tree = Frontier::at(first, &range(0, first)).expect("a tree");
                for index in first..end {
                    tree.append(0, all[usize::try_from(index).expect("small")]).expect("a place");
                }
                assert_eq!(tree.root(), root_of(&all[..usize::try_from(end).expect("small")]));
                for (node, hash) in subtrees(end, 70).zip(range(end, 70)) {
                    tree.append(node.level, hash).expect("a place");
                }
                assert_eq!((tree.size(), tree.root()), (70, root_of(&all)));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let hash = Hash::of_nothing();
        assert_eq!(Frontier::at(3, &[hash]), None);
        assert_eq!(Frontier::at(3, &[hash; 3]), None);
        let mut tree = Frontier::at(3, &[hash; 2]).expect("a tree");
        assert_eq!(tree.append(1, hash), None);
        assert_eq!(tree.append(64, hash), None);
        assert_eq!(tree.append(0, hash), Some(()));
        let mut full = Frontier::at(u64::MAX, &[hash; 64]).expect("a tree");
        assert_eq!(full.append(0, hash), None);
    }
}
