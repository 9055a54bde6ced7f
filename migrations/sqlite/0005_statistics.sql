-- What the charts are made of: how often something happened in an hour.
CREATE TABLE login_stats (
    hour  INTEGER NOT NULL,                          -- when the hour began; a local one, where zones are half an hour apart
    appid TEXT    NOT NULL,                          -- empty: of no app, since the request named none
    what  TEXT    NOT NULL,                          -- login, member, phone, opening
    cause TEXT    NOT NULL,                          -- why it failed; empty: it did not
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (hour, appid, what, cause)
) STRICT, WITHOUT ROWID;

-- Logins, openings of payloads and phone codes that failed, for the team to read. (The table failures is the budget.)
CREATE TABLE failed_requests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used twice, so that a reader who comes back misses nothing
    happened_at INTEGER NOT NULL,
    kind        TEXT    NOT NULL,                    -- login, opening, phone
    appid       TEXT    NOT NULL,                    -- empty: of no app, since the request named none
    cause       TEXT    NOT NULL,                    -- the stable word
    errcode     INTEGER,                             -- WeChat's own number, null: WeChat said none
    detail      TEXT,                                -- what the cause's sentence says beside its word, JSON; null: nothing
    member_id   BLOB    REFERENCES members (id),     -- null: not known, or erased since
    rid         TEXT,                                -- of the request; null: of several
    count       INTEGER NOT NULL CHECK (count > 0)   -- how many it stands for
) STRICT;

CREATE INDEX failed_requests_by_member ON failed_requests (member_id) WHERE member_id IS NOT NULL;
