-- What WeChat's message push said, once each. What an event says of a person goes with the person.
CREATE TABLE wechat_events (
    id             INTEGER PRIMARY KEY,              -- grows with time, so the oldest are found without an index
    digest         BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32), -- what makes two deliveries one event
    appid          TEXT    NOT NULL,
    event          TEXT    NOT NULL,                 -- WeChat's word, such as user_authorization_revoke
    subject        BLOB    CHECK (length(subject) = 32), -- pseudonym of (appid, openid); null: about nobody, or an erased one
    sealed_content BLOB,                             -- the message as JSON, null: not kept, or of an erased one
    happened_at    INTEGER NOT NULL,                 -- by WeChat's word
    received_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX wechat_events_by_subject ON wechat_events (subject) WHERE subject IS NOT NULL;

-- Pushes that were taken, for as long as they would be taken again.
CREATE TABLE push_seen (
    url     BLOB    NOT NULL PRIMARY KEY CHECK (length(url) = 32),     -- SHA-256 of app, signature and nonce
    message BLOB    NOT NULL CHECK (length(message) = 32),             -- SHA-256 of msg_signature
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX push_seen_by_seen_at ON push_seen (seen_at);

-- Members of one person in several apps. Few columns of few rows change it: a member's first login, mostly.
CREATE INDEX members_by_unionid ON members (unionid) WHERE unionid IS NOT NULL;
