//! Where a machine's kernel and programs come from: Debian's packages, fetched by apt with apt's own verification into
//! a cache of the user's. Whoever has no apt names a kernel by its path instead ([`crate::kernel`]).

mod apt;
mod cache;
mod command;
mod control;
mod error;
mod host;
mod list;
mod store;
mod table;
mod unpack;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::kernel::Kernel;

pub use cache::cache_dir;
pub use command::Kernels;
pub use control::Package;
pub use error::KernelError;
pub use list::{Listing, Row, State, Wanted, list};
use store::Store;

/// The kernel that a machine boots if nobody names one: all four architectures have it.
pub const USUAL: &str = "6.1";

/// The kernel of that name ([`USUAL`] if none is given) for an architecture as Debian calls it. What the cache does not
/// hold is fetched, and said on standard error.
pub fn find(debian: &str, name: Option<&str>) -> Result<Kernel, KernelError> {
    Store::of_this_user()?.kernel(table::arch(debian)?, name.unwrap_or(USUAL))
}

/// Names a root directory to use in place of Debian's programs.
const USERLAND: &str = "EVERYCALL_USERLAND";

/// The unpacked programs of a machine: a root directory with busybox, strace and what it needs. `EVERYCALL_USERLAND`
/// names another.
pub fn userland(debian: &str) -> Result<PathBuf, KernelError> {
    if let Some(named) = std::env::var_os(USERLAND).map(PathBuf::from) {
        return match named.is_dir() {
            true => Ok(named),
            false => Err(KernelError::NoUserland(named)),
        };
    }
    Store::of_this_user()?.userland(table::arch(debian)?)
}
