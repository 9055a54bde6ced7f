//! `wxgate completions` and `wxgate man`: what a package installs beside the program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::lang::words;
use crate::out::{self, Exit, Failure, Outcome};

/// For which shell.
#[derive(Args)]
pub(crate) struct CompletionFlags {
    /// The shell that is to complete. 命令行外壳
    shell: Shell,
}

/// What to make pages of.
#[derive(Args)]
pub(crate) struct ManFlags {
    /// Write a page for each command here, instead of the first one to stdout. 写入目录，每个命令一页
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs `wxgate completions SHELL`.
pub(crate) fn completions(flags: &CompletionFlags, mut command: Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut command, "wxgate", &mut script);
    out::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}

/// Runs `wxgate man`.
pub(crate) fn man(flags: &ManFlags, command: Command) -> Outcome {
    match &flags.out {
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page).map_err(|error| cannot_write(Path::new("-"), &error))?;
            out::print(String::from_utf8_lossy(&page).trim_end())?;
        }
        Some(dir) => {
            let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
            written.map_err(|error| cannot_write(dir, &error))?;
        }
    }
    Ok(Exit::Done)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::problem(words(format!("无法写入 {path}：{error}"), format!("cannot write {path}: {error}")))
}
