//! Filters that a command line names: files, directories, standard input, processes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use everycall_arch::AbiId;

use super::CliError;
use super::profiles::Profiles;
use crate::map::{Map, MapError, Options};
use crate::process;
use crate::read::{self, Filter};
use crate::{ByteOrder, CheckError, Insn, check};

/// The filter or the chain of filters that is asked about.
#[derive(Debug, Args)]
pub(super) struct Input {
    /// The filter; several are a chain, the oldest first
    #[arg(value_name = "FILTER", required_unless_present = "pid")]
    filters: Vec<PathBuf>,
    /// The filters of a running process (needs CAP_SYS_ADMIN)
    #[arg(long, value_name = "PID", conflicts_with = "filters")]
    pid: Option<i32>,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// How files are read.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// What the file is, where its content is not to say it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "auto")]
    from: FileKind,
    /// The ABI whose names are meant where the file does not say it [default: the host's]
    #[arg(long, value_name = "ABI", value_parser = abi)]
    pub(super) abi: Option<AbiId>,
    #[command(flatten)]
    profiles: Profiles,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileKind {
    /// What its content says
    Auto,
    /// Instructions, little-endian
    Raw,
    /// Instructions, big-endian
    RawBe,
    /// Any text that is a program
    Text,
    /// A profile of OCI's or Docker's, or a container's config.json
    Oci,
    /// seccompiler's JSON
    Seccompiler,
    /// Our own policy, in TOML
    Policy,
}

/// An ABI's name.
pub(super) fn abi(name: &str) -> Result<AbiId, String> {
    let names: Vec<&str> = AbiId::ALL.into_iter().map(AbiId::name).collect();
    AbiId::from_name(name).ok_or_else(|| format!("the ABIs are {}", names.join(", ")))
}

/// One filter of a chain.
#[derive(Debug)]
pub(super) struct Named {
    /// What it is called.
    pub(super) name: String,
    /// What it is.
    pub(super) filter: Filter,
}

/// A chain of filters, the oldest first.
#[derive(Debug)]
pub(super) struct Chain {
    /// What it is called as a whole.
    pub(super) name: String,
    /// There is at least one.
    pub(super) filters: Vec<Named>,
}

impl Input {
    pub(super) fn load(&self) -> Result<Chain, CliError> {
        match self.pid {
            Some(pid) => of_process(pid),
            None => self.reading.chain(&self.filters),
        }
    }
}

impl Reading {
    /// The ABI that is meant where nothing else says so.
    pub(super) fn abi(&self) -> AbiId {
        self.abi.unwrap_or_else(read::host)
    }

    fn options(&self) -> read::Options {
        read::Options {
            format: match self.from {
                FileKind::Auto => read::Format::Auto,
                FileKind::Raw => read::Format::Raw,
                FileKind::RawBe => read::Format::RawBig,
                FileKind::Text => read::Format::Text,
                FileKind::Oci => read::Format::Oci,
                FileKind::Seccompiler => read::Format::Seccompiler,
                FileKind::Policy => read::Format::Policy,
            },
            abi: self.abi(),
            ..self.profiles.options()
        }
    }

    /// Reads a chain.
    pub(super) fn chain(&self, paths: &[PathBuf]) -> Result<Chain, CliError> {
        let mut filters = Vec::new();
        for path in paths {
            filters.extend(self.one(path)?);
        }
        let names: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Ok(Chain {
            name: names.join(" "),
            filters,
        })
    }

    /// Reads what one argument names.
    fn one(&self, path: &Path) -> Result<Vec<Named>, CliError> {
        if let Some(pid) = path.to_str().and_then(|text| text.strip_prefix("pid:")) {
            let pid = pid.parse().map_err(|_| {
                CliError::Usage(format!("'{pid}' is no process: `pid:1234` is one"))
            })?;
            return of_process(pid).map(|chain| chain.filters);
        }
        if path == Path::new("-") {
            return self.stream("standard input", &mut io::stdin().lock());
        }
        let name = path.display().to_string();
        let open = |error| CliError::Open {
            name: name.clone(),
            error,
        };
        if fs::metadata(path).map_err(open)?.is_dir() {
            return self.directory(path);
        }
        let mut file = fs::File::open(path).map_err(open)?;
        self.stream(&name, &mut file)
    }

    /// Reads the files of a directory in the order of their names.
    fn directory(&self, path: &Path) -> Result<Vec<Named>, CliError> {
        let open = |error| CliError::Open {
            name: path.display().to_string(),
            error,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(path).map_err(open)? {
            let file = entry.map_err(open)?.path();
            let is_filter = (file.extension())
                .is_some_and(|extension| ["bpf", "raw", "asm"].iter().any(|it| extension == *it));
            if is_filter && file.is_file() {
                files.push(file);
            }
        }
        files.sort();
        if files.is_empty() {
            let what = "there is no filter in this directory: files called *.bpf, *.raw or *.asm are taken for filters";
            return Err(CliError::Usage(format!("{}: {what}", path.display())));
        }
        let mut filters = Vec::new();
        for file in files {
            filters.extend(self.one(&file)?);
        }
        Ok(filters)
    }

    fn stream(&self, name: &str, from: &mut dyn Read) -> Result<Vec<Named>, CliError> {
        let mut bytes = Vec::new();
        // One byte more than is right, so that the reader sees that there is too much.
        let most = read::MAX_BYTES as u64 + 1;
        from.take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| CliError::Open {
                name: name.to_owned(),
                error,
            })?;
        let filters = read::filters(&bytes, name, &self.options())?;
        Ok(named(name, filters))
    }
}

/// Filters of one origin; several are told apart by their places.
fn named(origin: &str, filters: Vec<Filter>) -> Vec<Named> {
    let several = filters.len() > 1;
    let named = |(place, filter)| Named {
        name: match several {
            true => format!("{origin} (filter {place})"),
            false => origin.to_owned(),
        },
        filter,
    };
    filters.into_iter().enumerate().map(named).collect()
}

/// The filters of a running process.
fn of_process(pid: i32) -> Result<Chain, CliError> {
    let programs = process::filters_of(pid)?;
    let name = format!("process {pid}");
    if programs.is_empty() {
        return Err(CliError::NoFilter(pid));
    }
    let filters = named(&name, programs.into_iter().map(Filter::of).collect());
    Ok(Chain { name, filters })
}

impl Named {
    /// Whether the kernel would take it.
    pub(super) fn check(&self) -> Result<(), CliError> {
        check(&self.filter.program).map_err(|error| self.invalid(error))
    }

    pub(super) fn invalid(&self, error: CheckError) -> CliError {
        let line = error.pc().and_then(|pc| self.filter.lines.get(pc));
        CliError::Invalid {
            name: self.name.clone(),
            place: line.map(|line| format!(":{line}")).unwrap_or_default(),
            error,
        }
    }

    /// How its map is made.
    pub(super) fn options(&self) -> Options {
        Options {
            order: self.filter.order,
            ..Options::default()
        }
    }

    /// What it does of every call.
    pub(super) fn map(&self) -> Result<Map, CliError> {
        self.check()?;
        Map::with(&self.filter.program, self.options()).map_err(|error| self.fault(error))
    }

    fn fault(&self, error: MapError) -> CliError {
        CliError::Map {
            name: self.name.clone(),
            error,
        }
    }
}

impl Chain {
    /// What all its filters together do of every call.
    pub(super) fn map(&self) -> Result<Map, CliError> {
        let mut maps = Vec::new();
        for filter in &self.filters {
            maps.push(filter.map()?);
        }
        match <[Map; 1]>::try_from(maps) {
            Ok([map]) => Ok(map),
            Err(maps) => Map::chain(&maps).map_err(|error| self.fault(error)),
        }
    }

    /// All programs, as those who execute them want them.
    pub(super) fn programs(&self) -> Vec<(&[Insn], ByteOrder)> {
        let filters = self.filters.iter().map(|named| &named.filter);
        filters
            .map(|filter| (&filter.program[..], filter.order))
            .collect()
    }

    pub(super) fn fault(&self, error: MapError) -> CliError {
        CliError::Map {
            name: self.name.clone(),
            error,
        }
    }
}
