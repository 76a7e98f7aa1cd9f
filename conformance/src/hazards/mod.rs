//! Groups of cases that are programs of their own: each does what a tracer is known to go wrong at, by the
//! ids of the list of hazards. A scenario is written once, for every ABI whose programs can do it.

mod args;
mod births;
mod compat;
mod crowds;
mod faults;
mod filters;
mod hostile;
#[cfg(test)]
mod index;
mod kinds;
mod lifecycle;
mod load;
mod memory;
mod rendering;
mod ring;
mod script;
mod seccomp;
mod signals;
mod supervisors;
#[cfg(test)]
mod tests;

use everycall_arch::{AbiId, table};

use crate::case::{Ask, Case, Run};
use crate::host::Need;
use crate::judge::asked;
use crate::probe::{ProbeError, Target, Via};

use script::Script;

/// Of linux/sched.h: no tracer follows the child.
const CLONE_UNTRACED: u64 = 0x0080_0000;

/// Scenarios that belong together. Several may be of one name.
struct Group {
    name: &'static str,
    scenarios: &'static [Scenario],
    /// The ways of asking.
    ways: &'static [Way],
}

const fn group(name: &'static str, scenarios: &'static [Scenario], ways: &'static [Way]) -> Group {
    Group {
        name,
        scenarios,
        ways,
    }
}

/// How a filter comes to be matters where calls are missed or programs changed, and not for how a call is told.
const ALL: &[Group] = &[
    group("args", args::SCENARIOS, &[Way::Only]),
    group("args", compat::SCENARIOS, &[Way::Only]),
    group("filters", filters::SCENARIOS, &Way::ALL),
    group("filters", ring::SCENARIOS, &Way::ALL),
    group("hostile", hostile::SCENARIOS, &[Way::Only]),
    group("lifecycle", lifecycle::SCENARIOS, &Way::ALL),
    group("lifecycle", births::SCENARIOS, &Way::ALL),
    group("lifecycle", kinds::SCENARIOS, &Way::ALL),
    group("load", load::SCENARIOS, &Way::ALL),
    group("memory", memory::SCENARIOS, &[Way::Only]),
    group("memory", faults::SCENARIOS, &[Way::Only]),
    group("rendering", rendering::SCENARIOS, &[Way::Only]),
    group("seccomp", seccomp::SCENARIOS, &Way::ALL),
    group("seccomp", supervisors::SCENARIOS, &Way::ALL),
    group("signals", signals::SCENARIOS, &Way::ALL),
    group(ON_REQUEST, load::SLOW, &[Way::Only]),
];

/// A group that is run only when it is asked for by name: it takes minutes.
pub const ON_REQUEST: &str = "stress";

/// The groups' names.
pub const GROUPS: [&str; 10] = [
    "args",
    "filters",
    "hostile",
    "lifecycle",
    "load",
    "memory",
    "rendering",
    "seccomp",
    "signals",
    ON_REQUEST,
];

/// What a probe does, and what a tracer is asked for meanwhile.
struct Scenario {
    /// The hazard's id, and which form of it.
    name: &'static str,
    /// The names that are asked for, those that an ABI has of them.
    asked: &'static [&'static str],
    /// Whose calls can do it.
    by: By,
    /// What the system must have for it.
    needs: Option<Need>,
    /// The probe.
    steps: Steps,
}

/// Writes a probe.
type Steps = fn(&mut Script) -> Result<(), ProbeError>;

/// A scenario of everybody's calls.
const fn all(name: &'static str, asked: &'static [&'static str], steps: Steps) -> Scenario {
    Scenario::of(name, asked, By::All, steps)
}

/// A scenario of the ABIs that have these calls.
const fn having(
    name: &'static str,
    asked: &'static [&'static str],
    needed: &'static [&'static str],
    steps: Steps,
) -> Scenario {
    Scenario::of(name, asked, By::Having(needed), steps)
}

/// Whose calls can do what a scenario does.
#[derive(Clone, Copy)]
enum By {
    /// Everybody's.
    All,
    /// Those of a program's own ABI: the kernel makes frames of signals of that kind only.
    Own,
    /// Those into the vsyscall page, which x86-64 has.
    Page,
    /// Those of x86's own programs.
    X86,
    /// Those through the vDSO, which 32-bit programs of x86 have for it.
    Vdso,
    /// Those of i386's numbers: in 64-bit programs too, whose other code makes them.
    Far,
    /// Those of the ABIs that have these calls.
    Having(&'static [&'static str]),
}

/// How calls are made.
#[derive(Clone, Copy)]
struct Gate {
    abi: AbiId,
    target: Target,
    via: Via,
    /// What the names of its cases begin with.
    prefix: &'static str,
}

/// Calls of x32 are made by programs of x86-64: to the kernel only their numbers differ.
fn gates(abi: AbiId) -> Vec<Gate> {
    let gate = |target, via, prefix| Gate {
        abi,
        target,
        via,
        prefix,
    };
    match abi {
        AbiId::X86_64 | AbiId::X32 => vec![gate(Target::X86_64, Via::Syscall, "")],
        AbiId::I386 => vec![
            gate(Target::I386, Via::Int80, ""),
            gate(Target::X86_64, Via::Int80, "int80-"),
        ],
        AbiId::Aarch64 => vec![gate(Target::Aarch64, Via::A64, "")],
        AbiId::Arm => vec![
            gate(Target::Arm, Via::A32, ""),
            gate(Target::Arm, Via::T32, "thumb-"),
        ],
    }
}

impl Scenario {
    /// One that needs nothing that a system may lack.
    const fn of(
        name: &'static str,
        asked: &'static [&'static str],
        by: By,
        steps: Steps,
    ) -> Scenario {
        Scenario {
            name,
            asked,
            by,
            needs: None,
            steps,
        }
    }

    fn is_for(&self, gate: Gate) -> bool {
        let own = (gate.target.abi(), gate.target.via()) == (gate.abi, gate.via);
        match self.by {
            By::All => true,
            By::Own => own,
            By::X86 => matches!(gate.target, Target::X86_64 | Target::I386) && own,
            By::Page => gate.abi == AbiId::X86_64,
            By::Vdso => gate.target == Target::I386,
            By::Far => gate.abi == AbiId::I386,
            By::Having(names) => {
                let known = |name: &&str| table::by_name(gate.abi, name).is_some();
                names.iter().all(known)
            }
        }
    }
}

/// The ways of asking: only for the scenario's names, and for many others with them, for which tracers make
/// another kind of filter.
#[derive(Clone, Copy)]
enum Way {
    Only,
    Scatter,
}

impl Way {
    const ALL: [Way; 2] = [Way::Only, Way::Scatter];

    fn name(self) -> &'static str {
        match self {
            Way::Only => "only",
            Way::Scatter => "scatter",
        }
    }

    fn ask(self, abi: AbiId, scenario: &Scenario) -> Ask {
        const EVERY: usize = 8;
        let known = |name: &&&str| table::by_name(abi, name).is_some();
        let own = scenario.asked.iter().filter(known).copied();
        let others: Vec<&str> = match self {
            Way::Only => Vec::new(),
            Way::Scatter => {
                let some = table::all(abi).iter().step_by(EVERY);
                some.map(|call| call.name).collect()
            }
        };
        let mut names: Vec<String> = own.chain(others).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        Ask::Names(names)
    }
}

/// A scenario, by a gate, asked in a way.
fn each(group: &str, abi: AbiId) -> impl Iterator<Item = (String, &'static Scenario, Gate, Way)> {
    let groups = ALL.iter().filter(move |own| own.name == group);
    let scenarios = groups.flat_map(|own| own.scenarios.iter().map(move |one| (own, one)));
    scenarios.flat_map(move |(own, scenario)| {
        let gates = gates(abi).into_iter().filter(|gate| scenario.is_for(*gate));
        gates.flat_map(move |gate| {
            own.ways.iter().map(move |&way| {
                let name = format!("{}{}/{}", gate.prefix, scenario.name, way.name());
                (name, scenario, gate, way)
            })
        })
    })
}

/// The names of all cases of a group for an ABI, in an order that does not change: those whose calls are made
/// by programs of which `runs` says that they can be had.
#[must_use]
pub fn cases(group: &str, abi: AbiId, runs: impl Fn(Target) -> bool) -> Vec<String> {
    each(group, abi)
        .filter(|(_, _, gate, _)| runs(gate.target))
        .map(|(name, ..)| name)
        .collect()
}

/// Why a case cannot be judged on this system; `None` where it can.
#[must_use]
pub fn lacking(group: &str, abi: AbiId, case: &str) -> Option<String> {
    let mut all = each(group, abi);
    let (_, scenario, ..) = all.find(|(name, ..)| name == case)?;
    let own = (abi == AbiId::X32).then_some(Need::X32);
    own.into_iter()
        .chain(scenario.needs)
        .find_map(Need::lacking)
}

/// The runs that decide these cases of a group for an ABI, each its own. Names of no case are passed over.
///
/// # Errors
/// When a probe cannot be built.
pub fn runs(group: &'static str, abi: AbiId, wanted: &[&str]) -> Result<Vec<Run>, ProbeError> {
    each(group, abi)
        .filter(|(name, ..)| wanted.contains(&name.as_str()))
        .map(|(name, scenario, gate, way)| run(group, name, scenario, gate, way))
        .collect()
}

fn run(
    group: &'static str,
    name: String,
    scenario: &Scenario,
    gate: Gate,
    way: Way,
) -> Result<Run, ProbeError> {
    let mut script = Script::new(gate)?;
    (scenario.steps)(&mut script)?;
    let (built, notes, terms) = script.finish()?;
    let mut ask = way.ask(gate.abi, scenario);
    if let Ask::Names(names) = &mut ask {
        let nr = |name: &String| table::by_name(gate.abi, name).map(|call| call.nr);
        names.retain(|name| nr(name).is_none_or(|nr| !terms.aside.contains(&nr)));
    }
    let shown = built.calls.iter();
    let shown = shown.map(|call| asked(&ask, call.abi, call.nr)).collect();
    Ok(Run {
        abi: gate.abi,
        group,
        shown,
        ask,
        elf: built.elf,
        notes,
        cases: vec![Case {
            name,
            first: 0,
            count: built.calls.len(),
        }],
        terms,
    })
}
