//! A row as commands: build, then test, with the variables that lead cargo's runner to the machine.

use std::path::Path;
use std::process::Command;

use crate::matrix::Row;
use crate::owner::Owner;

/// Variables that say which machine is meant, and which cases. A row says that itself, whatever its caller has set.
const OWN: [&str; 4] = [
    "EVERYCALL_MACHINE",
    "EVERYCALL_KERNEL",
    "EVERYCALL_VM_ARGS",
    "EVERYCALL_CHECK",
];

/// What a row does, in order.
pub(crate) struct Job {
    pub(crate) builds: Vec<Command>,
    pub(crate) tests: Vec<Command>,
}

impl Job {
    pub(crate) fn of(row: &Row, root: &Path) -> Self {
        let mut builds = vec![nice(&cargo(row, root, "build", &words(&row.programs)))];
        let mut tests = Vec::new();
        for text in &row.tests {
            let (variables, words) = variables(words(text));
            let picked = words.split(|word| word == "--").next().unwrap_or_default();
            let mut build = picked.to_vec();
            build.push("--no-run".to_owned());
            builds.push(nice(&cargo(row, root, "test", &build)));
            let mut test = words.clone();
            test.insert(0, "--no-fail-fast".to_owned());
            let mut test = cargo(row, root, "test", &test);
            test.envs(variables);
            tests.push(test);
        }
        Self { builds, tests }
    }
}

/// The matrix has been checked: there is no open quote.
fn words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap_or_default()
}

/// The variables that stand before the arguments of a test, as in a shell, and the arguments.
fn variables(words: Vec<String>) -> (Vec<(String, String)>, Vec<String>) {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut words = words.into_iter().peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('='))
        && is_name(name)
    {
        variables.push((name.to_owned(), value.to_owned()));
        words.next();
    }
    (variables, words.collect())
}

fn cargo(row: &Row, root: &Path, verb: &str, words: &[String]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root).arg(verb).arg("--quiet");
    if let Some(target) = &row.target {
        command.args(["--target", target]);
    }
    command.args(words);
    for name in OWN {
        command.env_remove(name);
    }
    let values = [&row.machine, &row.kernel, &row.kernel_args];
    for (name, value) in OWN.iter().zip(values) {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.envs(&row.env);
    command
}

/// The same, behind rows that run: what a machine's processors wait for when one of them is kept from running, they wait
/// for in a loop.
fn nice(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        nice.current_dir(dir);
    }
    nice
}

/// A command as a user would type it.
pub(crate) fn typed(command: &Command) -> String {
    // Whose machine it is says nothing to a user: that process is gone then.
    let lasting = { command.get_envs() }.filter(|(name, _)| *name != Owner::VARIABLE);
    let variables = lasting.filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value)))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            name: "a".to_owned(),
            about: String::new(),
            target: Some("armv7-unknown-linux-gnueabihf".to_owned()),
            machine: Some("arm".to_owned()),
            kernel: Some("7.2".to_owned()),
            kernel_args: None,
            boots: Vec::new(),
            slow: false,
            not_yet: None,
            programs: "-p everycall-tracer --bins".to_owned(),
            tests: vec![
                "-p x --test check -- numbers::".to_owned(),
                "A='d e' F=--g -p y".to_owned(),
            ],
            env: [("A".to_owned(), "b c".to_owned())].into(),
        }
    }

    #[test]
    fn a_row_becomes_what_a_user_would_type() {
        let job = Job::of(&row(), Path::new("/"));
        let typed = |commands: &[Command]| commands.iter().map(typed).collect::<Vec<_>>();
        let front = "A='b c' EVERYCALL_KERNEL=7.2 EVERYCALL_MACHINE=arm";
        let target = "--quiet --target armv7-unknown-linux-gnueabihf";
        assert_eq!(
            typed(&job.builds),
            [
                format!("{front} nice cargo build {target} -p everycall-tracer --bins"),
                format!("{front} nice cargo test {target} -p x --test check --no-run"),
                format!("{front} nice cargo test {target} -p y --no-run"),
            ]
        );
        assert_eq!(
            typed(&job.tests),
            [
                format!(
                    "{front} cargo test {target} --no-fail-fast -p x --test check -- numbers::"
                ),
                format!(
                    "A='d e' EVERYCALL_KERNEL=7.2 EVERYCALL_MACHINE=arm F=--g cargo test {target} --no-fail-fast -p y"
                ),
            ]
        );
    }

    #[test]
    fn a_row_on_the_host_asks_for_no_machine() {
        let row = Row {
            machine: None,
            kernel: None,
            ..row()
        };
        let job = Job::of(&row, Path::new("/"));
        let removed: Vec<_> = job.tests[0]
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert_eq!(removed.len(), OWN.len());
    }
}
