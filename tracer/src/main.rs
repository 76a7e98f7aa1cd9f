//! `ectrace`.

use everycall_tracer::engine::Ending;
use everycall_tracer::{front, sys};

fn main() {
    match front::main(std::env::args_os().skip(1)) {
        Ending::Exit(status) => std::process::exit(status),
        Ending::Signal(signal) => sys::die_by(signal),
    }
}
