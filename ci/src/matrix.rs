//! The matrix: which tests run on which target, in which machine, on which kernel.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use everycall_vm::machine::{self, Machine};
use serde::Deserialize;

/// `ci/matrix.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matrix {
    /// What needs no machine and no row.
    pub(crate) check: Vec<Check>,
    /// Variables for every row.
    #[serde(default)]
    pub(crate) env_of_rows: BTreeMap<String, String>,
    /// Variables for every row that names its target.
    #[serde(default)]
    pub(crate) env_of_targets: BTreeMap<String, String>,
    pub(crate) row: Vec<Row>,
}

/// A command that must succeed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) command: String,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// Tests for one target in one place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// What only this row shows.
    pub(crate) about: String,
    /// The Rust target, if not what cargo takes without one.
    pub(crate) target: Option<String>,
    /// The machine, if not the host itself.
    pub(crate) machine: Option<String>,
    /// The machine's kernel.
    pub(crate) kernel: Option<String>,
    /// More words on the kernel's command line.
    pub(crate) kernel_args: Option<String>,
    /// Machines that its tests boot themselves, with the usual kernels.
    #[serde(default)]
    pub(crate) boots: Vec<String>,
    /// Too long for every change: it runs where it is asked for, and in the workflow.
    #[serde(default)]
    pub(crate) slow: bool,
    /// Why it is not run but where it is asked for by name: it has not been seen passing as it stands.
    pub(crate) not_yet: Option<String>,
    /// Programs that the tests start: arguments of `cargo build`.
    pub(crate) programs: String,
    /// The tests: arguments of `cargo test`, a list of them. Variables for one of them stand before its arguments.
    pub(crate) tests: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// Why the matrix cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MatrixError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path}: {error}")]
    Syntax {
        path: PathBuf,
        error: Box<toml::de::Error>,
    },
    #[error("the row '{row}' {what}")]
    Row { row: String, what: String },
    #[error("there is no row '{name}': there are checks, {known}")]
    NoRow { name: String, known: String },
}

impl Matrix {
    pub(crate) fn read(path: &Path) -> Result<Self, MatrixError> {
        let text = std::fs::read_to_string(path).map_err(|error| MatrixError::File {
            path: path.to_owned(),
            error,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, MatrixError> {
        let mut matrix: Self = toml::from_str(text).map_err(|error| MatrixError::Syntax {
            path: path.to_owned(),
            error: Box::new(error),
        })?;
        for (index, row) in matrix.row.iter().enumerate() {
            let twice = matrix.row[..index]
                .iter()
                .any(|other| other.name == row.name);
            let verdict = if twice {
                Err("is there twice".to_owned())
            } else {
                row.check()
            };
            verdict.map_err(|what| MatrixError::Row {
                row: row.name.clone(),
                what,
            })?;
        }
        for row in &mut matrix.row {
            let mut env = matrix.env_of_rows.clone();
            if row.target.is_some() {
                env.extend(matrix.env_of_targets.clone());
            }
            env.append(&mut row.env);
            row.env = env;
        }
        for check in &mut matrix.check {
            let mut env = matrix.env_of_targets.clone();
            env.append(&mut check.env);
            check.env = env;
        }
        Ok(matrix)
    }

    pub(crate) fn by_name(&self, name: &str) -> Result<&Row, MatrixError> {
        self.row.iter().find(|row| row.name == name).ok_or_else(|| {
            let known: Vec<_> = self.row.iter().map(|row| row.name.as_str()).collect();
            MatrixError::NoRow {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

impl Row {
    /// What is wrong with it.
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if self.name.is_empty() || !self.name.chars().all(plain) || self.name == super::CHECKS {
            return Err("has a name that no job and no file can have".to_owned());
        }
        if self.tests.is_empty() {
            return Err("has no tests".to_owned());
        }
        for text in self.tests.iter().chain([&self.programs]) {
            shlex::split(text).ok_or_else(|| format!("has an open quote in '{text}'"))?;
        }
        self.machines()?;
        match (self.machine()?, &self.target) {
            (Some(machine), Some(target)) if !machine.targets.contains(&target.as_str()) => {
                Err(format!(
                    "has the target {target}, whose programs do not run in {}",
                    machine.name
                ))
            }
            (Some(_), None) => {
                Err("has a machine and no target: programs in a machine are static".to_owned())
            }
            (None, _) if self.kernel.is_some() || self.kernel_args.is_some() => {
                Err("has a kernel and no machine".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn machine(&self) -> Result<Option<&'static Machine>, String> {
        let found = self.machine.as_deref().map(machine::by_name).transpose();
        found.map_err(|error| format!("has no machine: {error}"))
    }

    /// Every machine that it boots, each with its kernel.
    pub(crate) fn machines(&self) -> Result<Vec<(&'static Machine, Option<&str>)>, String> {
        let own = self.machine()?.map(|own| (own, self.kernel.as_deref()));
        let others = self.boots.iter().map(|name| {
            let found = machine::by_name(name);
            found.map_err(|error| format!("boots no machine: {error}"))
        });
        let others = others.map(|found| found.map(|other| (other, None)));
        own.map(Ok).into_iter().chain(others).collect()
    }

    /// Every Rust target that is built for: its own, and those of the machines' PID 1.
    pub(crate) fn targets(&self) -> Result<Vec<&str>, String> {
        let machines = self.machines()?;
        let first = machines
            .iter()
            .filter_map(|(machine, _)| machine.targets.first().copied());
        Ok(self.target.as_deref().into_iter().chain(first).collect())
    }

    /// The target as it is told where there is none.
    pub(crate) fn target_name(&self) -> &str {
        self.target.as_deref().unwrap_or("host")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self
            .machine
            .as_deref()
            .map_or("host".to_owned(), |machine| {
                format!(
                    "{machine} {}",
                    self.kernel
                        .as_deref()
                        .unwrap_or(everycall_vm::kernels::USUAL)
                )
            });
        {
            let slow = match (self.slow, &self.not_yet) {
                (_, Some(reason)) => format!(" (not yet: {reason})"),
                (true, None) => " (slow)".to_owned(),
                (false, None) => String::new(),
            };
            let target = self.target_name();
            write!(
                f,
                "{:18} {target:30} {place:12} {}{slow}",
                self.name, self.about
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rest: &str) -> Result<Matrix, String> {
        let text = format!("check = []\n[[row]]\nabout = 'a'\nprograms = '-p x'\n{rest}");
        Matrix::parse(&text, Path::new("m.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_matrix_of_this_repository_can_be_used() {
        Matrix::read(&super::super::root().join("ci/matrix.toml")).unwrap();
    }

    #[test]
    fn a_row_that_cannot_run_is_refused_with_its_name() {
        let cases = [
            (
                "name = 'A b'\ntests = ['x']",
                "has a name that no job and no file can have",
            ),
            (
                "name = 'checks'\ntests = ['x']",
                "has a name that no job and no file can have",
            ),
            ("name = 'a'\ntests = []", "has no tests"),
            ("name = 'a'\ntests = [\"'x\"]", "has an open quote"),
            (
                "name = 'a'\ntests = ['x']\nmachine = 'vax'\ntarget = 'x'",
                "there is no machine 'vax'",
            ),
            (
                "name = 'a'\ntests = ['x']\nboots = ['vax']",
                "boots no machine: there is no machine 'vax'",
            ),
            (
                "name = 'a'\ntests = ['x']\nmachine = 'arm'",
                "has a machine and no target",
            ),
            (
                "name = 'a'\ntests = ['x']\nkernel = '6.1'",
                "has a kernel and no machine",
            ),
            (
                "name = 'a'\ntests = ['x']\nmachine = 'arm'\ntarget = 'aarch64-unknown-linux-gnu'",
                "whose programs do not run in arm",
            ),
        ];
        for (rest, what) in cases {
            let error = row(rest).unwrap_err();
            assert!(
                error.starts_with("the row '") && error.contains(what),
                "{error}"
            );
        }
        assert!(
            row("name = 'a'\ntests = ['x']\ntest = 'x'")
                .unwrap_err()
                .contains("unknown field")
        );
        assert!(row("name = 'a'\ntests = ['x']").is_ok());
    }

    #[test]
    fn variables_of_targets_are_those_of_every_such_row_unless_it_says_otherwise() {
        let text = "check = [{ name = 'c', command = 'd', env = { B = '4' } }]\nenv_of_rows = { C = '3' }\nenv_of_targets = { A = '1', B = '1' }\n\
            [[row]]\nname = 'a'\nabout = ''\nprograms = ''\ntests = ['x']\ntarget = 't'\nenv = { B = '2' }\n\
            [[row]]\nname = 'b'\nabout = ''\nprograms = ''\ntests = ['x']\n";
        let matrix = Matrix::parse(text, Path::new("m")).unwrap();
        assert_eq!(
            (
                matrix.row[0].env["A"].as_str(),
                matrix.row[0].env["B"].as_str()
            ),
            ("1", "2")
        );
        assert_eq!(matrix.row[0].env["C"], "3");
        assert_eq!(matrix.row[1].env, [("C".to_owned(), "3".to_owned())].into());
        let of_check = [("A", "1"), ("B", "4")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(matrix.check[0].env, of_check.into());
    }

    #[test]
    fn a_machine_needs_the_target_of_its_pid_1_too() {
        let rest = "machine = 'x86_64'\nkernel = '7.2'\ntarget = 'x86_64-unknown-linux-gnu'\nboots = ['arm']";
        let text = format!(
            "check = []\n[[row]]\nname = 'a'\nabout = ''\nprograms = ''\ntests = ['x']\n{rest}"
        );
        let matrix = Matrix::parse(&text, Path::new("m")).unwrap();
        let targets = [
            "x86_64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "armv7-unknown-linux-gnueabihf",
        ];
        assert_eq!(matrix.row[0].targets().unwrap(), targets);
        let machines = matrix.row[0].machines().unwrap();
        let named = machines
            .iter()
            .map(|(machine, kernel)| (machine.name, *kernel));
        let named: Vec<_> = named.collect();
        assert_eq!(named, [("x86_64", Some("7.2")), ("arm", None)]);
    }

    #[test]
    fn two_rows_of_one_name_are_refused() {
        let one = "[[row]]\nname = 'a'\nabout = ''\nprograms = ''\ntests = ['x']\n";
        let error = Matrix::parse(&format!("check = []\n{one}{one}"), Path::new("m")).unwrap_err();
        assert_eq!(error.to_string(), "the row 'a' is there twice");
    }
}
