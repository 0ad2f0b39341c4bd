-- The foundation: roles, tables, and the policies that keep organizations apart.
--
-- Every transaction says what it may touch by settings that end with it:
--   rollcall.org_id   one organization; all zeros where there is none, which is the platform's own log
--   rollcall.user_id  one account
--   rollcall.task     one piece of the platform's own bookkeeping
-- Row-level security compares rows with them. Without them nothing is seen, and nothing can be written.

-- Roles belong to the whole cluster, so another database may have made them, even at this moment.
DO $$
BEGIN
    -- The service. It owns nothing and bypasses nothing.
    BEGIN
        CREATE ROLE rollcall_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    -- Owns the narrow functions that look across organizations. Nobody can log in as it.
    BEGIN
        CREATE ROLE rollcall_directory NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    -- Giving a function away takes membership in the role that gets it.
    BEGIN
        EXECUTE format('GRANT rollcall_directory TO %I', current_user);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO rollcall_app, rollcall_directory;
GRANT SELECT ON _sqlx_migrations TO rollcall_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

---------------------------------------------------------------------------------------------------
-- Tables
---------------------------------------------------------------------------------------------------

CREATE TABLE organizations (
    org_id     uuid        NOT NULL,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug       text        NOT NULL,
    plan       text        NOT NULL CHECK (plan IN ('free', 'pro', 'enterprise')),
    created_at timestamptz NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id),
    CONSTRAINT organizations_slug_unique UNIQUE (slug),
    -- All zeros name the platform's own log.
    CHECK (org_id <> '00000000-0000-0000-0000-000000000000')
);

CREATE TABLE users (
    user_id       uuid        NOT NULL,
    email         text        NOT NULL,
    email_key     text        NOT NULL,
    name          text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    password_hash text        NOT NULL,
    locale        text        NOT NULL,
    time_zone     text        NOT NULL,
    status        text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    created_at    timestamptz NOT NULL,
    version       integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (user_id),
    CONSTRAINT users_address_unique UNIQUE (email_key)
);

CREATE TABLE members (
    org_id       uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    role         text        NOT NULL
        CHECK (role IN ('owner', 'admin', 'member', 'customer_support_agent', 'viewer')),
    joined_at    timestamptz NOT NULL,
    last_seen_at timestamptz,
    version      integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX members_page ON members (org_id, joined_at, user_id);
CREATE INDEX members_of_user ON members (user_id);
CREATE INDEX members_owners ON members (org_id) WHERE role = 'owner';

CREATE TABLE invitations (
    org_id        uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    invitation_id uuid        NOT NULL,
    email         text        NOT NULL,
    email_key     text        NOT NULL,
    role          text        NOT NULL
        CHECK (role IN ('owner', 'admin', 'member', 'customer_support_agent', 'viewer')),
    state         text        NOT NULL CHECK (state IN ('pending', 'accepted', 'revoked', 'expired')),
    invited_by    uuid,
    token_hash    bytea CHECK (octet_length(token_hash) = 32),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    accepted_at   timestamptz,
    version       integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, invitation_id),
    CONSTRAINT invitations_token_unique UNIQUE (token_hash),
    FOREIGN KEY (org_id, invited_by) REFERENCES members (org_id, user_id) ON DELETE SET NULL (invited_by),
    -- Only an open invitation can be opened by a token.
    CHECK (token_hash IS NULL OR state = 'pending'),
    CHECK ((state = 'accepted') = (accepted_at IS NOT NULL))
);
CREATE UNIQUE INDEX invitations_pending_unique ON invitations (org_id, email_key) WHERE state = 'pending';
CREATE INDEX invitations_inviter ON invitations (org_id, invited_by);

-- A session belongs to an account. Where it works in an organization, it ends with the membership.
CREATE TABLE sessions (
    session_id       uuid        NOT NULL,
    token_hash       bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    user_id          uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id           uuid,
    authenticated_at timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    ip               inet,
    user_agent       text,
    PRIMARY KEY (session_id),
    CONSTRAINT sessions_token_unique UNIQUE (token_hash),
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_of_seat ON sessions (org_id, user_id);
CREATE INDEX sessions_expired ON sessions (expires_at);

CREATE TABLE signups (
    signup_id         uuid        NOT NULL,
    email             text        NOT NULL,
    email_key         text        NOT NULL,
    name              text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    organization_name text        NOT NULL CHECK (char_length(organization_name) BETWEEN 1 AND 100),
    token_hash        bytea CHECK (octet_length(token_hash) = 32),
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    PRIMARY KEY (signup_id),
    CONSTRAINT signups_token_unique UNIQUE (token_hash)
);
CREATE INDEX signups_of_address ON signups (email_key, created_at);
CREATE INDEX signups_expired ON signups (expires_at);

-- The outbox. A row says which letter to write, never what it says, and no token.
CREATE TABLE mails (
    org_id     uuid        NOT NULL,
    mail_id    uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('confirm_signup', 'invitation')),
    subject    uuid        NOT NULL,
    sender     uuid,
    locale     text        NOT NULL,
    state      text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'moot', 'dead')),
    attempts   integer     NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    -- When it is to be sent; while somebody is sending it, when their lease runs out.
    due_at     timestamptz NOT NULL,
    settled_at timestamptz,
    last_error text,
    PRIMARY KEY (org_id, mail_id),
    CONSTRAINT mails_id_unique UNIQUE (mail_id)
);
CREATE INDEX mails_due ON mails (due_at) WHERE state = 'queued';
CREATE INDEX mails_dead ON mails (settled_at) WHERE state = 'dead';
CREATE INDEX mails_settled ON mails (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX mails_counted ON mails (org_id, created_at) WHERE kind = 'invitation';

-- The audit log: the canonical leaf of each event, and beside it what is searched and what can be erased.
CREATE TABLE audit_events (
    org_id      uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_kind  text        NOT NULL,
    actor_id    text,
    session_id  text,
    action      text        NOT NULL,
    target_kind text        NOT NULL,
    target_id   text,
    outcome     text        NOT NULL CHECK (outcome IN ('success', 'refused')),
    request_id  text,
    leaf        bytea       NOT NULL,
    personal    jsonb       NOT NULL,
    -- The order in which events were written: those of one change have the same time.
    written     bigint      GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (org_id, event_id)
);
CREATE INDEX audit_events_by_time ON audit_events (org_id, occurred_at, written);

-- Answers to requests that carried an Idempotency-Key, sealed.
CREATE TABLE idempotency_keys (
    -- A hash of the credential, or of the client's network where there is none.
    caller      bytea       NOT NULL CHECK (octet_length(caller) = 32),
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- Until then the first request may still be running.
    running_until timestamptz NOT NULL,
    answer      bytea,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_expired ON idempotency_keys (expires_at);

-- Mails of the development profile, which go nowhere else. Empty everywhere else.
CREATE TABLE dev_mails (
    mail_id   uuid        NOT NULL,
    recipient text        NOT NULL,
    subject   text        NOT NULL,
    body_text text        NOT NULL,
    body_html text        NOT NULL,
    links     text[]      NOT NULL,
    sent_at   timestamptz NOT NULL,
    position  bigint      GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (position)
);

---------------------------------------------------------------------------------------------------
-- What the service may do with them. Hashes of passwords and tokens are written, and never read back.
---------------------------------------------------------------------------------------------------

GRANT SELECT, INSERT ON organizations TO rollcall_app;
GRANT UPDATE (name, version) ON organizations TO rollcall_app;

GRANT INSERT ON users TO rollcall_app;
GRANT SELECT (user_id, email, email_key, name, locale, time_zone, status, created_at, version) ON users TO rollcall_app;
GRANT UPDATE (name, locale, time_zone, version) ON users TO rollcall_app;

GRANT SELECT, INSERT, DELETE ON members TO rollcall_app;
GRANT UPDATE (role, last_seen_at, version) ON members TO rollcall_app;

GRANT INSERT ON invitations TO rollcall_app;
GRANT SELECT (org_id, invitation_id, email, email_key, role, state, invited_by, created_at, expires_at, accepted_at, version)
    ON invitations TO rollcall_app;
GRANT UPDATE (state, invited_by, token_hash, expires_at, accepted_at, version) ON invitations TO rollcall_app;

GRANT INSERT, DELETE ON sessions TO rollcall_app;
GRANT SELECT (session_id, user_id, org_id, authenticated_at, created_at, last_seen_at, expires_at, ip, user_agent)
    ON sessions TO rollcall_app;

GRANT INSERT, DELETE ON signups TO rollcall_app;
GRANT SELECT (signup_id, email, email_key, name, organization_name, created_at, expires_at) ON signups TO rollcall_app;
GRANT UPDATE (token_hash) ON signups TO rollcall_app;

GRANT SELECT, INSERT, DELETE ON mails TO rollcall_app;
GRANT UPDATE (state, attempts, due_at, settled_at, last_error) ON mails TO rollcall_app;

GRANT SELECT, INSERT ON audit_events TO rollcall_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO rollcall_app;
GRANT SELECT, INSERT, DELETE ON dev_mails TO rollcall_app;

---------------------------------------------------------------------------------------------------
-- Row-level security, for the owner of the tables too
---------------------------------------------------------------------------------------------------

ALTER TABLE organizations    ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations    FORCE  ROW LEVEL SECURITY;
ALTER TABLE users            ENABLE ROW LEVEL SECURITY;
ALTER TABLE users            FORCE  ROW LEVEL SECURITY;
ALTER TABLE members          ENABLE ROW LEVEL SECURITY;
ALTER TABLE members          FORCE  ROW LEVEL SECURITY;
ALTER TABLE invitations      ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations      FORCE  ROW LEVEL SECURITY;
ALTER TABLE sessions         ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions         FORCE  ROW LEVEL SECURITY;
ALTER TABLE signups          ENABLE ROW LEVEL SECURITY;
ALTER TABLE signups          FORCE  ROW LEVEL SECURITY;
ALTER TABLE mails            ENABLE ROW LEVEL SECURITY;
ALTER TABLE mails            FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_events     ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events     FORCE  ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE  ROW LEVEL SECURITY;
ALTER TABLE dev_mails        ENABLE ROW LEVEL SECURITY;
ALTER TABLE dev_mails        FORCE  ROW LEVEL SECURITY;

-- What belongs to an organization is seen in that organization.
CREATE POLICY own_organization ON organizations TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON members TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON invitations TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON mails TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON audit_events TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON sessions FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY colleague ON users FOR SELECT TO rollcall_app
    USING (EXISTS (SELECT FROM members m
                    WHERE m.user_id = users.user_id
                      AND m.org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid));

-- What belongs to an account is seen by that account, and of organizations those that it is in.
CREATE POLICY own_account ON users TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_account ON sessions TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_account ON members FOR SELECT TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_account ON organizations FOR SELECT TO rollcall_app
    USING (EXISTS (SELECT FROM members m
                    WHERE m.org_id = organizations.org_id
                      AND m.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));
CREATE POLICY own_address ON signups TO rollcall_app
    USING (email_key = (SELECT u.email_key FROM users u
                         WHERE u.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));

-- The platform's own bookkeeping.
CREATE POLICY task ON signups TO rollcall_app USING (current_setting('rollcall.task', true) = 'signups');
CREATE POLICY task ON sessions TO rollcall_app USING (current_setting('rollcall.task', true) = 'expiry');
CREATE POLICY task ON mails TO rollcall_app USING (current_setting('rollcall.task', true) = 'outbox');
CREATE POLICY task ON idempotency_keys TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'idempotency');
CREATE POLICY task ON dev_mails TO rollcall_app USING (current_setting('rollcall.task', true) = 'mailbox');

---------------------------------------------------------------------------------------------------
-- Looking across organizations: narrow functions, each for one question whose answer is one row
-- (In plpgsql, which keeps its plans from call to call; functions in SQL are planned anew for every request.)
---------------------------------------------------------------------------------------------------

GRANT SELECT ON organizations, users, members, invitations, sessions, signups TO rollcall_directory;
GRANT UPDATE (last_seen_at) ON sessions, members TO rollcall_directory;
CREATE POLICY directory ON organizations FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON users         FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON members       FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON invitations   FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON sessions      FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON signups       FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory_seen ON sessions FOR UPDATE TO rollcall_directory USING (true);
CREATE POLICY directory_seen ON members  FOR UPDATE TO rollcall_directory USING (true);

CREATE FUNCTION directory_credentials(wanted_key text)
RETURNS TABLE (user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, version integer, password_hash text, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.version,
           u.password_hash,
           (SELECT m.org_id FROM members m WHERE m.user_id = u.user_id
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM users u
     WHERE u.email_key = wanted_key;
END
$$;

CREATE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz,
               org_version integer, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN members m ON m.org_id = s.org_id AND m.user_id = s.user_id
      LEFT JOIN organizations o ON o.org_id = m.org_id
     WHERE s.token_hash = wanted_hash;
END
$$;

CREATE FUNCTION directory_invitation(wanted_hash bytea)
RETURNS TABLE (org_id uuid, org_name text, inviter_name text, invitation_id uuid, email text, role text,
               state text, invited_by uuid, created_at timestamptz, expires_at timestamptz,
               accepted_at timestamptz, version integer, account_exists boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.org_id, o.name, u.name, i.invitation_id, i.email, i.role, i.state, i.invited_by, i.created_at,
           i.expires_at, i.accepted_at, i.version,
           EXISTS (SELECT FROM users a WHERE a.email_key = i.email_key)
      FROM invitations i
      JOIN organizations o ON o.org_id = i.org_id
      LEFT JOIN users u ON u.user_id = i.invited_by
     WHERE i.token_hash = wanted_hash;
END
$$;

CREATE FUNCTION directory_signup(wanted_hash bytea)
RETURNS TABLE (signup_id uuid, email text, name text, organization_name text, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.signup_id, s.email, s.name, s.organization_name, s.expires_at
      FROM signups s
     WHERE s.token_hash = wanted_hash;
END
$$;

CREATE FUNCTION directory_session_seen(seen_session uuid, seen_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    -- Rows that somebody else is changing are left alone: this is not worth waiting for.
    WITH seen AS (
        UPDATE sessions s SET last_seen_at = GREATEST(s.last_seen_at, seen_at)
         WHERE s.session_id = (SELECT f.session_id FROM sessions f WHERE f.session_id = seen_session FOR UPDATE SKIP LOCKED)
     RETURNING s.org_id, s.user_id),
    free AS (
        SELECT f.org_id, f.user_id FROM members f JOIN seen ON f.org_id = seen.org_id AND f.user_id = seen.user_id
           FOR UPDATE OF f SKIP LOCKED)
    UPDATE members m SET last_seen_at = GREATEST(m.last_seen_at, seen_at)
      FROM free
     WHERE m.org_id = free.org_id AND m.user_id = free.user_id
$$;

---------------------------------------------------------------------------------------------------
-- Rules that hold whatever the code does
---------------------------------------------------------------------------------------------------

-- One at a time changes who owns an organization.
CREATE FUNCTION team_lock(org uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('rollcall.team:' || org::text, 0))
$$;

-- There is always an Owner. Looked at when the transaction ends, one organization at a time, so that two
-- transactions that each leave one Owner cannot together leave none.
CREATE FUNCTION organization_keeps_an_owner() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    org uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.org_id ELSE OLD.org_id END;
BEGIN
    PERFORM team_lock(org);
    IF EXISTS (SELECT FROM organizations o WHERE o.org_id = org)
        AND NOT EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.role = 'owner')
    THEN
        RAISE EXCEPTION 'an organization keeps at least one Owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'members_last_owner', TABLE = 'members';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER members_last_owner AFTER UPDATE OF role, org_id OR DELETE ON members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION organization_keeps_an_owner();
CREATE CONSTRAINT TRIGGER organizations_first_owner AFTER INSERT ON organizations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION organization_keeps_an_owner();

-- What is written in the audit log stays written, whoever asks.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION directory_credentials(text), directory_session(bytea), directory_invitation(bytea),
    directory_signup(bytea), directory_session_seen(uuid, timestamptz), team_lock(uuid),
    organization_keeps_an_owner(), audit_log_is_append_only() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_credentials(text), directory_session(bytea), directory_invitation(bytea),
    directory_signup(bytea), directory_session_seen(uuid, timestamptz), team_lock(uuid) TO rollcall_app;
GRANT EXECUTE ON FUNCTION team_lock(uuid) TO rollcall_directory;

-- A new owner must be allowed to make things in the schema at that moment, and no longer.
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_credentials(text) OWNER TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_invitation(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_signup(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_session_seen(uuid, timestamptz) OWNER TO rollcall_directory;
ALTER FUNCTION organization_keeps_an_owner() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
