//! wxgate: the login server of a WeChat Mini Program, as one program. See `wxgate --help`.

mod backup;
mod cli;
mod config;
mod demo;
mod doctor;
mod explain;
mod filesystem;
mod healthcheck;
mod help;
mod init;
mod key_file;
mod lang;
mod listen;
mod local;
mod logging;
mod manage;
mod manual;
mod migrate;
mod open;
mod out;
mod plugins;
mod private_file;
mod proxy_config;
mod reload;
mod sandbox;
mod serve;
mod systemd;
mod table;
mod trace;
mod transfer;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whatever this program makes, files, directories and sockets, is its own user's until it says otherwise.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let lang = lang::Lang::of_environment();
    out::finish(cli::run(lang), lang)
}
