//! The tables against the kernel's headers that are installed here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use everycall_arch::{AbiId, table};

/// Where distributions put `asm/unistd_*.h` for a target: by its triplet, and for the host itself without one.
/// `EVERYCALL_HEADERS` names another folder to look in than `/usr`, as that of an unpacked newer package.
fn files(triplets: &[&str], name: &str) -> Vec<PathBuf> {
    let usr = env::var_os("EVERYCALL_HEADERS").unwrap_or_else(|| "/usr".into());
    let usr = Path::new(&usr);
    let mut folders = Vec::new();
    if triplets
        .iter()
        .any(|triplet| triplet.starts_with(env::consts::ARCH))
    {
        folders.push(usr.join("include/asm"));
    }
    for triplet in triplets {
        folders.push(usr.join("include").join(triplet).join("asm"));
        folders.push(usr.join(triplet).join("include/asm"));
    }
    let found: Vec<_> = folders.iter().map(|folder| folder.join(name)).collect();
    found.into_iter().filter(|path| path.exists()).collect()
}

/// `#define __NR_read 0`, `#define __NR_read (__X32_SYSCALL_BIT + 0)`, `#define __ARM_NR_cacheflush (__ARM_NR_BASE+2)`.
fn numbers(text: &str) -> BTreeMap<u32, String> {
    let mut numbers = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("#define") {
            continue;
        }
        let Some(name) = words.next() else { continue };
        let value: String = words.collect();
        let value = value.trim_matches(['(', ')']);
        let (base, index) = value.rsplit_once('+').unwrap_or(("", value));
        let base = match base {
            "__ARM_NR_BASE" => 0x000f_0000,
            "__X32_SYSCALL_BIT" => 0x4000_0000,
            _ => 0,
        };
        let name = name
            .strip_prefix("__NR_")
            .or_else(|| name.strip_prefix("__ARM_NR_"));
        if let (Some(name), Ok(index)) = (name, index.parse::<u32>()) {
            numbers.insert(base + index, name.to_owned());
        }
    }
    numbers
}

/// Every number of the header is in the table, under the header's name or with it as an alias. A header may be older
/// than the table, so a number that only the table has is not a fault unless a later header number is there.
fn agree(abi: AbiId, triplets: &[&str], names: &[&str]) {
    let found: Vec<_> = names
        .iter()
        .flat_map(|name| files(triplets, name))
        .collect();
    if found.is_empty() {
        println!(
            "skipped: no header of {abi:?} is installed (looked for {names:?} of {triplets:?})"
        );
        return;
    }
    for path in found {
        let text = fs::read_to_string(&path).expect("the header can be read");
        let header = numbers(&text);
        assert!(
            header.len() > 250,
            "{} has {} numbers",
            path.display(),
            header.len()
        );
        for (nr, name) in &header {
            let call = table::by_nr(abi, *nr);
            let known =
                call.is_some_and(|call| call.name == name || call.aliases.contains(&name.as_str()));
            assert!(
                known,
                "{abi:?} {nr} is {name} in {}, {call:?} here",
                path.display()
            );
        }
        // x32's own block stands apart, and so do ARM's private calls.
        let common = |nr: u32| nr & 0x000f_ffff < 512;
        let last = header.keys().copied().filter(|nr| common(*nr)).max();
        let ours = table::all(abi).iter().filter(|call| common(call.nr));
        for call in ours.filter(|call| Some(call.nr) < last) {
            // An older header lacks numbers that were filled in later, below its last one.
            let later = matches!(call.name, "uretprobe" | "uprobe");
            assert!(
                later || header.contains_key(&call.nr),
                "{abi:?} {} ({}) is not in {}",
                call.nr,
                call.name,
                path.display()
            );
        }
    }
}

const X86: &[&str] = &[
    "x86_64-linux-gnu",
    "i386-linux-gnu",
    "i686-linux-gnu",
    "x86_64-linux-gnux32",
];

#[test]
fn x86_64() {
    agree(AbiId::X86_64, X86, &["unistd_64.h"]);
}

#[test]
fn i386() {
    agree(AbiId::I386, X86, &["unistd_32.h"]);
}

#[test]
fn x32() {
    agree(AbiId::X32, X86, &["unistd_x32.h"]);
}

#[test]
fn aarch64() {
    agree(AbiId::Aarch64, &["aarch64-linux-gnu"], &["unistd_64.h"]);
}

#[test]
fn arm() {
    agree(
        AbiId::Arm,
        &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        &["unistd-eabi.h"],
    );
}

#[test]
fn a_header_is_understood() {
    let text = "#define __NR_read (__X32_SYSCALL_BIT + 0)\n#define __NR_write 1\n\
                #define __ARM_NR_cacheflush\t\t(__ARM_NR_BASE+2)\n#define __NR_openat (__NR_SYSCALL_BASE + 322)\n\
                #define __NR_sync_file_range2 __NR_arm_sync_file_range\n";
    let numbers: Vec<_> = numbers(text).into_iter().collect();
    let expected = [
        (1, "write"),
        (322, "openat"),
        (0x000f_0002, "cacheflush"),
        (0x4000_0000, "read"),
    ];
    assert_eq!(numbers, expected.map(|(nr, name)| (nr, name.to_owned())));
}
