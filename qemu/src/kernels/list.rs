//! `everycall vm kernels`: what is there, and what would be fetched.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::KernelError;
use super::control::Package;
use super::store::{Entry, Store};
use super::table::{Arch, NEWEST, Series};
use super::{USUAL, table};
use crate::machine::{self, MACHINES};

/// Which rows are wanted. Empty means all.
#[derive(Debug, Default, Clone)]
pub struct Wanted {
    /// Names of machines.
    pub machines: Vec<String>,
    /// Names of kernels.
    pub kernels: Vec<String>,
}

/// Everything that machines are made of, and whether it is there.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// One for each kernel and userland of each machine.
    pub rows: Vec<Row>,
}

/// A kernel or a userland.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The machine.
    pub machine: &'static str,
    /// The kernel's name, or `userland`.
    pub name: String,
    /// Whether it is there.
    #[serde(flatten)]
    pub state: State,
}

/// Whether something is there.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// It is in the cache.
    Cached {
        /// `uname -r`; empty for a userland.
        release: String,
        /// What it was made of.
        packages: Vec<Package>,
    },
    /// It would be fetched.
    Missing {
        /// These would be.
        packages: Vec<Package>,
    },
    /// It cannot be had.
    Unavailable {
        /// Why not.
        reason: String,
    },
}

/// Lists what is there. What is not is asked for at the mirror, and with `fetch` fetched; one that cannot be had does not
/// stop the others.
pub fn list(wanted: &Wanted, fetch: bool) -> Result<Listing, KernelError> {
    check(wanted)?;
    let store = Store::of_this_user()?;
    let mut rows = Vec::new();
    for machine in &MACHINES {
        if !wanted.machines.is_empty() && !wanted.machines.iter().any(|name| name == machine.name) {
            continue;
        }
        let arch = table::arch(machine.debian)?;
        for series in arch.series {
            rows.extend(kernels(
                &store,
                machine.name,
                arch,
                *series,
                &wanted.kernels,
                fetch,
            ));
        }
        rows.push(Row {
            machine: machine.name,
            name: "userland".to_owned(),
            state: userland(&store, arch, fetch),
        });
    }
    Ok(Listing { rows })
}

/// Refuses names that no wanted machine has, before anything is asked of a mirror.
fn check(wanted: &Wanted) -> Result<(), KernelError> {
    let mut arches = Vec::new();
    for name in &wanted.machines {
        let found =
            machine::by_name(name).map_err(|error| KernelError::NoMachine(error.to_string()))?;
        arches.push(table::arch(found.debian)?);
    }
    if arches.is_empty() {
        arches.extend(&table::ARCHES);
    }
    for name in &wanted.kernels {
        if !arches.iter().any(|arch| arch.series_of(name).is_ok()) {
            return Err(arches[0].no_kernel(name));
        }
    }
    Ok(())
}

fn kernels(
    store: &Store,
    machine: &'static str,
    arch: &'static Arch,
    series: Series,
    wanted: &[String],
    fetch: bool,
) -> Vec<Row> {
    let asked: Vec<_> = wanted
        .iter()
        .filter(|name| arch.series_of(name).is_ok_and(|its| its == series))
        .collect();
    if !wanted.is_empty() && asked.is_empty() {
        return Vec::new();
    }
    let mut cached = store.cached_kernels(arch, series);
    cached.retain(|(name, _)| asked.is_empty() || asked.contains(&name));
    let row = |name: String, state| Row {
        machine,
        name,
        state,
    };
    if !cached.is_empty() {
        let rows = cached
            .into_iter()
            .map(|(name, entry)| row(name, State::cached(entry)));
        return rows.collect();
    }
    let name = asked.first().map_or(series.name(), |name| name.as_str());
    if fetch {
        let state = match store.kernel(arch, name) {
            Ok(kernel) => {
                let mut cached = store.cached_kernels(arch, series).into_iter();
                let found = cached.find(|(_, entry)| entry.release == kernel.release);
                return found
                    .map(|(name, entry)| row(name, State::cached(entry)))
                    .into_iter()
                    .collect();
            }
            Err(error) => State::unavailable(&error),
        };
        return vec![row(name.to_owned(), state)];
    }
    vec![match store.offer(arch, series) {
        Ok(offer) if name == NEWEST || name == offer.name => row(
            offer.name,
            State::Missing {
                packages: offer.packages,
            },
        ),
        Ok(offer) => row(
            name.to_owned(),
            State::Unavailable {
                reason: format!("{} has {} today", series.suite(), offer.name),
            },
        ),
        Err(error) => row(name.to_owned(), State::unavailable(&error)),
    }]
}

fn userland(store: &Store, arch: &'static Arch, fetch: bool) -> State {
    if fetch && let Err(error) = store.userland(arch) {
        return State::unavailable(&error);
    }
    if let Some(entry) = store.cached_userland(arch) {
        return State::cached(entry);
    }
    match store.offered_userland(arch) {
        Ok(packages) => State::Missing { packages },
        Err(error) => State::unavailable(&error),
    }
}

impl State {
    fn cached(entry: Entry) -> Self {
        Self::Cached {
            release: entry.release,
            packages: entry.packages,
        }
    }

    fn unavailable(error: &KernelError) -> Self {
        Self::Unavailable {
            reason: error.to_string(),
        }
    }
}

impl Listing {
    /// Whether everything that was asked for can be had.
    #[must_use]
    pub fn complete(&self) -> bool {
        !self
            .rows
            .iter()
            .any(|row| matches!(row.state, State::Unavailable { .. }))
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:8} {:9} {:8} {:>8}  packages",
            "machine", "kernel", "state", "download"
        )?;
        for row in &self.rows {
            let (state, packages) = match &row.state {
                State::Cached { packages, .. } => ("cached", packages),
                State::Missing { packages } => ("missing", packages),
                State::Unavailable { reason } => {
                    writeln!(
                        f,
                        "{:8} {:9} {:8} {:>8}  {}",
                        row.machine, row.name, "none", "", reason
                    )?;
                    continue;
                }
            };
            let size: u64 = packages.iter().map(|package| package.size).sum();
            let size = format!("{} MiB", size.div_ceil(1 << 20));
            let mut text = String::new();
            for package in packages {
                write!(text, " {} {}", package.name, package.version)?;
                text.push(',');
            }
            let text = text.trim_end_matches(',');
            writeln!(
                f,
                "{:8} {:9} {state:8} {size:>8} {text}",
                row.machine, row.name
            )?;
        }
        write!(f, "kernel {USUAL} is booted where none is named")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_wanted_machine_has_are_refused() {
        let wanted = |machines: &[&str], kernels: &[&str]| Wanted {
            machines: machines.iter().map(ToString::to_string).collect(),
            kernels: kernels.iter().map(ToString::to_string).collect(),
        };
        for (machines, kernels) in [
            (&["vax"][..], &[][..]),
            (&[], &["six"]),
            (&["i386"], &["6.12"]),
        ] {
            let error = check(&wanted(machines, kernels)).unwrap_err();
            assert!(
                error.to_string().starts_with("no kernel") || error.to_string().contains("'vax'"),
                "{error}"
            );
        }
        for (machines, kernels) in [
            (&[][..], &["6.12"][..]),
            (&["i386", "arm"], &["6.12"]),
            (&["i386"], &["6.1"]),
        ] {
            check(&wanted(machines, kernels)).unwrap();
        }
    }
}
