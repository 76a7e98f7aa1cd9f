//! The tables against the kernel's headers: those that are installed here, and a recording of Linux 7.2's.
//!
//! To record anew, with Debian's sid among apt's sources (its package has the headers of all architectures, and apt
//! verifies it):
//! `apt-get download linux-libc-dev/sid && dpkg -x linux-libc-dev_*.deb headers`, then
//! `EVERYCALL_RECORD=1 EVERYCALL_HEADERS=$PWD/headers/usr cargo test -p everycall-arch --test headers`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use everycall_arch::{AbiId, table};

/// Number to name.
type Numbers = BTreeMap<u32, String>;

/// Under which triplets distributions keep an ABI's headers, and which files have its numbers.
fn sources(abi: AbiId) -> (&'static [&'static str], &'static [&'static str]) {
    let x86 = &[
        "x86_64-linux-gnu",
        "i386-linux-gnu",
        "i686-linux-gnu",
        "x86_64-linux-gnux32",
    ];
    match abi {
        AbiId::X86_64 => (x86, &["unistd_64.h"]),
        AbiId::I386 => (x86, &["unistd_32.h"]),
        AbiId::X32 => (x86, &["unistd_x32.h"]),
        AbiId::Aarch64 => (&["aarch64-linux-gnu"], &["unistd_64.h"]),
        AbiId::Arm => (
            &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
            &["unistd-eabi.h", "unistd.h"],
        ),
    }
}

/// The folders that may hold `asm/unistd_*.h`. `EVERYCALL_HEADERS` names another place to look in than `/usr`.
fn folders(triplets: &[&str]) -> Vec<PathBuf> {
    let usr = env::var_os("EVERYCALL_HEADERS").unwrap_or_else(|| "/usr".into());
    let usr = Path::new(&usr);
    let mut folders = Vec::new();
    // Without a triplet they are the host's.
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
    folders
}

/// `#define __NR_read 0`, `#define __NR_read (__X32_SYSCALL_BIT + 0)`, `#define __ARM_NR_cacheflush (__ARM_NR_BASE+2)`.
fn parse(text: &str) -> Numbers {
    let mut numbers = Numbers::new();
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
            .or_else(|| name.strip_prefix("__ARM_NR_"))
            // ARM's base of all numbers, which is 0.
            .filter(|name| *name != "SYSCALL_BASE");
        if let (Some(name), Ok(index)) = (name, index.parse::<u32>()) {
            numbers.insert(base + index, name.to_owned());
        }
    }
    numbers
}

/// Each folder that has an ABI's headers, and what they say.
fn installed(abi: AbiId) -> Vec<(PathBuf, Numbers)> {
    let (triplets, files) = sources(abi);
    let mut found = Vec::new();
    for folder in folders(triplets) {
        let texts: Option<String> = files
            .iter()
            .map(|file| fs::read_to_string(folder.join(file)).ok())
            .collect();
        if let Some(texts) = texts {
            found.push((folder, parse(&texts)));
        }
    }
    found
}

/// Every number of the headers is in the table, under their name or with it as an alias; and the table has no others
/// up to their last one.
fn agree(abi: AbiId, numbers: &Numbers, source: &str) {
    assert!(
        numbers.len() > 250,
        "{source} has {} numbers",
        numbers.len()
    );
    for (nr, name) in numbers {
        let call = table::by_nr(abi, *nr);
        let known =
            call.is_some_and(|call| call.name == name || call.aliases.contains(&name.as_str()));
        assert!(known, "{abi:?} {nr} is {name} in {source}, {call:?} here");
    }
    // x32's own block stands apart, and so do ARM's private calls.
    let common = |nr: u32| nr & 0x000f_ffff < 512;
    let last = numbers.keys().copied().filter(|nr| common(*nr)).max();
    let ours = table::all(abi).iter().filter(|call| common(call.nr));
    for call in ours.filter(|call| Some(call.nr) <= last) {
        // Older headers lack numbers that were filled in later, below their last one.
        let later = matches!(call.name, "uretprobe" | "uprobe");
        assert!(
            later || numbers.contains_key(&call.nr),
            "{abi:?} {} ({}) is not in {source}",
            call.nr,
            call.name
        );
    }
}

#[test]
fn the_installed_headers_agree() {
    for abi in AbiId::ALL {
        let found = installed(abi);
        if found.is_empty() {
            println!(
                "skipped: no headers of {abi:?} are installed: {:?}",
                sources(abi)
            );
        }
        for (folder, numbers) in found {
            agree(abi, &numbers, &folder.display().to_string());
        }
    }
}

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/kernel/7.2-syscall-numbers.txt")
}

fn record() {
    let mut text = String::from(
        "# The system call numbers of Linux 7.2: ABI, number, name in the kernel's table.\n\
         # From asm/unistd*.h of Debian's linux-libc-dev 7.2.13-1, fetched and verified by apt:\n\
         #   apt-get download linux-libc-dev/sid && dpkg -x linux-libc-dev_*.deb headers\n\
         #   EVERYCALL_RECORD=1 EVERYCALL_HEADERS=$PWD/headers/usr cargo test -p everycall-arch --test headers\n",
    );
    for abi in AbiId::ALL {
        let (_, numbers) = installed(abi)
            .into_iter()
            .next()
            .expect("headers of every ABI");
        for (nr, name) in numbers {
            writeln!(text, "{} {nr} {name}", abi.name()).expect("a string can be written to");
        }
    }
    fs::write(recording(), text).expect("the recording can be written");
}

#[test]
fn linux_7_2_agrees_to_the_number() {
    if env::var_os("EVERYCALL_RECORD").is_some() {
        record();
    }
    let text = fs::read_to_string(recording()).expect("the recording is there");
    for abi in AbiId::ALL {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let numbers: Numbers = lines
            .filter_map(|line| {
                let (nr, name) = line.strip_prefix(abi.name())?.trim().split_once(' ')?;
                Some((nr.parse().ok()?, name.to_owned()))
            })
            .collect();
        agree(abi, &numbers, "the recording");
        assert_eq!(table::all(abi).len(), numbers.len(), "{abi:?}");
    }
}

#[test]
fn a_header_is_understood() {
    let text = "#define __NR_read (__X32_SYSCALL_BIT + 0)\n#define __NR_write 1\n\
                #define __ARM_NR_cacheflush\t\t(__ARM_NR_BASE+2)\n#define __NR_openat (__NR_SYSCALL_BASE + 322)\n\
                #define __NR_sync_file_range2 __NR_arm_sync_file_range\n";
    let numbers: Vec<_> = parse(text).into_iter().collect();
    let expected = [
        (1, "write"),
        (322, "openat"),
        (0x000f_0002, "cacheflush"),
        (0x4000_0000, "read"),
    ];
    assert_eq!(numbers, expected.map(|(nr, name)| (nr, name.to_owned())));
}
