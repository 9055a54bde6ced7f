-- The pictures that members uploaded, as they are served.

CREATE TABLE avatars (
    member_id BLOB    NOT NULL PRIMARY KEY REFERENCES members (id),
    id        BLOB    NOT NULL UNIQUE CHECK (length(id) = 16), -- random, another one for each picture
    picture   BLOB    NOT NULL,                                -- JPEG
    kept_at   INTEGER NOT NULL
) STRICT;

-- A picture is kept for as long as the profile shows it, whoever changes the profile and why.
CREATE TRIGGER avatars_shown AFTER UPDATE OF avatar_url ON members
WHEN OLD.avatar_url IS NOT NEW.avatar_url
BEGIN
    DELETE FROM avatars WHERE member_id = NEW.id;
END;
