//! From what was typed to subjects and cases.

use super::CheckError;
use crate::choice::{Choice, ChoiceError};
use crate::report;
use crate::subject::{Found, Ours, Subject};
use crate::suite::{CaseName, Taker};

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
    pub(super) fn of(choice: &Choice) -> Result<Selection, CheckError> {
        Ok(Selection {
            subjects: choice.subjects().map_err(ChoiceError::from)?,
            named: !choice.tracer.is_empty() && !choice.is_all_tracers(),
            cases: choice.cases()?,
            whole: choice.has_all_cases(),
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
                command: subject.typed.clone(),
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
