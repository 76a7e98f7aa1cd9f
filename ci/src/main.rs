//! Runs the rows of `ci/matrix.toml`, and tells where the time went.

mod count;
mod excerpt;
mod job;
mod matrix;
mod owner;
mod report;
mod run;
mod stream;
mod workflow;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Args, Parser, Subcommand};

use matrix::{Matrix, MatrixError, Row};

/// The matrix of everycall's tests. `ci/test` starts this after `ci/setup`.
#[derive(Debug, Parser)]
#[command(name = "everycall-ci", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run the checks and the rows, and print a table
    Test {
        /// Only list all rows
        #[arg(long)]
        list: bool,
        #[command(flatten)]
        picked: Picked,
    },
    /// Print the Rust targets that the rows need, one a line
    Targets(Picked),
    /// Fetch the kernels and programs that the rows need
    Fetch(Picked),
    /// Print the workflow that fans the rows out, or write it to its place
    Workflow {
        /// Write it to .github/workflows/ci.yml
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Args)]
struct Picked {
    /// Only this row of the matrix, or `checks` (may be given again; all if it is not)
    #[arg(long, value_name = "NAME")]
    row: Vec<String>,
    /// The slow rows too
    #[arg(long)]
    slow: bool,
}

/// The name that picks formatting, lints and documentation.
const CHECKS: &str = "checks";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let root = root();
    match act(&cli.what, &root) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("everycall-ci: {error}");
            ExitCode::from(2)
        }
    }
}

/// The workspace: this crate lies in it. Cargo says where when it starts this program, and is right even if another
/// checkout built it (into a target directory that both use).
fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let own = Path::new(&own);
    own.parent().unwrap_or(own).to_owned()
}

fn act(what: &What, root: &Path) -> Result<ExitCode, MatrixError> {
    let matrix = Matrix::read(&root.join("ci/matrix.toml"))?;
    match what {
        What::Test { list: true, .. } => {
            for row in &matrix.row {
                println!("{row}");
            }
            Ok(ExitCode::SUCCESS)
        }
        What::Test { picked, .. } => {
            let mut rows = rows(&matrix, picked)?;
            // What is asked for by name is run.
            rows.retain(|row| row.not_yet.is_none() || !picked.row.is_empty());
            let checks = picked.row.is_empty() || picked.row.iter().any(|name| name == CHECKS);
            let checks = if checks { &matrix.check[..] } else { &[] };
            let at_once = available_parallelism().map_or(1, usize::from);
            let code = run::all(root, checks, &rows, at_once);
            for (row, reason) in not_yet(&matrix, picked) {
                println!("{row:18} not run: {reason}");
            }
            Ok(code)
        }
        What::Targets(picked) => {
            // The matrix has been checked: every machine is there.
            let mut targets: Vec<_> = rows(&matrix, picked)?
                .iter()
                .flat_map(|row| row.targets().unwrap_or_default())
                .collect();
            targets.sort_unstable();
            targets.dedup();
            for target in targets {
                println!("{target}");
            }
            Ok(ExitCode::SUCCESS)
        }
        What::Fetch(picked) => Ok(run::fetch(&rows(&matrix, picked)?)),
        What::Workflow { write: false } => {
            print!("{}", workflow::text(&matrix));
            Ok(ExitCode::SUCCESS)
        }
        What::Workflow { write: true } => {
            let path = root.join(workflow::PLACE);
            std::fs::write(&path, workflow::text(&matrix))
                .map_err(|error| MatrixError::File { path, error })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The rows that are not run yet, unless asked for by name, and why.
fn not_yet<'a>(matrix: &'a Matrix, picked: &Picked) -> Vec<(&'a str, &'a str)> {
    let all = matrix.row.iter().filter(|_| picked.row.is_empty());
    all.filter_map(|row| Some((row.name.as_str(), row.not_yet.as_deref()?)))
        .collect()
}

fn rows<'a>(matrix: &'a Matrix, picked: &Picked) -> Result<Vec<&'a Row>, MatrixError> {
    if picked.row.is_empty() {
        let all = matrix.row.iter();
        return Ok(all.filter(|row| picked.slow || !row.slow).collect());
    }
    let names = picked.row.iter().filter(|name| *name != CHECKS);
    names.map(|name| matrix.by_name(name)).collect()
}
