//! What is typed wrongly is answered at once, with what would be right. No machine is started here.

use std::process::{Command, Output};

fn vm(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everycall-vm"));
    command.args(args).env_remove("EVERYCALL_MACHINE");
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

#[track_caller]
fn assert_usage(args: &[&str], variables: &[(&str, &str)], message: &str) {
    let output = vm(args, variables);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(message), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn unknown_machines_are_refused_with_the_known_ones() {
    let message = "there is no machine 'vax': there are x86_64, i386, aarch64, arm";
    assert_usage(&["run", "-m", "vax", "--", "true"], &[], message);
    let variable = [("EVERYCALL_MACHINE", "vax")];
    assert_usage(&["run", "--", "true"], &variable, message);
}

#[test]
fn limits_are_numbers_of_seconds() {
    for value in ["soon", "0", "-1", "99999999999999999999999"] {
        let variable = [("EVERYCALL_VM_SILENCE", value)];
        let message = format!("EVERYCALL_VM_SILENCE is '{value}', which is no number of seconds");
        assert_usage(&["run", "-m", "arm", "--", "true"], &variable, &message);
    }
}

#[test]
fn the_runner_wants_a_program_of_a_machine() {
    let message =
        "is no program of any machine: an ELF file for x86_64, i386, aarch64 or arm would be";
    assert_usage(&["runner", file!()], &[], message);
    assert_usage(&["runner", "/none"], &[], message);
}

#[test]
fn nothing_to_run_is_a_usage_error() {
    assert_usage(&["run", "-m", "arm"], &[], "<COMMAND>");
    assert_usage(&["serve", "{}"], &[], "`serve` is for everycall vm itself");
    assert_usage(&[], &[], "Usage: ");
}

#[test]
fn help_has_examples_and_goes_to_standard_output() {
    for args in [
        &["run", "--help"][..],
        &["shell", "--help"],
        &["kernels", "--help"],
    ] {
        let output = vm(args, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("Examples:"), "{said}");
        assert_eq!(output.status.code(), Some(0));
    }
}
