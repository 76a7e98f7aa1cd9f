//! From what was typed to subjects and cases.

use everycall_arch::AbiId;

use super::{Args, CheckError};
use crate::report;
use crate::subject::{self, Found, Ours, Subject};
use crate::suite::{CaseName, Taker, catalogue};

/// What is to be judged, and by what.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) subjects: Vec<Subject>,
    /// Whether the user named the subjects: then each must be there.
    named: bool,
    pub(super) cases: Vec<CaseName>,
    /// Whether the cases are all of their groups, on all ABIs.
    pub(super) whole: bool,
}

/// The subjects that are here.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) takers: Vec<Taker>,
    /// For the report: those that are here and those that are not.
    pub(super) told: Vec<report::Taker>,
}

impl Selection {
    pub(super) fn of(args: &Args) -> Result<Selection, CheckError> {
        let mut subjects = Vec::new();
        for name in &args.tracer {
            for subject in subject::named(name)? {
                if !subjects
                    .iter()
                    .any(|known: &Subject| known.id == subject.id)
                {
                    subjects.push(subject);
                }
            }
        }
        if args.tracer.is_empty() {
            subjects = subject::all()?;
        }
        let abis = abis(&args.abi)?;
        let groups = groups(&args.group)?;
        let wanted = args.case.as_deref().unwrap_or("");
        let mut cases = Vec::new();
        for abi in &abis {
            for group in &groups {
                cases.extend(catalogue::cases(*abi, group));
            }
        }
        cases.retain(|case| case.to_string().contains(wanted));
        if cases.is_empty() {
            return Err(CheckError::NoCase);
        }
        Ok(Selection {
            subjects,
            named: !args.tracer.is_empty(),
            cases,
            whole: args.abi.is_empty() && args.group.is_empty() && args.case.is_none(),
        })
    }

    /// The names of all trials.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.subjects.iter().flat_map(|subject| {
            let own = self
                .cases
                .iter()
                .filter(|case| subject.in_group(case.group));
            own.map(|case| format!("{}::{case}", subject.id))
        })
    }

    /// Looks for the subjects.
    pub(super) fn present(&self, ours: &Ours) -> Result<Present, CheckError> {
        let mut present = Present {
            takers: Vec::new(),
            told: Vec::new(),
        };
        for subject in &self.subjects {
            let mut told = report::Taker {
                tracer: subject.id.clone(),
                version: None,
                absent: None,
            };
            match subject.look(ours) {
                Found::Version(version) => {
                    told.version = Some(version.clone());
                    present.takers.push(Taker {
                        subject: subject.clone(),
                        version,
                    });
                }
                Found::Absent(reason) if self.named || subject.required => {
                    let tracer = subject.id.clone();
                    return Err(CheckError::Absent { tracer, reason });
                }
                Found::Absent(reason) => told.absent = Some(reason),
            }
            present.told.push(told);
        }
        Ok(present)
    }
}

fn abis(names: &[String]) -> Result<Vec<AbiId>, CheckError> {
    let all = catalogue::abis();
    if names.is_empty() {
        return Ok(all);
    }
    let mut abis: Vec<AbiId> = Vec::new();
    for name in names {
        let abi = AbiId::from_name(name).filter(|abi| all.contains(abi));
        let abi = abi.ok_or_else(|| CheckError::Unknown {
            what: "ABI whose calls this machine can make",
            name: name.clone(),
            known: all
                .iter()
                .map(|abi| abi.name())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        if !abis.contains(&abi) {
            abis.push(abi);
        }
    }
    Ok(abis)
}

fn groups(names: &[String]) -> Result<Vec<&'static str>, CheckError> {
    let all = catalogue::GROUPS;
    if let Some(name) = names.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(CheckError::Unknown {
            what: "group",
            name: name.clone(),
            known: all.join(", "),
        });
    }
    let wanted = |group: &&&str| names.is_empty() || names.iter().any(|name| name == **group);
    Ok(all.iter().filter(wanted).copied().collect())
}
