//! The shape of a profile's JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::error::{Fault, shown};
use super::super::rules::listed;

/// A profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::read) struct Profile {
    pub(super) default_action: String,
    pub(super) default_errno_ret: Option<u32>,
    pub(super) architectures: Option<Vec<String>>,
    pub(super) arch_map: Option<Vec<Machine>>,
    flags: Option<Vec<String>>,
    listener_path: Option<String>,
    #[serde(default)]
    pub(super) syscalls: Vec<Call>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// A machine's architecture, and those that it can also run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Machine {
    pub(super) architecture: String,
    pub(super) sub_architectures: Option<Vec<String>>,
}

/// Some calls and what happens to them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    name: Option<String>,
    names: Option<Vec<String>>,
    pub(super) action: String,
    pub(super) errno_ret: Option<u32>,
    pub(super) args: Option<Vec<Arg>>,
    pub(super) includes: Option<Conditions>,
    pub(super) excludes: Option<Conditions>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// A condition on a word.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arg {
    pub(super) index: u32,
    pub(super) value: u64,
    pub(super) value_two: Option<u64>,
    pub(super) op: String,
}

/// When calls are taken.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conditions {
    pub(super) arches: Option<Vec<String>>,
    pub(super) caps: Option<Vec<String>>,
    pub(super) min_kernel: Option<String>,
}

/// Keys that say nothing about what happens.
const SILENT: [&str; 3] = ["comment", "comments", "listenerMetadata"];

impl Call {
    /// The names of the calls.
    pub(super) fn names(&self, path: &str) -> Result<&[String], Fault> {
        match (&self.name, &self.names) {
            (Some(name), _) if name.is_empty() => Err(Fault::key(path, "the name is empty")),
            (Some(_), Some(names)) if !names.is_empty() => Err(Fault::key(
                path,
                "`name` and `names` stand both there: Docker takes only one of them",
            )),
            (Some(name), _) => Ok(std::slice::from_ref(name)),
            (None, Some(names)) if !names.is_empty() => Ok(names),
            (None, _) => Err(Fault::key(path, "there are no `names`")),
        }
    }
}

impl Profile {
    /// What is in it that the program does not show.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let calls = self.syscalls.iter().flat_map(|call| call.others.keys());
        let mut others: Vec<String> = (self.others.keys().chain(calls))
            .filter(|key| !SILENT.contains(&key.as_str()))
            .map(|key| shown(key))
            .collect();
        others.sort_unstable();
        others.dedup();
        if !others.is_empty() {
            notes.push(format!(
                "keys that no profile has mean nothing: {}",
                listed(&others)
            ));
        }
        if let Some(flags) = self.flags.as_ref().filter(|flags| !flags.is_empty()) {
            notes.push(format!(
                "flags are about loading, and in no program: {}",
                listed(flags)
            ));
        }
        if self.listener_path.is_some() {
            notes.push("listenerPath is about loading, and in no program".to_owned());
        }
        notes
    }
}
