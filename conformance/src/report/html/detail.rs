//! Below the matrix: what did not pass, down to each case.

use std::io::{self, Write};

use super::escape::Text;
use super::{budget, matrix};
use crate::case::Verdict;
use crate::report::kinds::{Kind, Status, kinds};
use crate::report::{Entry, Report, Row, verdict_name};

pub(super) fn write(report: &Report, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let of = |row: &Row| kinds(report.entries.iter().filter(|entry| row.is_of(entry)));
    let all: Vec<Vec<Kind<'_>>> = rows.iter().map(of).collect();
    let each: Vec<&Kind<'_>> = all.iter().flatten().collect();
    let details = budget::details(&each);
    for (subject, tracer, backend) in report.subjects() {
        let own = |row: &Row| row.tracer == tracer && row.backend == backend;
        let rows = rows.iter().zip(&all).enumerate();
        let rows: Vec<_> = rows
            .filter(|(_, (row, kinds))| own(row) && !kinds.is_empty())
            .collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(out, "<section><h2>{}</h2>", Text(subject))?;
        for (at, (row, kinds)) in rows {
            writeln!(
                out,
                r#"<section id="row-{at}" class="row {}"><h3>{} {}<small> {} of {} passed</small></h3>"#,
                matrix::class(row),
                Text(&row.abi),
                Text(&row.group),
                row.passed,
                row.cases
            )?;
            for kind in kinds {
                self::kind(kind, details, out)?;
            }
            writeln!(out, "</section>")?;
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

fn kind(kind: &Kind<'_>, details: usize, out: &mut dyn Write) -> io::Result<()> {
    let (class, status) = match kind.status {
        Status::Failed => ("failed", "failed"),
        Status::Known => ("known", "known"),
        Status::Skipped => ("none", "not run"),
    };
    // What nobody expected is there to be read at once.
    let open = match kind.status {
        Status::Failed => r#" open="open""#,
        Status::Known | Status::Skipped => "",
    };
    let count = kind.entries.len();
    let cases = if count == 1 { "case" } else { "cases" };
    write!(
        out,
        r#"<details class="kind {class}"{open}><summary><span class="tag">{status}</span> "#
    )?;
    match kind.verdict {
        Some(Verdict::Passed) => write!(out, "passes, though it is known to fail: ")?,
        Some(verdict) => write!(out, "<b>{}</b>, ", verdict_name(verdict))?,
        None => {}
    }
    write!(out, "{count} {cases}")?;
    if let Some(reason) = kind.reason {
        write!(out, r#"<span class="reason">{}</span>"#, Text(reason))?;
    }
    writeln!(out, "</summary>")?;
    if kind.status == Status::Skipped {
        names(&kind.entries, out)?;
    } else {
        let (told, named) = kind.entries.split_at(details.min(count));
        for entry in told {
            case(entry, out)?;
        }
        if !named.is_empty() {
            writeln!(
                out,
                "<p>And {} more, which <code>--format json</code> has in full:</p>",
                named.len()
            )?;
            names(named, out)?;
        }
    }
    writeln!(out, "</details>")
}

fn names(entries: &[&Entry], out: &mut dyn Write) -> io::Result<()> {
    write!(out, r#"<p class="names">"#)?;
    for entry in entries {
        writeln!(out, "<code>{}</code>", Text(&entry.case))?;
    }
    writeln!(out, "</p>")
}

fn case(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let Some(decision) = entry.decision() else {
        return Ok(());
    };
    write!(
        out,
        r#"<details class="case"><summary><code>{}</code></summary><dl>"#,
        Text(&entry.case)
    )?;
    for (what, text) in [
        ("probe", probe(entry).as_str()),
        ("expected", decision.expected.as_str()),
        ("seen", &decision.observed),
        ("again", &entry.reproduce()),
    ] {
        match what {
            "probe" => write!(out, "<dt>{what}</dt><dd>{}</dd>", Text(text))?,
            _ => write!(out, "<dt>{what}</dt><dd><code>{}</code></dd>", Text(text))?,
        }
    }
    writeln!(out, "</dl></details>")
}

/// What the case's program does, and what the tracer is asked for meanwhile.
fn probe(entry: &Entry) -> String {
    let abi = entry.abi.name();
    let question = match entry.case.rsplit('/').next() {
        Some("only") => "for them alone, by name".to_owned(),
        Some("scatter") => "for them and many others, by name".to_owned(),
        Some("except") => "for all but one".to_owned(),
        Some(last) => match last.strip_prefix("class:") {
            Some(class) => format!("for the class %{class}"),
            None => "as the case's name says".to_owned(),
        },
        None => String::new(),
    };
    format!("makes calls of {abi}; the tracer is asked {question}")
}
