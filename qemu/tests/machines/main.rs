//! Real machines on this host: that they work, and that they fail as they must. They need QEMU for aarch64 and Debian's
//! packages for it (`ci/setup` installs the one, the others are fetched).

mod fails;
mod support;
mod works;
