-- The Ed25519 keys that sign statements of sessions (JWT).
CREATE TABLE signing_keys (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,                          -- the order in which they came, whatever the clock said
    sealed_key BLOB    NOT NULL,                                           -- AEAD ciphertext under the key file
    public_key BLOB    NOT NULL UNIQUE CHECK (length(public_key) = 32),
    created_at INTEGER NOT NULL                                            -- Unix seconds
) STRICT;

-- When access_tokens were forced (force_refresh) in the last day: WeChat allows 20 of them, whoever is restarted meanwhile.
CREATE TABLE forced_tokens (
    appid     TEXT    NOT NULL,
    forced_at INTEGER NOT NULL,                                            -- Unix seconds
    PRIMARY KEY (appid, forced_at)
) STRICT, WITHOUT ROWID;
