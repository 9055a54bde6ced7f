//! The disk of a test, in `disk.c`: it keeps a trace of what a program writes, and fails as told.

use std::path::Path;
use std::process::Command;

/// Puts such a disk under the program that `command` starts; it is made in `dir`. What the settings mean stands in `disk.c`.
pub fn put_under(command: &mut Command, dir: &Path, settings: &[(&str, &str)]) {
    let (source, library) = (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/durability/disk.c"), dir.join("disk.so"));
    if !library.exists() {
        let arguments = ["-O1", "-shared", "-fPIC", "-o"];
        let made = Command::new("cc").args(arguments).arg(&library).arg(source).status().unwrap();
        assert!(made.success());
    }
    command.env("LD_PRELOAD", library).envs(settings.iter().copied());
}
