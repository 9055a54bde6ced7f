//! What is in a backup, once it is opened.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use wxgate_crypto::age::Identity;
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{Sealed, SealedWhat, Snapshot};
use zeroize::Zeroizing;

use crate::create::{hex, private};
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::stream::SealedReader;
use crate::{Progress, Stage};

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const KEY: &str = "wxgate.key";
pub(crate) const DATABASE: &str = "wxgate.db";

/// Far above what manifest and key take.
const TEXT_BYTES: u64 = 64 << 10;
/// Of zstd: what an unpacking may hold in memory, 8 MiB.
const WINDOW_LOG: u32 = 23;
/// What must be free beside a database, so that a server does not find its disk full.
const MARGIN_BYTES: u64 = 64 << 20;
const PART_BYTES: usize = 1 << 20;

/// A backup that was read to its end, every chunk of it authentic.
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    pub(crate) key_file: Zeroizing<String>,
}

/// Reads a backup and puts its database into `room`.
pub(crate) fn unpack(
    file: &mut dyn Read,
    name: &Path,
    keys: &[Identity],
    room: &Path,
    progress: &mut Progress<'_>,
) -> Result<Contents> {
    let opened = SealedReader::new(BufReader::with_capacity(PART_BYTES, file), keys)?;
    let mut expanded =
        zstd::Decoder::with_buffer(BufReader::with_capacity(PART_BYTES, opened)).map_err(Error::at(name))?;
    expanded.window_log_max(WINDOW_LOG).map_err(Error::at(name))?;
    let mut archive = tar::Archive::new(expanded);
    let contents = entries(&mut archive, name, room, progress)?;
    // To the last byte: what follows the last entry is authenticated as well.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(Error::of_stream(name))?;
    Ok(contents)
}

fn entries(
    archive: &mut tar::Archive<impl Read>,
    name: &Path,
    room: &Path,
    progress: &mut Progress<'_>,
) -> Result<Contents> {
    let mut entries = archive.entries().map_err(Error::of_stream(name))?;
    let mut next = |expected: &str| {
        let entry = entries.next().ok_or(Error::Foreign("an entry is missing"))?.map_err(Error::of_stream(name))?;
        let fits = entry.path_bytes() == expected.as_bytes() && entry.header().entry_type().is_file();
        if fits { Ok(entry) } else { Err(Error::Foreign("an entry has another name")) }
    };
    let text = |entry: &mut dyn Read| {
        let mut text = Zeroizing::new(String::with_capacity(4096));
        entry.take(TEXT_BYTES).read_to_string(&mut text).map_err(Error::of_stream(name))?;
        Ok::<_, Error>(text)
    };
    let manifest = Manifest::parse(text(&mut next(MANIFEST)?)?.as_bytes())?;
    let key_file = text(&mut next(KEY)?)?;
    check_room(room, manifest.bytes)?;
    let mut entry = next(DATABASE)?;
    if entry.size() != manifest.bytes {
        return Err(Error::Differs("the size of its database"));
    }
    let digest = save(&mut entry, name, &room.join(DATABASE), manifest.bytes, progress)?;
    if hex(&digest) != manifest.sha256 {
        return Err(Error::Differs("the SHA-256 of its database"));
    }
    Ok(Contents { manifest, key_file })
}

fn save(from: &mut dyn Read, name: &Path, to: &Path, bytes: u64, progress: &mut Progress<'_>) -> Result<[u8; 32]> {
    let (mut file, mut digest, mut done) = (private(to)?, Sha256::new(), 0);
    let mut from = BufReader::with_capacity(PART_BYTES, from);
    loop {
        let part = from.fill_buf().map_err(Error::of_stream(name))?;
        if part.is_empty() {
            break;
        }
        digest.update(part);
        file.write_all(part).map_err(Error::at(to))?;
        let read = part.len();
        from.consume(read);
        done += read as u64;
        progress(Stage::Read, done, bytes);
    }
    file.sync_all().map_err(Error::at(to))?;
    Ok(digest.finalize().into())
}

/// Looks at all that was unpacked: the database whole, as many rows as there were, and a key that opens what it sealed.
/// How many sealed values were opened.
pub(crate) fn examine(contents: &Contents, room: &Path, progress: &mut Progress<'_>) -> Result<(Vault, usize)> {
    progress(Stage::Check, 0, 0);
    let vault = Vault::parse_key_file(&contents.key_file).map_err(|_| Error::Unsealable)?;
    let snapshot = Snapshot::open(&room.join(DATABASE))?;
    snapshot.check()?;
    if snapshot.schema_version()? != contents.manifest.schema_version {
        return Err(Error::Differs("the schema of its database"));
    }
    if snapshot.counts()? != contents.manifest.counts {
        return Err(Error::Differs("the number of rows in its database"));
    }
    let sealed = snapshot.sealed()?;
    if sealed.iter().all(|sealed| opens(&vault, sealed)) { Ok((vault, sealed.len())) } else { Err(Error::Unsealable) }
}

fn opens(vault: &Vault, sealed: &Sealed) -> bool {
    vault.open(purpose(sealed.what), &sealed.appid, &sealed.openid, &sealed.bytes).is_ok()
}

/// For what the vault sealed it.
pub fn purpose(what: SealedWhat) -> Purpose {
    match what {
        SealedWhat::Phone => Purpose::Phone,
        SealedWhat::SessionKey => Purpose::SessionKey,
        SealedWhat::AccessToken => Purpose::AccessToken,
    }
}

/// Fails if `dir` has no room for a database of so many bytes.
pub(crate) fn check_room(dir: &Path, bytes: u64) -> Result<()> {
    let found = rustix::fs::statvfs(dir).map_err(|error| Error::at(dir)(error.into()))?;
    let (needed, free) = (bytes.saturating_add(MARGIN_BYTES), found.f_bavail.saturating_mul(found.f_frsize));
    if free >= needed { Ok(()) } else { Err(Error::NoRoom { dir: dir.to_owned(), needed, free }) }
}
