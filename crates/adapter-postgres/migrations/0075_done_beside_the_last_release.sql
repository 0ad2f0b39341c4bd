-- Nodes from before 0051 know nothing of `done` and `attempt`. Beside them a request that was done, and whose answer was lost, was done once more:
-- one of them took its key over, or gave it back. Now the database keeps it from them; they say then that the request is running.
--
-- These triggers go when no such node is served any more (oldest_schema_served() is 51 or later).

CREATE FUNCTION keep_what_is_done() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.done AND OLD.answer IS NULL AND OLD.expires_at > now() THEN
        RETURN NULL;
    END IF;
    -- It is another attempt, so whoever they have taken for dead commits nothing.
    NEW.attempt := OLD.attempt + 1;
    NEW.done := false;
    RETURN NEW;
END
$$;

CREATE FUNCTION keep_done_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION keep_what_is_done(), keep_done_keys() FROM PUBLIC;

-- Whoever knows of attempts claims a key as another one, and gives back none that is done.
CREATE TRIGGER claimed_by_the_last_release BEFORE UPDATE ON idempotency_keys FOR EACH ROW
    WHEN (NEW.expires_at <> OLD.expires_at AND NEW.attempt = OLD.attempt)
    EXECUTE FUNCTION keep_what_is_done();
CREATE TRIGGER given_back_by_the_last_release BEFORE DELETE ON idempotency_keys FOR EACH ROW
    WHEN (OLD.done AND OLD.answer IS NULL AND OLD.expires_at > now())
    EXECUTE FUNCTION keep_done_keys();
