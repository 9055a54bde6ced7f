use std::io;
use std::path::{Path, PathBuf};

use wxgate_crypto::age::AgeError;

use crate::stream::Fault;

/// What every operation here gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a backup was not made, is no good, or was not restored. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory that cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is something of this name already.
    #[error("{}: is there already", .0.display())]
    Exists(PathBuf),
    /// There is too little room for a copy of the database.
    #[error("{}: {needed} bytes are needed, {free} are free", dir.display())]
    NoRoom {
        /// Where.
        dir: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Not a file of age, or its first lines are damaged.
    #[error("not a backup, or damaged in its first lines")]
    NotABackup,
    /// None of the keys opens it.
    #[error("made for another key")]
    OtherKey,
    /// What it holds from this byte on is not what was written.
    #[error("damaged between byte {from} and byte {to}")]
    Damaged {
        /// First byte of the damaged part, counted from 0.
        from: u64,
        /// First byte after it.
        to: u64,
    },
    /// It ends too early, or its last part is damaged.
    #[error("cut off, or damaged in its last part, from byte {from} on")]
    CutOff {
        /// First byte of that part, counted from 0.
        from: u64,
    },
    /// It opens, but holds something else than a backup does.
    #[error("not a backup of wxgate: {0}")]
    Foreign(&'static str),
    /// Its layout or schema is of a later wxgate.
    #[error("made by a newer wxgate ({0})")]
    Newer(String),
    /// What it holds is not what its manifest says.
    #[error("{0} is not what the manifest says")]
    Differs(&'static str),
    /// The key inside does not open what is sealed inside.
    #[error("its sealing key does not open what is sealed in its database")]
    Unsealable,
    /// A line of a list of erasures that is none.
    #[error("{}:{line}: not a line of a list of erasures", path.display())]
    NoErasure {
        /// The list.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The directory holds data already.
    #[error("{}: not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The store refused: who else uses the directory, what is damaged, or no room.
    #[error(transparent)]
    Store(#[from] wxgate_store::Error),
}

impl Error {
    /// For `map_err`: an error of the file system, with the path it is about.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::File { path: path.to_owned(), error }
    }

    /// An error of a stream, which may stand for one of ours.
    pub(crate) fn of_stream(name: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| match Fault::within(&error) {
            Some(Fault::Damaged { from, to }) => Self::Damaged { from: *from, to: *to },
            Some(Fault::CutOff { from }) => Self::CutOff { from: *from },
            None => Self::File { path: name.to_owned(), error },
        }
    }
}

impl From<AgeError> for Error {
    fn from(error: AgeError) -> Self {
        match error {
            AgeError::NoKey => Self::OtherKey,
            _ => Self::NotABackup,
        }
    }
}
