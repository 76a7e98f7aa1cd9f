//! How calls will be observed: whether a filter helps, and the filter, proven.

use everycall_arch::{AbiId, table};
use everycall_filter::{BuildError, Proven, Strategy};

use crate::config::{Backend, Config};
use crate::protocol::WatchList;
use crate::select::Selection;

/// The architecture of the host, which most calls will be made for.
const NATIVE: AbiId = if cfg!(target_arch = "aarch64") {
    AbiId::Aarch64
} else if cfg!(target_arch = "arm") {
    AbiId::Arm
} else if cfg!(target_arch = "x86") {
    AbiId::I386
} else {
    AbiId::X86_64
};

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum NoFilter {
    /// It was not asked for.
    #[error("a stop at every call was asked for")]
    NotAsked,
    /// A filter is inherited by every child, and a child that is not followed would get `ENOSYS`.
    #[error("children are not followed: a filter needs -f")]
    NotFollowed,
    /// A filter cannot be put on another process.
    #[error("there is no command: a filter cannot be put on a process that runs already")]
    NoCommand,
    /// Every call was asked for.
    #[error("every call was asked for: there is nothing to filter")]
    Everything,
    /// What was asked for is exempt from seccomp.
    #[error("uretprobe and uprobe are exempt from seccomp: no filter can stop at them")]
    Exempt,
    /// There is none that can be proven right.
    #[error("{0}")]
    Unproven(#[from] BuildError),
}

/// The filter for what was asked, proven equal to its policy, or why there is none.
pub fn filter(config: &Config, watched: &WatchList, magic: u16) -> Result<Proven, NoFilter> {
    if config.backend == Backend::Ptrace {
        return Err(NoFilter::NotAsked);
    }
    if !config.follow {
        return Err(NoFilter::NotFollowed);
    }
    if config.command.is_none() {
        return Err(NoFilter::NoCommand);
    }
    if config.calls == Selection::All {
        return Err(NoFilter::Everything);
    }
    if config.backend == Backend::Auto && wants_exempt_calls(&config.calls) {
        return Err(NoFilter::Exempt);
    }
    let policy = config.calls.policy(&watched.numbers());
    // Every start pays for the making of a filter. A balanced search is made and proven in microseconds; `auto` thinks for
    // milliseconds about an instruction or two, which a kernel since 5.11 does not execute for numbers that are always allowed.
    let first = NATIVE.abi().audit_arch;
    match Proven::compile_with(&policy, magic, first, Strategy::Search) {
        Err(BuildError::Compile(_)) => Ok(Proven::compile(&policy, magic, first)?),
        proven => Ok(proven?),
    }
}

/// Whether the calls that the kernel exempts from seccomp (`seccomp_uprobe_exception` in
/// kernel/seccomp.c) are what the user is after. Who asks for almost everything, as `!futex` does, has
/// them in his set without meaning them: there the filter is worth more than a debugger's probes.
fn wants_exempt_calls(calls: &Selection) -> bool {
    let table = table::all(AbiId::X86_64);
    let is_asked = |nr| calls.contains(Some(AbiId::X86_64), nr);
    let exempt = |name| table::by_name(AbiId::X86_64, name).is_some_and(|call| is_asked(call.nr));
    let asked = table.iter().filter(|call| is_asked(call.nr)).count();
    let x86 = matches!(NATIVE, AbiId::X86_64 | AbiId::I386);
    x86 && (exempt("uretprobe") || exempt("uprobe")) && asked < table.len() / 2
}
