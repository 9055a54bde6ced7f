//! Files that root makes in a directory of somebody else's are theirs: the server must be able to open them.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

/// Whether root looks at a directory of somebody else's, who may exchange what root puts there.
pub fn is_others(dir: &Path) -> bool {
    rustix::process::geteuid().is_root() && fs::metadata(dir).is_ok_and(|dir| dir.uid() != 0)
}

/// Gives `path` to the owner of `like`, if this is root's to give.
///
/// # Errors
/// Of the file system.
pub fn adopt(path: &Path, like: &Path) -> io::Result<()> {
    if is_others(like) {
        let owner = fs::metadata(like)?;
        lchown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
