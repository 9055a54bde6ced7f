-- What operators do: found again, kept for 180 days, and changed by nobody.

-- How often operators changed status, note or attributes: who read an older one changes nothing by mistake.
ALTER TABLE members ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- Exact search by number.
CREATE INDEX members_by_phone_index ON members (phone_index) WHERE phone_index IS NOT NULL;

-- The address of the service or operator; null: this machine, WeChat, or a member, whose address is not kept.
ALTER TABLE audit ADD COLUMN origin TEXT;
-- What changed, without personal data; null: the action says it all.
ALTER TABLE audit ADD COLUMN detail TEXT CHECK (json_type(detail) = 'object');

-- One row: of what is younger than this, no line of the audit is deleted. Whoever deletes says so here first.
CREATE TABLE audit_retention (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    kept_since INTEGER NOT NULL
) STRICT;

INSERT INTO audit_retention (id, kept_since) VALUES (1, 0);

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.happened_at >= (SELECT kept_since FROM audit_retention)
BEGIN
    SELECT RAISE(ABORT, 'a line of the audit stays for 180 days');
END;

-- A line never changes, but that an erased member's id gives way to their pseudonym, and the names of their attributes go.
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit
WHEN NOT (
    OLD.member_id IS NOT NULL AND OLD.pseudonym IS NULL
    AND NEW.member_id IS NULL AND NEW.pseudonym IS NOT NULL
    AND (NEW.id, NEW.happened_at, NEW.actor, NEW.action, NEW.origin, NEW.detail)
     IS (OLD.id, OLD.happened_at, OLD.actor, OLD.action, OLD.origin, json_remove(OLD.detail, '$.attributes')))
BEGIN
    SELECT RAISE(ABORT, 'a line of the audit never changes');
END;
