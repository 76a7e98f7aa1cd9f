//! The report as a scoreboard in Markdown: what each tracer got right, and its most telling failures.

mod telling;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use super::{Report, Row, verdict_name};

use telling::{Telling, telling};
use text::{code, plain};

/// So many failures are told.
const TOLD: usize = 10;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    head(report, out)?;
    let rows = report.summary();
    tracers(report, out)?;
    matrix(report, &rows, out)?;
    failures(report, out)
}

fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // The day is enough, and the rest of it would say that nothing was changed by hand since.
    let day = report.date.get(..10).unwrap_or(&report.date);
    writeln!(
        out,
        "# Scoreboard\n\n\
         Do not edit: `everycall check --tracer all --format markdown > docs/scoreboard.md` writes it.\n\n\
         | kernel | machine | date | everycall |\n|---|---|---|---|\n| {} | {} | {} | {} |",
        plain(&report.kernel),
        plain(&report.machine),
        plain(day),
        env!("CARGO_PKG_VERSION")
    )
}

fn tracers(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n## Tracers\n\n\
         A case that a tracer cannot be asked is not counted.\n\n\
         | tracer | version | cases | right | wrong |\n|---|---|--:|--:|--:|"
    )?;
    for taker in &report.takers {
        if let Some(reason) = &taker.absent {
            writeln!(
                out,
                "| {} | not here: {} | | | |",
                plain(&taker.tracer),
                plain(reason)
            )?;
            continue;
        }
        let total = report.total(taker);
        let version = taker.version.as_deref().unwrap_or("unknown");
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            plain(&taker.tracer),
            plain(version),
            total.cases - total.skipped,
            total.passed,
            total.failed + total.expected_failures
        )?;
    }
    Ok(())
}

fn matrix(report: &Report, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let subjects = report.subjects();
    writeln!(
        out,
        "\n## By ABI and group\n\n\
         Cases right, of how many; a dash where the tracer does not take part.\n"
    )?;
    write!(out, "| ABI | group |")?;
    for (subject, ..) in &subjects {
        write!(out, " {} |", plain(subject))?;
    }
    writeln!(out, "\n|---|---|{}", "--:|".repeat(subjects.len()))?;
    let mut told: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        let place = (row.abi.as_str(), row.group.as_str());
        if told.contains(&place) {
            continue;
        }
        told.push(place);
        write!(out, "| {} | {} |", plain(&row.abi), plain(&row.group))?;
        for (_, tracer, backend) in &subjects {
            let same = |row: &&Row| (row.abi.as_str(), row.group.as_str()) == place;
            let own = |row: &&Row| row.tracer == *tracer && row.backend == *backend;
            match rows.iter().filter(same).find(own) {
                Some(row) if row.cases > row.skipped => {
                    write!(out, " {} of {} |", row.passed, row.cases - row.skipped)?;
                }
                _ => write!(out, " - |")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn failures(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n## Telling failures\n\n\
         Of each tracer in turn the gravest, until there are {TOLD}: each with one case of it, and the command that \
         shows it."
    )?;
    for (at, Telling { subjects, kind }) in telling(report, TOLD).iter().enumerate() {
        let [entry, ..] = kind.entries.as_slice() else {
            continue;
        };
        let Some(decision) = entry.decision() else {
            continue;
        };
        let count = kind.entries.len();
        writeln!(
            out,
            "\n{}. **{}** ({}, {count} {}): {}",
            at + 1,
            plain(&subjects.join(", ")),
            verdict_name(decision.verdict),
            if count == 1 { "case" } else { "cases" },
            plain(kind.reason.unwrap_or("nobody has looked into it yet")),
        )?;
        writeln!(out, "    - expected: {}", code(&decision.expected))?;
        writeln!(out, "    - seen: {}", code(&decision.observed))?;
        writeln!(out, "    - again: {}", code(&entry.reproduce()))?;
    }
    Ok(())
}
