use std::borrow::Borrow;

use rusqlite::ErrorCode;

use crate::error::{BoxError, Error};

/// What a failure of SQLite is to a caller, once it is certain that nothing was written.
pub(super) fn of<E: Borrow<rusqlite::Error> + Into<BoxError>>(error: E) -> Error {
    match error.borrow().sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::ConstraintViolation) => Error::Conflict("what is stored does not allow it"),
        _ => Error::Internal(error.into()),
    }
}

/// Whether the disk or the file system failed, after which no answer of this connection is trusted.
pub(super) fn is_io(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

/// An error of ours where the signature demands one of SQLite's.
pub(super) fn ours(sentence: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR), Some(sentence))
}
