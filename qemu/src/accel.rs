//! Whether this host's processor can run the machine itself. Tried once, with the machine; the answer is kept.
//!
//! `/dev/kvm` alone says little: on some hosts it is there and the guest dies at once, or hangs for ever.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use everycall_init::message::{FromGuest, Setup};
use serde::{Deserialize, Serialize};

use crate::guest::{Guest, Heard};
use crate::machine::Machine;
use crate::qemu::Boot;

/// What some hosts can.
const NATIVE: [&str; 2] = ["kvm", "hvf"];

/// A machine that the processor runs is up in two or three seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// What was found out, and what it hangs on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    qemu: String,
    host: String,
    device: bool,
    /// The one of [`NATIVE`] that works, if one does.
    // An answer of an earlier version, which lacks it, is none.
    #[serde(deserialize_with = "Option::deserialize")]
    native: Option<String>,
    /// What became of the others.
    why: String,
}

/// The way to run a machine. `boot` is what would be booted.
pub(crate) fn choose(boot: &Boot<'_>, cache: &Path) -> String {
    let machine = boot.machine;
    if !machine.native.contains(&std::env::consts::ARCH) {
        return machine.emulated.to_owned();
    }
    let place = cache.join("accel").join(format!("{}.json", machine.name));
    let asked = Answer {
        qemu: says(machine, "--version"),
        host: host(),
        device: Path::new("/dev/kvm").exists(),
        native: None,
        why: String::new(),
    };
    if let Some(known) = read(&place).filter(|known| known.hangs_on(&asked)) {
        return known.accel(machine);
    }
    let answer = find_out(boot, asked);
    // Where it cannot be kept, it is found out again.
    let _ = write(&place, &answer);
    answer.accel(machine)
}

impl Answer {
    fn accel(self, machine: &Machine) -> String {
        self.native.unwrap_or_else(|| machine.emulated.to_owned())
    }

    fn hangs_on(&self, other: &Self) -> bool {
        (&self.qemu, &self.host, self.device) == (&other.qemu, &other.host, other.device)
    }
}

fn find_out(boot: &Boot<'_>, asked: Answer) -> Answer {
    let known = says(boot.machine, "help");
    let mut why = String::new();
    for accel in NATIVE {
        if !known.lines().any(|line| line.trim() == accel) {
            continue;
        }
        if accel == "kvm" && !usable("/dev/kvm") {
            why.push_str("kvm: /dev/kvm cannot be opened; ");
            continue;
        }
        eprintln!(
            "everycall vm: trying {accel} for {}, once (the answer is kept; EVERYCALL_VM_ACCEL decides otherwise)",
            boot.machine.name
        );
        match comes_up(boot, accel) {
            Ok(()) => {
                return Answer {
                    native: Some(accel.to_owned()),
                    why,
                    ..asked
                };
            }
            Err(error) => {
                eprintln!(
                    "everycall vm: {accel} does not work here, machines are emulated: {error}"
                );
                why.push_str(&format!("{accel}: {error}; "));
            }
        }
    }
    Answer { why, ..asked }
}

/// Boots the machine to where it could run something.
fn comes_up(boot: &Boot<'_>, accel: &str) -> Result<(), String> {
    let boot = Boot {
        accel,
        shares: &[],
        ..*boot
    };
    let mut guest = Guest::start(&boot, Setup::default()).map_err(|error| error.to_string())?;
    match guest.wait(&[], LIMIT) {
        Ok(Heard::Message(FromGuest::Ready { .. })) => Ok(()),
        Ok(Heard::Message(other)) => Err(format!("it said {other:?}")),
        Ok(Heard::Other(_) | Heard::Nothing) => {
            Err(format!("nothing was heard of it for {} s", LIMIT.as_secs()))
        }
        Err(failure) => Err(failure.to_string()),
    }
}

/// What QEMU says of itself. One that is missing is told of when it is needed.
fn says(machine: &Machine, what: &str) -> String {
    let mut command = Command::new(machine.qemu);
    match what {
        "help" => command.args(["-accel", "help"]),
        other => command.arg(other),
    };
    let output = command.stdin(Stdio::null()).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

fn host() -> String {
    let name = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    format!("{} {}", text(name.release()), text(name.machine()))
}

fn usable(device: &str) -> bool {
    fs::File::options()
        .read(true)
        .write(true)
        .open(device)
        .is_ok()
}

fn read(place: &Path) -> Option<Answer> {
    serde_json::from_slice(&fs::read(place).ok()?).ok()
}

fn write(place: &Path, answer: &Answer) -> std::io::Result<PathBuf> {
    let dir = place.parent().unwrap_or(place);
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&serde_json::to_vec_pretty(answer)?)?;
    file.persist(place)?;
    Ok(place.to_owned())
}
