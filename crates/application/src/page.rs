//! Lists that come in pages.

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageRequest<K> {
    /// How many entries it holds at the most: 1 to 200.
    pub limit: u16,
    /// The key of the entry it begins after; from the start when there is none.
    pub after: Option<K>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The entries.
    pub entries: Vec<T>,
    /// The key to ask the next page with; none when this is the last one.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// A page out of up to `limit + 1` entries: one more than fits tells that another page follows.
    pub fn cut(mut entries: Vec<T>, limit: u16, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::from(limit);
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = if more { entries.last().map(key) } else { None };
        Self { entries, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_behind_it_has_a_cursor_to_the_next() {
        assert_eq!(Page::cut(vec![1, 2, 3], 2, |n| *n), Page { entries: vec![1, 2], next: Some(2) });
        assert_eq!(Page::cut(vec![1, 2], 2, |n| *n), Page { entries: vec![1, 2], next: None });
        assert_eq!(Page::cut(Vec::<i32>::new(), 2, |n| *n), Page { entries: vec![], next: None });
    }
}
