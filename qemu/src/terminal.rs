//! The caller's terminal, handed over to a command in a machine: every key goes there, Ctrl-C too.

use std::io;

use everycall_init::message::{Size, ToGuest};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// What a terminal sends when Ctrl-D is typed at the beginning of a line.
const END: u8 = 4;

/// Where what is typed comes from. A terminal is raw as long as this lives.
pub(crate) struct Keyboard {
    before: Option<Termios>,
    pub(crate) open: bool,
}

impl Keyboard {
    /// Takes standard input.
    pub(crate) fn take() -> io::Result<Self> {
        let stdin = io::stdin();
        let mut before = None;
        if isatty(&stdin) {
            let state = tcgetattr(&stdin)?;
            let mut raw = state.clone();
            raw.make_raw();
            tcsetattr(&stdin, OptionalActions::Now, &raw)?;
            before = Some(state);
        }
        Ok(Self { before, open: true })
    }

    /// What was typed, waiting for it.
    pub(crate) fn read(&mut self) -> io::Result<ToGuest> {
        let mut buffer = [0; 1024];
        // Not through the buffer of std's stdin: who polls does not see what lies there.
        let count = rustix::io::read(rustix::stdio::stdin(), &mut buffer)?;
        if count == 0 {
            self.open = false;
            return Ok(ToGuest::Input(vec![END]));
        }
        Ok(ToGuest::Input(buffer[..count].to_vec()))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // There is nobody to tell.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// The terminal's size, or the usual one where there is none.
pub(crate) fn size() -> Size {
    let usual = Size {
        rows: 24,
        columns: 80,
    };
    tcgetwinsize(io::stdin()).map_or(usual, |size| Size {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}
