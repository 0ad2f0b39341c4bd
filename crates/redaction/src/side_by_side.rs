//! Several numbers side by side, with or without signs between them, and nothing else.
//!
//! Where one ends and the next begins is not always seen from the first one alone: a telephone number and the beginning of a
//! card's may pass the card's check together. So what lies between two hard signs is first cut as a whole: if all of it is
//! numbers, these are they.

use crate::{
    Kind, card,
    context::Said,
    countries,
    numbers::{Form, Group, Run},
    phone::{CERTAIN, LIKELY, Sure, Window},
};

/// How many groups one number has at most.
const WIDEST: usize = 7;

/// The numbers of a run, in those of its parts that consist of nothing else.
pub(crate) fn side_by_side(run: &Run, said: Said) -> Vec<(usize, usize, Kind)> {
    let groups = &run.groups[..];
    let mut numbers = Vec::new();
    if !run.written
        || !run.plain && groups.iter().any(|group| group.corrects || group.echo || group.extension)
    {
        return numbers;
    }
    let mut begin = 0;
    while begin < groups.len() {
        let length = groups[begin + 1..].iter().take_while(|group| !group.parted).count() + 1;
        let part = begin..begin + length;
        begin = part.end;
        let digits: usize = groups[part.clone()].iter().map(|group| group.len).sum();
        if digits < 7 {
            continue;
        }
        let cut = [CERTAIN, LIKELY].iter().find_map(|sure| cut(run, &groups[part.clone()], said, *sure));
        numbers.extend(
            cut.unwrap_or_default()
                .into_iter()
                .map(|(from, to, kind)| (part.start + from, part.start + to, kind)),
        );
    }
    // One number alone is found as any other is.
    if let [(0, end, _)] = numbers[..]
        && end == groups.len()
    {
        numbers.clear();
    }
    numbers
}

/// A part as numbers, if that is what it is. Seen from its end: what follows a number must be numbers too.
fn cut(run: &Run, part: &[Group], said: Said, sure: Sure) -> Option<Vec<(usize, usize, Kind)>> {
    // What begins at each group, from the last one on.
    let mut cuts: Vec<Option<(usize, Kind)>> = Vec::new();
    // The first group from which on there is nothing but numbers.
    let mut reached = part.len();
    for begin in (0..part.len()).rev() {
        let furthest = part.len().min(begin + WIDEST);
        if furthest < reached {
            // Nothing that ends where the numbers begin is as wide as that.
            return None;
        }
        let goes_on = |end: usize| end == part.len() || cuts[part.len() - 1 - end].is_some();
        let cut = (begin + 1..=furthest)
            .rev()
            .filter(|end| goes_on(*end))
            .find_map(|end| number(run, &part[begin..end], said, sure).map(|kind| (end, kind)));
        if cut.is_some() {
            reached = begin;
        }
        cuts.push(cut);
    }
    let (mut at, mut numbers) = (0, Vec::new());
    while at < part.len() {
        let (end, kind) = cuts[part.len() - 1 - at]?;
        numbers.push((at, end, kind));
        at = end;
    }
    Some(numbers)
}

/// What number some groups are.
fn number(run: &Run, groups: &[Group], said: Said, sure: Sure) -> Option<Kind> {
    let (first, last) = (groups.first()?, groups.last()?);
    let own = &run.digits[first.digits..last.digits + last.len];
    // Digits one by one belong together in more ways than these.
    let singles = groups.iter().filter(|group| group.len == 1 && !group.paren).count();
    if !(7..=19).contains(&own.len()) || singles > 1 || groups.iter().any(|group| group.form != Form::Written)
    {
        return None;
    }
    let inner_plus = groups.iter().skip(1).any(|group| group.plus);
    if inner_plus {
        return None;
    }
    if !first.plus && card::is_card(own) && groups.iter().all(|group| group.len > 3 || groups.len() > 4) {
        return Some(Kind::Card);
    }
    // Country codes are known, and area codes come and go.
    if first.plus && !(own.len() == 11 && own[0] == 1) && !countries::valid(own) {
        return None;
    }
    let lens = groups.iter().fold(1_u64, |lens, group| {
        let other = if group.lens & 1 != 0 { lens } else { 0 };
        lens.checked_shl(group.len as u32).unwrap_or(0) | other
    });
    let window = Window { groups, digits: &run.digits, lens, said, plain: false };
    (window.sure() >= sure).then_some(Kind::Phone)
}
