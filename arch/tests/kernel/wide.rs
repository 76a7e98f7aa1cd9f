//! 64-bit arguments, by what calls do with them: the words are laid out as the table says, and the file tells.
//!
//! On ABIs with 32-bit words such an argument takes two of them, and on ARM it starts at an even one. The calls are made
//! on a file in memory.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

use everycall_arch::slots::slots;
use everycall_arch::{AbiId, table};

use crate::common::NATIVE;

/// More than 32 bits, and the halves differ.
const OFFSET: u64 = 0x1_2345_6000;

/// A 64-bit number of which only the upper half says that it is negative.
const NEGATIVE: u64 = 1 << 63;

/// Makes the call with the arguments of these names, each in the words that the table gives to it.
fn call(name: &str, args: &[(&str, u64)]) -> Result<u32, i32> {
    let call = table::by_name(NATIVE, name).unwrap_or_else(|| panic!("{NATIVE:?} has no {name}"));
    let mut words = [0u64; 6];
    assert_eq!(call.proto.args.len(), args.len(), "{name}");
    for (arg, slot) in call.proto.args.iter().zip(slots(NATIVE, call.proto)) {
        let value = args.iter().find(|(name, _)| *name == arg.name);
        let (_, value) = value.unwrap_or_else(|| panic!("{name} has an argument {}", arg.name));
        words[usize::from(slot.first)] = *value;
        if slot.words == 2 {
            words[usize::from(slot.first) + 1] = value >> 32;
        }
    }
    // SAFETY: the callers' addresses are those of buffers that live, with their lengths.
    let result = unsafe { crate::call(call.nr, words) }?;
    Ok(u32::try_from(result).expect("a small result"))
}

/// The first of these names that the ABI has.
fn either(names: [&'static str; 2]) -> &'static str {
    let known = |name: &&str| table::by_name(NATIVE, name).is_some_and(|call| call.name == *name);
    names.into_iter().find(known).expect("one of them is there")
}

fn memory_file() -> (File, u64) {
    // SAFETY: the name is a string that lives.
    let fd = unsafe { libc::memfd_create(c"everycall-wide".as_ptr(), 0) };
    assert!(fd >= 0, "memfd_create: {}", io::Error::last_os_error());
    // SAFETY: nobody else has this descriptor.
    let file = unsafe { File::from_raw_fd(fd) };
    let fd = u64::try_from(file.as_raw_fd()).expect("a descriptor");
    (file, fd)
}

fn length(file: &File) -> u64 {
    file.metadata().expect("the file is open").len()
}

fn address<T>(of: &T) -> u64 {
    std::ptr::from_ref(of).addr() as u64
}

#[test]
fn positions_are_where_the_table_says() {
    let (file, fd) = memory_file();
    let written = b'x';
    let args = |buf| [("fd", fd), ("buf", buf), ("count", 1), ("pos", OFFSET)];
    assert_eq!(call("pwrite64", &args(address(&written))), Ok(1));
    assert_eq!(length(&file), OFFSET + 1);
    let mut read = [0u8; 1];
    // The kernel writes there: the address is made from what may be written.
    let buf = std::ptr::from_mut(&mut read).addr() as u64;
    assert_eq!(call("pread64", &args(buf)), Ok(1));
    // SAFETY: reads what the kernel wrote, which the compiler cannot know.
    let found = unsafe { std::ptr::from_ref(&read).read_volatile() };
    assert_eq!(found, [written]);
}

#[test]
fn lengths_are_where_the_table_says() {
    let (file, fd) = memory_file();
    let ftruncate = either(["ftruncate64", "ftruncate"]);
    assert_eq!(call(ftruncate, &[("fd", fd), ("length", OFFSET)]), Ok(0));
    assert_eq!(length(&file), OFFSET);
    let path = format!("/proc/self/fd/{fd}\0");
    let truncate = either(["truncate64", "truncate"]);
    let args = [
        ("path", path.as_ptr().addr() as u64),
        ("length", 2 * OFFSET),
    ];
    assert_eq!(call(truncate, &args), Ok(0));
    assert_eq!(length(&file), 2 * OFFSET);
    let args = [
        ("fd", fd),
        ("mode", 0),
        ("offset", 3 * OFFSET),
        ("len", 4096),
    ];
    assert_eq!(call("fallocate", &args), Ok(0));
    assert_eq!(length(&file), 3 * OFFSET + 4096);
    let args = [("fd", fd), ("mode", 0), ("offset", 0), ("len", NEGATIVE)];
    assert_eq!(call("fallocate", &args), Err(libc::EINVAL));
}

/// Of these calls one sees whether the kernel refuses an argument.
#[test]
fn arguments_of_advice_are_where_the_table_says() {
    let (_file, fd) = memory_file();
    let sync = either(["sync_file_range", "sync_file_range2"]);
    let sync = |offset, nbytes, flags| {
        call(
            sync,
            &[
                ("fd", fd),
                ("offset", offset),
                ("nbytes", nbytes),
                ("flags", flags),
            ],
        )
    };
    // A file in memory has nothing to be synchronised with; what is wrong is looked at first.
    assert_eq!(sync(NEGATIVE, 1, 0), Err(libc::EINVAL));
    assert_eq!(sync(OFFSET, NEGATIVE, 0), Err(libc::EINVAL));
    assert_eq!(sync(OFFSET, 1, 8), Err(libc::EINVAL));
    assert_eq!(sync(OFFSET, 1, 7), Ok(0));
    let fadvise = either(["fadvise64_64", "fadvise64"]);
    let fadvise = |len, advice| {
        call(
            fadvise,
            &[
                ("fd", fd),
                ("offset", OFFSET),
                ("len", len),
                ("advice", advice),
            ],
        )
    };
    let willneed = 3;
    assert_eq!(fadvise(4096, willneed), Ok(0));
    assert_eq!(fadvise(NEGATIVE, willneed), Err(libc::EINVAL));
    assert_eq!(fadvise(4096, 77), Err(libc::EINVAL));
}

/// The mask of events is 64 bits wide, and a descriptor and a path come behind it.
#[test]
fn the_mask_of_fanotify_is_where_the_table_says() {
    let fanotify = match call("fanotify_init", &[("flags", 0), ("event_f_flags", 0)]) {
        Ok(fd) => u64::from(fd),
        Err(error) => {
            return println!(
                "skipped: fanotify_init: {}",
                io::Error::from_raw_os_error(error)
            );
        }
    };
    let mark = |mask, path: &str| {
        let path = path.as_ptr().addr() as u64;
        let cwd = libc::AT_FDCWD as u64;
        call(
            "fanotify_mark",
            &[
                ("fanotify_fd", fanotify),
                ("flags", 1),
                ("mask", mask),
                ("dfd", cwd),
                ("pathname", path),
            ],
        )
    };
    let opened = 0x20;
    assert_eq!(mark(opened, "/proc/self/unheard-of\0"), Err(libc::ENOENT));
    assert_eq!(mark(opened | NEGATIVE, "/\0"), Err(libc::EINVAL));
    assert_eq!(mark(opened, "/\0"), Ok(0));
    // SAFETY: the descriptor is ours, and used no more.
    unsafe { libc::close(i32::try_from(fanotify).expect("a descriptor")) };
}

/// i386 and ARM pass the halves of `_llseek`'s offset as arguments of their own, high half first.
#[test]
fn seeking_takes_the_high_half_first() {
    let (file, fd) = memory_file();
    if table::by_name(NATIVE, "_llseek").is_none() {
        assert!(!matches!(NATIVE, AbiId::I386 | AbiId::Arm));
        return;
    }
    let found = 0u64;
    let args = [
        ("fd", fd),
        ("offset_high", OFFSET >> 32),
        ("offset_low", OFFSET & 0xffff_ffff),
        ("result", address(&found)),
        ("whence", 0),
    ];
    assert_eq!(call("_llseek", &args), Ok(0));
    let at = io::Seek::stream_position(&mut &file).expect("the file is open");
    assert_eq!(at, OFFSET);
}
