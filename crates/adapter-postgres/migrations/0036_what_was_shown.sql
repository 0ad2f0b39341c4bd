-- Whoever looks an API key up is told which of its secrets it was found by: whether that works still is asked again later.

-- As in 0023, with one column more. Everything is named in full.
DROP FUNCTION directory_api_key(bytea[]);
CREATE FUNCTION directory_api_key(wanted_hashes bytea[])
RETURNS TABLE (key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
               expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
               revoked_at timestamptz, version integer, works_until timestamptz, secret_no bigint, ring_key integer,
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
               s.secret_no, pg_catalog.get_byte(s.secret_hash, 0),
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

REVOKE ALL ON FUNCTION directory_api_key(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_api_key(bytea[]) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_api_key(bytea[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

-- What is offered, claimed or called back is found without all that is over.
CREATE INDEX escalations_in_hand ON escalations (org_id, created_at DESC, escalation_id DESC) WHERE status IN ('offered', 'claimed', 'callback');
