-- From an API key to whoever has it, asked for with nearly every request of a program: everything is named in full, as in 0013.
--
-- One hash after the other, of which there are as many as the keyring has keys: what is sought among several at once is planned anew
-- for every request.

CREATE OR REPLACE FUNCTION directory_api_key(wanted_hashes bytea[])
RETURNS TABLE (key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
               expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
               revoked_at timestamptz, version integer, works_until timestamptz,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    wanted pg_catalog.bytea;
BEGIN
    FOREACH wanted IN ARRAY wanted_hashes LOOP
        RETURN QUERY
        SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
               k.allowed_cidrs::pg_catalog.text[], k.rate_requests, k.rate_seconds, k.revoked_at, k.version, s.works_until,
               o.org_id, o.name, o.slug, o.plan, o.created_at, o.version
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
ALTER FUNCTION directory_api_key(bytea[]) RESET search_path;
