//! What is measured of a server from outside.

use std::fs;
use std::time::Duration;

use crate::support::Server;

pub const MIB: usize = 1024 * 1024;

/// The memory that a server holds, in bytes.
pub fn resident(server: &Server) -> usize {
    in_status(server, "VmRSS:")
}

fn in_status(server: &Server, field: &str) -> usize {
    let status = fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// What 99 of 100 stay below.
pub fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}
