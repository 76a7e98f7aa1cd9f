//! The report as one JSON object.

use std::io::{self, Write};

use serde::Serialize;

use super::{Fault, Outcome, Report, Row, Taker, verdict_name};

#[derive(Serialize)]
struct Object<'a> {
    schema: u32,
    kernel: &'a str,
    summary: Vec<Row>,
    failures: Vec<Failure<'a>>,
    expected_failures: Vec<Known<'a>>,
    skipped: Vec<Skipped<'a>>,
    stale_expectations: Vec<Stale<'a>>,
    faults: &'a [Fault],
    tracers: &'a [Taker],
}

#[derive(Serialize)]
struct Failure<'a> {
    tracer: &'a str,
    abi: &'a str,
    group: &'a str,
    case: &'a str,
    verdict: &'a str,
    expected: &'a str,
    observed: &'a str,
    backend: &'a str,
    reproduce: String,
}

#[derive(Serialize)]
struct Known<'a> {
    tracer: &'a str,
    abi: &'a str,
    group: &'a str,
    case: &'a str,
    verdict: &'a str,
    expected: &'a str,
    observed: &'a str,
    backend: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    tracer: &'a str,
    abi: &'a str,
    group: &'a str,
    case: &'a str,
    backend: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Stale<'a> {
    tracer: &'a str,
    pattern: &'a str,
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &object(report))?;
    writeln!(out)
}

fn object(report: &Report) -> Object<'_> {
    let mut object = Object {
        schema: 1,
        kernel: &report.kernel,
        summary: report.summary(),
        failures: Vec::new(),
        expected_failures: Vec::new(),
        skipped: Vec::new(),
        stale_expectations: Vec::new(),
        faults: &report.faults,
        tracers: &report.takers,
    };
    for entry in &report.entries {
        let (tracer, backend) = (entry.tracer.as_str(), entry.backend.as_str());
        let (abi, group, case) = (entry.abi.name(), entry.group, entry.case.as_str());
        match &entry.outcome {
            Outcome::Passed => {}
            Outcome::Failed(decision) => object.failures.push(Failure {
                tracer,
                abi,
                group,
                case,
                verdict: verdict_name(decision.verdict),
                expected: &decision.expected,
                observed: &decision.observed,
                backend,
                reproduce: entry.reproduce(),
            }),
            Outcome::Known { decision, reason } => object.expected_failures.push(Known {
                tracer,
                abi,
                group,
                case,
                verdict: verdict_name(decision.verdict),
                expected: &decision.expected,
                observed: &decision.observed,
                backend,
                reason,
            }),
            Outcome::Skipped(reason) => object.skipped.push(Skipped {
                tracer,
                abi,
                group,
                case,
                backend,
                reason,
            }),
        }
    }
    for (tracer, pattern) in &report.stale {
        object.stale_expectations.push(Stale { tracer, pattern });
    }
    object
}
