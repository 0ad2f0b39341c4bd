-- Second factors.

-- Whether an account has one. It changes together with what it is about, in the same transaction, and with the version.
ALTER TABLE users ADD COLUMN mfa_enabled boolean NOT NULL DEFAULT false;
GRANT SELECT (mfa_enabled), UPDATE (mfa_enabled) ON users TO rollcall_app;

DROP FUNCTION directory_credentials(text);
CREATE FUNCTION directory_credentials(wanted_key text)
RETURNS TABLE (user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, mfa_enabled boolean, version integer, password_hash text, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           u.password_hash,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM users u
     WHERE u.email_key = wanted_key;
END
$$;

DROP FUNCTION directory_session(bytea);
CREATE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, mfa_enabled boolean, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz,
               org_version integer, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN members m ON m.org_id = s.org_id AND m.user_id = s.user_id
      LEFT JOIN organizations o ON o.org_id = m.org_id
     WHERE s.token_hash = wanted_hash;
END
$$;

REVOKE ALL ON FUNCTION directory_credentials(text), directory_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_credentials(text), directory_session(bytea) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_credentials(text) OWNER TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
