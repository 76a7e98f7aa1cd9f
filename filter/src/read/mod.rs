//! Getting filters in: raw instructions, text of several kinds, profiles and policies.
//!
//! [`filters`] takes the bytes of a file and gives its programs, the oldest first. What they are is told by their
//! content unless [`Options`] say it. Everything here is hostile input: nothing panics, nothing grows without bounds, and
//! an error says where and what.
//!
//! A program that is read well need not be one that the kernel takes: see [`check`](crate::check).

mod asm;
mod assemble;
mod carray;
mod columns;
mod detect;
mod error;
mod json;
mod lex;
mod oci;
mod policy;
mod pseudo;
mod raw;
mod rules;
mod seccompiler;

use everycall_arch::AbiId;

use crate::{ByteOrder, Program};

pub use error::{Place, ReadError};

use error::Fault;
use rules::Rules;

/// More bytes than this are not read: the longest program has 4096 instructions, and no text needs more for one.
pub const MAX_BYTES: usize = 4 << 20;

/// What the input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// What its content says.
    #[default]
    Auto,
    /// An array of `struct sock_filter`, in the order of a little-endian machine.
    Raw,
    /// The same of a big-endian machine.
    RawBig,
    /// Any text that is a program: `bpf_asm`'s, `seccomp-tools`', C.
    Text,
    /// A profile of OCI's or Docker's, or a container's config.json, in JSON.
    Oci,
    /// seccompiler's JSON.
    Seccompiler,
    /// Our own policy, in TOML.
    Policy,
}

/// How input is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What it is.
    pub format: Format,
    /// The ABI whose names are meant where nothing else says so; for profiles, the machine's native one.
    pub abi: AbiId,
    /// The capabilities of the container, for Docker's profiles.
    pub capabilities: Vec<String>,
    /// The kernel that a profile is for: major and minor version. Where it is not known, rules for kernels from some
    /// version on are taken.
    pub kernel: Option<(u32, u32)>,
    /// Whether OCI profiles get runc's answer to numbers that they do not know, ENOSYS.
    pub stub: bool,
    /// Which of seccompiler's filters is meant, where there are several.
    pub thread: Option<String>,
}

/// The capabilities that Docker gives a container.
pub const DOCKER_CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// Every capability (linux/capability.h), in the order of their numbers.
pub const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// The version that a kernel's release begins with: `6.1.0-13-amd64` is (6, 1).
#[must_use]
pub fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.trim().split(['.', '-', '+']);
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
    Some((major, minor))
}

impl Default for Options {
    fn default() -> Options {
        Options {
            format: Format::Auto,
            abi: host(),
            capabilities: DOCKER_CAPABILITIES.map(str::to_owned).to_vec(),
            kernel: None,
            stub: true,
            thread: None,
        }
    }
}

/// The ABI that programs of the machine natively have.
#[must_use]
pub fn host() -> AbiId {
    match std::env::consts::ARCH {
        "x86" => AbiId::I386,
        "aarch64" => AbiId::Aarch64,
        "arm" => AbiId::Arm,
        _ => AbiId::X86_64,
    }
}

/// A program that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The program.
    pub program: Program,
    /// The byte order of the machine that it is for.
    pub order: ByteOrder,
    /// For each instruction the line that it stands in, where it comes from a text.
    pub lines: Vec<usize>,
    /// What its reader should be told: what was left out, or taken in one of several ways.
    pub notes: Vec<String>,
}

impl Filter {
    /// A program of this machine, as it is.
    #[must_use]
    pub fn of(program: Program) -> Filter {
        Filter {
            program,
            order: ByteOrder::NATIVE,
            lines: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Reads the filters that these bytes are, the oldest first; there is at least one. `name` is what errors call them.
pub fn filters(bytes: &[u8], name: &str, options: &Options) -> Result<Vec<Filter>, ReadError> {
    read(bytes, name, options).map_err(|fault| fault.of(name))
}

fn read(bytes: &[u8], name: &str, options: &Options) -> Result<Vec<Filter>, Fault> {
    if bytes.is_empty() {
        return Err(Fault::whole("it is empty"));
    }
    if bytes.len() > MAX_BYTES {
        return Err(Fault::whole(format!(
            "it has more than {MAX_BYTES} bytes: no filter is that long"
        )));
    }
    match options.format {
        Format::Raw => raw::in_order(bytes, ByteOrder::Little).map(|filter| vec![filter]),
        Format::RawBig => raw::in_order(bytes, ByteOrder::Big).map(|filter| vec![filter]),
        // All codes of classic BPF are less than 256, so every instruction has a byte 0, and no text has one.
        Format::Auto if bytes.contains(&0) => raw::detect(bytes).map(|filter| vec![filter]),
        format => {
            let text = plain(bytes)?;
            match format {
                Format::Text => programs(&text, options),
                Format::Oci | Format::Seccompiler => one(json::read(&text, format, options)),
                Format::Policy => one(policy::read(&text, options)),
                _ if text.trim_start().starts_with('{') && !detect::is_braces(&text) => {
                    one(json::read(&text, format, options))
                }
                _ if name.ends_with(".toml") || detect::is_policy(&text) => {
                    one(policy::read(&text, options))
                }
                _ => programs(&text, options),
            }
        }
    }
}

/// The filter that a list of rules is.
fn one(rules: Result<Rules, Fault>) -> Result<Vec<Filter>, Fault> {
    rules?.compile().map(|filter| vec![filter])
}

/// Text, without the colours of a terminal.
fn plain(bytes: &[u8]) -> Result<String, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Fault::new(
            Place::Byte(error.valid_up_to()),
            "it is neither raw instructions (in which every code has a byte 0) nor UTF-8 text",
        )
    })?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    plain.push_str(rest);
    Ok(plain)
}

fn programs(text: &str, options: &Options) -> Result<Vec<Filter>, Fault> {
    match detect::text(text) {
        detect::Text::Columns => columns::read(text),
        detect::Text::Pseudo => pseudo::read(text, options.abi).map(|filter| vec![filter]),
        detect::Text::C => carray::c(text, options.abi).map(|filter| vec![filter]),
        detect::Text::Decimal => carray::decimal(text).map(|filter| vec![filter]),
        detect::Text::Asm => asm::read(text).map(|filter| vec![filter]),
    }
}
