//! The table of a capture, for the terminal.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use super::install::Certainty;
use super::store::{Entry, Store};

const HEAD: [&str; 9] = [
    "#", "seconds", "pid", "program", "abi", "call", "insns", "result", "file",
];

/// Writes it on standard error: standard output is the traced program's.
pub(super) fn show(store: &Store) {
    // A reader that has gone away wanted no more of it.
    let _: io::Result<()> = io::stderr().write_all(text(store).as_bytes());
}

fn text(store: &Store) -> String {
    let entries = store.entries();
    let installed = entries.iter().filter(|entry| entry.installed == Some(true));
    let mut text = match (entries.len(), installed.count()) {
        (0, _) => "no filter was installed\n".to_owned(),
        (all, installed) if all == installed => format!("{} installed\n", filters(all)),
        (all, installed) => format!(
            "{} installed, of {all} that were asked for\n",
            filters(installed)
        ),
    };
    text.insert_str(0, "everycall filter capture: ");
    let rows: Vec<[String; 9]> = entries.iter().map(row).collect();
    if !rows.is_empty() {
        lines(&mut text, &rows);
    }
    if store.dropped() > 0 {
        let _ = writeln!(text, "{} more were not kept", filters(store.dropped()));
    }
    if let Some(dir) = store.dir() {
        let _ = writeln!(text, "kept in {}", dir.display());
    }
    text
}

fn filters(count: usize) -> String {
    match count {
        1 => "1 filter".to_owned(),
        count => format!("{count} filters"),
    }
}

fn row(entry: &Entry) -> [String; 9] {
    // Of an executable that is in no directory there is the thread's name.
    let exe = entry
        .caller
        .exe
        .as_deref()
        .and_then(|exe| exe.rsplit('/').next());
    let program = exe
        .filter(|name| !name.is_empty())
        .unwrap_or(&entry.caller.comm);
    let mut call = entry.call.to_owned();
    if !entry.flags.is_empty() {
        let _ = write!(call, "({})", entry.flags.join("|"));
    }
    let changed = match entry.certainty {
        Certainty::Changed => "?",
        _ => "",
    };
    [
        entry.order.to_string(),
        entry.seconds.clone(),
        entry.caller.pid.to_string(),
        program.to_owned(),
        entry.abi.to_owned(),
        call,
        entry
            .instructions
            .map_or("-".to_owned(), |count| format!("{count}{changed}")),
        entry.told.clone(),
        entry.file.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn lines(text: &mut String, rows: &[[String; 9]]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([HEAD[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; 9] = std::array::from_fn(width);
    let head = HEAD.map(str::to_owned);
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Numbers stand at the right.
            let _ = match cell.starts_with(|c: char| c.is_ascii_digit()) && cell != &row[8] {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
