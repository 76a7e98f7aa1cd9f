//! A process that is there for as long as a row runs: its machine is kept for it, and so serves all of the row's commands.

use std::io;
use std::process::{Child, Command, Stdio};

/// That process. It ends with this, and when whoever runs the row is killed: then its input ends.
pub(crate) struct Owner(Child);

impl Owner {
    /// Which of `everycall vm`'s variables names it.
    pub(crate) const VARIABLE: &str = "EVERYCALL_VM_OWNER";

    pub(crate) fn start() -> io::Result<Self> {
        let mut cat = Command::new("cat");
        let cat = cat.stdin(Stdio::piped()).stdout(Stdio::null());
        cat.spawn().map(Self)
    }

    /// Has a command's machine kept for it.
    pub(crate) fn of(&self, command: &mut Command) {
        command.env(Self::VARIABLE, self.0.id().to_string());
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It has nothing more to read. How it ends changes nothing.
        let _ = self.0.wait();
    }
}
