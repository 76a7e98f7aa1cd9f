//! Where kernels and userland come from: Debian's packages, through apt with apt's own verification.
