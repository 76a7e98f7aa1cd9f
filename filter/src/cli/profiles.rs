//! What profiles in JSON leave open, and a command line says.

use std::fs;

use clap::Args;

use crate::read;

/// What profiles in JSON leave open.
#[derive(Debug, Args)]
#[command(next_help_heading = "Profiles in JSON")]
pub(super) struct Profiles {
    /// The kernel that `minKernel` is compared with [default: the running one]
    #[arg(long, value_name = "VERSION", value_parser = kernel)]
    kernel: Option<(u32, u32)>,
    /// A capability that the container has beside Docker's usual ones, or `ALL`; may be repeated
    #[arg(long, value_name = "CAP")]
    cap_add: Vec<String>,
    /// A capability that it has not, or `ALL`; may be repeated
    #[arg(long, value_name = "CAP")]
    cap_drop: Vec<String>,
    /// Leave out what runc puts before a profile: ENOSYS for numbers above all that it names
    #[arg(long)]
    no_stub: bool,
    /// Which of seccompiler's filters is meant
    #[arg(long, value_name = "NAME")]
    thread: Option<String>,
}

fn kernel(text: &str) -> Result<(u32, u32), String> {
    read::kernel_version(text)
        .ok_or_else(|| format!("'{text}' is no version of a kernel: 6.1 is one"))
}

/// The version of the kernel that this runs on.
fn running_kernel() -> Option<(u32, u32)> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    read::kernel_version(&release)
}

impl Profiles {
    /// How profiles are read.
    pub(super) fn options(&self) -> read::Options {
        let default = read::Options::default();
        read::Options {
            capabilities: self.capabilities(default.capabilities),
            kernel: self.kernel.or_else(running_kernel),
            stub: !self.no_stub,
            thread: self.thread.clone(),
            ..default
        }
    }

    /// The capabilities that a container has; what is both dropped and added is there, as with Docker.
    fn capabilities(&self, usual: Vec<String>) -> Vec<String> {
        let full = |name: &String| {
            let upper = name.to_ascii_uppercase();
            match upper.starts_with("CAP_") {
                true => upper,
                false => format!("CAP_{upper}"),
            }
        };
        let [added, dropped] = [&self.cap_add, &self.cap_drop]
            .map(|names| names.iter().map(full).collect::<Vec<String>>());
        let all = |names: &[String]| names.iter().any(|name| name == "CAP_ALL");
        let mut left = match all(&added) {
            true => read::CAPABILITIES.map(str::to_owned).to_vec(),
            false => usual,
        };
        left.retain(|name| !dropped.contains(name) && (all(&added) || !all(&dropped)));
        left.extend(added);
        left
    }
}
