//! The machines: one row each, and nothing about them anywhere else.

/// A system that QEMU makes, whose kernel is Debian's.
#[derive(Debug)]
pub struct Machine {
    /// As a user says it.
    pub name: &'static str,
    /// The Rust targets whose programs run in it. The first is its PID 1's.
    pub targets: &'static [&'static str],
    /// Debian's name of the architecture.
    pub debian: &'static str,
    /// The program that makes it.
    pub qemu: &'static str,
    /// `-M`.
    pub board: &'static str,
    /// `-cpu`, where the processor is emulated.
    pub cpu: &'static str,
    /// `-accel`, where it is.
    pub emulated: &'static str,
    /// What virtio devices are called here: `virtio-9p-<bus>`.
    pub bus: &'static str,
    /// The kernel's console.
    pub console: &'static str,
    /// `-m`, if nobody says otherwise.
    pub memory: &'static str,
    /// As [`std::env::consts::ARCH`] calls hosts whose own processor can run it (KVM).
    pub native: &'static [&'static str],
}

/// A kernel of x86 patches its own code behind a breakpoint. QEMU before 8.1 with a thread for each processor at times
/// runs that breakpoint when it is gone again, and the kernel oopses (`int3`): seen in one boot of ten with Linux 7.2.
const PATCHED: &str = "tcg,thread=single";

/// All of them.
pub const MACHINES: [Machine; 4] = [
    Machine {
        name: "x86_64",
        targets: &[
            "x86_64-unknown-linux-musl",
            "x86_64-unknown-linux-gnu",
            "i686-unknown-linux-gnu",
        ],
        debian: "amd64",
        qemu: "qemu-system-x86_64",
        board: "q35",
        cpu: "max",
        emulated: PATCHED,
        bus: "pci",
        console: "ttyS0",
        memory: "1G",
        native: &["x86_64"],
    },
    Machine {
        name: "i386",
        targets: &["i686-unknown-linux-gnu"],
        debian: "i386",
        qemu: "qemu-system-i386",
        board: "q35",
        cpu: "max",
        emulated: PATCHED,
        bus: "pci",
        console: "ttyS0",
        memory: "1G",
        native: &["x86_64", "x86"],
    },
    Machine {
        name: "aarch64",
        targets: &["aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf"],
        debian: "arm64",
        qemu: "qemu-system-aarch64",
        board: "virt",
        // Of the processors that have AArch32 in user mode, the one with the newest of the rest. The
        // architecture's own algorithm for pointer authentication is dear to emulate.
        cpu: "max,pauth-impdef=on",
        emulated: "tcg,thread=multi",
        bus: "device",
        console: "ttyAMA0",
        memory: "1G",
        native: &["aarch64"],
    },
    Machine {
        name: "arm",
        targets: &["armv7-unknown-linux-gnueabihf"],
        debian: "armhf",
        qemu: "qemu-system-arm",
        board: "virt",
        cpu: "cortex-a15",
        emulated: "tcg,thread=multi",
        bus: "device",
        console: "ttyAMA0",
        memory: "1G",
        native: &[],
    },
];

/// A machine that nobody has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no machine '{0}': there are {known}", known = names())]
pub struct NoMachine(pub String);

fn names() -> String {
    let names: Vec<_> = MACHINES.iter().map(|machine| machine.name).collect();
    names.join(", ")
}

/// The machine of that name.
pub fn by_name(name: &str) -> Result<&'static Machine, NoMachine> {
    let found = MACHINES.iter().find(|machine| machine.name == name);
    found.ok_or_else(|| NoMachine(name.to_owned()))
}

/// The machine of a host's, or a program's, architecture as Rust calls it.
#[must_use]
pub fn by_architecture(architecture: &str) -> Option<&'static Machine> {
    MACHINES.iter().find(|machine| {
        let first = machine.targets[0].split('-').next();
        let own = match architecture {
            "x86" => "i686",
            "arm" => "armv7",
            other => other,
        };
        first == Some(own)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_is_found_by_its_name_and_by_its_architecture() {
        for machine in &MACHINES {
            assert_eq!(by_name(machine.name).unwrap().name, machine.name);
        }
        for (architecture, name) in [
            ("x86_64", "x86_64"),
            ("x86", "i386"),
            ("aarch64", "aarch64"),
            ("arm", "arm"),
        ] {
            assert_eq!(by_architecture(architecture).unwrap().name, name);
        }
        assert!(by_architecture("sparc64").is_none());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = by_name("vax").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no machine 'vax': there are x86_64, i386, aarch64, arm"
        );
    }
}
