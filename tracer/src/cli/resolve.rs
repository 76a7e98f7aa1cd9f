//! From what was typed to what will be done: the command in `PATH`, its environment, its user.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd;

use super::{Asked, Reading, UsageError, tidy};
use crate::config::{Backend, Command, Config, Format, Output, Quiet, User};
use crate::escape::plain_text;
use crate::sink::reason;

const LAST_OF_Z: &str = "Only the last of -z/--successful-only/-Z/--failed-only options will take \
    effect. See status qualifier for more complex filters.";

/// The value of `-p`: process ids between commas or blanks.
pub(super) fn pids(text: &str) -> Result<Vec<i32>, UsageError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let pid = |word: &str| {
        let pid = word.parse::<i32>().ok().filter(|&pid| pid > 0);
        let shown = plain_text(word.as_bytes());
        pid.ok_or_else(|| UsageError::new(format!("Invalid process id: '{shown}'")))
    };
    text.split([',', ' ', '\t', '\n']).map(pid).collect()
}

impl Reading {
    /// The configuration for this command, which may be empty.
    pub(super) fn resolve(mut self, argv: Vec<OsString>) -> Result<Config, UsageError> {
        if argv.is_empty() && self.attach.is_empty() {
            return Err(UsageError::new("must have PROG [ARGS] or -p PID"));
        }
        let notes = self.check(!argv.is_empty())?;
        let own = std::process::id().cast_signed();
        if self.attach.contains(&own) {
            return Err(UsageError::new(format!(
                "cannot trace itself, process {own}"
            )));
        }
        self.attach.dedup();
        let command = match argv.first() {
            None => None,
            Some(_) => Some(self.command(argv)?),
        };
        let quiet = match self.quiet {
            // As strace: whoever writes to a file does not want these on the terminal.
            Asked::Times(0) if self.output.path.is_some() && command.is_some() => Quiet::level(1),
            Asked::Times(times) => Quiet::level(times),
            Asked::Named(quiet) => quiet,
        };
        Ok(Config {
            command,
            attach: self.attach,
            follow: self.follow > 0,
            backend: self.backend.unwrap_or(Backend::Auto),
            kill_on_exit: self.kill_on_exit,
            calls: self.calls,
            signals: self.signals,
            output: Output {
                quiet,
                style: tidy(self.output.style),
                ..self.output
            },
            notes,
        })
    }

    /// Refuses what does not go together.
    fn check(&self, command: bool) -> Result<Vec<String>, UsageError> {
        let attach = !self.attach.is_empty();
        let json = self.output.format == Format::Json;
        let path = self
            .output
            .path
            .as_deref()
            .unwrap_or(Path::new(""))
            .as_os_str()
            .as_bytes();
        let refused: [(bool, &str); 8] = [
            (self.follow > 1, "option -ff is not supported yet"),
            (
                path.starts_with(b"|"),
                "option -o '|COMMAND' is not supported yet",
            ),
            (
                path.starts_with(b"!"),
                "option -o '!COMMAND' is not supported yet",
            ),
            (
                !command && self.user.is_some(),
                "-u/--user needs a PROG to run",
            ),
            (
                !command && !self.env.is_empty(),
                "-E/--env needs a PROG to run",
            ),
            (
                attach && self.kill_on_exit,
                "--kill-on-exit and -p/--attach are mutually exclusive",
            ),
            (
                json && self.output.summary,
                "--format json and -c/--summary-only are mutually exclusive",
            ),
            (
                self.seccomp_bpf
                    && self
                        .backend
                        .is_some_and(|backend| backend == Backend::Ptrace),
                "--seccomp-bpf and --backend ptrace are mutually exclusive",
            ),
        ];
        if let Some((_, text)) = refused.iter().find(|(refused, _)| *refused) {
            return Err(UsageError::new(*text));
        }
        Ok(self.notes())
    }

    /// What the user must be told although it can be done.
    fn notes(&self) -> Vec<String> {
        let attach = !self.attach.is_empty();
        let sb = self.seccomp_bpf;
        let notes = [
            (self.status_flags == 3, LAST_OF_Z),
            (
                sb && attach,
                "--seccomp-bpf is not enabled for processes attached with -p",
            ),
            (
                sb && self.follow == 0,
                "--seccomp-bpf cannot be used without -f/--follow-forks, disabling",
            ),
            (
                sb && self.follow > 0 && !self.filtered,
                "Seccomp filter is requested but there are no syscalls to filter.  See -e trace to filter syscalls.",
            ),
        ];
        let notes = notes.into_iter().filter(|(said, _)| *said);
        notes.map(|(_, text)| text.to_owned()).collect()
    }

    fn command(&self, argv: Vec<OsString>) -> Result<Command, UsageError> {
        let name = argv.first().map(OsString::as_os_str).unwrap_or_default();
        let path = find(name, env::var_os("PATH").as_deref()).map_err(|error| {
            let (name, why) = (plain_text(name.as_bytes()), reason(&error));
            UsageError::new(format!("Can't stat '{name}': {why}"))
        })?;
        let user = self.user.as_deref().map(user).transpose()?;
        Ok(Command {
            path,
            env: environment(env::vars_os().collect(), &self.env),
            argv,
            user,
        })
    }
}

/// Where execve will find the command, as strace looks for it: in `PATH` unless there is a slash in
/// its name, a regular file that somebody may execute.
fn find(name: &OsStr, path: Option<&OsStr>) -> io::Result<PathBuf> {
    let mut found = PathBuf::from(name);
    if !name.as_bytes().contains(&b'/') {
        let candidates = path.into_iter().flat_map(env::split_paths).map(|dir| {
            let dir = if dir.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                dir
            };
            dir.join(name)
        });
        let mut executable = candidates.filter(|candidate| {
            fs::metadata(candidate)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        });
        if let Some(candidate) = executable.next() {
            found = candidate;
        }
    }
    fs::metadata(&found)?;
    Ok(found)
}

/// The environment after `-E`: `VAR=VALUE` sets, `VAR` removes.
fn environment(
    mut env: Vec<(OsString, OsString)>,
    edits: &[OsString],
) -> Vec<(OsString, OsString)> {
    for edit in edits {
        let bytes = edit.as_bytes();
        let end = bytes
            .iter()
            .position(|&byte| byte == b'=')
            .unwrap_or(bytes.len());
        let name = OsStr::from_bytes(&bytes[..end]);
        let value = bytes
            .get(end + 1..)
            .map(|value| OsStr::from_bytes(value).to_owned());
        let old = env.iter().position(|(known, _)| known == name);
        match (old, value) {
            (Some(at), Some(value)) => env[at].1 = value,
            (None, Some(value)) => env.push((name.to_owned(), value)),
            (Some(at), None) => drop(env.remove(at)),
            (None, None) => {}
        }
    }
    env
}

fn user(name: &str) -> Result<User, UsageError> {
    let shown = plain_text(name.as_bytes());
    if !unistd::geteuid().is_root() {
        return Err(UsageError::new("You must be root to use the -u option"));
    }
    let unknown = || UsageError::new(format!("Cannot find user '{shown}'"));
    let found = unistd::User::from_name(name)
        .ok()
        .flatten()
        .ok_or_else(unknown)?;
    let c_name = std::ffi::CString::new(name).map_err(|_| unknown())?;
    let groups = unistd::getgrouplist(&c_name, found.gid).map_err(|error| {
        UsageError::new(format!(
            "Cannot find the groups of user '{shown}': {}",
            error.desc()
        ))
    })?;
    Ok(User {
        name: name.to_owned(),
        uid: found.uid.as_raw(),
        gid: found.gid.as_raw(),
        groups: groups.into_iter().map(unistd::Gid::as_raw).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_edited_in_order() {
        let pair = |(name, value): (&str, &str)| (OsString::from(name), OsString::from(value));
        let env = vec![pair(("A", "1")), pair(("B", "2"))];
        let edits = ["B=3=4", "A", "C=5", "D=", "C", "E"].map(OsString::from);
        let expected: Vec<_> = [("B", "3=4"), ("D", "")].into_iter().map(pair).collect();
        assert_eq!(environment(env, &edits), expected);
    }

    #[test]
    fn commands_are_found_as_strace_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&two).unwrap();
        // A directory and a file that nobody may execute are passed over.
        fs::create_dir(one.join("tool")).unwrap();
        fs::write(one.join("other"), "").unwrap();
        for file in ["tool", "other"] {
            fs::write(two.join(file), "").unwrap();
            fs::set_permissions(two.join(file), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = env::join_paths([&one, &two]).unwrap();
        for file in ["tool", "other"] {
            assert_eq!(find(OsStr::new(file), Some(&path)).unwrap(), two.join(file));
        }
        assert!(find(OsStr::new("missing"), Some(&path)).is_err());
        let slash = one.join("tool");
        assert_eq!(find(slash.as_os_str(), None).unwrap(), slash);
    }
}
