//! The report as JUnit's XML.

use std::io::{self, Write};

use super::{Entry, Outcome, Report, verdict_name};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rows = report.summary();
    let sum = |count: fn(&super::Row) -> usize| rows.iter().map(count).sum::<usize>();
    // Faults and stale expectations are failures of cases of their own.
    let own = report.faults.len() + report.stale.len();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="everycall check" tests="{}" failures="{}" skipped="{}">"#,
        sum(|row| row.cases) + own,
        sum(|row| row.failed) + own,
        // A known failure is no failure of the run: JUnit has no other word for it.
        sum(|row| row.skipped + row.expected_failures),
    )?;
    for row in &rows {
        writeln!(
            out,
            r#"  <testsuite name="{}.{}.{}.{}" tests="{}" failures="{}" skipped="{}">"#,
            escape(&row.tracer),
            escape(&row.backend),
            row.abi,
            row.group,
            row.cases,
            row.failed,
            row.skipped + row.expected_failures,
        )?;
        for entry in &report.entries {
            if row.is_of(entry) {
                case(entry, out)?;
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    suite(report, out)?;
    writeln!(out, "</testsuites>")
}

fn case(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        r#"    <testcase classname="{}::{}::{}" name="{}""#,
        escape(&entry.subject),
        entry.abi.name(),
        entry.group,
        escape(&entry.case)
    )?;
    match &entry.outcome {
        Outcome::Passed => writeln!(out, "/>"),
        Outcome::Failed(decision) => writeln!(
            out,
            r#"><failure type="{}" message="{}">expected: {}&#10;observed: {}&#10;{}</failure></testcase>"#,
            verdict_name(decision.verdict),
            verdict_name(decision.verdict),
            escape(&decision.expected),
            escape(&decision.observed),
            escape(&entry.reproduce()),
        ),
        Outcome::Known { decision, reason } => writeln!(
            out,
            r#"><skipped message="known failure ({}): {}"/></testcase>"#,
            verdict_name(decision.verdict),
            escape(reason)
        ),
        Outcome::Skipped(reason) => {
            writeln!(
                out,
                r#"><skipped message="{}"/></testcase>"#,
                escape(reason)
            )
        }
    }
}

fn suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let own = report.faults.len() + report.stale.len();
    if own == 0 {
        return Ok(());
    }
    writeln!(
        out,
        r#"  <testsuite name="suite" tests="{own}" failures="{own}" skipped="0">"#
    )?;
    let mut failure = |name: &str, text: &str| {
        writeln!(
            out,
            r#"    <testcase classname="suite" name="{}"><failure message="{}"/></testcase>"#,
            escape(name),
            escape(text)
        )
    };
    for fault in &report.faults {
        failure(&fault.case, &fault.what)?;
    }
    for (subject, pattern) in &report.stale {
        failure(
            &format!("{subject}: {pattern}"),
            "no case is of this pattern",
        )?;
    }
    writeln!(out, "  </testsuite>")
}

/// Text for XML: what XML 1.0 cannot hold at all becomes a replacement character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
