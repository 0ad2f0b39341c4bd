-- Whoever has left is sent no more checkpoints, and their address is not kept for it.

CREATE INDEX subscribers_by_mail ON subscribers (address_digest(address)) WHERE kind = 'mail';
GRANT SELECT (org_id, topic, kind, address, next_at), UPDATE (next_at) ON subscribers TO rollcall_directory;
CREATE POLICY directory ON subscribers FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory_locks ON subscribers FOR UPDATE TO rollcall_directory USING (true);

-- The organizations whose checkpoints go to one of the account's addresses, locked.
CREATE FUNCTION directory_witnessed_by_account() RETURNS SETOF uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.org_id FROM subscribers s
     WHERE s.kind = 'mail' AND s.topic = 'checkpoints'
       AND address_digest(s.address) = ANY (ARRAY(SELECT address_digest(a.address) FROM unnest(account_addresses()) a (address)))
     ORDER BY s.org_id
       FOR UPDATE
$$;

REVOKE ALL ON FUNCTION directory_witnessed_by_account() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_witnessed_by_account() TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_witnessed_by_account() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
