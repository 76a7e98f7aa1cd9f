//! The report as one page that a browser opens from disk: without a script, and without anything from
//! elsewhere. It is written as XML, too, so that a reader of XML can take it apart.

mod budget;
mod detail;
mod escape;
mod matrix;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::{Report, Row};

use escape::Text;

const STYLE: &str = include_str!("page.css");

/// What verdicts and other words mean, for a reader who has only this page.
const WORDS: &[(&str, &str)] = &[
    ("missed", "a call that was asked for is not in the output"),
    (
        "invented",
        "the output has a call that was not made, or not asked for",
    ),
    (
        "mis-decoded",
        "the call is there, but its name, number, words or result are not what they were",
    ),
    (
        "altered",
        "the traced program behaved otherwise than untraced",
    ),
    ("hung", "the tracer or the program did not end"),
    ("crashed", "the tracer did not end as the program did"),
    ("lost", "the tracer says itself that it lost events"),
    ("known", "a failure that is expected, with its reason"),
    (
        "not run",
        "a case that this tracer cannot be asked, with the reason",
    ),
];

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rows = report.summary();
    head(report, &rows, out)?;
    takers(report, out)?;
    matrix::write(report, &rows, out)?;
    suite(report, out)?;
    detail::write(report, &rows, out)?;
    words(out)?;
    writeln!(out, "</main></body></html>")
}

fn head(report: &Report, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let (class, word) = match report.failed() {
        true => ("failed", "failed"),
        false => ("ok", "as expected"),
    };
    // The policy holds even if a text were not escaped: nothing is loaded, and nothing runs.
    writeln!(
        out,
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="color-scheme" content="light dark"/>
<title>everycall check: {word}</title>
<style>{STYLE}</style></head>
<body><header><h1>everycall check</h1>
<p class="verdict {class}"><b>{word}</b> <span>{} passed</span> <span>{} failed</span> <span>{} known failures</span> <span>{} not run</span></p>
<dl class="facts">"#,
        sum(|row| row.passed),
        sum(|row| row.failed),
        sum(|row| row.expected_failures),
        sum(|row| row.skipped),
    )?;
    for (what, text) in [
        ("kernel", report.kernel.as_str()),
        ("machine", &report.machine),
        ("date", &report.date),
        ("everycall", env!("CARGO_PKG_VERSION")),
    ] {
        writeln!(out, "<div><dt>{what}</dt><dd>{}</dd></div>", Text(text))?;
    }
    writeln!(out, "</dl></header><main>")
}

fn takers(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<section aria-labelledby="tracers"><h2 id="tracers">Tracers</h2>
<div class="wide" role="region" aria-labelledby="tracers" tabindex="0"><table>
<thead><tr><th scope="col">tracer</th><th scope="col">version</th><th scope="col" class="n">passed</th><th scope="col" class="n">failed</th><th scope="col" class="n">known</th><th scope="col" class="n">not run</th></tr></thead><tbody>"#
    )?;
    for taker in &report.takers {
        write!(out, r#"<tr><th scope="row">{}</th>"#, Text(&taker.tracer))?;
        if let Some(reason) = &taker.absent {
            writeln!(
                out,
                r#"<td colspan="5" class="none">not here: {}</td></tr>"#,
                Text(reason)
            )?;
            continue;
        }
        let total = report.total(taker);
        let version = taker.command.as_ref().or(taker.version.as_ref());
        let version = version.map_or("unknown", String::as_str);
        writeln!(
            out,
            r#"<td class="version">{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            Text(version),
            total.passed,
            total.failed,
            total.expected_failures,
            total.skipped
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

/// Faults of the suite, and entries that no case needed: each is a failure of the run.
fn suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.faults.is_empty() && report.stale.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section><h2>The suite itself</h2><ul>")?;
    for fault in &report.faults {
        writeln!(
            out,
            "<li><code>{}</code> does not do untraced what it claims: {}</li>",
            Text(&fault.case),
            Text(&fault.what)
        )?;
    }
    for (subject, pattern) in &report.stale {
        writeln!(
            out,
            "<li>{}: no case is of the pattern <code>{}</code></li>",
            Text(subject),
            Text(pattern)
        )?;
    }
    writeln!(out, "</ul></section>")
}

fn words(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<section aria-labelledby="words"><h2 id="words">Words</h2>
<p>Each case is a program that makes known calls and writes down what it got; a tracer is held against that.
With <code>--keep DIR</code> the commands above leave that program and the tracer's exact command there.</p><dl class="words">"#
    )?;
    for (word, meaning) in WORDS {
        writeln!(out, "<div><dt>{word}</dt><dd>{meaning}</dd></div>")?;
    }
    writeln!(out, "</dl></section>")
}
