use std::borrow::Borrow;

use rusqlite::{ErrorCode, ffi};

use crate::error::{BoxError, Error};

/// What a failure of SQLite is to a caller, once it is certain that nothing was written.
pub(super) fn of<E: Borrow<rusqlite::Error> + Into<BoxError>>(error: E) -> Error {
    match error.borrow().sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted) => Error::Busy,
        _ if is_full(error.borrow()) => Error::Full,
        Some(ErrorCode::ConstraintViolation) => Error::Conflict("what is stored does not allow it"),
        _ => Error::Internal(error.into()),
    }
}

/// Whether there was no room to write: the disk is full, or the file system set an end (a quota, a limit of file size).
/// What was written of the log then ends before the mark that would have made it valid.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_WRITE)
}

/// Whether the disk or the file system failed otherwise, or the file is damaged: no answer of this connection is trusted.
pub(super) fn is_fatal(error: &rusqlite::Error) -> bool {
    is_damage(error) || error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) && !is_full(error)
}

/// Whether what is in the file is nothing that SQLite wrote.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What SQLite says of such a file.
pub(super) fn damage() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
}

/// What SQLite says when there is no room.
pub(super) fn full() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None)
}

/// An error of ours where the signature demands one of SQLite's.
pub(super) fn ours(sentence: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(sentence))
}
