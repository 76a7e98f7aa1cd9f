//! The way from a mirror to a kernel, with a mirror of our own: what must work, and what must not.

mod repository;

use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

use super::store::Store;
use super::{KernelError, cache, table};
use repository::{Built, Repository};

const RELEASE: &str = "6.1.0-9-arm64";

/// A kernel as Debian 12 packs it.
const OLD: [Built<'static>; 2] = [
    Built {
        name: "linux-image-arm64",
        version: "6.1.99-1",
        needs: "linux-image-6.1.0-9-arm64 (= 6.1.99-1)",
        files: &[],
    },
    Built {
        name: "linux-image-6.1.0-9-arm64",
        version: "6.1.99-1",
        needs: "kmod",
        files: &[
            "boot/vmlinuz-6.1.0-9-arm64",
            "boot/config-6.1.0-9-arm64",
            "lib/modules/6.1.0-9-arm64/modules.order",
            "lib/modules/6.1.0-9-arm64/kernel/fs/9p/9p.ko",
            "lib/modules/6.1.0-9-arm64/kernel/drivers/char/virtio_console.ko",
            "lib/modules/6.1.0-9-arm64/kernel/drivers/gpu/drm/radeon/radeon.ko",
        ],
    },
];

/// A kernel as it is packed since then: several packages, everything below /usr.
const NEW: [Built<'static>; 4] = [
    Built {
        name: "linux-image-arm64",
        version: "7.9.1-1",
        needs: "linux-base-arm64, linux-image-7.9.1+x-arm64 (= 7.9.1-1)",
        files: &[],
    },
    Built {
        name: "linux-image-7.9.1+x-arm64",
        version: "7.9.1-1",
        needs: "initramfs-tools | dracut, linux-binary-7.9.1+x-arm64 (= 7.9.1-1), linux-modules-7.9.1+x-arm64",
        files: &[],
    },
    Built {
        name: "linux-binary-7.9.1+x-arm64",
        version: "7.9.1-1",
        needs: "",
        files: &["usr/lib/modules/7.9.1+x-arm64/vmlinuz"],
    },
    Built {
        name: "linux-modules-7.9.1+x-arm64",
        version: "7.9.1-1",
        needs: "",
        files: &["usr/lib/modules/7.9.1+x-arm64/kernel/net/9p/9pnet.ko.xz"],
    },
];

struct Place {
    repository: Repository,
    cache: TempDir,
}

impl Place {
    fn with(suite: &str, packages: &[Built<'_>]) -> Self {
        let repository = Repository::new();
        repository.suite(suite, packages);
        let cache = tempfile::tempdir().unwrap();
        Self { repository, cache }
    }

    fn store(&self) -> Store {
        Store::of(self.cache.path(), self.repository.host())
    }

    fn kernel(&self, name: &str) -> Result<crate::kernel::Kernel, KernelError> {
        self.store().kernel(table::arch("arm64").unwrap(), name)
    }

    /// Nothing that looks like a kernel, whole or half.
    fn no_kernel(&self) -> bool {
        let kernels = fs::read_dir(self.cache.path().join("kernels"))
            .into_iter()
            .flatten();
        let mut names = kernels.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.all(|name| name.ends_with(".lock"))
    }
}

#[test]
fn a_kernel_is_fetched_once_with_what_machines_need_of_it() {
    let place = Place::with("bookworm", &OLD);
    let kernel = place.kernel("6.1").unwrap();
    assert_eq!(kernel.release, RELEASE);
    assert_eq!(
        fs::read_to_string(&kernel.image).unwrap(),
        "boot/vmlinuz-6.1.0-9-arm64"
    );
    assert!(kernel.modules.join("config").is_file());
    assert!(kernel.modules.join("kernel/fs/9p/9p.ko").is_file());
    assert!(
        kernel
            .modules
            .join("kernel/drivers/char/virtio_console.ko")
            .is_file()
    );
    assert!(!kernel.modules.join("kernel/drivers/gpu").exists());
    let entry = place.cache.path().join("kernels/arm64-6.1");
    assert!(!entry.join("debs").exists() && !entry.join("unpacked").exists());

    // From now on the mirror is needed no more.
    fs::remove_dir_all(place.repository.path("mirror")).unwrap();
    assert_eq!(place.kernel("6.1").unwrap(), kernel);
}

#[test]
fn a_kernel_in_several_packages_below_usr_is_put_together() {
    let place = Place::with("sid", &NEW);
    let kernel = place.kernel("sid").unwrap();
    assert_eq!(kernel.release, "7.9.1+x-arm64");
    assert!(kernel.image.is_file());
    assert!(kernel.modules.join("kernel/net/9p/9pnet.ko.xz").is_file());
    assert_eq!(place.kernel("7.9").unwrap(), kernel);
}

#[test]
fn a_suite_that_has_moved_on_is_told() {
    let place = Place::with("sid", &NEW);
    let error = place.kernel("7.2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no kernel '7.2' for arm64: sid has 7.9 today (linux-image-arm64 7.9.1-1)"
    );
    assert!(place.no_kernel());
}

#[test]
fn names_that_no_suite_can_have_are_refused_before_anything_is_asked() {
    let cache = tempfile::tempdir().unwrap();
    let host = super::host::Host {
        mirror: "copy:/nowhere".to_owned(),
        keyring: "/nowhere".into(),
        settings: String::new(),
    };
    let store = Store::of(cache.path(), host);
    for (arch, name) in [
        ("arm64", "six"),
        ("arm64", "../6.1"),
        ("arm64", ""),
        ("i386", "6.12"),
        ("i386", "sid"),
    ] {
        let error = store.kernel(table::arch(arch).unwrap(), name).unwrap_err();
        assert!(
            matches!(error, KernelError::NoKernel { .. }),
            "{arch} {name}: {error}"
        );
    }
    assert!(matches!(
        table::arch("vax"),
        Err(KernelError::NoArchitecture(_))
    ));
}

#[test]
fn what_another_key_has_signed_is_not_taken() {
    let place = Place::with("bookworm", &OLD);
    let stranger = Repository::new();
    fs::copy(stranger.keyring(), place.repository.keyring()).unwrap();
    let error = place.kernel("6.1").unwrap_err();
    assert!(matches!(error, KernelError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("NO_PUBKEY"), "{error}");
    assert!(place.no_kernel());
}

#[test]
fn what_nobody_has_signed_is_not_taken() {
    let place = Place::with("bookworm", &OLD);
    let signed = place.repository.path("mirror/dists/bookworm/InRelease");
    let text = fs::read_to_string(&signed).unwrap();
    let start = text.find("Origin:").unwrap();
    let end = text.find("-----BEGIN PGP SIGNATURE").unwrap();
    fs::write(signed.with_file_name("Release"), &text[start..end]).unwrap();
    fs::remove_file(signed).unwrap();
    let error = place.kernel("6.1").unwrap_err();
    assert!(error.to_string().contains("not signed"), "{error}");
    assert!(place.no_kernel());
}

#[test]
fn a_package_that_is_not_what_was_signed_is_not_taken() {
    let place = Place::with("bookworm", &OLD);
    let deb = place
        .repository
        .path("mirror/pool/bookworm_linux-image-6.1.0-9-arm64_6.1.99-1_arm64.deb");
    let mut bytes = fs::read(&deb).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&deb, bytes).unwrap();
    let error = place.kernel("6.1").unwrap_err();
    assert!(error.to_string().contains("Hash Sum mismatch"), "{error}");
    assert!(place.no_kernel());
}

#[test]
fn a_package_that_is_not_there_is_named() {
    let place = Place::with("bookworm", &OLD[..1]);
    let error = place.kernel("6.1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "bookworm has no package linux-image-6.1.0-9-arm64 for arm64"
    );
    let place = Place::with("bookworm", &[]);
    let error = place.kernel("6.1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "bookworm has no package linux-image-arm64 for arm64"
    );
}

#[test]
fn packages_without_a_kernel_are_told() {
    let empty = Built {
        files: &[],
        ..OLD[1]
    };
    let place = Place::with("bookworm", &[Built { ..OLD[0] }, empty]);
    let error = place.kernel("6.1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the packages linux-image-6.1.0-9-arm64 hold the modules of 0 kernels, not of one"
    );
    assert!(place.no_kernel());
}

#[test]
fn what_a_killed_process_left_is_made_anew() {
    let place = Place::with("bookworm", &OLD);
    let kernels = place.cache.path().join("kernels");
    let half = kernels.join("arm64-6.1/lib/modules").join(RELEASE);
    fs::create_dir_all(half.join("kernel")).unwrap();
    fs::write(half.join("vmlinuz"), "half").unwrap();
    fs::create_dir_all(kernels.join(".arm64-6.1.new/debs")).unwrap();
    fs::write(kernels.join(".arm64-6.1.new/debs/old.deb"), "half").unwrap();
    let kernel = place.kernel("6.1").unwrap();
    assert_eq!(
        fs::read_to_string(&kernel.image).unwrap(),
        "boot/vmlinuz-6.1.0-9-arm64"
    );
    assert!(!kernels.join(".arm64-6.1.new").exists());
}

#[test]
fn a_userland_comes_with_what_it_needs() {
    let one = |name, needs, files| Built {
        name,
        version: "1:2-3",
        needs,
        files,
    };
    let place = Place::with(
        "bookworm",
        &[
            one("busybox-static", "", &["bin/busybox"]),
            one("libc6", "", &["lib/libc.so.6"]),
            one("libunwind8", "", &["usr/lib/libunwind.so.8"]),
            one("strace", "libc6, libunwind8", &["usr/bin/strace"]),
            one("unrelated", "", &["usr/bin/unrelated"]),
        ],
    );
    let root = place
        .store()
        .userland(table::arch("arm64").unwrap())
        .unwrap();
    for file in [
        "bin/busybox",
        "lib/libc.so.6",
        "usr/lib/libunwind.so.8",
        "usr/bin/strace",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    assert!(!root.join("usr/bin/unrelated").exists());
    let entry = place
        .store()
        .cached_userland(table::arch("arm64").unwrap())
        .unwrap();
    let packages: Vec<_> = entry
        .packages
        .iter()
        .map(|package| (&*package.name, &*package.version))
        .collect();
    assert_eq!(packages.len(), 4);
    assert!(packages.contains(&("strace", "1:2-3")), "{packages:?}");
}

#[test]
fn of_many_that_want_an_entry_at_once_one_makes_it() {
    let base = tempfile::tempdir().unwrap();
    let (made, start) = (AtomicUsize::new(0), Barrier::new(8));
    let read = |place: &std::path::Path| fs::read_to_string(place.join("whole")).ok();
    thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    cache::entry(base.path(), "one", read, |new| {
                        made.fetch_add(1, Ordering::SeqCst);
                        fs::write(new.join("whole"), "whole")
                            .map_err(KernelError::system("write", new))
                    })
                })
            })
            .collect();
        for one in all {
            assert_eq!(one.join().unwrap().unwrap(), "whole");
        }
    });
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn an_entry_that_could_not_be_made_leaves_nothing() {
    let base = tempfile::tempdir().unwrap();
    let failed = cache::entry(
        base.path(),
        "one",
        |place| place.is_dir().then_some(()),
        |new| {
            fs::write(new.join("half"), "half").unwrap();
            Err(KernelError::NoMirror)
        },
    );
    assert!(matches!(failed, Err(KernelError::NoMirror)));
    assert!(!base.path().join("one").exists() && !base.path().join(".one.new").exists());
}
