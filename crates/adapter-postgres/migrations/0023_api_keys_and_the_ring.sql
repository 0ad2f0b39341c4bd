-- API keys outlive the key of the keyring that they are kept by: whoever looks one up is told by which that is, and a key that is used moves
-- to the newest.

-- As in 0020, with one column more. Everything is named in full.
DROP FUNCTION directory_api_key(bytea[]);
CREATE FUNCTION directory_api_key(wanted_hashes bytea[])
RETURNS TABLE (key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
               expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
               revoked_at timestamptz, version integer, works_until timestamptz, ring_key integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_suspended boolean,
               org_version integer, audited boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    wanted pg_catalog.bytea;
BEGIN
    FOREACH wanted IN ARRAY wanted_hashes LOOP
        RETURN QUERY
        SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
               k.allowed_cidrs::pg_catalog.text[], k.rate_requests, k.rate_seconds, k.revoked_at, k.version, s.works_until,
               pg_catalog.get_byte(s.secret_hash, 0),
               o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL, o.version,
               EXISTS (SELECT FROM public.security_controls c
                        WHERE c.org_id OPERATOR(pg_catalog.=) k.org_id AND c.control OPERATOR(pg_catalog.=) 'audit_log'
                          AND c.enabled)
          FROM public.api_key_secrets s
          JOIN public.api_keys k ON k.org_id OPERATOR(pg_catalog.=) s.org_id AND k.key_id OPERATOR(pg_catalog.=) s.key_id
          JOIN public.organizations o ON o.org_id OPERATOR(pg_catalog.=) k.org_id
         WHERE s.secret_hash OPERATOR(pg_catalog.=) wanted AND o.deleted_at IS NULL;
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;
END
$$;

-- From what keys are kept by to what they are kept by from now on. Whoever calls this knows the keys themselves, as nothing else leads to
-- either. Rows that somebody else is changing are left alone: the next use moves them.
CREATE FUNCTION directory_api_keys_moved(old_hashes bytea[], new_hashes bytea[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH moving AS (
        SELECT m.old_hash, m.new_hash FROM unnest(old_hashes, new_hashes) AS m (old_hash, new_hash)),
    free AS MATERIALIZED (
        SELECT f.secret_hash FROM api_key_secrets f JOIN moving ON moving.old_hash = f.secret_hash
         ORDER BY f.secret_hash FOR UPDATE OF f SKIP LOCKED)
    UPDATE api_key_secrets s SET secret_hash = moving.new_hash
      FROM free JOIN moving ON moving.old_hash = free.secret_hash
     WHERE s.secret_hash = free.secret_hash
$$;

-- How many keys that still work are kept by other keys of the keyring than the newest: those before it and behind it in the index.
CREATE FUNCTION directory_api_keys_by_ring_key(newest integer, as_of timestamptz)
RETURNS TABLE (ring_key integer, live bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT get_byte(s.secret_hash, 0), count(*)
      FROM (SELECT b.* FROM api_key_secrets b WHERE b.secret_hash < set_byte('\x00'::bytea, 0, newest)
            UNION ALL
            SELECT a.* FROM api_key_secrets a
             WHERE newest < 255 AND a.secret_hash >= set_byte('\x00'::bytea, 0, LEAST(newest + 1, 255))) s
      JOIN api_keys k ON k.org_id = s.org_id AND k.key_id = s.key_id
     WHERE (s.works_until IS NULL OR s.works_until > as_of)
       AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > as_of)
     GROUP BY 1 ORDER BY 1
$$;

GRANT UPDATE (secret_hash) ON api_key_secrets TO rollcall_directory;
CREATE POLICY directory_moved ON api_key_secrets FOR UPDATE TO rollcall_directory USING (true);

REVOKE ALL ON FUNCTION directory_api_key(bytea[]), directory_api_keys_moved(bytea[], bytea[]),
    directory_api_keys_by_ring_key(integer, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_api_key(bytea[]), directory_api_keys_moved(bytea[], bytea[]),
    directory_api_keys_by_ring_key(integer, timestamptz) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_api_key(bytea[]) OWNER TO rollcall_directory;
ALTER FUNCTION directory_api_keys_moved(bytea[], bytea[]) OWNER TO rollcall_directory;
ALTER FUNCTION directory_api_keys_by_ring_key(integer, timestamptz) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
