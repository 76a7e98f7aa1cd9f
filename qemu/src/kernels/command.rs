//! The sub-command `kernels`: its arguments and what it prints.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::list::{Wanted, list};

/// List the kernels and programs of the machines: what is cached, and what would be fetched
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  everycall vm kernels                                  everything
  everycall vm kernels --fetch -m aarch64 -k 6.1        fetch what `vm run -m aarch64 -k 6.1` needs
  everycall vm kernels --format json

Packages come from this host's mirror of Debian, verified by apt with Debian's keys, into EVERYCALL_CACHE,
XDG_CACHE_HOME/everycall or ~/.cache/everycall. A directory removed there is fetched anew.")]
pub struct Kernels {
    /// Fetch what is not there
    #[arg(long)]
    fetch: bool,
    /// Only for this machine (may be given again)
    #[arg(long, short, value_name = "NAME")]
    machine: Vec<String>,
    /// Only this kernel: 6.1, 6.12, 7.2, or sid for the newest (may be given again)
    #[arg(long, short, value_name = "NAME")]
    kernel: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Kernels {
    /// Does it. Fails if something that is wanted cannot be had.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let wanted = Wanted {
            machines: self.machine.clone(),
            kernels: self.kernel.clone(),
        };
        let listing = match list(&wanted, self.fetch) {
            Ok(listing) => listing,
            Err(error) => {
                eprintln!("everycall vm: {error}");
                return ExitCode::from(2);
            }
        };
        match self.format {
            Format::Text => println!("{listing}"),
            Format::Json => println!("{}", serde_json::json!(listing)),
        }
        match listing.complete() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
