//! What tests that make calls by number share: this program's ABI, and a filter that answers them.

use std::io;

use everycall_arch::AbiId;

/// The ABI that this program makes its calls by.
pub(crate) const NATIVE: AbiId = match (
    cfg!(target_pointer_width = "64"),
    cfg!(target_arch = "x86_64"),
    cfg!(target_arch = "x86"),
) {
    (true, true, _) => AbiId::X86_64,
    (true, false, _) => AbiId::Aarch64,
    (false, _, true) => AbiId::I386,
    (false, _, false) => AbiId::Arm,
};

/// Whether a filter can answer it: x86-64's `uretprobe` and `uprobe` are exempt, and raise SIGILL when no probe has been
/// set.
pub(crate) fn is_filtered(abi: AbiId, nr: u32) -> bool {
    abi != AbiId::X86_64 || !matches!(nr, 335 | 336)
}

/// An instruction of a filter.
pub(crate) const fn op(code: u16, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

/// Installs a filter for the calling thread.
pub(crate) fn install(mut program: Vec<libc::sock_filter>) {
    let filter = libc::sock_fprog {
        len: program.len().try_into().expect("a short program"),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the filter lives until the call returns, and is copied; both calls touch only this thread.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const filter,
            ) == 0
    };
    assert!(installed, "{}", io::Error::last_os_error());
}
