-- The version that a keyed request is meant for (`If-Match`) is part of what it asks: with another one it is another request (docs/decisions/0004).
--
-- It stands beside the fingerprint and not in it. Nodes of the last release know the fingerprint alone: so what newer nodes have written is for them
-- what it was, and where they have written, nothing is said here and any version will do, as it did for them.
ALTER TABLE idempotency_keys ADD COLUMN precondition bytea CHECK (octet_length(precondition) = 32);

-- As in 0075; and they do not say which version it is meant for.
CREATE OR REPLACE FUNCTION keep_what_is_done() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.done AND OLD.answer IS NULL AND OLD.expires_at > now() THEN
        RETURN NULL;
    END IF;
    -- It is another attempt, so whoever they have taken for dead commits nothing.
    NEW.attempt := OLD.attempt + 1;
    NEW.done := false;
    NEW.precondition := NULL;
    RETURN NEW;
END
$$;
