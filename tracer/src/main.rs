//! `ectrace`, the reference tracer.

fn main() {
    everycall_tracer::front::main(std::env::args_os().skip(1))
}
