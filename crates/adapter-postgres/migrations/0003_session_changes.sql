-- Nodes keep sessions that they have looked up for a moment. Whatever a session is checked against tells them when it
-- changes: by the id of the account, or of the organization, whose sessions are to be looked up anew.
--
-- Notifications come with the commit and in its order, and the same one twice in a transaction is sent once.

CREATE FUNCTION sessions_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_ARGV[0] = 'account' THEN
        PERFORM pg_notify('rollcall_sessions', OLD.user_id::text);
    ELSE
        PERFORM pg_notify('rollcall_sessions', OLD.org_id::text);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sessions_changed() FROM PUBLIC;

-- When a session or a member was last seen changes with every use, and nothing is checked against it.
CREATE TRIGGER sessions_changed AFTER DELETE OR UPDATE OF authenticated_at, expires_at, org_id ON sessions
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('account');
CREATE TRIGGER sessions_changed AFTER DELETE OR UPDATE OF role ON members
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('account');
CREATE TRIGGER sessions_changed AFTER DELETE OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('account');
CREATE TRIGGER sessions_changed AFTER DELETE OR UPDATE ON organizations
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('organization');
