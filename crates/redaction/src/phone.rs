//! Telephone numbers: which digits may be one.

use crate::{
    context::Said,
    countries::{anywhere, known, valid},
    numbers::{Form, Group},
    tokens::Gap,
};

/// How sure it is that groups are a telephone number. What is surer is looked for first.
pub(crate) type Sure = u8;
/// Its length and form are those of a telephone number.
pub(crate) const CERTAIN: Sure = 3;
/// They may be.
pub(crate) const LIKELY: Sure = 2;
/// They may be, and a telephone is spoken of.
pub(crate) const SPOKEN_OF: Sure = 1;

/// How many digits each of some groups has, as far as that decides whether they are a number that is written and does not begin with zero.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    /// Their lengths, four bits for each; more than sixteen digits are none of those that are looked for.
    lens: u64,
    digits: usize,
    singles: usize,
    paren: bool,
}

impl Shape {
    /// How many digits there are at most in one that is usual.
    pub(crate) const LONGEST: usize = 13;

    /// With another group.
    pub(crate) fn with(self, group: &Group) -> Self {
        Self {
            lens: self.lens << 4 | (group.len as u64 & 15),
            digits: self.digits + group.len,
            singles: self.singles + usize::from(group.len == 1),
            paren: self.paren || group.paren,
        }
    }

    /// Whether there are more digits than in any that is usual.
    pub(crate) fn too_long(self) -> bool {
        self.digits > Self::LONGEST
    }

    /// Whether one that is usual by the lengths of its groups begins with these.
    pub(crate) fn begins(self) -> bool {
        let lens = self.lens as usize;
        lens > 0xFFF || BEGINNINGS[lens / 64] & (1 << (lens % 64)) != 0
    }

    /// Whether [`Window::written_form`] may find a number in it. What does not pass this is none; most lists and orders do not.
    pub(crate) fn usual(self) -> bool {
        matches!(self.digits, 7..=Self::LONGEST)
            && (self.paren
                || (self.singles > 2 && matches!(self.digits, 7 | 10 | 11))
                || USUAL.contains(&self.lens))
    }
}

/// The lengths of groups that are usual, four bits for each.
const USUAL: [u64; 34] = [
    0x7, 0xA, 0xB, 0xC, 0xD, 0x34, 0x37, 0x39, 0x46, 0x47, 0x55, 0x64, 0x1A, 0x2A, 0x137, 0x244, 0x246,
    0x254, 0x255, 0x333, 0x334, 0x343, 0x344, 0x424, 0x433, 0x434, 0x1334, 0x2244, 0x2333, 0x2334, 0x3222,
    0x3322, 0x1_3322, 0x2_3222,
];

/// A bit for each of the lengths of up to three groups that what is usual begins with.
static BEGINNINGS: [u64; 64] = {
    let mut beginnings = [0; 64];
    let mut at = 0;
    while at < USUAL.len() {
        let mut lens = USUAL[at];
        while lens > 0 {
            if lens <= 0xFFF {
                beginnings[(lens / 64) as usize] |= 1 << (lens % 64);
            }
            lens >>= 4;
        }
        at += 1;
    }
    beginnings
};

/// What is known of groups together.
pub(crate) struct Window<'a> {
    pub(crate) groups: &'a [Group],
    /// All digits of the run.
    pub(crate) digits: &'a [u8],
    /// The numbers of digits that they may be together.
    pub(crate) lens: u64,
    pub(crate) said: Said,
    /// Whether the run is plain: no group is an extension or a correction, or has a sign before it.
    pub(crate) plain: bool,
}

impl Window<'_> {
    fn may_be(&self, length: usize) -> bool {
        self.lens & (1 << length) != 0
    }

    /// Its digits, as they are said.
    fn own(&self) -> &[u8] {
        let (Some(first), Some(last)) = (self.groups.first(), self.groups.last()) else { return &[] };
        &self.digits[first.digits..last.digits + last.len]
    }

    fn first(&self) -> u8 {
        self.own().first().copied().unwrap_or(0)
    }

    /// The groups but for an extension.
    fn counted(&self) -> impl Iterator<Item = &Group> {
        let plain = self.plain;
        self.groups.iter().filter(move |group| plain || !group.extension)
    }

    fn written(&self) -> bool {
        self.groups.iter().all(|group| group.form == Form::Written)
    }

    /// Whether the groups are steps of a count: `one two three four`, `10 20 30`.
    pub(crate) fn counts(&self) -> bool {
        let value = |group: &Group| {
            self.digits[group.digits..group.digits + group.len]
                .iter()
                .fold(0_i64, |value, digit| value * 10 + i64::from(*digit))
        };
        let first = self.groups.first().map_or(0, |group| group.len);
        let like = self.groups.len() > 3 || self.groups.iter().all(|group| group.len == first);
        if self.groups.len() < 3 || !like || self.groups.iter().any(|group| group.len > 6) {
            return false;
        }
        let step = value(&self.groups[1]) - value(&self.groups[0]);
        step != 0 && self.groups.windows(2).all(|pair| value(&pair[1]) - value(&pair[0]) == step)
    }

    /// How sure it is; zero if it is none.
    pub(crate) fn sure(&self) -> Sure {
        let groups = self.groups;
        let (Some(first), fits) = (groups.first(), self.lens & 0b1111_1111_1000_0000 != 0) else { return 0 };
        if !self.plain && (first.extension || groups.iter().any(|group| group.len > 15)) {
            return 0;
        }
        // What comes behind an extension is another number's.
        if !self.plain && groups.windows(2).any(|two| two[0].extension && !two[1].extension) {
            return 0;
        }
        if !self.plain && groups.iter().skip(1).any(|group| group.plus) && first.plus {
            return 0;
        }
        if first.plus {
            return if fits { CERTAIN } else { 0 };
        }
        let own = self.own();
        let abroad = own.starts_with(&[0, 0]) || own.starts_with(&[0, 1, 1]);
        if abroad
            && (11..=18).any(|length| self.may_be(length))
            && self.said != Said::Other
            && known(&own[if own[1] == 0 { 2 } else { 3 }..])
        {
            return CERTAIN;
        }
        if self.said == Said::Other
            || !self.plain && groups.iter().any(|group| group.plus && !std::ptr::eq(group, first))
        {
            return 0;
        }
        let spoken_of = self.said == Said::Phone;
        if !self.plain && groups.iter().any(|group| group.doubtful) && !(spoken_of && fits) {
            return 0;
        }
        let usual = self.may_be(10) || (self.may_be(11) && self.first() <= 1);
        let ten = || self.may_be(10) && self.groups.iter().all(|group| group.form == Form::Single);
        let counts = || self.counts() && !ten();
        let form = if self.written() { self.written_form() } else { self.spoken_form() };
        let sure = match form {
            CERTAIN => CERTAIN,
            LIKELY if self.said != Said::Near || usual => LIKELY,
            _ if spoken_of && usual => LIKELY,
            _ if spoken_of && fits && !counts() => SPOKEN_OF,
            _ if self.long() => SPOKEN_OF,
            _ => 0,
        };
        if sure > 0 && !spoken_of && counts() { 0 } else { sure }
    }

    /// More digits than a number has, without a pause: several numbers, or one with what was misheard.
    fn long(&self) -> bool {
        let spoken = self.counted().all(|group| group.form == Form::Single);
        let several = self.may_be(20) || self.may_be(30);
        let said = self.said == Said::Phone && (16..=40).any(|length| self.may_be(length));
        spoken
            && !self.counted().skip(1).any(|group| group.breakable)
            && (said || (several && self.said == Said::Nothing))
    }

    fn written_form(&self) -> Sure {
        let own = self.own();
        let mut lens = [0; 16];
        let mut count = 0;
        for group in self.groups {
            if count < lens.len() && !group.extension {
                lens[count] = group.len;
                count += 1;
            }
        }
        let lens = &lens[..count];
        let Some(first) = self.groups.first() else { return 0 };
        let second = self.groups.get(1).filter(|group| !group.extension);
        let total: usize = lens.iter().sum();
        let zero = own.first() == Some(&0);
        let links = || self.counted().skip(1);
        if !self.plain && links().any(|group| group.corrects || group.echo || group.apart) {
            let usual = self.may_be(10) || (self.may_be(11) && self.first() <= 1);
            return if usual && links().any(|group| group.corrects || group.echo) {
                CERTAIN
            } else if usual {
                LIKELY
            } else {
                0
            };
        }
        if first.paren && count > 1 && (2..=5).contains(&lens[0]) && (7..=12).contains(&total) {
            return CERTAIN;
        }
        if second.is_some_and(|group| group.paren) && lens[0] == 1 && total == 11 {
            return CERTAIN;
        }
        let singles = lens.iter().all(|len| *len == 1);
        let usual = total == 10 || (total == 11 && own[0] <= 1);
        if singles {
            return if usual {
                CERTAIN
            } else if total == 7 {
                LIKELY
            } else {
                0
            };
        }
        // Some digits one by one, the rest in groups.
        if lens.contains(&1) && usual && lens.iter().filter(|len| **len == 1).count() > 2 {
            return CERTAIN;
        }
        match *lens {
            [3, 3, 4]
            | [1, 3, 3, 4]
            | [3, 7]
            | [1, 3, 7]
            | [1, 10]
            | [6, 4]
            | [5, 5]
            | [4, 3, 3]
            | [3, 3, 2, 2]
            | [3, 4, 3] => CERTAIN,
            [10] => CERTAIN,
            [11] if own[0] <= 1 => CERTAIN,
            [5, 6]
            | [4, 3, 4]
            | [3, 4, 4]
            | [5, 3, 3]
            | [4, 7]
            | [2, 9]
            | [2, 4, 4]
            | [2, 8]
            | [4, 6]
            | [2, 2, 2, 2, 2]
            | [3, 3, 5]
            | [3, 2, 3, 2]
                if zero =>
            {
                CERTAIN
            }
            [1, 3, 3, 2, 2] if own[0] == 8 => CERTAIN,
            [2, 5, 4] | [3, 4, 4] => CERTAIN,
            [4, 3, 4] | [4, 7] if own.starts_with(&[1, 8, 0, 0]) => CERTAIN,
            [2, 4, 4] | [4, 6] | [4, 2, 4] => LIKELY,
            [3, 4] if own[0] > 1 => {
                if second.is_some_and(tight) {
                    CERTAIN
                } else {
                    LIKELY
                }
            }
            [7] if own[0] > 1 => LIKELY,
            _ if zero && (9..=12).contains(&total) && lens.len() < 6 => LIKELY,
            [1, 1, 2, 2, 2, 2] if zero => LIKELY,
            [3, 3, 3] | [3, 2, 2, 2] if !zero && anywhere(own) => LIKELY,
            [2, 3, 3, 4]
            | [2, 5, 5]
            | [2, 2, 4, 4]
            | [2, 4, 6]
            | [2, 10]
            | [12]
            | [3, 9]
            | [2, 3, 2, 2, 2]
            | [2, 3, 3, 3]
            | [11]
            | [13]
                if valid(own) =>
            {
                LIKELY
            }
            _ => 0,
        }
    }

    fn spoken_form(&self) -> Sure {
        let singles = self
            .counted()
            .filter(|group| group.form == Form::Single || (group.form == Form::Written && group.len == 1));
        let singles: usize = singles.map(|group| group.len).sum();
        let written = self.counted().any(|group| group.form == Form::Written && group.len > 1);
        let usual = self.may_be(10) || (self.may_be(11) && self.first() <= 1);
        let toll_free = |group: &Group| group.round && self.digits[group.digits..].starts_with(&[8, 0, 0]);
        let round = self.counted().take(2).any(toll_free);
        let zero = self.first() == 0 && (9..=11).any(|length| self.may_be(length));
        if usual && (singles >= 3 || written || round) {
            return CERTAIN;
        }
        if zero && (singles >= 3 || usual) {
            return LIKELY;
        }
        // `ten, eight, six, five, three and two` are how old they are.
        let listed = self.counted().skip(1).all(|group| group.breakable)
            && self.counted().any(|group| group.form == Form::Compound);
        if self.may_be(7) && !listed && singles + usize::from(written) * 2 >= 3 {
            return LIKELY;
        }
        0
    }
}

fn tight(group: &Group) -> bool {
    group.glue.is_some_and(|gap| gap.has(Gap::DASH | Gap::DOT | Gap::SLASH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(len: usize, digits: usize) -> Group {
        Group {
            first: 0,
            last: 0,
            digits,
            len,
            lens: 1 << len,
            form: Form::Written,
            breakable: true,
            parted: false,
            glue: None,
            corrects: false,
            plus: false,
            paren: false,
            extension: false,
            doubtful: false,
            apart: false,
            round: false,
            echo: false,
            sound: false,
        }
    }

    #[test]
    fn no_number_has_a_shape_that_is_not_looked_at() {
        let (mut looked_at, mut found) = (0, 0);
        for digits in
            [[1; 19], [2; 19], [8; 19], [1, 8, 0, 0, 2, 2, 2, 5, 5, 5, 1, 1, 1, 7, 7, 7, 4, 3, 2], {
                // The valid number of another country.
                [4, 4, 7, 9, 1, 1, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7]
            }]
        {
            for total in 7..=18 {
                // Every way to cut so many digits: a bit for each place between two.
                for cuts in (0..1_u32 << (total - 1)).filter(|cuts| cuts.count_ones() < 11) {
                    let mut groups = Vec::new();
                    let mut begin = 0;
                    for end in 1..=total {
                        if end == total || cuts & (1 << (end - 1)) != 0 {
                            groups.push(written(end - begin, begin));
                            begin = end;
                        }
                    }
                    if groups.iter().any(|group| group.len > 15) {
                        continue;
                    }
                    for said in [Said::Nothing, Said::Near] {
                        let window =
                            Window { groups: &groups, digits: &digits, lens: 1 << total, said, plain: true };
                        let shape = groups.iter().fold(Shape::default(), |shape, group| shape.with(group));
                        looked_at += 1;
                        if window.sure() > 0 {
                            found += 1;
                            assert!(shape.usual(), "{shape:?}");
                            let by_length = groups.iter().all(|group| group.len > 1);
                            let begins = |many: usize| {
                                groups[..many]
                                    .iter()
                                    .fold(Shape::default(), |shape, group| shape.with(group))
                                    .begins()
                            };
                            assert!(!by_length || (1..=groups.len()).all(begins), "{shape:?}");
                        }
                    }
                }
            }
        }
        assert!(found > 200 && looked_at > 100 * found, "{found} of {looked_at}");
    }
}
