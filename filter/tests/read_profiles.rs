//! Profiles and policies: what they mean is what runc with libseccomp, seccompiler and our own words make of them.

use everycall_arch::{AbiId, table};
use everycall_filter::map::{Map, execute};
use everycall_filter::read::{Filter, Options, Place, filters};
use everycall_filter::{Action, SeccompData, check};

const EPERM: Action = Action::Errno(1);
const ENOSYS: Action = Action::Errno(38);

fn options() -> Options {
    Options {
        abi: AbiId::X86_64,
        kernel: Some((6, 1)),
        ..Options::default()
    }
}

fn read(text: &str, options: &Options) -> Filter {
    let mut filters = filters(text.as_bytes(), "it", options).unwrap();
    assert_eq!(filters.len(), 1);
    let filter = filters.remove(0);
    assert_eq!(check(&filter.program), Ok(()));
    assert_eq!(Map::of(&filter.program).unwrap().undecided(), []);
    filter
}

/// A call by its name or number.
fn call(abi: AbiId, name: &str, words: &[u64]) -> SeccompData {
    let number = || name.parse().expect("it is a name or a number");
    let nr = table::by_name(abi, name).map_or_else(number, |call| call.nr);
    let mut data = SeccompData::of_call(abi.abi().audit_arch, nr);
    data.args[..words.len()].copy_from_slice(words);
    data
}

fn decide(filter: &Filter, data: &SeccompData) -> Action {
    execute(&[(&filter.program, filter.order)], data).expect("it was checked")
}

/// Holds a filter against a list of calls.
fn expect(filter: &Filter, calls: &[(AbiId, &str, &[u64], Action)]) {
    for &(abi, name, words, wanted) in calls {
        let found = decide(filter, &call(abi, name, words));
        assert_eq!(found, wanted, "{} {name} {words:x?}", abi.name());
    }
}

const DOCKER: &str = r#"{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "archMap": [
    { "architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"] },
    { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"] }
  ],
  "syscalls": [
    { "names": ["read", "umount", "socket", "shmget", "no_such_call", "futex_waitv"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [ { "index": 0, "value": 8, "op": "SCMP_CMP_EQ" } ] },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": { "caps": ["CAP_SYS_ADMIN"] },
      "args": [ { "index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" } ] },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": { "caps": ["CAP_SYS_ADMIN"] } },
    { "names": ["mount", "clone"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } },
    { "names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": "4.8" } },
    { "names": ["modify_ldt"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": ["amd64", "x86"] } },
    { "names": ["kexec_load"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": ["arm64"] } },
    { "names": ["lseek"], "action": "SCMP_ACT_ALLOW",
      "args": [ { "index": 2, "value": 1, "op": "SCMP_CMP_EQ" }, { "index": 2, "value": 2, "op": "SCMP_CMP_EQ" } ] }
  ]
}"#;

#[test]
fn docker_profiles_mean_what_runc_makes_of_them() {
    use AbiId::{Arm, I386, X32, X86_64};
    let filter = read(DOCKER, &options());
    let unknown: Vec<&String> = filter
        .notes
        .iter()
        .filter(|note| note.contains("no_such_call"))
        .collect();
    assert_eq!(unknown.len(), 1, "{:?}", filter.notes);
    expect(
        &filter,
        &[
            (X86_64, "read", &[], Action::Allow),
            (X86_64, "write", &[], EPERM),
            // The words are 64 bits wide there, and 32 here.
            (X86_64, "personality", &[8], Action::Allow),
            (X86_64, "personality", &[8 | 1 << 32], EPERM),
            (I386, "personality", &[8 | 1 << 32], Action::Allow),
            (X86_64, "clone", &[0x1_0001], Action::Allow),
            (X86_64, "clone", &[0x1000_0000], EPERM),
            (X86_64, "clone3", &[], ENOSYS),
            (X86_64, "mount", &[], EPERM),
            (X86_64, "ptrace", &[], Action::Allow),
            (X86_64, "modify_ldt", &[], Action::Allow),
            (X86_64, "kexec_load", &[], EPERM),
            // Two conditions on one word are alternatives.
            (X86_64, "lseek", &[0, 0, 1], Action::Allow),
            (X86_64, "lseek", &[0, 0, 2], Action::Allow),
            (X86_64, "lseek", &[0, 0, 0], EPERM),
            // `umount` is a call of i386 only: elsewhere it is no other name for `umount2`.
            (X86_64, "umount2", &[], EPERM),
            (I386, "umount2", &[], EPERM),
            (I386, "22", &[], Action::Allow),
            // On i386 sockets are made in two ways, and shared memory too.
            (I386, "socket", &[], Action::Allow),
            (I386, "socketcall", &[1], Action::Allow),
            (I386, "socketcall", &[2], EPERM),
            (I386, "ipc", &[23], Action::Allow),
            (I386, "ipc", &[21], EPERM),
            // runc answers what is newer than the profile (futex_waitv is 449) with ENOSYS.
            (X86_64, "449", &[], Action::Allow),
            (X86_64, "450", &[], ENOSYS),
            (X86_64, "2147483648", &[], ENOSYS),
            (I386, "450", &[], ENOSYS),
            (I386, "4294967295", &[], ENOSYS),
            // -1 has x32's bit, and libseccomp exempts it from what other x32 numbers get.
            (X86_64, "4294967295", &[], EPERM),
            (X32, "read", &[], Action::KillThread),
            (Arm, "read", &[], Action::KillThread),
        ],
    );
}

#[test]
fn capabilities_kernels_and_machines_choose_rules() {
    use AbiId::{Aarch64, X86_64};
    let admin = Options {
        capabilities: vec!["CAP_SYS_ADMIN".to_owned()],
        kernel: Some((4, 4)),
        ..options()
    };
    let filter = read(DOCKER, &admin);
    expect(
        &filter,
        &[
            (X86_64, "mount", &[], Action::Allow),
            (X86_64, "clone", &[0x1000_0000], Action::Allow),
            (X86_64, "clone3", &[], EPERM),
            (X86_64, "ptrace", &[], EPERM),
        ],
    );
    let arm = Options {
        abi: Aarch64,
        ..options()
    };
    let filter = read(DOCKER, &arm);
    expect(
        &filter,
        &[
            (Aarch64, "kexec_load", &[], Action::Allow),
            (Aarch64, "450", &[], ENOSYS),
            (X86_64, "read", &[], Action::KillThread),
        ],
    );
    let plain = Options {
        stub: false,
        ..options()
    };
    let filter = read(DOCKER, &plain);
    expect(
        &filter,
        &[
            (X86_64, "450", &[], EPERM),
            (X86_64, "2147483648", &[], Action::KillThread),
        ],
    );
}

#[test]
fn a_rule_without_conditions_forgets_those_with() {
    let profile = r#"{ "defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"], "syscalls": [
        { "names": ["read"], "action": "SCMP_ACT_TRAP", "args": [ { "index": 0, "value": 5, "op": "SCMP_CMP_GE" } ] },
        { "names": ["read"], "action": "SCMP_ACT_ALLOW" },
        { "names": ["read"], "action": "SCMP_ACT_LOG" },
        { "names": ["write"], "action": "SCMP_ACT_TRACE", "errnoRet": 7, "args": [
            { "index": 0, "value": 5, "op": "SCMP_CMP_LT" }, { "index": 1, "value": 5, "op": "SCMP_CMP_NE" } ] },
        { "name": "close", "action": "SCMP_ACT_NOTIFY" } ] }"#;
    let filter = read(profile, &options());
    use AbiId::{X32, X86_64};
    expect(
        &filter,
        &[
            (X86_64, "read", &[9], Action::Allow),
            (X86_64, "write", &[4, 4], Action::Trace(7)),
            (X86_64, "write", &[4, 5], Action::KillProcess),
            (X86_64, "write", &[5, 4], Action::KillProcess),
            (X86_64, "close", &[], Action::UserNotif),
            (X32, "read", &[], Action::Allow),
            (X32, "write", &[4 | 1 << 40, 4], Action::Trace(7)),
            (X86_64, "2147483648", &[], ENOSYS),
        ],
    );
    assert!(filter.notes.is_empty(), "{:?}", filter.notes);
}

#[test]
fn what_two_actions_claim_is_told() {
    let profile = |first: u32| {
        let rule = |action, value| {
            format!(
                r#"{{ "names": ["read"], "action": "{action}", "args": [ {{ "index": 0, "value": {value}, "op": "SCMP_CMP_GE" }} ] }}"#
            )
        };
        format!(
            r#"{{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ {}, {} ] }}"#,
            rule("SCMP_ACT_TRAP", first),
            rule("SCMP_ACT_KILL", 9)
        )
    };
    assert!(
        read(&profile(5), &options())
            .notes
            .iter()
            .any(|note| note.contains("x86_64 0"))
    );
    // The mistakes of profiles that are told, with their places.
    for (text, path, part) in [
        (
            r#"{"defaultAction": "SCMP_ACT_DENY"}"#,
            "defaultAction",
            "SCMP_ACT_DENY",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_S390X"]}"#,
            "architectures[0]",
            "S390X",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]}"#,
            "syscalls[0]",
            "no `names`",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}"#,
            "syscalls[0].args[0]",
            "words 0 to 5",
        ),
    ] {
        let error = filters(text.as_bytes(), "it", &options()).unwrap_err();
        assert_eq!(error.place, Place::Key(path.to_owned()), "{error}");
        assert!(error.what.contains(part), "{error}");
    }
}

const FIRECRACKER: &str = r#"{
  "vmm": {
    "mismatch_action": { "errno": 1 },
    "match_action": "allow",
    "filter": [
      { "syscall": "read" },
      { "syscall": "futex", "comment": "two ways", "args": [
          { "index": 1, "type": "dword", "op": "eq", "val": 129 }, { "index": 2, "type": "qword", "op": "ne", "val": 5 } ] },
      { "syscall": "futex", "args": [ { "index": 1, "type": "dword", "op": { "masked_eq": 15 }, "val": 2 } ] },
      { "syscall": "close" },
      { "syscall": "close", "args": [ { "index": 0, "type": "qword", "op": "le", "val": 4294967296 } ] }
    ]
  },
  "api": { "default_action": "trap", "filter_action": { "trace": 7 }, "filter": [ { "syscall": "write" } ] }
}"#;

#[test]
fn seccompilers_filters_mean_what_its_crate_makes_of_them() {
    use AbiId::{Aarch64, X32, X86_64};
    let of = |thread: &str| Options {
        thread: Some(thread.to_owned()),
        ..options()
    };
    let vmm = read(FIRECRACKER, &of("vmm"));
    expect(
        &vmm,
        &[
            (X86_64, "read", &[], Action::Allow),
            (X86_64, "write", &[], EPERM),
            (X86_64, "futex", &[0, 129 | 7 << 32, 4], Action::Allow),
            (X86_64, "futex", &[0, 129, 5], EPERM),
            (X86_64, "futex", &[0, 0x12, 5], Action::Allow),
            // With and without conditions: only the conditions count, and the note says so.
            (X86_64, "close", &[1 << 32], Action::Allow),
            (X86_64, "close", &[1 | 1 << 32], EPERM),
            // x32's numbers are numbers like others.
            (X32, "read", &[], EPERM),
            (Aarch64, "read", &[], Action::KillProcess),
        ],
    );
    assert!(
        vmm.notes.iter().any(|note| note.contains("close")),
        "{:?}",
        vmm.notes
    );
    let api = read(FIRECRACKER, &of("api"));
    expect(
        &api,
        &[
            (X86_64, "write", &[], Action::Trace(7)),
            (X86_64, "read", &[], Action::Trap(0)),
        ],
    );
    for (options, part) in [
        (options(), "--thread with one of api, vmm"),
        (of("gpu"), "there is no filter 'gpu'"),
    ] {
        let error = filters(FIRECRACKER.as_bytes(), "it", &options).unwrap_err();
        assert!(error.what.contains(part), "{error}");
    }
}

#[test]
fn policies_mean_what_they_say() {
    use AbiId::{Aarch64, I386, X32, X86_64};
    let policy = r#"
abis = ["x86_64", "i386"]
default = "errno(EPERM)"
other-abis = "trap(3)"

[[rule]]
calls = ["%file", "read", 231, "400-410"]
not = ["execve"]
action = "allow"

[[rule]]
calls = ["socket"]
abis = ["x86_64"]
when = ["arg0 in {1, 2, 10}", "arg1 & 0xf == 1"]
action = "log"

[[rule]]
calls = ["dup2"]
when = ["(i32) arg0 < 0"]
action = "trace(0x10)"

[[rule]]
calls = ["unknown"]
action = "errno(ENOSYS)"
"#;
    let filter = read(policy, &options());
    expect(
        &filter,
        &[
            (X86_64, "openat", &[], Action::Allow),
            (I386, "openat", &[], Action::Allow),
            (X86_64, "execve", &[], EPERM),
            (X86_64, "exit_group", &[], Action::Allow),
            (X86_64, "405", &[], Action::Allow),
            (X86_64, "411", &[], ENOSYS),
            (X86_64, "4294967295", &[], ENOSYS),
            (X86_64, "socket", &[2, 0x801], Action::Log),
            (X86_64, "socket", &[3, 1], EPERM),
            (X86_64, "socket", &[2, 2], EPERM),
            (I386, "socket", &[2, 1], EPERM),
            (X86_64, "dup2", &[0xffff_ffff], Action::Trace(0x10)),
            (X86_64, "dup2", &[1], EPERM),
            (X32, "read", &[], Action::Trap(3)),
            (Aarch64, "read", &[], Action::Trap(3)),
        ],
    );
}
