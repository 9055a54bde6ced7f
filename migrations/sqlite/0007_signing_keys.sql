-- The Ed25519 keys that sign statements of sessions (JWT).
CREATE TABLE signing_keys (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,                          -- the order in which they came, whatever the clock said
    sealed_key BLOB    NOT NULL,                                           -- AEAD ciphertext under the key file
    public_key BLOB    NOT NULL UNIQUE CHECK (length(public_key) = 32),
    created_at INTEGER NOT NULL                                            -- Unix seconds
) STRICT;
