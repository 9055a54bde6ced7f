//! A line that is typed and not shown.

use std::io::{self, BufRead};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

const CTRL_C: u8 = 3;
const CTRL_BACKSLASH: u8 = 0x1c;

/// Reads a line from the terminal that standard input is; `None` when it ended, or whoever types gave up.
pub(super) fn line() -> io::Result<Option<Zeroizing<String>>> {
    let _silence = Silence::new()?;
    let mut line = Zeroizing::new(Vec::new());
    // Not by lines: what ends one here is not always a line's end.
    while !line.iter().any(|byte| [b'\n', CTRL_C, CTRL_BACKSLASH].contains(byte)) {
        let mut stdin = io::stdin().lock();
        let typed = stdin.fill_buf()?;
        if typed.is_empty() {
            return Ok(None);
        }
        line.extend_from_slice(typed);
        let length = typed.len();
        stdin.consume(length);
    }
    if line.contains(&CTRL_C) || line.contains(&CTRL_BACKSLASH) {
        return Ok(None);
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(Zeroizing::new(text.trim().to_owned())))
}

/// A terminal that shows nothing until this is dropped. Signals are off meanwhile: one would leave it silent for the
/// shell. Ctrl-C and Ctrl-\\ end the line instead.
struct Silence(Termios);

impl Silence {
    fn new() -> io::Result<Self> {
        let loud = tcgetattr(io::stdin())?;
        let mut silent = loud.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        silent.special_codes[SpecialCodeIndex::VEOL2] = CTRL_BACKSLASH;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(loud))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // If the terminal is gone, nobody sees what it shows.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
