//! What a call costs under each filter, in the running kernel: a loop of `getppid`, as a ratio to a filter that is one
//! `ret ALLOW`.
//!
//! The kernel answers most allowed calls from its cache. To see the filters themselves each is timed also with an
//! instruction before it that the cache does not understand, as a kernel without the cache would run it.

use std::os::unix::process::parent_id;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use everycall_arch::AbiId;
use everycall_filter::{
    ByteOrder, InstallFlags, Op, Prepared, Program, Reg, Source, Strategy, compile_with,
    set_no_new_privs,
};

use super::peers::{self, PEERS};
use super::sets::{self, SETS};
use super::tables::ABIS;

const CALLS: u32 = 50_000;
const ROUNDS: usize = 25;

/// Prints the ratios.
pub(crate) fn show() -> Result<(), String> {
    println!(
        "time of a getppid, as a ratio to a filter of one instruction: with the kernel's cache, and without\n"
    );
    println!(
        "{:<12} {:<20} {:>8} {:>8}",
        "set", "filter", "cache", "without"
    );
    let floor = Program::from_iter([Op::Return(0x7fff_0000)]);
    for set in SETS {
        let mut filters = vec![("floor", floor.clone())];
        let arch = AbiId::X86_64.abi().audit_arch;
        let ours = compile_with(&sets::policy(set, &ABIS), 0, arch, Strategy::Auto);
        filters.push(("ours, auto", ours.map_err(|error| error.to_string())?));
        for peer in PEERS {
            filters.push((peer, peers::program(peer, set.0)?));
        }
        let (cached, run) = (times(&filters, false)?, times(&filters, true)?);
        for (at, (name, _)) in filters.iter().enumerate().skip(1) {
            let ratio = |times: &[f64]| times[at] / times[0];
            println!(
                "{:<12} {name:<20} {:>8.3} {:>8.3}",
                set.0,
                ratio(&cached),
                ratio(&run)
            );
        }
        println!();
    }
    Ok(())
}

/// The least time of each filter, as whatever else the machine does only adds; in rounds, so that all see the same machine.
fn times(filters: &[(&str, Program)], hidden: bool) -> Result<Vec<f64>, String> {
    let mut times = vec![f64::INFINITY; filters.len()];
    for _ in 0..ROUNDS {
        for ((_, program), least) in filters.iter().zip(&mut times) {
            *least = least.min(time(program, hidden)?);
        }
    }
    Ok(times)
}

/// Times a program in a process of its own, as nothing takes a filter away again.
fn time(program: &Program, hidden: bool) -> Result<f64, String> {
    let first = hidden.then(|| Op::Load(Reg::A, Source::Imm(0)).into());
    let program: Program = first.into_iter().chain(program.iter().copied()).collect();
    let bytes = program.to_bytes(ByteOrder::NATIVE);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this)
        .args(["--time", &hex])
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("no figure: {error}")
    })
}

static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// What the process does: a thread has the filter and makes calls; the other, which has none, tells how long it took.
/// Under most of the filters the thread could not even end.
pub(crate) fn child(hex: &str) -> Result<(), String> {
    let digits = hex.as_bytes().as_chunks::<2>().0;
    let byte = |digits: &[u8; 2]| {
        let text = std::str::from_utf8(digits).map_err(|error| error.to_string())?;
        u8::from_str_radix(text, 16).map_err(|error| error.to_string())
    };
    let bytes: Vec<u8> = digits.iter().map(byte).collect::<Result<_, String>>()?;
    let program = Program::from_bytes(&bytes, ByteOrder::NATIVE).map_err(|e| e.to_string())?;
    let prepared = Prepared::unproven(&program);
    std::thread::spawn(move || {
        let installed =
            set_no_new_privs().and_then(|()| prepared.install(InstallFlags::SPEC_ALLOW));
        let nanoseconds = match installed {
            Ok(()) => {
                let begin = Instant::now();
                for _ in 0..CALLS {
                    std::hint::black_box(parent_id());
                }
                begin.elapsed().as_nanos() as u64
            }
            Err(_) => u64::MAX,
        };
        NANOSECONDS.store(nanoseconds, Ordering::Release);
        loop {
            std::hint::spin_loop();
        }
    });
    loop {
        match NANOSECONDS.load(Ordering::Acquire) {
            0 => std::thread::sleep(std::time::Duration::from_millis(1)),
            u64::MAX => return Err("the kernel does not take the filter".to_owned()),
            nanoseconds => {
                println!("{}", nanoseconds as f64 / f64::from(CALLS));
                return Ok(());
            }
        }
    }
}
