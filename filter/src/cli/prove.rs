//! `everycall filter prove`: whether a filter does what is wanted, and nothing that hardly anybody wants.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::input::{Chain, Input};
use super::output::{self, Format, Output};
use super::{CliError, FAILED, OK};
use crate::action::Action;
use crate::map::names::{call_name, outcome_name, words_told};
use crate::map::{
    Counterexample, Finding, Kind, Level, Outcome, ProofError, execute, findings_with, json,
    prove_chain, render,
};

/// Prove that a filter does what a policy wants, and find the usual faults
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter prove sandbox.bpf
      the usual faults only
  everycall filter prove sandbox.bpf --policy sandbox.toml
      equal to the policy for every call there can be, or a call that shows that it is not
  everycall filter prove new.bpf --policy old.bpf --accept abi-mismatch --accept hole-allowed
      the same against another filter; what is known is no fault

A call that shows something is executed in the interpreter, and what it got is told.
Exit status: 0 when the filter is equal to the policy, if there is one, and has no fault but those that are accepted; 1 when not
(or when the kernel would not take it); 2 for usage. Notes do not count.")]
pub(super) struct Prove {
    #[command(flatten)]
    input: Input,
    /// What is wanted: a policy, a profile, or another filter
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// A kind of finding that is no fault here (`abi-mismatch`); may be repeated
    #[arg(long, value_name = "KIND", value_parser = kind)]
    accept: Vec<Kind>,
    #[command(flatten)]
    output: Output,
}

/// A kind of finding by its name.
fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.code() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        format!("the kinds are {}", names.join(", "))
    })
}

/// What was found out.
struct Answer {
    /// Whether the filter is what the policy wants; none without a policy.
    equal: Option<Result<(), Box<Counterexample>>>,
    /// Findings, with what the example of each got.
    found: Vec<(Finding, Option<Action>)>,
}

impl Prove {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let chain = self.input.load()?;
        output::notes(&chain);
        let equal = match &self.policy {
            None => None,
            Some(path) => Some(self.equal(&chain, path)?),
        };
        let found = findings(&chain)?.into_iter().map(|finding| {
            let got = finding
                .example
                .as_ref()
                .and_then(|data| execute(&chain.programs(), data).ok());
            (finding, got)
        });
        let answer = Answer {
            equal,
            found: found.collect(),
        };
        let faults = answer
            .found
            .iter()
            .filter(|(finding, _)| self.is_fault(finding));
        let faults = faults.count();
        let wrong = matches!(answer.equal, Some(Err(_))) || faults > 0;
        match self.output.format {
            Format::Text => output::text(&self.text(&chain, &answer, faults))?,
            Format::Json => output::json(&self.json(&answer, !wrong))?,
        }
        Ok(if wrong { FAILED } else { OK })
    }

    /// Whether the filters do what is wanted, or a call that shows that they do not.
    fn equal(
        &self,
        chain: &Chain,
        path: &PathBuf,
    ) -> Result<Result<(), Box<Counterexample>>, CliError> {
        let policy = self.input.reading.chain(std::slice::from_ref(path))?;
        output::notes(&policy);
        let wanted = policy.map()?;
        for filter in &chain.filters {
            filter.check()?;
        }
        match prove_chain(&chain.programs(), &wanted) {
            Ok(()) => Ok(Ok(())),
            Err(ProofError::Counterexample(call)) => Ok(Err(call)),
            Err(error) => Err(CliError::Unproven {
                name: chain.name.clone(),
                error: Box::new(error),
            }),
        }
    }

    fn is_fault(&self, finding: &Finding) -> bool {
        finding.kind.level() == Level::Fault && !self.accept.contains(&finding.kind)
    }

    fn text(&self, chain: &Chain, answer: &Answer, faults: usize) -> String {
        let mut text = String::new();
        for (finding, got) in &answer.found {
            text += &render::findings(std::slice::from_ref(finding), output::style());
            if let (Some(data), Some(got)) = (&finding.example, got) {
                let _ = writeln!(
                    text,
                    "      executed: {}{} gets {}",
                    call_name(data),
                    words_told(data),
                    outcome_name(Outcome::Action(*got))
                );
            }
            if self.accept.contains(&finding.kind) {
                text += "      accepted\n";
            }
        }
        match &answer.equal {
            None => {}
            Some(Ok(())) => {
                let _ = writeln!(
                    text,
                    "equal: {} does of every call what is wanted",
                    chain.name
                );
            }
            Some(Err(call)) => {
                let _ = writeln!(
                    text,
                    "different: {}{} gets {}, wanted is {} (executed in the interpreter)",
                    call_name(&call.data),
                    words_told(&call.data),
                    outcome_name(Outcome::Action(call.found)),
                    outcome_name(Outcome::Action(call.expected))
                );
            }
        }
        let _ = match faults {
            0 => writeln!(text, "no faults"),
            1 => writeln!(text, "1 fault"),
            many => writeln!(text, "{many} faults"),
        };
        text
    }

    fn json(&self, answer: &Answer, ok: bool) -> Value {
        let findings: Vec<Finding> = answer
            .found
            .iter()
            .map(|(finding, _)| finding.clone())
            .collect();
        let mut told = json::findings(&findings);
        for (value, (finding, got)) in told.as_array_mut().into_iter().flatten().zip(&answer.found)
        {
            value["got"] = got.map_or(Value::Null, |got| json::outcome(Outcome::Action(got)));
            value["accepted"] = self.accept.contains(&finding.kind).into();
        }
        let counterexample = match &answer.equal {
            Some(Err(call)) => json!({
                "call": json::call(&call.data),
                "text": format!("{}{}", call_name(&call.data), words_told(&call.data)),
                "expected": json::outcome(Outcome::Action(call.expected)),
                "found": json::outcome(Outcome::Action(call.found)),
            }),
            _ => Value::Null,
        };
        json!({
            "ok": ok,
            "equal": answer.equal.as_ref().map(Result::is_ok),
            "counterexample": counterexample,
            "findings": told,
        })
    }
}

/// What is to be said of a chain: of a single program also what only a program can have.
fn findings(chain: &Chain) -> Result<Vec<Finding>, CliError> {
    match &chain.filters[..] {
        [only] => {
            only.check()?;
            findings_with(&only.filter.program, only.options()).map_err(|error| chain.fault(error))
        }
        _ => chain.map()?.findings().map_err(|error| chain.fault(error)),
    }
}
