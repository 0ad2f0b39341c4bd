-- What regular work costs does not depend on how much waits, and what does not work for one account keeps no other waiting.

-- Attempts that are over are found by these, whatever else is kept. attempts_over, by which nodes of the last release look for them, leads past
-- all accounts and devices that are remembered for longer, each time anew.
CREATE INDEX attempts_of_accounts ON attempts (whole_at) WHERE of_account;
CREATE INDEX attempts_of_devices  ON attempts (known_until, whole_at) WHERE NOT of_account AND known_until IS NOT NULL;
CREATE INDEX attempts_of_others   ON attempts (whole_at) WHERE NOT of_account AND known_until IS NULL;

-- Which letter has waited for longest.
CREATE INDEX mails_waiting ON mails (created_at) WHERE state = 'queued';

-- What waits of one log, and which logs anything waits of. By the primary key alone, a log that is stopped is in the way of all others of its
-- shard: whoever sequences or reads one of them looks through all that waits of it.
CREATE INDEX audit_queue_of_logs ON audit_queue (org_id, written);

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
