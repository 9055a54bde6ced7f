//! The sealed stream: what is written is sealed a chunk at a time, what is read is what was authenticated.

use std::io::{self, BufRead, Read, Write};

use wxgate_crypto::age::{
    self, AgeError, CHUNK_BYTES, Header, Identity, MAX_HEADER_BYTES, Opener, PAYLOAD_NONCE_BYTES, Recipient,
    SEALED_CHUNK_BYTES, Sealer,
};

use crate::error::{Error, Result};

/// Seals what is written to it.
pub(crate) struct SealedWriter<W> {
    out: W,
    sealer: Sealer,
    chunk: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    /// Begins a file for these recipients.
    pub(crate) fn new(mut out: W, recipients: &[Recipient]) -> io::Result<Self> {
        let (head, sealer) = age::seal(recipients);
        out.write_all(&head)?;
        Ok(Self { out, sealer, chunk: Vec::with_capacity(SEALED_CHUNK_BYTES) })
    }

    /// Ends the file: without it, what was written does not open.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        self.sealer.seal(&mut self.chunk, is_last);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not sooner: whether a chunk is the last one shows when there is more.
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where a stream does not open, by the bytes of the file.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("damaged between byte {from} and byte {to}")]
    Damaged { from: u64, to: u64 },
    #[error("cut off from byte {from} on")]
    CutOff { from: u64 },
}

impl Fault {
    /// The fault that an error of a reader further up stands for.
    pub(crate) fn within(error: &io::Error) -> Option<&Self> {
        let inner = error.get_ref()?;
        let beneath = || inner.source()?.downcast_ref().and_then(Self::within);
        inner.downcast_ref().or_else(beneath)
    }
}

/// Opens what is read from it; nothing comes out that was not authenticated.
pub(crate) struct SealedReader<R> {
    file: R,
    opener: Opener,
    /// What is opened, and how much of it was read.
    chunk: Vec<u8>,
    taken: usize,
    /// What follows in the file, sealed: whether a chunk is the last one shows by it.
    next: Vec<u8>,
    /// Where `next` begins in the file.
    at: u64,
    /// Nothing follows what is opened.
    is_ended: bool,
}

impl<R: BufRead> SealedReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::NotABackup`], [`Error::OtherKey`], or that the file cannot be read.
    pub(crate) fn new(mut file: R, keys: &[Identity]) -> Result<Self> {
        let mut head = Vec::new();
        let nonce = read_head(&mut file, &mut head).map_err(|_| Error::NotABackup)?;
        let opener = Header::parse(&head).and_then(|header| header.open(keys, &nonce))?;
        let at = (head.len() + nonce.len()) as u64;
        Ok(Self { file, opener, chunk: Vec::new(), taken: 0, next: Vec::new(), at, is_ended: false })
    }

    fn open_next(&mut self) -> io::Result<()> {
        if self.next.is_empty() {
            self.next = self.sealed()?;
        }
        let following = if self.next.len() == SEALED_CHUNK_BYTES { self.sealed()? } else { Vec::new() };
        let (from, is_last) = (self.at, following.is_empty());
        self.chunk = std::mem::replace(&mut self.next, following);
        self.at += self.chunk.len() as u64;
        self.taken = 0;
        self.is_ended = is_last;
        self.opener.open(&mut self.chunk, is_last).map_err(|_: AgeError| {
            self.chunk.clear();
            io::Error::other(if is_last { Fault::CutOff { from } } else { Fault::Damaged { from, to: self.at } })
        })
    }

    fn sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::with_capacity(SEALED_CHUNK_BYTES);
        self.file.by_ref().take(SEALED_CHUNK_BYTES as u64).read_to_end(&mut sealed)?;
        Ok(sealed)
    }
}

fn read_head(file: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<[u8; PAYLOAD_NONCE_BYTES]> {
    let mut limited = file.take(MAX_HEADER_BYTES as u64);
    loop {
        let begin = head.len();
        if limited.read_until(b'\n', head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head[begin..].starts_with(b"---") {
            break;
        }
    }
    let mut nonce = [0; PAYLOAD_NONCE_BYTES];
    file.read_exact(&mut nonce)?;
    Ok(nonce)
}

impl<R: BufRead> Read for SealedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.chunk.len() {
            if self.is_ended {
                return Ok(0);
            }
            self.open_next()?;
        }
        let given = buffer.len().min(self.chunk.len() - self.taken);
        buffer[..given].copy_from_slice(&self.chunk[self.taken..self.taken + given]);
        self.taken += given;
        Ok(given)
    }
}
