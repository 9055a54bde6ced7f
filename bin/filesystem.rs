//! Where `data_dir` lies. SQLite's log stands on memory and locks that all who open the database share, which a file system
//! of another machine does not give: what is written there may be lost or spoilt (sqlite.org/wal.html).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{major, minor};

use crate::lang::words;
use crate::out::Failure;

/// File systems of other machines, by the names that Linux gives them. Those of FUSE that are local are fine.
const REMOTE: &[&str] = &[
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph-fuse",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.juicefs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// Refuses a data directory on a file system of another machine. One whose kind cannot be found out is taken.
pub(crate) fn check(data_dir: &Path) -> Result<(), Failure> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let device = fs::metadata(data_dir).map_or(0, |metadata| metadata.dev());
    let Some(kind) = kind(&mounts, device).filter(|kind| REMOTE.contains(kind)) else { return Ok(()) };
    let path = data_dir.display();
    Err(Failure::refused(words(
        format!("{path}：位于网络文件系统 {kind} 上，数据可能损坏；请把 data_dir 放在本机磁盘上"),
        format!(
            "{path}: is on {kind}, a network file system, where data may be lost; put data_dir on a disk of this machine"
        ),
    )))
}

/// The kind of the file system on a device, from the lines of proc(5) mountinfo.
fn kind(mounts: &str, device: u64) -> Option<&str> {
    let device = format!("{}:{}", major(device), minor(device));
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    mount.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::makedev;

    const MOUNTS: &str = "\
        22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        41 22 0:38 / /mnt/a\\040-\\040b rw,relatime shared:12 - nfs4 10.0.0.1:/a rw,vers=4.2\n\
        42 22 0:39 / /home/me/far rw,nosuid shared:13 master:1 - fuse.sshfs me@far:/ rw,user_id=0\n\
        43 22 0:40 / /var/lib/x rw - fuse.fuse-overlayfs fuse-overlayfs rw\n\
        44 22 0:41 / /mnt/c rw - 9p C:\\134 rw\n";

    #[test]
    fn the_kind_of_a_file_system_is_found_by_its_device() {
        let kinds = [
            (makedev(254, 0), "ext4", false),
            (makedev(0, 38), "nfs4", true),
            (makedev(0, 39), "fuse.sshfs", true),
            (makedev(0, 40), "fuse.fuse-overlayfs", false),
            (makedev(0, 41), "9p", true),
        ];
        for (device, name, is_remote) in kinds {
            let found = kind(MOUNTS, device).unwrap();
            assert_eq!((found, REMOTE.contains(&found)), (name, is_remote));
        }
        assert_eq!(kind(MOUNTS, makedev(0, 99)), None);
    }

    #[test]
    fn a_directory_of_this_machine_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path()).unwrap();
    }
}
