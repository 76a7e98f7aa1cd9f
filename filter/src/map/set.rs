//! Conditions on one field of a call, as they are told: `arg1 <= 4095`, `arg0 & 0x7e020000 == 0`, `(i32) arg0 == -100`.

use std::fmt;

use super::names::number;
use super::space::Field;
use crate::SeccompData;

/// How a field is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// How many of its low bits: the others are not looked at.
    pub bits: u32,
    /// Whether the highest of them is a sign.
    pub signed: bool,
}

/// Values from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// The least.
    pub low: i128,
    /// The greatest.
    pub high: i128,
}

/// The values whose bits under a mask are these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Masked {
    /// The bits that are looked at.
    pub mask: u64,
    /// What they are.
    pub value: u64,
}

/// Values of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    /// One of these ranges, ascending, of the field as the view shows it.
    Ranges(View, Vec<Range>),
    /// One of these patterns, of the whole field.
    Masked(Vec<Masked>),
    /// Too irregular to be told.
    Irregular {
        /// How many values there are.
        count: u128,
        /// One of them.
        example: u64,
    },
}

/// How much there is to read, the weightiest first.
pub(super) type Cost = (usize, usize, u32);

/// A condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// The field.
    pub field: Field,
    /// Whether the field must *not* be one of the values.
    pub negated: bool,
    /// The values.
    pub set: Set,
}

impl View {
    /// A value as the view shows it.
    #[must_use]
    pub fn of(self, value: u64) -> i128 {
        let bits = self.bits.clamp(1, 64);
        let low = i128::from(value & u64::MAX >> (64 - bits));
        if self.signed && low >> (bits - 1) == 1 {
            low - (1 << bits)
        } else {
            low
        }
    }

    /// The least and the greatest value that there can be.
    #[must_use]
    pub fn ends(self) -> Range {
        let bits = self.bits.clamp(1, 64);
        if self.signed {
            let half = 1i128 << (bits - 1);
            Range {
                low: -half,
                high: half - 1,
            }
        } else {
            Range {
                low: 0,
                high: (1 << bits) - 1,
            }
        }
    }
}

impl Masked {
    /// Whether the bits are these.
    #[must_use]
    pub fn holds(self, value: u64) -> bool {
        value & self.mask == self.value
    }
}

impl Test {
    /// That a field has this value.
    #[must_use]
    pub fn equal(field: Field, value: u64) -> Test {
        Test::within(field, value, value)
    }

    /// That a field's value is in a range.
    #[must_use]
    pub fn within(field: Field, low: u64, high: u64) -> Test {
        let range = Range {
            low: low.into(),
            high: high.into(),
        };
        Test::ranges(field, vec![range])
    }

    /// That a field's bits under a mask are these.
    #[must_use]
    pub fn masked(field: Field, mask: u64, value: u64) -> Test {
        Test {
            field,
            negated: false,
            set: Set::Masked(vec![Masked { mask, value }]),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Test {
        Test {
            negated: !self.negated,
            ..self
        }
    }

    /// That a field is in one of these ranges of its whole width, which are in ascending order and apart.
    #[must_use]
    pub fn ranges(field: Field, ranges: Vec<Range>) -> Test {
        let view = View {
            bits: field.width(),
            signed: false,
        };
        Test {
            field,
            negated: false,
            set: Set::Ranges(view, ranges),
        }
    }

    /// The only value of the field for which it holds, if it is told as one.
    #[must_use]
    pub fn only(&self) -> Option<u64> {
        match (&self.set, self.negated) {
            (Set::Ranges(view, ranges), false) if view.bits == self.field.width() => {
                match ranges[..] {
                    [Range { low, high }] if low == high => u64::try_from(low).ok(),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether it holds of a value of the field; `None` where the values are too irregular to be told.
    #[must_use]
    pub fn holds(&self, value: u64) -> Option<bool> {
        let inside = match &self.set {
            Set::Ranges(view, ranges) => {
                let value = view.of(value);
                let after = ranges.partition_point(|range| range.high < value);
                ranges.get(after).is_some_and(|range| range.low <= value)
            }
            Set::Masked(patterns) => patterns.iter().any(|pattern| pattern.holds(value)),
            Set::Irregular { .. } => return None,
        };
        Some(inside != self.negated)
    }

    /// For how many values of the field it holds; patterns that overlap are counted twice.
    #[must_use]
    pub fn count(&self) -> u128 {
        let width = self.field.width();
        let all = 1u128 << width;
        let inside: u128 = match &self.set {
            Set::Ranges(view, ranges) => {
                let seen = ranges
                    .iter()
                    .map(|range| (range.high - range.low + 1) as u128);
                seen.sum::<u128>() << width.saturating_sub(view.bits)
            }
            Set::Masked(patterns) => patterns
                .iter()
                .map(|one| all >> one.mask.count_ones().min(width))
                .sum(),
            Set::Irregular { count, .. } => *count,
        };
        match self.negated {
            true => all.saturating_sub(inside),
            false => inside.min(all),
        }
    }

    /// Whether it holds of a call; `None` where the values are too irregular to be told.
    #[must_use]
    pub fn holds_of(&self, data: &SeccompData) -> Option<bool> {
        self.holds(self.field.of(data))
    }

    /// How much there is to read: the number of comparisons, whether they are negated, and the bits of their constants.
    pub(super) fn cost(&self) -> Cost {
        let length = |value: u64| u64::BITS - value.leading_zeros();
        let (comparisons, bits) = match &self.set {
            Set::Ranges(view, ranges) => {
                let ends = view.ends();
                let constants = ranges.iter().flat_map(|range| {
                    let single = range.low == range.high;
                    let low = (range.low != ends.low || single).then_some(range.low);
                    let high = (range.high != ends.high && !single).then_some(range.high);
                    [low, high].into_iter().flatten()
                });
                constants.fold((0, 0), |(count, bits), constant| {
                    let magnitude = constant.unsigned_abs() as u64;
                    (count + 1, bits + length(magnitude))
                })
            }
            Set::Masked(patterns) => {
                // Masks of many bits are hard to read.
                let count = |one: &Masked| 2 + one.mask.count_ones() as usize / 16;
                (
                    patterns.iter().map(count).sum(),
                    patterns.iter().map(|one| length(one.mask)).sum(),
                )
            }
            Set::Irregular { .. } => (usize::MAX, u32::MAX),
        };
        (comparisons, usize::from(self.negated), bits)
    }

    /// The field as it is looked at.
    fn subject(&self, view: View) -> String {
        let name = self.field.name();
        let whole = view.bits == self.field.width();
        match (view.bits, view.signed) {
            (_, false) if whole => name.to_owned(),
            (8 | 16 | 32 | 64, signed) => {
                format!("({}{}) {name}", if signed { 'i' } else { 'u' }, view.bits)
            }
            (bits, _) => {
                let low = View {
                    bits,
                    signed: false,
                };
                format!("{name} & {:#x}", low.ends().high)
            }
        }
    }

    /// A condition as ranges.
    fn tell_ranges(&self, view: View, ranges: &[Range]) -> String {
        let subject = self.subject(view);
        let ends = view.ends();
        if let [Range { low, high }] = *ranges {
            let (not, less, more) = match self.negated {
                false => ("==", "<=", ">="),
                true => ("!=", ">", "<"),
            };
            return match (low == ends.low, high == ends.high) {
                (true, true) => {
                    format!("{subject} is {}", if self.negated { "none" } else { "any" })
                }
                _ if low == high => format!("{subject} {not} {}", number(low)),
                (true, false) if high == -1 => {
                    format!("{subject} {} 0", if self.negated { ">=" } else { "<" })
                }
                (true, false) => format!("{subject} {less} {}", number(high)),
                (false, true) => format!("{subject} {more} {}", number(low)),
                _ if self.negated => {
                    format!(
                        "({subject} < {} || {subject} > {})",
                        number(low),
                        number(high)
                    )
                }
                _ => format!("{subject} in {}..={}", number(low), number(high)),
            };
        }
        let singles = ranges.iter().all(|range| range.low == range.high);
        if ranges.len() == 2 && singles {
            let (is, join) = if self.negated {
                ("!=", "&&")
            } else {
                ("==", "||")
            };
            let parts: Vec<String> = ranges
                .iter()
                .map(|range| format!("{subject} {is} {}", number(range.low)))
                .collect();
            return self.grouped(parts.join(&format!(" {join} ")));
        }
        let list: Vec<String> = ranges
            .iter()
            .map(
                |range| match (range.low == range.high, range.high == ends.high) {
                    (true, _) => number(range.low),
                    (false, true) => format!("{}..", number(range.low)),
                    _ => format!("{}..={}", number(range.low), number(range.high)),
                },
            )
            .collect();
        let not = if self.negated { "not " } else { "" };
        format!("{subject} {not}in {{{}}}", list.join(", "))
    }

    /// Alternatives need parentheses beside other conditions.
    fn grouped(&self, text: String) -> String {
        if self.negated {
            text
        } else {
            format!("({text})")
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.name();
        match &self.set {
            Set::Ranges(view, ranges) => f.write_str(&self.tell_ranges(*view, ranges)),
            Set::Masked(patterns) => {
                let (is, join) = if self.negated {
                    ("!=", " && ")
                } else {
                    ("==", " || ")
                };
                let whole = u64::MAX >> (64 - self.field.width());
                let parts: Vec<String> = patterns
                    .iter()
                    .map(|one| match (one.mask, one.value) {
                        (mask, value) if mask == whole => {
                            format!("{name} {is} {}", number(value))
                        }
                        (mask, 0) => format!("{name} & {mask:#x} {is} 0"),
                        (mask, value) => format!("{name} & {mask:#x} {is} {value:#x}"),
                    })
                    .collect();
                let text = parts.join(join);
                let text = if parts.len() > 1 {
                    self.grouped(text)
                } else {
                    text
                };
                f.write_str(&text)
            }
            Set::Irregular { count, example } => {
                let not = if self.negated { "not " } else { "" };
                write!(f, "{name} {not}one of {count} values such as {example:#x}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(bits: u32, signed: bool, negated: bool, ranges: &[(i128, i128)]) -> Test {
        let ranges = ranges
            .iter()
            .map(|&(low, high)| Range { low, high })
            .collect();
        Test {
            field: Field::Arg(1),
            negated,
            set: Set::Ranges(View { bits, signed }, ranges),
        }
    }

    #[test]
    fn conditions_read_as_in_a_program() {
        let told = |test: Test| test.to_string();
        assert_eq!(told(ranges(64, false, false, &[(0, 4095)])), "arg1 <= 4095");
        assert_eq!(told(ranges(64, false, true, &[(5, 5)])), "arg1 != 5");
        assert_eq!(
            told(ranges(64, false, false, &[(16, 16), (31, 31)])),
            "(arg1 == 16 || arg1 == 31)"
        );
        assert_eq!(told(ranges(32, false, false, &[(5, 5)])), "(u32) arg1 == 5");
        assert_eq!(
            told(ranges(32, true, false, &[(-100, -100)])),
            "(i32) arg1 == -100"
        );
        assert_eq!(
            told(ranges(64, true, false, &[(i128::from(i64::MIN), -1)])),
            "(i64) arg1 < 0"
        );
        assert_eq!(
            told(ranges(3, false, false, &[(1, 2), (4, 4), (6, 7)])),
            "arg1 & 0x7 in {1..=2, 4, 6..}"
        );
        let masked = |negated, value| Test {
            field: Field::Arg(2),
            negated,
            set: Set::Masked(vec![Masked {
                mask: 0x7e02_0000,
                value,
            }]),
        };
        assert_eq!(told(masked(false, 0)), "arg2 & 0x7e020000 == 0");
        assert_eq!(told(masked(true, 0x20000)), "arg2 & 0x7e020000 != 0x20000");
    }

    #[test]
    fn signs_are_those_of_the_view() {
        let view = |bits, signed| View { bits, signed };
        assert_eq!(view(32, true).of(0xffff_ff9c), -100);
        assert_eq!(view(32, false).of(0x1_0000_0005), 5);
        assert_eq!(view(64, true).of(u64::MAX), -1);
        assert_eq!(view(64, false).of(u64::MAX), i128::from(u64::MAX));
        let fd = ranges(32, true, false, &[(-100, -100), (3, 9)]);
        assert_eq!(fd.holds(0xffff_ff9c), Some(true));
        assert_eq!(fd.holds(0xffff_ffff_ffff_ff9c), Some(true));
        assert_eq!(fd.holds(10), Some(false));
    }
}
