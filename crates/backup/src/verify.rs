use std::io::Read;
use std::path::Path;

use wxgate_crypto::age::Identity;

use crate::Progress;
use crate::contents::{Contents, examine, unpack};
use crate::error::Result;
use crate::manifest::Manifest;
use crate::scratch::Scratch;

/// A backup that would restore.
#[derive(Debug)]
pub struct Verified {
    /// What it says of itself, and is.
    pub manifest: Manifest,
    /// Sealed values that its key opened: one of each kind that it holds.
    pub opened: usize,
}

/// Restores a backup into a directory within `room`, looks at everything, and throws it away. `name` is for messages.
///
/// # Errors
/// [`Error`](crate::Error): what is wrong with it.
pub fn verify(
    file: &mut dyn Read,
    name: &Path,
    keys: &[Identity],
    room: &Path,
    progress: &mut Progress<'_>,
) -> Result<Verified> {
    let scratch = Scratch::new(room)?;
    let contents = unpack(file, name, keys, scratch.path(), progress)?;
    let (_, opened) = examine(&contents, scratch.path(), progress)?;
    let Contents { manifest, .. } = contents;
    Ok(Verified { manifest, opened })
}
