//! `everycall-vm`: cargo's runner, and the machines by hand.

fn main() -> std::process::ExitCode {
    everycall_vm::cli::main(std::env::args_os().skip(1))
}
