//! A map told as a table: for each ABI, ranges of numbers, and what happens to them under which conditions.

use everycall_arch::AbiId;
use foldhash::HashMap;

use super::describe::{describe, pieces, residuals};
use super::rules::{Rule, rules};
use super::set::{Range, Test};
use super::space::{Field, in_range, masked};
use super::{Map, MapError, Outcome};
use crate::bdd::{Bdd, FALSE, Full, Node, TRUE};

/// How many ranges of numbers, or of architecture words, are told one by one.
const MAX_PIECES: usize = 1 << 14;

/// How many different treatments of numbers there may be.
const MAX_RESIDUALS: usize = 1 << 10;

/// Where numbers have one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Space {
    /// The numbers of an ABI that we know. x86-64's and x32's share an architecture word: x32's are those with bit 30
    /// set and bit 31 clear.
    Abi(AbiId),
    /// All numbers of all other architecture words that are treated in one way.
    Others(Test),
}

/// Numbers that are treated in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region<T> {
    /// The numbers.
    pub numbers: Test,
    /// What happens to them.
    pub rules: Vec<Rule<T>>,
}

/// What happens in one space. Numbers that are in no region are not told: there is nothing to tell of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<T> {
    /// The space.
    pub space: Space,
    /// Its regions, by their least numbers.
    pub regions: Vec<Region<T>>,
}

impl Map {
    /// The map as a table. Every call is in exactly one region.
    pub fn sections(&self) -> Result<Vec<Section<Outcome>>, MapError> {
        let sections = sections(&self.bdd, self.root, None, self.options.nodes)?;
        sections
            .into_iter()
            .map(|section| section.try_map(|leaf| self.outcomes.get(leaf)))
            .collect::<Option<Vec<_>>>()
            .ok_or(MapError::Incomplete)
    }
}

impl<T> Section<T> {
    /// The section with what happens in other terms.
    pub(super) fn try_map<U>(self, of: impl Fn(T) -> Option<U>) -> Option<Section<U>> {
        let of = &of;
        let rule = |rule: Rule<T>| {
            let when = rule.when;
            of(rule.then).map(|then| Rule { when, then })
        };
        let region = |region: Region<T>| {
            let rules = region.rules.into_iter().map(rule).collect::<Option<_>>()?;
            Some(Region {
                numbers: region.numbers,
                rules,
            })
        };
        Some(Section {
            space: self.space,
            regions: self
                .regions
                .into_iter()
                .map(region)
                .collect::<Option<_>>()?,
        })
    }
}

/// The sections of a diagram. A region of which nothing but the leaf `quiet` is to be said is left out.
pub(super) fn sections(
    bdd: &Bdd,
    root: Node,
    quiet: Option<u32>,
    nodes: usize,
) -> Result<Vec<Section<u32>>, MapError> {
    // What is made only to tell is made in an arena of its own.
    let mut own = Bdd::new(nodes.max(bdd.len()).saturating_mul(2));
    let root = own
        .import(bdd, root)
        .and_then(|root| Teller { bdd: own, quiet }.tell(root));
    root.map_err(|Full| MapError::TooIrregular)
}

struct Teller {
    bdd: Bdd,
    quiet: Option<u32>,
}

/// A part of the field, and what is left of the diagram there.
type Part = (Test, Node);

impl Teller {
    fn tell(&mut self, root: Node) -> Result<Vec<Section<u32>>, Full> {
        let mut sections = Vec::new();
        let mut others = root;
        for id in AbiId::ALL {
            let arch = id.abi().audit_arch;
            let numbers = self.of_arch(root, arch)?;
            let numbers = self.only_of(numbers, id)?;
            sections.push(Section {
                space: Space::Abi(id),
                regions: self.regions(numbers)?,
            });
            let here = masked(
                &mut self.bdd,
                Field::Arch,
                u64::from(u32::MAX),
                u64::from(arch),
            )?;
            others = self.bdd.ite(here, FALSE, others)?;
        }
        let mut others = self.parts(others, Field::Arch)?;
        // Nearly all words come last, as what is left when the others are known.
        others.sort_by_key(|(arches, _)| arches.count());
        for (arches, numbers) in others {
            sections.push(Section {
                space: Space::Others(arches),
                regions: self.regions(numbers)?,
            });
        }
        sections.retain(|section| !section.regions.is_empty());
        Ok(sections)
    }

    /// What is left of a diagram for one architecture word.
    fn of_arch(&mut self, root: Node, arch: u32) -> Result<Node, Full> {
        let mut node = root;
        for significance in (0..Field::Arch.width()).rev() {
            let (low, high) = self.bdd.split(node, Field::Arch.bit(significance));
            node = if arch >> significance & 1 == 1 {
                high
            } else {
                low
            };
        }
        Ok(node)
    }

    /// The diagram for the numbers of an ABI; false for others of its architecture.
    fn only_of(&mut self, numbers: Node, id: AbiId) -> Result<Node, Full> {
        let own = abi_numbers(&mut self.bdd, id)?;
        self.bdd.ite(own, numbers, FALSE)
    }

    /// The regions of a diagram that asks the number and the words.
    fn regions(&mut self, numbers: Node) -> Result<Vec<Region<u32>>, Full> {
        let mut regions = Vec::new();
        for (numbers, rest) in self.parts(numbers, Field::Nr)? {
            if self.quiet.is_some() && rest.value() == self.quiet {
                continue;
            }
            let rules = rules(&mut self.bdd, rest, self.quiet)?;
            regions.push(Region { numbers, rules });
        }
        Ok(regions)
    }

    /// The parts of a field that are treated in one way each, what is false left out.
    fn parts(&mut self, node: Node, field: Field) -> Result<Vec<Part>, Full> {
        let Some(pieces) = pieces(&self.bdd, node, field, field.width(), MAX_PIECES) else {
            return self.patterns(node, field);
        };
        let mut places: HashMap<Node, usize> = HashMap::default();
        let mut parts: Vec<(Vec<Range>, Node)> = Vec::new();
        for (range, rest) in pieces.into_iter().filter(|&(_, rest)| rest != FALSE) {
            let place = *places.entry(rest).or_insert(parts.len());
            match parts.get_mut(place) {
                Some((ranges, _)) => ranges.push(range),
                None => parts.push((vec![range], rest)),
            }
        }
        let test = |(ranges, rest)| (Test::ranges(field, ranges), rest);
        Ok(parts.into_iter().map(test).collect())
    }

    /// The same where the field is cut into too many ranges.
    fn patterns(&mut self, node: Node, field: Field) -> Result<Vec<Part>, Full> {
        let mut parts = Vec::new();
        for rest in residuals(&self.bdd, node, field, MAX_RESIDUALS)? {
            if rest != FALSE {
                let here = self
                    .bdd
                    .replace(node, field.end(), &mut |part| Node::truth(part == rest))?;
                parts.push((describe(&mut self.bdd, here, field)?, rest));
            }
        }
        Ok(parts)
    }
}

/// Where a number is one of an ABI's, given its architecture word.
pub(super) fn abi_numbers(bdd: &mut Bdd, id: AbiId) -> Result<Node, Full> {
    let x32 = in_range(bdd, Field::Nr, 32, (1 << 30, (1 << 31) - 1))?;
    match id {
        AbiId::X86_64 => bdd.not(x32),
        AbiId::X32 => Ok(x32),
        AbiId::I386 | AbiId::Aarch64 | AbiId::Arm => Ok(TRUE),
    }
}
