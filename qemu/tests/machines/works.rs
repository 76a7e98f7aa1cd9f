//! What a machine must do: on a real kernel, started and left as users do it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{MACHINE, Place, Said, cargo, said};

#[test]
fn output_status_and_files_come_back() {
    let place = Place::new();
    fs::write(place.path().join("given"), "from the host\n").unwrap();
    let script = "cat given; echo problem >&2; uname -m > made; echo $EVERYCALL_IN_MACHINE; exit 7";
    let said = said(&mut place.sh(script));
    assert_eq!(said.out, format!("from the host\n{MACHINE}\n"), "{said:?}");
    assert_eq!(said.err, "problem\n");
    assert_eq!(said.code, Some(7));
    let made = fs::read_to_string(place.path().join("made")).unwrap();
    assert_eq!(made, format!("{MACHINE}\n"));
}

#[test]
fn another_user_and_a_signal() {
    let place = Place::new();
    let mut command = place.vm();
    let script = "id -u; id -g; kill -SEGV $$";
    command.args(["run", "-m", MACHINE, "--user", "1000", "--"]);
    let said = said(command.args(["sh", "-c", script]));
    assert_eq!(said.out, "1000\n1000\n", "{said:?}");
    assert_eq!(said.err, "everycall vm: the command ended by signal 11\n");
    assert_eq!(said.code, Some(128 + 11));
    place.assert_clean();
}

#[test]
fn a_command_that_is_not_there() {
    let place = Place::new();
    let said = said(
        place
            .vm()
            .args(["run", "-m", MACHINE, "--", "no-such-program"]),
    );
    assert!(
        said.err
            .contains("the command did not start: no-such-program: "),
        "{said:?}"
    );
    assert_eq!(said.code, Some(1));
    place.assert_clean();
}

#[test]
fn one_machine_serves_all_programs_of_one_cargo_and_each_finds_it_clean() {
    let place = Place::new();
    let script = r#"
        "$VM" runner "$BUSYBOX" sh -c 'cat /proc/sys/kernel/random/boot_id; echo > /tmp/left; sleep 100000 &'
        "$VM" runner "$BUSYBOX" sh -c 'cat /proc/sys/kernel/random/boot_id; ls /tmp; ps | grep -c "[s]leep"'
    "#;
    let said = said(&mut cargo(&place, script));
    let lines: Vec<_> = said.out.lines().collect();
    let [first, second, rest @ ..] = lines.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(first, second, "two boots: {said:?}");
    // Below /tmp is only what is shared with the host, and no process is left.
    let shared = place.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(rest, [shared, "0"], "{said:?}");
    fs::remove_file(place.path().join("cargo")).unwrap();
    place.assert_clean();
}

#[test]
fn one_machine_serves_all_who_name_its_owner() {
    let place = Place::new();
    let mut owner = Command::new("cat");
    owner.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut owner = owner.spawn().unwrap();
    let pid = owner.id().to_string();
    let ask = || {
        let mut command = place.sh("cat /proc/sys/kernel/random/boot_id");
        said(command.env("EVERYCALL_VM_OWNER", &pid))
    };
    let (first, second) = (ask(), ask());
    // The end of its input ends it.
    drop(owner.stdin.take());
    owner.wait().unwrap();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(first.out, second.out, "two boots: {first:?} {second:?}");
    place.assert_clean();
    let gone = ask();
    let message = format!("EVERYCALL_VM_OWNER is {pid}, which is no process");
    assert!(gone.err.contains(&message), "{gone:?}");
    assert_eq!(gone.code, Some(1), "{gone:?}");
}

#[test]
fn an_owner_is_a_process_id() {
    let place = Place::new();
    for odd in ["me", "0", "-1", "99999999999"] {
        let said = said(place.sh("true").env("EVERYCALL_VM_OWNER", odd));
        let message = format!("EVERYCALL_VM_OWNER is '{odd}', which is no process id");
        assert!(said.err.contains(&message), "{said:?}");
        assert_ne!(said.code, Some(0), "{said:?}");
    }
}

#[test]
fn after_a_failed_machine_comes_a_new_one() {
    let place = Place::new();
    let script = r#"
        "$VM" runner "$BUSYBOX" poweroff -f
        echo "first: $?"
        "$VM" runner "$BUSYBOX" echo well
        echo "second: $?"
    "#;
    let said = said(&mut cargo(&place, script));
    assert_eq!(said.out, "first: 1\nwell\nsecond: 0\n", "{said:?}");
    fs::remove_file(place.path().join("cargo")).unwrap();
    place.assert_clean();
}

#[test]
fn a_shell_has_a_terminal_and_hears_what_is_typed_before_it_is_there() {
    let place = Place::new();
    let mut command = place.vm();
    command.args(["shell", "-m", MACHINE]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The end of what is typed comes at once; what came before it is not lost.
    let typed = b"tty; echo $((6 * 7)); exit 5\n";
    child.stdin.take().unwrap().write_all(typed).unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert!(said.out.contains("\n/dev/pts/0\r\n42\r\n"), "{said:?}");
    assert_eq!(said.code, Some(5), "{said:?}");
    place.assert_clean();
}

#[test]
fn a_directory_that_the_machine_has_itself_is_not_shared() {
    let place = Place::new();
    let mut command = place.sh("pwd; cat /proc/mounts");
    let said = said(command.current_dir("/"));
    assert!(
        said.err.contains("/ is the machine's own there"),
        "{said:?}"
    );
    assert!(
        said.out.starts_with("/\n") && !said.out.contains("9p"),
        "{said:?}"
    );
    assert_eq!(said.code, Some(0));
}
