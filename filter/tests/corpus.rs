//! Filters of other people's programs, as `everycall filter capture` got them (fixtures/filters): what each does, and what
//! is to be said of it, held by snapshots; and nothing in any of them is undecided.
//!
//! After a look at what has changed, snapshots are renewed with `INSTA_UPDATE=always cargo test -p everycall-filter --test corpus`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use everycall_arch::AbiId;
use everycall_filter::map::{self, Kind, Map, render};
use everycall_filter::{Action, ByteOrder, Program, SeccompData, check, interpret};
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/filters")
}

/// A software's provenance.toml.
#[derive(Deserialize)]
struct Provenance {
    filter: Vec<Origin>,
}

/// Where a filter is from.
#[derive(Deserialize)]
struct Origin {
    name: String,
    packages: Vec<String>,
    command: String,
    installed_by: String,
    instructions: usize,
    certainty: String,
    kernel: String,
    date: String,
    varies: String,
}

/// Filters that were made for comparison, most of the corpus.
const MADE: [&str; 3] = ["ectrace", "libseccomp", "seccompiler"];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let in_machine = std::env::var_os("EVERYCALL_IN_MACHINE").is_some();
    if in_machine {
        println!(
            "{MADE:?} are ignored in a machine: a map does not depend on it, and is slow there"
        );
    }
    let mut trials = vec![Trial::test("there-is-a-corpus", there_is_a_corpus)];
    for software in names(&root(), "") {
        let directory = root().join(&software);
        let of_software = software.clone();
        trials.push(Trial::test(format!("{software}/provenance"), move || {
            provenance(&of_software)
        }));
        for name in names(&directory, ".bpf") {
            let path = directory.join(format!("{name}.bpf"));
            let id = format!("{software}-{name}");
            let trial = Trial::test(format!("{software}/{name}"), move || filter(&path, &id));
            trials.push(trial.with_ignored_flag(in_machine && MADE.contains(&software.as_str())));
        }
    }
    let shown = [
        ("strace/file", Kind::UnknownAllowed),
        ("libseccomp/sandbox-linear", Kind::UnknownKilled),
        ("libseccomp/sandbox-tree", Kind::UnknownKilled),
    ];
    for (id, kind) in shown {
        let name = format!("{id}/{}", kind.code());
        trials.push(Trial::test(name, move || fault(id, kind)));
    }
    for id in ["strace/file", "docker/default", "chromium/renderer"] {
        let name = format!("{id}/interpreter");
        trials.push(Trial::test(name, move || agrees(id)));
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// The names in a directory that end so: of directories without a dot, of files without their ends.
fn names(directory: &Path, end: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = match end {
        "" => names
            .filter(|name| !name.contains(['.', '_']) && name != "record")
            .collect(),
        end => names
            .filter_map(|name| name.strip_suffix(end).map(str::to_owned))
            .collect(),
    };
    names.sort();
    names
}

fn there_is_a_corpus() -> Result<(), Failed> {
    let wanted = [
        "chromium",
        "docker",
        "ectrace",
        "flatpak",
        "libseccomp",
        "man-db",
        "openssh",
        "seccompiler",
        "strace",
        "systemd",
    ];
    match names(&root(), "") {
        names if names == wanted => Ok(()),
        names => Err(format!("the corpus has {names:?}").into()),
    }
}

/// Every filter has its provenance, and every provenance its filter, of that length.
fn provenance(software: &str) -> Result<(), Failed> {
    let directory = root().join(software);
    let text = fs::read_to_string(directory.join("provenance.toml"))?;
    let told: Provenance = toml::from_str(&text)?;
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for name in names(&directory, ".bpf") {
        let bytes = fs::read(directory.join(format!("{name}.bpf")))?;
        files.insert(name, bytes.len() / 8);
    }
    let mut origins = BTreeMap::new();
    for origin in told.filter {
        let empty = [
            &origin.command,
            &origin.installed_by,
            &origin.kernel,
            &origin.date,
            &origin.varies,
        ];
        let known = ["kernel", "same", "entry"].contains(&origin.certainty.as_str());
        if empty.iter().any(|text| text.is_empty()) || origin.packages.is_empty() || !known {
            return Err(format!("the provenance of {} is incomplete", origin.name).into());
        }
        origins.insert(origin.name, origin.instructions);
    }
    match origins == files {
        true => Ok(()),
        false => Err(format!("told are {origins:?}, there are {files:?}").into()),
    }
}

fn read(path: &Path) -> Result<Program, Failed> {
    let program = Program::from_bytes(&fs::read(path)?, ByteOrder::Little)?;
    check(&program)?;
    Ok(program)
}

/// What a filter does, and what is to be said of it.
fn filter(path: &Path, id: &str) -> Result<(), Failed> {
    let program = read(path)?;
    let map = Map::of(&program)?;
    if !map.undecided().is_empty() {
        return Err(format!("undecided: {:?}", map.undecided()).into());
    }
    let style = render::Style::default();
    let mut text = render::map(&map.sections()?, style);
    let found = map::findings(&program)?;
    let _ = write!(text, "\n{}", render::findings(&found, style));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(id, text);
    });
    Ok(())
}

/// The filter has a finding of this kind, for each ABI of the machine that it is from, and the interpreter shows it.
fn fault(id: &str, kind: Kind) -> Result<(), Failed> {
    let program = read(&root().join(format!("{id}.bpf")))?;
    let found = map::findings(&program)?;
    let found: Vec<_> = found
        .iter()
        .filter(|finding| finding.kind == kind)
        .collect();
    let abis: Vec<_> = found
        .iter()
        .filter_map(|finding| finding.abi)
        .map(AbiId::name)
        .collect();
    if abis != ["x86_64", "i386", "x32"] {
        return Err(format!("{} is found for {abis:?}", kind.code()).into());
    }
    for finding in found {
        let example = finding
            .example
            .ok_or("a finding without a call that shows it")?;
        let shown = Action::from_ret(interpret(&program, &example)?);
        let wanted = match kind {
            Kind::UnknownAllowed => Action::Allow,
            _ => Action::KillProcess,
        };
        if !finding.numbers.contains(example.nr) || shown != wanted {
            return Err(format!("{example:?} gets {shown}: {}", finding.text).into());
        }
    }
    Ok(())
}

/// Map and interpreter agree around every constant of the program.
fn agrees(id: &str) -> Result<(), Failed> {
    let program = read(&root().join(format!("{id}.bpf")))?;
    let map = Map::of(&program)?;
    let mut constants: Vec<u32> = program.iter().map(|insn| insn.k).collect();
    constants.sort_unstable();
    constants.dedup();
    for arch in [0xc000_003e, 0x4000_0003, 0xc000_00b7] {
        for (at, &k) in constants.iter().enumerate() {
            for nr in [k.wrapping_sub(1), k, k.wrapping_add(1)] {
                // Words that change from call to call, of the constants too.
                let word =
                    |step: usize| u64::from(constants[(at * 7 + step * 31) % constants.len()]);
                let mut data = SeccompData::of_call(arch, nr);
                data.args = std::array::from_fn(word);
                let ret = interpret(&program, &data)?;
                let told = map::Outcome::Action(Action::from_ret(ret));
                if map.at(&data) != told {
                    return Err(format!(
                        "{data:x?}: the map says {:?}, the interpreter {told:?}",
                        map.at(&data)
                    )
                    .into());
                }
            }
        }
    }
    Ok(())
}
