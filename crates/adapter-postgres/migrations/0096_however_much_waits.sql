-- What regular work costs does not depend on how much waits, and what does not work for one account keeps no other waiting.

-- Lets all other erasures come before the one whose turn it would be: somebody holds what is to be erased, say. The next step would find the
-- same one again.
CREATE FUNCTION put_off_erasure(as_of timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE erasures e SET turn_at = clock_timestamp()
     WHERE e.user_id = (SELECT n.user_id FROM erasures n WHERE n.due_at <= as_of
                         ORDER BY n.turn_at, n.user_id LIMIT 1 FOR UPDATE SKIP LOCKED)
$$;
REVOKE ALL ON FUNCTION put_off_erasure(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION put_off_erasure(timestamptz) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION put_off_erasure(timestamptz) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
