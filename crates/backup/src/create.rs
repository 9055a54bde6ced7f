use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use wxgate_crypto::age::Recipient;
use wxgate_store::{Erasure, Snapshot};

use crate::contents::{DATABASE, KEY, MANIFEST, check_room};
use crate::error::{Error, Result};
use crate::manifest::{FORMAT, Manifest};
use crate::scratch::{Scratch, directory_of, publish};
use crate::stream::SealedWriter;
use crate::{Progress, Stage};

/// Of zstd: databases shrink to about a third, nearly as fast as they are read.
const LEVEL: i32 = 3;
/// What is read between two words about the progress.
const PART_BYTES: usize = 1 << 20;

/// What a backup is made of.
pub struct Source<'a> {
    /// Where the database is. A server may use it.
    pub data_dir: &'a Path,
    /// Where it is copied to meanwhile; usually the same.
    pub room: &'a Path,
    /// The text of the sealing key's file, without which the database's secrets do not open.
    pub key_file: &'a str,
    /// Who can open the backup.
    pub recipients: &'a [Recipient],
    /// The version of this wxgate.
    pub wxgate: &'a str,
    /// In Unix seconds.
    pub now: i64,
}

/// Where a backup goes.
pub enum Out<'a> {
    /// A file that is not there yet. It appears when it is whole and on the disk.
    File(&'a Path),
    /// Whatever takes it; it is whole when [`create`] succeeded.
    Stream(&'a mut dyn Write),
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its size.
    pub bytes: u64,
    /// Who was erased until then: for the list beside the backup.
    pub erasures: Vec<Erasure>,
}

/// Makes a backup: copies the database as it is at one moment, beside the server, checks the copy, and writes it sealed.
///
/// # Errors
/// [`Error`]; a file is then not there, a stream not whole.
pub fn create(source: &Source<'_>, out: Out<'_>, progress: &mut Progress<'_>) -> Result<Made> {
    match out {
        Out::Stream(stream) => write(source, stream, Path::new("-"), progress),
        Out::File(path) => {
            if path.symlink_metadata().is_ok() {
                return Err(Error::Exists(path.to_owned()));
            }
            let draft = Scratch::new(directory_of(path))?;
            let unfinished = draft.join("backup");
            let file = private(&unfinished)?;
            let made = write(source, &file, path, progress)?;
            file.sync_all().map_err(Error::at(path))?;
            publish(&unfinished, path)?;
            Ok(made)
        }
    }
}

/// A new file that nobody else reads.
pub(crate) fn private(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).map_err(Error::at(path))
}

fn write(source: &Source<'_>, out: impl Write, name: &Path, progress: &mut Progress<'_>) -> Result<Made> {
    let room = Scratch::new(source.room)?;
    let database = room.join(DATABASE);
    let (manifest, erasures) = copy(source, room.path(), &database, progress)?;
    let bytes = pack(source, &manifest, &database, out, progress).map_err(Error::at(name))?;
    Ok(Made { manifest, bytes, erasures })
}

/// Copies the database and says what the copy is, and who is erased in it.
fn copy(
    source: &Source<'_>,
    room: &Path,
    database: &Path,
    progress: &mut Progress<'_>,
) -> Result<(Manifest, Vec<Erasure>)> {
    let original = source.data_dir.join(DATABASE);
    check_room(room, original.metadata().map_err(Error::at(&original))?.len())?;
    let snapshot = Snapshot::take(source.data_dir, database, &mut |done, all| progress(Stage::Copy, done, all))?;
    progress(Stage::Check, 0, 0);
    snapshot.check()?;
    let (digest, bytes) = digest(database).map_err(Error::at(database))?;
    let manifest = Manifest {
        format: FORMAT,
        wxgate: source.wxgate.to_owned(),
        created_at: source.now,
        schema_version: snapshot.schema_version()?,
        bytes,
        sha256: hex(&digest),
        counts: snapshot.counts()?,
    };
    Ok((manifest, snapshot.erasures()?))
}

/// SHA-256 and size of a file.
fn digest(path: &Path) -> io::Result<([u8; 32], u64)> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut file = io::BufReader::with_capacity(PART_BYTES, File::open(path)?);
    loop {
        let part = file.fill_buf()?;
        if part.is_empty() {
            return Ok((digest.finalize().into(), bytes));
        }
        digest.update(part);
        let read = part.len();
        bytes += read as u64;
        file.consume(read);
    }
}

/// Bytes as hexadecimal digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Into a text nothing fails to be written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes the three entries; the size of it all.
fn pack(
    source: &Source<'_>,
    manifest: &Manifest,
    database: &Path,
    out: impl Write,
    progress: &mut Progress<'_>,
) -> io::Result<u64> {
    let sealed = SealedWriter::new(Counted { out, bytes: 0 }, source.recipients)?;
    let mut compressed = zstd::Encoder::new(sealed, LEVEL)?;
    compressed.include_checksum(true)?;
    let mut archive = tar::Builder::new(compressed);
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut archive, MANIFEST, manifest, text.len() as u64, &*text)?;
    append(&mut archive, KEY, manifest, source.key_file.len() as u64, source.key_file.as_bytes())?;
    let mut done = 0;
    let file = Told {
        file: File::open(database)?,
        tell: |bytes| {
            done += bytes;
            progress(Stage::Write, done, manifest.bytes);
        },
    };
    append(&mut archive, DATABASE, manifest, manifest.bytes, io::BufReader::with_capacity(PART_BYTES, file))?;
    let mut counted = archive.into_inner()?.finish()?.finish()?;
    counted.flush()?;
    Ok(counted.bytes)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    of: &Manifest,
    bytes: u64,
    from: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(of.created_at.unsigned_abs());
    archive.append_data(&mut header, name, from)
}

/// Counts what goes through.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Tells how much was read.
struct Told<F> {
    file: File,
    tell: F,
}

impl<F: FnMut(u64)> Read for Told<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        (self.tell)(read as u64);
        Ok(read)
    }
}
