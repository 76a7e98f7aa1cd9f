//! OCI and Docker profiles, with the meaning that runc gives them through libseccomp.
//!
//! What is done here is what they do: Docker's `setupSeccomp` (profiles/seccomp) chooses rules by capability, architecture
//! and kernel; runc's `InitSeccomp` (libcontainer/seccomp) adds them to a libseccomp filter, and its `patchbpf` puts a stub
//! before it that answers numbers above all that the profile names with ENOSYS; libseccomp's db.c and gen_bpf.c decide which rule
//! counts and what an architecture or x32 gets that is not there. The program is ours: it does the same, and is not the same.
//!
//! Held against libseccomp 2.5.4 with random profiles (filter/peers/random_profiles.py, seeds 0 to 119) it is equal in 102. In 4 that
//! version forgets to load the number (for an architecture whose first rule is for a call that it does not have: the program then
//! compares the architecture with numbers, which [findings](crate::map::findings) tell); in 8, several rules for one call, its
//! program contradicts its own pseudo filter code, which agrees with ours; in one it joins two chains of comparisons into one that
//! allows more than either; in 5 it does not say which of its rules counts.

mod build;
mod calls;
mod condition;
mod shape;

use everycall_arch::AbiId;

use super::Options;
use super::error::{Fault, shown};
use super::rules::{Rules, listed};
use crate::action::Action;

pub(super) use shape::Profile;

use build::Builder;
use condition::conditions;
use shape::Call;

/// EPERM, which an error is where the profile does not say it.
const EPERM: u32 = 1;

/// Which rules a profile has where it says `includes` and `excludes`, and for which machine.
struct Chosen<'a> {
    options: &'a Options,
    /// The architecture as Go calls it, which is how Docker compares it.
    arch: &'static str,
}

/// The rules that a profile is.
pub(super) fn read(profile: &Profile, options: &Options) -> Result<Rules, Fault> {
    let default = action(
        &profile.default_action,
        profile.default_errno_ret,
        "defaultAction",
    )?;
    if default == Action::UserNotif {
        return Err(Fault::key(
            "defaultAction",
            "runc takes no SCMP_ACT_NOTIFY here",
        ));
    }
    let listed_abis = architectures(profile, options)?;
    let mut builder = Builder::new(default, &listed_abis, options);
    let mut notes = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    let chosen = Chosen {
        options,
        arch: go_name(options.abi),
    };
    for (at, call) in profile.syscalls.iter().enumerate() {
        let path = format!("syscalls[{at}]");
        if !chosen.takes(call, &path, &mut notes)? {
            continue;
        }
        let action = action(&call.action, call.errno_ret, &format!("{path}.action"))?;
        let args = call.args.as_deref().unwrap_or_default();
        let rules = conditions(args, &path)?;
        for name in call.names(&path)? {
            if !builder.mention(name) {
                unknown.push(name);
                continue;
            }
            if action == Action::UserNotif && name == "write" {
                return Err(Fault::key(path, "runc takes no SCMP_ACT_NOTIFY for write"));
            }
            // libseccomp does not take a rule that says what happens anyway, and runc leaves it out.
            if action != default {
                builder.rule(name, action, &rules);
            }
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    if !unknown.is_empty() {
        let told = listed(&unknown);
        notes.push(format!(
            "{} names that no ABI here has are left out, as runc does: {told}",
            unknown.len()
        ));
    }
    notes.extend(profile.notes());
    builder.finish(notes)
}

/// An action by its name.
fn action(name: &str, errno: Option<u32>, path: &str) -> Result<Action, Fault> {
    let data = || {
        let value = errno.unwrap_or(EPERM);
        u16::try_from(value)
            .map_err(|_| Fault::key(path, format!("{value} is no error: 0 to 4095 are")))
    };
    Ok(match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
        "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
        "SCMP_ACT_TRAP" => Action::Trap(0),
        "SCMP_ACT_ERRNO" => Action::Errno(data()?),
        "SCMP_ACT_TRACE" => Action::Trace(data()?),
        "SCMP_ACT_ALLOW" => Action::Allow,
        "SCMP_ACT_LOG" => Action::Log,
        "SCMP_ACT_NOTIFY" => Action::UserNotif,
        _ => {
            let what = format!(
                "'{}' is no action: SCMP_ACT_ALLOW, _ERRNO, _KILL, _KILL_PROCESS, _KILL_THREAD, _LOG, _NOTIFY, _TRACE or _TRAP is",
                shown(name)
            );
            return Err(Fault::key(path, what));
        }
    })
}

/// The ABIs that a profile lists for this machine.
fn architectures(profile: &Profile, options: &Options) -> Result<Vec<AbiId>, Fault> {
    let list = profile.architectures.as_deref().unwrap_or_default();
    let map = profile.arch_map.as_deref().unwrap_or_default();
    if !list.is_empty() && !map.is_empty() {
        return Err(Fault::key(
            "archMap",
            "it stands beside `architectures`: Docker takes only one of them",
        ));
    }
    let abi = |name: &String, path: String| {
        scmp_abi(name).ok_or_else(|| {
            let what = format!(
                "there is no table of '{}' here: SCMP_ARCH_X86_64, _X86, _X32, _AARCH64 and _ARM are known",
                shown(name)
            );
            Fault::key(path, what)
        })
    };
    let mut abis = Vec::new();
    for (at, name) in list.iter().enumerate() {
        abis.push(abi(name, format!("architectures[{at}]"))?);
    }
    let native = map
        .iter()
        .enumerate()
        .find(|(_, entry)| scmp_abi(&entry.architecture) == Some(native(options.abi)));
    if let Some((at, entry)) = native {
        abis.push(abi(
            &entry.architecture,
            format!("archMap[{at}].architecture"),
        )?);
        for name in entry.sub_architectures.iter().flatten() {
            abis.push(abi(name, format!("archMap[{at}].subArchitectures"))?);
        }
    }
    Ok(abis)
}

/// The ABI that a machine's programs natively have.
fn native(abi: AbiId) -> AbiId {
    match abi {
        AbiId::X32 => AbiId::X86_64,
        other => other,
    }
}

fn scmp_abi(name: &str) -> Option<AbiId> {
    Some(match name {
        "SCMP_ARCH_X86_64" => AbiId::X86_64,
        "SCMP_ARCH_X86" => AbiId::I386,
        "SCMP_ARCH_X32" => AbiId::X32,
        "SCMP_ARCH_AARCH64" => AbiId::Aarch64,
        "SCMP_ARCH_ARM" => AbiId::Arm,
        _ => return None,
    })
}

fn go_name(abi: AbiId) -> &'static str {
    match abi {
        AbiId::X86_64 | AbiId::X32 => "amd64",
        AbiId::I386 => "x86",
        AbiId::Aarch64 => "arm64",
        AbiId::Arm => "arm",
    }
}

impl Chosen<'_> {
    /// Whether Docker would take these calls of the profile.
    fn takes(&self, call: &Call, path: &str, notes: &mut Vec<String>) -> Result<bool, Fault> {
        let has = |cap: &String| self.options.capabilities.iter().any(|it| it == cap);
        if let Some(excludes) = &call.excludes {
            let excluded = excludes
                .arches
                .iter()
                .flatten()
                .any(|arch| arch == self.arch)
                || excludes.caps.iter().flatten().any(has)
                || self.reached(excludes.min_kernel.as_deref(), path, notes)? == Some(true);
            if excluded {
                return Ok(false);
            }
        }
        let Some(includes) = &call.includes else {
            return Ok(true);
        };
        let arches = includes.arches.as_deref().unwrap_or_default();
        Ok(
            (arches.is_empty() || arches.iter().any(|arch| arch == self.arch))
                && includes.caps.iter().flatten().all(has)
                && self.reached(includes.min_kernel.as_deref(), path, notes)? != Some(false),
        )
    }

    /// Whether the kernel is at least this one, if anything is asked.
    fn reached(
        &self,
        least: Option<&str>,
        path: &str,
        notes: &mut Vec<String>,
    ) -> Result<Option<bool>, Fault> {
        let Some(least) = least.filter(|least| !least.is_empty()) else {
            return Ok(None);
        };
        let wanted = super::kernel_version(least).ok_or_else(|| {
            Fault::key(
                path,
                format!("'{}' is no kernel version: 4.8 is one", shown(least)),
            )
        })?;
        let Some(kernel) = self.options.kernel else {
            let note = "rules for kernels from some version on are taken: no kernel was named";
            if !notes.iter().any(|told| told == note) {
                notes.push(note.to_owned());
            }
            return Ok(Some(true));
        };
        Ok(Some(kernel >= wanted))
    }
}
