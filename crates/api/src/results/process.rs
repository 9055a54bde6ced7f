//! What Linux says of this process (proc(5)), under the names that Prometheus gives such figures.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};

pub struct Process {
    pub resident_bytes: u64,
    pub cpu_seconds: f64,
    /// Unix seconds.
    pub started_at: f64,
    pub open_files: u64,
}

/// `None` where `/proc` is not to be had.
pub fn read() -> Option<Process> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = fields(&stat)?;
    let memory = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = memory.split(' ').nth(1)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime "))?.parse::<f64>().ok()?;
    Some(Process {
        resident_bytes: pages * page_size() as u64,
        cpu_seconds: seconds(fields[0] + fields[1]),
        started_at: boot + seconds(fields[2]),
        open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
    })
}

/// Ticks in user mode, in the kernel, and since the boot when the process began: fields 14, 15 and 22. The second field is a
/// name in parentheses, which may hold anything.
fn fields(stat: &str) -> Option<[u64; 3]> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split(' ').collect();
    let field = |number: usize| fields.get(number - 3)?.parse().ok();
    Some([field(14)?, field(15)?, field(22)?])
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_shifts_no_field() {
        let stat = "1 (a) b) R 0 1 1 0 -1 4 1 0 0 0 7 8 0 0 20 0 3 0 99 1 2";
        assert_eq!(fields(stat), Some([7, 8, 99]));
        assert_eq!(fields(""), None);
    }

    #[test]
    fn this_process_has_memory_and_files_and_a_beginning() {
        let process = read().unwrap();
        assert!(process.resident_bytes > 1 << 20 && process.open_files > 2);
        assert!(process.started_at > 1.6e9 && process.cpu_seconds >= 0.0);
    }
}
