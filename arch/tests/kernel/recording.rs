//! Recordings of what kernels say of their calls: `fixtures/kernel/<abi>-<version>-syscalls.txt`.
//!
//! To record the running kernel anew, as root: `EVERYCALL_RECORD=1 cargo test -p everycall-arch --test kernel recording`;
//! for a machine's, with `--target`, `EVERYCALL_MACHINE` and `EVERYCALL_KERNEL` as for any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use everycall_arch::AbiId;

use crate::agree::Kernel;
use crate::signature::Signature;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/kernel")
}

/// `257 openat(int dfd, ...)`; several numbers that run one entry point stand before it with commas between, and `-`
/// stands for none.
fn write(kernel: &Kernel, release: &str) -> String {
    let mut text = format!(
        "# The entry points of Linux {release} for {}: numbers, arguments. From tracefs, and from what the kernel's trace says\n\
         # of each number; calls that this kernel is built without or has no event for are not here.\n\
         # Recorded by arch/tests/kernel/recording.rs.\n",
        kernel.abi.name()
    );
    for signature in &kernel.signatures {
        let numbers = kernel
            .numbers
            .iter()
            .filter(|(_, entry)| **entry == signature.entry);
        let numbers: Vec<_> = numbers.map(|(nr, _)| nr.to_string()).collect();
        let numbers = if numbers.is_empty() {
            "-".to_owned()
        } else {
            numbers.join(",")
        };
        writeln!(text, "{numbers} {signature}").expect("a string can be written to");
    }
    text
}

fn read(abi: AbiId, text: &str) -> Result<Kernel, String> {
    let mut kernel = Kernel {
        abi,
        signatures: Vec::new(),
        numbers: BTreeMap::new(),
    };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fault = || format!("{line:?} is not `NUMBERS ENTRY(ARGUMENTS)`");
        let (numbers, signature) = line.split_once(' ').ok_or_else(fault)?;
        let signature = Signature::parse(signature).ok_or_else(fault)?;
        for nr in numbers.split(',').filter(|numbers| *numbers != "-") {
            let nr = nr.parse().map_err(|_| fault())?;
            kernel.numbers.insert(nr, signature.entry.clone());
        }
        kernel.signatures.push(signature);
    }
    Ok(kernel)
}

/// Every recording: its file's name, and what it says.
fn recordings() -> Vec<(String, Kernel)> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder()).expect("the fixtures are there") {
        let file = file.expect("the fixtures can be listed").path();
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        let Some((abi, _)) = name
            .strip_suffix("-syscalls.txt")
            .and_then(|name| name.split_once('-'))
        else {
            continue;
        };
        let abi = AbiId::from_name(abi).unwrap_or_else(|| panic!("{name}: {abi} is no ABI"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kernel = read(abi, &text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        found.push((name, kernel));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn record() {
    let kernel = Kernel::running().expect("tracefs can be read");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("procfs is there");
    let release = release.trim();
    let version: Vec<_> = release.split(['.', '-', '+', '~']).take(2).collect();
    let name = format!("{}-{}-syscalls.txt", kernel.abi.name(), version.join("."));
    fs::write(folder().join(name), write(&kernel, release)).expect("the recording can be written");
}

#[test]
fn the_recordings_agree() {
    if env::var_os("EVERYCALL_RECORD").is_some() && crate::kernel_is_native() {
        record();
    }
    let mut faults = Vec::new();
    let mut abis = BTreeSet::new();
    for (name, kernel) in recordings() {
        assert!(
            kernel.numbers.len() > 250,
            "{name}: {} numbers",
            kernel.numbers.len()
        );
        faults.extend(
            kernel
                .faults()
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
        abis.insert(kernel.abi);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let expected = [AbiId::X86_64, AbiId::I386, AbiId::Aarch64, AbiId::Arm];
    assert_eq!(
        abis,
        BTreeSet::from(expected),
        "one recording or more of each"
    );
}

#[test]
fn a_recording_reads_back() {
    let text = "0 read(unsigned int fd, char * buf, size_t count)\n10,11 sync()\n- fork()\n";
    let kernel = read(AbiId::Arm, text).expect("is one");
    assert_eq!(kernel.numbers.len(), 3);
    assert!(write(&kernel, "7.2").ends_with(text));
    for wrong in [
        "read(int fd)",
        "x read(int fd)",
        "1, read(int fd)",
        "1 read",
    ] {
        assert!(read(AbiId::Arm, wrong).is_err(), "{wrong}");
    }
}

/// A recording that says otherwise than the tables is found out, in each way.
#[test]
fn a_false_recording_is_found() {
    let (_, kernel) = recordings()
        .into_iter()
        .next()
        .expect("there are recordings");
    let faults = |change: &dyn Fn(&mut Kernel)| {
        let mut kernel = kernel.clone();
        change(&mut kernel);
        kernel.faults().len()
    };
    let openat = kernel
        .signatures
        .iter()
        .position(|call| call.entry == "openat")
        .expect("is there");
    assert_eq!(faults(&|_| ()), 0);
    assert_eq!(
        faults(&|kernel| kernel.signatures[openat].args[0].name = "fd".to_owned()),
        1
    );
    assert_eq!(
        faults(&|kernel| kernel.signatures[openat].args[0].ty = "loff_t".to_owned()),
        1
    );
    assert_eq!(faults(&|kernel| kernel.signatures[openat].args.clear()), 1);
    assert_eq!(
        faults(&|kernel| kernel.signatures[openat].entry = "unheard_of".to_owned()),
        1
    );
    assert_eq!(
        faults(&|kernel| kernel.numbers.retain(|_, entry| entry != "openat")),
        1
    );
    assert_eq!(
        faults(&|kernel| drop(kernel.numbers.insert(1000, "openat".to_owned()))),
        1
    );
}
