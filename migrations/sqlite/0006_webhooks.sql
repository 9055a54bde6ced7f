-- The transactional outbox: what is told to webhooks, written in the transaction in which it happens.

CREATE TABLE webhooks (
    number          INTEGER PRIMARY KEY,             -- what rows of deliveries say; stays inside
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16), -- UUIDv7
    url             TEXT    NOT NULL,
    types           TEXT    CHECK (json_type(types) = 'array'), -- of words such as member.created; null: all, later ones too
    description     TEXT,
    sealed_secret   BLOB    NOT NULL,
    sealed_previous BLOB,                            -- the secret before a rotation, null: none
    previous_until  INTEGER,                         -- until when it signs as well
    created_at      INTEGER NOT NULL,
    disabled_at     INTEGER,                         -- null: in force
    disabled_reason TEXT    CHECK (disabled_reason IN ('operator', 'failing', 'gone', 'backlog')),
    deleted_at      INTEGER,                         -- null: not deleted; else kept until its deliveries are purged
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CHECK ((sealed_previous IS NULL) = (previous_until IS NULL))
) STRICT;

-- Each event once, however many webhooks want it. No personal data: ids, words and instants.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,                 -- grows with time
    event_id    BLOB    NOT NULL CHECK (length(event_id) = 16), -- UUIDv7, what receivers know it by
    type        TEXT    NOT NULL,                    -- such as member.created
    data        TEXT    NOT NULL CHECK (json_type(data) = 'object'),
    happened_at INTEGER NOT NULL
) STRICT;

-- An event on its way to a webhook. Of those of one member to one webhook only the first that is pending has its turn.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows with time and is never used twice
    event        INTEGER NOT NULL REFERENCES outbox (id),
    webhook      INTEGER NOT NULL REFERENCES webhooks (number),
    member_id    BLOB,                               -- null: about no member, and then without an order
    state        TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts     INTEGER NOT NULL DEFAULT 0,         -- since it was queued, or queued again by hand
    first_at     INTEGER,                            -- the first of them
    attempted_at INTEGER,                            -- the last one, and below what became of it
    status       INTEGER,                            -- HTTP's, null: no answer
    error        TEXT,                               -- a word, null: none
    next_at      INTEGER,                            -- when it is due; null: settled, or another one's turn
    settled_at   INTEGER,                            -- null: pending
    UNIQUE (event, webhook),
    CHECK ((settled_at IS NULL) = (state = 'pending')),
    CHECK (settled_at IS NULL OR next_at IS NULL)
) STRICT;

CREATE INDEX deliveries_by_turn ON deliveries (webhook, settled_at, next_at);
CREATE INDEX deliveries_by_member ON deliveries (member_id, webhook, settled_at);
CREATE INDEX deliveries_by_settled_at ON deliveries (settled_at) WHERE settled_at IS NOT NULL;

-- An event goes with its last delivery.
CREATE TRIGGER outbox_done AFTER DELETE ON deliveries
WHEN NOT EXISTS (SELECT 1 FROM deliveries WHERE event = OLD.event)
BEGIN
    DELETE FROM outbox WHERE id = OLD.event;
END;
