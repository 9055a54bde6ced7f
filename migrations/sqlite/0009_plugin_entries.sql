-- What plugins keep, each under its own name. What they keep about a member goes with the member, and is in their export.

CREATE TABLE plugin_entries (
    plugin       TEXT    NOT NULL,                   -- the plugin's name
    key          TEXT    NOT NULL,                   -- the plugin's, and neither secret nor personal; empty: how far its schema is
    sealed_value BLOB    NOT NULL,
    member_id    BLOB    REFERENCES members (id),    -- null: about no member
    expires_at   INTEGER,                            -- null: kept until it is deleted
    PRIMARY KEY (plugin, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX plugin_entries_by_member ON plugin_entries (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX plugin_entries_by_expires_at ON plugin_entries (expires_at) WHERE expires_at IS NOT NULL;
