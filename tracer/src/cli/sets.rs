//! Sets as strace writes them: `a,b`, `!a,b`, `all`, `none`; of calls, signals, statuses, messages.

use std::collections::BTreeSet;

use everycall_arch::{AbiId, Syscall, class, signal, table};
use regex_lite::Regex;

use super::UsageError;
use crate::config::{Quiet, StatusSet};
use crate::select::Selection;

/// Classes that may stand without a percent sign, as they once had to.
const OLD_CLASSES: [&str; 7] = [
    "desc", "file", "ipc", "memory", "network", "process", "signal",
];

/// A set as it was typed.
enum Set<'a> {
    All,
    /// These members, and whether they are what is left out.
    Members(Vec<&'a str>, bool),
}

fn split<'a>(what: &str, text: &'a str) -> Result<Set<'a>, UsageError> {
    let list = text.trim_start_matches('!');
    let without = (text.len() - list.len()) % 2 == 1;
    match list {
        "none" if without => return Ok(Set::All),
        "none" => return Ok(Set::Members(Vec::new(), false)),
        "all" if !without => return Ok(Set::All),
        _ => {}
    }
    let members: Vec<&str> = list
        .split(',')
        .filter(|member| !member.is_empty())
        .collect();
    if members.is_empty() {
        return Err(invalid(what, text));
    }
    Ok(Set::Members(members, without))
}

fn invalid(what: &str, text: &str) -> UsageError {
    let text = crate::escape::plain_text(text.as_bytes());
    UsageError::new(format!("invalid {what} '{text}'"))
}

/// `-e trace=`, `-e raw=`: a set of calls, on every ABI.
pub(super) fn calls(text: &str) -> Result<Selection, UsageError> {
    let (members, without) = match split("system call", text)? {
        Set::All => return Ok(Selection::All),
        Set::Members(members, without) => (members, without),
    };
    let mut named = BTreeSet::new();
    for member in members {
        add_calls(&mut named, member)?;
    }
    let all = || {
        AbiId::ALL
            .into_iter()
            .flat_map(table::all)
            .map(|call| (call.abi, call.nr))
    };
    let set: BTreeSet<_> = if without {
        all().filter(|call| !named.contains(call)).collect()
    } else {
        named
    };
    Ok(if !set.is_empty() && set.len() == all().count() {
        Selection::All
    } else {
        Selection::Known(set)
    })
}

/// Adds what one member names: a name, a number, a class, a regular expression, or all.
fn add_calls(set: &mut BTreeSet<(AbiId, u32)>, member: &str) -> Result<(), UsageError> {
    let (optional, pattern) = match member.strip_prefix('?') {
        Some(pattern) => (true, pattern),
        None => (false, member),
    };
    let (pattern, abis) = designated(pattern, member)?;
    let matches = matcher(pattern)?;
    let calls = AbiId::ALL
        .into_iter()
        .filter(|abi| abis.contains(abi))
        .flat_map(table::all);
    let found: Vec<_> = calls
        .filter(|call| matches(call))
        .map(|call| (call.abi, call.nr))
        .collect();
    // A number in a gap of the tables is shown anyhow: what is not known always is.
    let gap = pattern.parse().is_ok_and(|nr: u32| nr < end_of_tables());
    if found.is_empty() && !optional && !gap && !known_elsewhere(&matches, &abis) {
        return Err(invalid("system call", pattern));
    }
    set.extend(found);
    Ok(())
}

/// `close@32` names nothing wrong when `close` is a call of another ABI.
fn known_elsewhere(matches: &dyn Fn(&Syscall) -> bool, abis: &[AbiId]) -> bool {
    abis.len() < AbiId::ALL.len() && AbiId::ALL.into_iter().flat_map(table::all).any(matches)
}

fn end_of_tables() -> u32 {
    let last = |abi| {
        table::all(abi)
            .last()
            .map_or(0, |call| call.nr - call.abi.abi().nr_base)
    };
    [AbiId::X86_64, AbiId::I386, AbiId::X32, AbiId::Aarch64]
        .map(last)
        .into_iter()
        .max()
        .unwrap_or(0)
}

/// The pattern without its `@64`, `@32` or `@x32`, and the ABIs that it is for.
fn designated<'a>(pattern: &'a str, member: &str) -> Result<(&'a str, Vec<AbiId>), UsageError> {
    let (pattern, abis): (_, &[AbiId]) = match pattern.rsplit_once('@') {
        _ if pattern.starts_with('/') && !pattern.contains("@") => (pattern, &AbiId::ALL),
        None => (pattern, &AbiId::ALL),
        Some((pattern, "64")) => (pattern, &[AbiId::X86_64, AbiId::Aarch64]),
        Some((pattern, "32")) => (pattern, &[AbiId::I386, AbiId::Arm]),
        Some((pattern, "x32")) => (pattern, &[AbiId::X32]),
        Some((_, other)) => {
            let [other, member] = [other, member].map(|s| crate::escape::plain_text(s.as_bytes()));
            let text =
                format!("incorrect personality designator '{other}' in qualification '{member}'");
            return Err(UsageError::new(text));
        }
    };
    Ok((pattern, abis.to_vec()))
}

/// Whether a call is meant.
type Matcher = Box<dyn Fn(&Syscall) -> bool>;

/// Whether a call is meant by a pattern.
fn matcher(pattern: &str) -> Result<Matcher, UsageError> {
    if let Some(regex) = pattern.strip_prefix('/') {
        let regex = Regex::new(regex).map_err(|error| {
            let regex = crate::escape::plain_text(regex.as_bytes());
            UsageError::new(format!("regcomp: {regex}: {error}"))
        })?;
        return Ok(Box::new(move |call| regex.is_match(call.name)));
    }
    if pattern == "all" {
        return Ok(Box::new(|_| true));
    }
    if let Ok(number) = pattern.parse::<u32>()
        && pattern.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(Box::new(move |call| {
            call.nr == number || call.nr - call.abi.abi().nr_base == number
        }));
    }
    let old = OLD_CLASSES.contains(&pattern).then_some(pattern);
    if let Some(class) = pattern.strip_prefix('%').or(old) {
        let class = class.to_owned();
        return Ok(Box::new(move |call| {
            class::contains(&class, call) == Some(true)
        }));
    }
    let name = pattern.to_owned();
    Ok(Box::new(move |call| {
        call.name == name || call.aliases.contains(&name.as_str())
    }))
}

/// `-e signal=`: bit `n` for signal `n`.
pub(super) fn signals(text: &str) -> Result<u128, UsageError> {
    let (members, without) = match split("signal", text)? {
        Set::All => return Ok(u128::MAX),
        Set::Members(members, without) => (members, without),
    };
    let mut set = 0;
    for member in members {
        let number = match member.parse::<u32>() {
            Ok(number) => Some(number),
            Err(_) if member == "all" => {
                set = u128::MAX;
                continue;
            }
            Err(_) => signal::from_name(member),
        };
        let bit = number.and_then(|number| 1_u128.checked_shl(number));
        set |= bit.ok_or_else(|| invalid("signal", member))?;
    }
    Ok(if without { !set } else { set })
}

/// `-e status=`.
pub(super) fn statuses(text: &str) -> Result<StatusSet, UsageError> {
    let (members, without) = match split("status", text)? {
        Set::All => return Ok(StatusSet::ALL),
        Set::Members(members, without) => (members, without),
    };
    let mut set = StatusSet::NONE;
    for member in members {
        if member == "all" {
            set = StatusSet::ALL;
            continue;
        }
        let known = StatusSet::NAMES.iter().find(|(name, _)| *name == member);
        set = set.with(known.ok_or_else(|| invalid("status", member))?.1);
    }
    Ok(if without { set.complement() } else { set })
}

/// `-e quiet=`.
pub(super) fn quiet(text: &str) -> Result<Quiet, UsageError> {
    let (members, without) = match split("quiet", text)? {
        Set::All => return Ok(Quiet::level(usize::MAX)),
        Set::Members(members, without) => (members, without),
    };
    let mut set = Quiet::default();
    for member in members {
        match member {
            "attach" => set.attach = true,
            "exit" | "exits" => set.exit = true,
            "path-resolution" => set.path_resolution = true,
            "personality" => set.personality = true,
            "superseded" | "thread-execve" => set.thread_execve = true,
            "all" => set = Quiet::level(usize::MAX),
            _ => return Err(invalid("quiet", member)),
        }
    }
    if without {
        set = Quiet {
            attach: !set.attach,
            exit: !set.exit,
            path_resolution: !set.path_resolution,
            personality: !set.personality,
            thread_execve: !set.thread_execve,
        };
    }
    Ok(set)
}
