-- Which check of WeChat's (mediaCheckAsync) judges a picture; what it finds comes by message push.
ALTER TABLE avatars ADD COLUMN check_id BLOB CHECK (length(check_id) = 32); -- SHA-256 of app and trace_id, null: nobody judges it

CREATE INDEX avatars_by_check ON avatars (check_id) WHERE check_id IS NOT NULL;
