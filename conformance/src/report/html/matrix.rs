//! The matrix: a row for each ABI and group, a column for each tracer.

use std::io::{self, Write};

use super::escape::Text;
use crate::report::{Report, Row};

/// A row of the summary, and the number by which the rest of the page knows it.
type Cell<'a> = (usize, &'a Row);

pub(super) fn write(report: &Report, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let subjects = report.subjects();
    writeln!(
        out,
        r#"<section aria-labelledby="matrix"><h2 id="matrix">Matrix</h2>
<p>Cases that passed, of how many; a cell leads to what did not.</p>
<div class="wide" role="region" aria-labelledby="matrix" tabindex="0"><table class="matrix">
<thead><tr><th scope="col">ABI, group</th>"#
    )?;
    for (subject, _, _) in &subjects {
        writeln!(out, r#"<th scope="col">{}</th>"#, Text(subject))?;
    }
    writeln!(out, "</tr></thead>")?;
    let columns = subjects.len() + 1;
    for abi in unique(rows.iter().map(|row| row.abi.as_str())) {
        writeln!(
            out,
            r#"<tbody><tr><th scope="rowgroup" class="abi" colspan="{columns}">{}</th></tr>"#,
            Text(abi)
        )?;
        for group in unique(rows.iter().map(|row| row.group.as_str())) {
            let of = |row: &Row| row.abi == abi && row.group == group;
            let own: Vec<Cell<'_>> = rows.iter().enumerate().filter(|(_, row)| of(row)).collect();
            if own.is_empty() {
                continue;
            }
            write!(out, r#"<tr><th scope="row">{}</th>"#, Text(group))?;
            for (_, tracer, backend) in &subjects {
                let is = |cell: &&Cell<'_>| cell.1.tracer == *tracer && cell.1.backend == *backend;
                self::cell(own.iter().find(is), out)?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody>")?;
    }
    writeln!(out, "</table></div></section>")
}

fn cell(cell: Option<&Cell<'_>>, out: &mut dyn Write) -> io::Result<()> {
    let Some((at, row)) = cell else {
        return write!(out, r#"<td class="none">not asked</td>"#);
    };
    let run = row.cases - row.skipped;
    if row.passed == row.cases {
        return write!(out, r#"<td class="ok"><b>{}</b> all</td>"#, row.passed);
    }
    let class = class(row);
    // Rounded down: only all is all.
    let percent = (row.passed * 100).checked_div(run).unwrap_or(0);
    write!(
        out,
        r##"<td class="{class}"><a href="#row-{at}"><b>{}</b> of {}<span class="bar" style="--part:{percent}%"></span><small>"##,
        row.passed, row.cases
    )?;
    let counts = [
        (row.failed, "failed"),
        (row.expected_failures, "known"),
        (row.skipped, "not run"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    write!(out, "{}</small></a></td>", told.join(", "))
}

/// How a row went, in one word.
pub(super) fn class(row: &Row) -> &'static str {
    match (row.failed, row.expected_failures) {
        (0, 0) if row.passed > 0 => "ok",
        (0, 0) => "none",
        (0, _) => "known",
        _ => "failed",
    }
}

/// Each once, in the order in which they come.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut unique = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}
