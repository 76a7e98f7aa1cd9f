//! The report for a person: who took part, the matrix, then each failure with what reproduces it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Entry, Outcome, Report, Row, verdict_name};
use crate::case::Verdict;
use crate::judge::Decision;

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// How many names of one kind are listed.
const NAMES: usize = 10;
/// How many failures of one kind are told with all that is known of them.
const DETAILS: usize = 3;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    takers(report, out)?;
    matrix(&report.summary(), out)?;
    failures(report, out)?;
    known(report, out)?;
    skipped(report, out)?;
    suite(report, out)?;
    last_line(report, out)
}

/// Only what went otherwise than expected, and the last line.
pub(super) fn unexpected(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    failures(report, out)?;
    suite(report, out)?;
    last_line(report, out)
}

fn takers(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "kernel {}", report.kernel)?;
    for taker in &report.takers {
        let what = match (&taker.command, &taker.version, &taker.absent) {
            (Some(command), ..) => command.clone(),
            (None, Some(version), _) => format!("version {version}"),
            (None, None, Some(reason)) => format!("not here: {reason}"),
            (None, None, None) => "not here".to_owned(),
        };
        writeln!(out, "{}: {what}", taker.tracer)?;
    }
    writeln!(out)
}

fn matrix(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    const HEADS: [&str; 9] = [
        "tracer", "backend", "abi", "group", "cases", "passed", "failed", "known", "skipped",
    ];
    let cells = |row: &Row| {
        [
            row.tracer.clone(),
            row.backend.clone(),
            row.abi.clone(),
            row.group.clone(),
            row.cases.to_string(),
            row.passed.to_string(),
            row.failed.to_string(),
            row.expected_failures.to_string(),
            row.skipped.to_string(),
        ]
    };
    let lines: Vec<[String; 9]> = rows.iter().map(cells).collect();
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(HEADS[at].len())
    };
    let widths: [usize; 9] = std::array::from_fn(width);
    let heads = HEADS.map(str::to_owned);
    line(&heads, &widths, |_| BOLD, out)?;
    for (cells, row) in lines.iter().zip(rows) {
        let style = |at: usize| match at {
            5 if row.passed > 0 && row.failed == 0 => GOOD,
            6 if row.failed > 0 => BAD,
            _ => Style::new(),
        };
        line(cells, &widths, style, out)?;
    }
    Ok(())
}

fn line(
    cells: &[String; 9],
    widths: &[usize; 9],
    style: impl Fn(usize) -> Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let style = style(at);
        let gap = if at == 0 { "" } else { "  " };
        // Words to the left, numbers to the right.
        if at < 4 {
            write!(out, "{gap}{style}{cell:<width$}{style:#}")?;
        } else {
            write!(out, "{gap}{style}{cell:>width$}{style:#}")?;
        }
    }
    writeln!(out)
}

/// Failures of one subject, ABI, group and verdict, told together.
fn failures(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: Vec<Vec<(&Entry, &Decision)>> = Vec::new();
    let key = |(entry, decision): (&Entry, &Decision)| {
        (
            entry.subject.clone(),
            entry.abi,
            entry.group,
            decision.verdict,
        )
    };
    for failure in report.failures() {
        match groups.iter_mut().find(|g| key(g[0]) == key(failure)) {
            Some(group) => group.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    for group in &groups {
        kind(group, out)?;
    }
    Ok(())
}

fn kind(group: &[(&Entry, &Decision)], out: &mut dyn Write) -> io::Result<()> {
    let Some((first, decision)) = group.first() else {
        return Ok(());
    };
    let verdict = match decision.verdict {
        Verdict::Passed => "passed, but is expected to fail",
        other => verdict_name(other),
    };
    writeln!(
        out,
        "\n{BAD}{verdict}{BAD:#}  {BOLD}{}{BOLD:#} {} {}: {} case{}",
        first.subject,
        first.abi.name(),
        first.group,
        group.len(),
        if group.len() == 1 { "" } else { "s" },
    )?;
    for (entry, decision) in group.iter().take(DETAILS) {
        writeln!(out, "  {BOLD}{}{BOLD:#}", entry.case)?;
        writeln!(out, "    expected: {}", decision.expected)?;
        writeln!(out, "    observed: {}", decision.observed)?;
        writeln!(out, "    {DIM}{}{DIM:#}", entry.reproduce())?;
    }
    let rest: Vec<&str> = group
        .iter()
        .skip(DETAILS)
        .map(|(e, _)| e.case.as_str())
        .collect();
    if !rest.is_empty() {
        writeln!(out, "  also: {}", names(&rest))?;
    }
    Ok(())
}

/// The first names, and how many more there are.
fn names(all: &[&str]) -> String {
    let shown = all.get(..NAMES.min(all.len())).unwrap_or(all).join(", ");
    match all.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown}, and {more} more (--format json has all)"),
    }
}

/// Entries with a reason, told together by subject and reason.
fn by_reason<'a>(
    report: &'a Report,
    reason: impl Fn(&'a Outcome) -> Option<&'a str>,
) -> Vec<(&'a str, &'a str, Vec<&'a Entry>)> {
    let mut groups: Vec<(&str, &str, Vec<&Entry>)> = Vec::new();
    for entry in &report.entries {
        let Some(reason) = reason(&entry.outcome) else {
            continue;
        };
        let subject = entry.subject.as_str();
        match groups.iter_mut().find(|g| g.0 == subject && g.1 == reason) {
            Some(group) => group.2.push(entry),
            None => groups.push((subject, reason, vec![entry])),
        }
    }
    groups
}

fn reasons(
    title: &str,
    groups: &[(&str, &str, Vec<&Entry>)],
    out: &mut dyn Write,
) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}{title}{BOLD:#}")?;
    for (subject, reason, entries) in groups {
        let cases: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}", entry.abi.name(), entry.case))
            .collect();
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        writeln!(out, "  {subject}, {}: {reason}", entries.len())?;
        writeln!(out, "    {DIM}{}{DIM:#}", names(&cases))?;
    }
    Ok(())
}

fn known(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let groups = by_reason(report, |outcome| match outcome {
        Outcome::Known { reason, .. } => Some(reason),
        Outcome::Passed | Outcome::Failed(_) | Outcome::Skipped(_) => None,
    });
    reasons(
        "known failures (--ignore-expected tells them as failures)",
        &groups,
        out,
    )
}

fn skipped(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let groups = by_reason(report, |outcome| match outcome {
        Outcome::Skipped(reason) => Some(reason),
        Outcome::Passed | Outcome::Failed(_) | Outcome::Known { .. } => None,
    });
    reasons("not run", &groups, out)
}

fn suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (subject, pattern) in &report.stale {
        writeln!(
            out,
            "\n{BAD}stale{BAD:#}  {subject}: no case is of the pattern '{pattern}': remove it from the file of known failures"
        )?;
    }
    if !report.faults.is_empty() {
        writeln!(
            out,
            "\n{BAD}fault of the suite{BAD:#}: these probes do not do untraced what they claim"
        )?;
    }
    for fault in &report.faults {
        writeln!(out, "  {BOLD}{}{BOLD:#}: {}", fault.case, fault.what)?;
    }
    Ok(())
}

fn last_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rows = report.summary();
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let (word, style) = if report.failed() {
        ("FAILED", BAD)
    } else {
        ("ok", GOOD)
    };
    writeln!(
        out,
        "\n{style}{word}{style:#}: {} passed, {} failed, {} known failures, {} skipped",
        sum(|row| row.passed),
        sum(|row| row.failed),
        sum(|row| row.expected_failures),
        sum(|row| row.skipped),
    )
}
