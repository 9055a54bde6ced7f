-- Instants (*_at, *_until) are integer UTC seconds. Sealed columns are AEAD ciphertexts under the key file, bound to (appid, openid).

CREATE TABLE members (
    number         INTEGER PRIMARY KEY,                                                  -- what rows of sessions say; stays inside
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),                      -- UUIDv7; what everybody else says
    appid          TEXT    NOT NULL,
    openid         TEXT    NOT NULL,
    unionid        TEXT,                                                                 -- null: WeChat has not said it
    nick_name      TEXT,                                                                 -- profile columns, null: not given
    avatar_url     TEXT,
    gender         INTEGER,                                                              -- WeChat's 0 unknown, 1 male, 2 female
    country        TEXT,
    province       TEXT,
    city           TEXT,
    language       TEXT,
    phone_sealed   BLOB,                                                                 -- null, like the three below: no number bound
    phone_index    BLOB    CHECK (length(phone_index) = 32),                             -- keyed HMAC of the number, for exact search
    phone_trust    TEXT    CHECK (phone_trust IN ('local', 'hash', 'code')),
    phone_bound_at INTEGER,
    status         TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked')),
    note           TEXT,                                                                 -- the operator's, null: none
    attributes     TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(attributes) = 'object'), -- the team's own JSON
    created_at     INTEGER NOT NULL,
    last_login_at  INTEGER NOT NULL,                                                     -- written at most once a day
    updated_at     INTEGER NOT NULL,
    UNIQUE (appid, openid),
    CHECK ((phone_sealed IS NULL) = (phone_index IS NULL)),
    CHECK ((phone_sealed IS NULL) = (phone_trust IS NULL)),
    CHECK ((phone_sealed IS NULL) = (phone_bound_at IS NULL))
) STRICT;

-- No index beside the id: it would stand in a random order, and every login would pay for it with a page of its own.
-- For the same reason no foreign key: without an index, the deletion of a member would read this table from end to end.
-- Whose rows are whose stands in memory.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY CHECK (id > 0), -- grows with time, so rows append
    member       INTEGER NOT NULL,                   -- members.number
    skey_hash    BLOB    CHECK (length(skey_hash) = 32), -- SHA-256 of the skey's random half; null: ended, kept for its key
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,                   -- if unused until then; moves with use
    ends_at      INTEGER NOT NULL,                   -- in any case; never moves
    user_agent   TEXT,                               -- of the login, null: none was sent
    sealed_key   BLOB                                -- the session_key of the login, null: of no more use
) STRICT;

-- What a command beside the server did to sessions, members and API tokens, for the server to read again. A row names one of
-- them. Usually empty.
CREATE TABLE outside_changes (
    id         INTEGER PRIMARY KEY,
    session_id INTEGER,
    member     INTEGER,                              -- members.number
    token_id   BLOB CHECK (length(token_id) = 16)    -- of api_tokens
) STRICT;

-- The failure budget: tries at opening a payload that are under way or failed. Those that succeed are deleted.
CREATE TABLE failures (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,      -- never used twice, so a late release frees no other try
    subject  BLOB    NOT NULL CHECK (length(subject) = 32), -- pseudonym of (appid, openid): survives an erasure
    began_at INTEGER NOT NULL,
    cause    TEXT                                    -- null: reserved, the outcome is not known
) STRICT;

CREATE INDEX failures_by_subject ON failures (subject, began_at);

CREATE TABLE used_payloads (
    digest        BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32), -- SHA-256 of an accepted ciphertext or phone code
    member_id     BLOB    NOT NULL REFERENCES members (id),
    session_id    INTEGER NOT NULL,                  -- may have ended since
    sealed_answer BLOB    NOT NULL,
    usable_until  INTEGER NOT NULL                   -- after it a replay is refused by age alone
) STRICT, WITHOUT ROWID;

CREATE INDEX used_payloads_by_member ON used_payloads (member_id);
CREATE INDEX used_payloads_by_usable_until ON used_payloads (usable_until);

CREATE TABLE access_tokens (
    appid        TEXT    NOT NULL PRIMARY KEY,
    sealed_token BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    happened_at INTEGER NOT NULL,
    actor       TEXT    NOT NULL,                    -- who did it; never personal data
    action      TEXT    NOT NULL,                    -- such as phone.changed
    member_id   BLOB,                                -- null: about no member, or about an erased one
    pseudonym   BLOB    CHECK (length(pseudonym) = 32) -- of an erased member, else null
) STRICT;

CREATE INDEX audit_by_member ON audit (member_id) WHERE member_id IS NOT NULL;

CREATE TABLE api_tokens (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- UUID
    name       TEXT    NOT NULL,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),           -- SHA-256 of the token's random part
    scopes     TEXT    NOT NULL CHECK (json_type(scopes) = 'array'), -- of strings
    created_at INTEGER NOT NULL,
    expires_at INTEGER,                              -- null: never
    revoked_at INTEGER                               -- null: not revoked
) STRICT;

-- Who was erased, so that a restored backup does not bring them back.
CREATE TABLE erasures (
    pseudonym BLOB    NOT NULL PRIMARY KEY CHECK (length(pseudonym) = 32),
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
