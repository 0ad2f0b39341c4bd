-- The end of an account is one transaction, whatever others have written about it: what identifies its person in the audit logs goes in
-- steps of bounded size. The first is taken at once, what is left is noted, and gone on with by whoever comes first. Some minutes after the
-- end they look once more: requests that were on their way beside it may have written something after it.

---------------------------------------------------------------------------------------------------
-- Addresses in what identifies persons, wherever they stand
---------------------------------------------------------------------------------------------------

CREATE FUNCTION address_digest(address text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.lower(address), 'UTF8'))
$$;

-- Digests of the values that may be addresses, in whichever field.
CREATE FUNCTION addresses_in(personal jsonb) RETURNS bytea[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(pg_catalog.array_agg(public.address_digest(p.value OPERATOR(pg_catalog.->>) 'value')), '{}')
      FROM pg_catalog.jsonb_each(personal) p
     WHERE pg_catalog.strpos(p.value OPERATOR(pg_catalog.->>) 'value', '@') OPERATOR(pg_catalog.>) 1
$$;

CREATE INDEX audit_events_addresses ON audit_events USING gin (addresses_in(personal)) WHERE strpos(personal::text, '@') > 0;
-- These knew two fields, and one spelling.
DROP INDEX audit_events_naming;
DROP INDEX audit_events_naming_before;
-- The addresses that an account had before, however much else there is about it,
CREATE INDEX audit_events_email_changed ON audit_events (target_id) WHERE action = 'account.email_changed';
-- and the organizations that it was in.
CREATE INDEX audit_events_departures ON audit_events (target_id, org_id) WHERE action IN ('member.left', 'member.removed');
CREATE INDEX users_by_address_digest ON users (address_digest(email_key));

---------------------------------------------------------------------------------------------------
-- What is left to erase
---------------------------------------------------------------------------------------------------

CREATE TABLE erasures (
    user_id     uuid        NOT NULL PRIMARY KEY,
    -- The account, and the invitations to its person, as events name them.
    account     text        NOT NULL UNIQUE,
    invitations text[]      NOT NULL,
    -- Digests: the addresses themselves are kept nowhere any more.
    addresses   bytea[]     NOT NULL,
    ended_at    timestamptz NOT NULL,
    -- When the logs are to be gone through, from the beginning,
    due_at      timestamptz NOT NULL,
    -- and how far that has come, by the order in which events were written.
    by_account  bigint      NOT NULL DEFAULT 0,
    on_account  bigint      NOT NULL DEFAULT 0,
    -- Whoever has waited for longest is next.
    turn_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX erasures_due ON erasures (due_at);
GRANT SELECT ON erasures TO rollcall_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON erasures TO rollcall_directory;
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON erasures FOR SELECT TO rollcall_app USING (current_setting('rollcall.task', true) = 'erasures');
CREATE POLICY directory ON erasures TO rollcall_directory USING (true);

-- What is left of what an event says of persons when one of them, and their addresses, are forgotten. What it says about others stays.
CREATE FUNCTION personal_without(
    personal jsonb, actor_id text, target_id text, account text, invitations text[], addresses bytea[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    is_target boolean := COALESCE(target_id = account OR target_id = ANY (invitations), false);
BEGIN
    IF personal = '{}' OR NOT (is_target OR COALESCE(actor_id = account, false) OR addresses && addresses_in(personal)) THEN
        RETURN personal;
    END IF;
    RETURN COALESCE(
        (SELECT jsonb_object_agg(p.field, p.kept)
           FROM jsonb_each(personal) p (field, kept)
          WHERE CASE WHEN p.field IN ('ip', 'user_agent')
                     -- About whoever acted; nobody we know may well have been them. Programs say what they want of themselves.
                     THEN actor_id IS NOT NULL AND actor_id <> account
                          AND address_digest(p.kept ->> 'value') <> ALL (addresses)
                     ELSE NOT is_target AND address_digest(p.kept ->> 'value') <> ALL (addresses)
                END), '{}');
END
$$;

-- The addresses of an account that has ended. If somebody else has one by now, only what was written before is about the account.
CREATE FUNCTION addresses_at(erasure erasures, at timestamptz) RETURNS bytea[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN at <= (erasure).ended_at THEN (erasure).addresses
                ELSE ARRAY(SELECT a.digest FROM unnest((erasure).addresses) a (digest)
                            WHERE NOT EXISTS (SELECT FROM users u WHERE address_digest(u.email_key) = a.digest)) END
$$;

-- Whether something is left to erase.
CREATE FUNCTION erasing() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM erasures)
$$;

-- What may be told of persons in an event as long as something is left to erase.
CREATE FUNCTION personal_told(personal jsonb, actor_id text, target_id text, occurred_at timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told jsonb := personal;
    named bytea[] := addresses_in(personal);
    erasure erasures;
BEGIN
    FOR erasure IN SELECT e.* FROM erasures e
                    WHERE e.account = actor_id OR e.account = target_id OR target_id = ANY (e.invitations) OR e.addresses && named
    LOOP
        told := personal_without(told, actor_id, target_id, erasure.account, erasure.invitations,
                                 addresses_at(erasure, occurred_at));
    END LOOP;
    RETURN told;
END
$$;

-- Takes a step: goes through so many events at most. When nothing is left the logs are gone through again a minute later, until ten
-- minutes after the end: no request takes as long as that.
CREATE FUNCTION erase_step(account uuid, as_of timestamptz, at_most integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    again CONSTANT interval := '1 minute';
    kept CONSTANT interval := '10 minutes';
    erasure erasures;
    looked integer := 0;
    found_rows tid[] := '{}';
    part tid[];
    seen bigint;
    unused bytea[];
BEGIN
    SELECT e.* INTO STRICT erasure FROM erasures e WHERE e.user_id = erase_step.account FOR UPDATE;
    unused := addresses_at(erasure, 'infinity');

    SELECT array_agg(w.ctid), max(w.written) INTO part, seen
      FROM (SELECT a.ctid, a.written FROM audit_events a
             WHERE a.actor_id = erasure.account AND a.written > erasure.by_account
             ORDER BY a.written LIMIT at_most) w;
    found_rows := found_rows || part;
    looked := looked + COALESCE(cardinality(part), 0);
    erasure.by_account := COALESCE(seen, erasure.by_account);

    SELECT array_agg(w.ctid), max(w.written) INTO part, seen
      FROM (SELECT a.ctid, a.written FROM audit_events a
             WHERE a.target_id = erasure.account AND a.written > erasure.on_account
             ORDER BY a.written LIMIT at_most - looked) w;
    found_rows := found_rows || part;
    looked := looked + COALESCE(cardinality(part), 0);
    erasure.on_account := COALESCE(seen, erasure.on_account);

    -- Of these, what has been erased is not found again.
    IF looked < at_most THEN
        SELECT array_agg(w.ctid) INTO part
          FROM (SELECT a.ctid FROM audit_events a
                 WHERE a.target_id = ANY (erasure.invitations) AND a.personal <> '{}'
                   AND a.personal <> personal_without(a.personal, a.actor_id, a.target_id, erasure.account,
                                                      erasure.invitations, erasure.addresses)
                 LIMIT at_most - looked) w;
        found_rows := found_rows || part;
        looked := looked + COALESCE(cardinality(part), 0);
    END IF;
    IF looked < at_most THEN
        SELECT array_agg(w.ctid) INTO part
          FROM (SELECT a.ctid FROM audit_events a
                 WHERE strpos(a.personal::text, '@') > 0 AND addresses_in(a.personal) && erasure.addresses
                   AND (a.occurred_at <= erasure.ended_at OR addresses_in(a.personal) && unused)
                 LIMIT at_most - looked) w;
        found_rows := found_rows || part;
        looked := looked + COALESCE(cardinality(part), 0);
    END IF;

    -- In one statement: the sketches of what is erased are locked in their order.
    UPDATE audit_events a SET personal = w.kept
      FROM (SELECT x.ctid AS place,
                   personal_without(x.personal, x.actor_id, x.target_id, erasure.account, erasure.invitations,
                                    CASE WHEN x.occurred_at <= erasure.ended_at THEN erasure.addresses ELSE unused END) AS kept
              FROM audit_events x WHERE x.ctid = ANY (found_rows) AND x.personal <> '{}' OFFSET 0) w
     WHERE a.ctid = w.place AND a.personal <> w.kept;

    IF looked >= at_most THEN
        UPDATE erasures e SET by_account = erasure.by_account, on_account = erasure.on_account, turn_at = clock_timestamp()
         WHERE e.user_id = erasure.user_id;
    ELSIF erasure.due_at >= erasure.ended_at + kept THEN
        DELETE FROM erasures e WHERE e.user_id = erasure.user_id;
    ELSE
        UPDATE erasures e
           SET by_account = 0, on_account = 0, turn_at = clock_timestamp(),
               due_at = GREATEST(LEAST(as_of + again, erasure.ended_at + kept), as_of)
         WHERE e.user_id = erasure.user_id;
    END IF;
END
$$;

-- Takes a step of the erasure that has waited for longest; gives back whether there was one that nobody else is at.
CREATE FUNCTION erase_some(as_of timestamptz, at_most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    next uuid;
BEGIN
    SELECT e.user_id INTO next FROM erasures e WHERE e.due_at <= as_of
     ORDER BY e.turn_at, e.user_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM erase_step(next, as_of, at_most);
    RETURN true;
END
$$;

---------------------------------------------------------------------------------------------------
-- The end of an account
---------------------------------------------------------------------------------------------------

DROP FUNCTION erase_account();
-- Forgets what waits for the addresses of the scope's account, and takes them out of invitations. In the audit logs it takes the first step
-- of erasing what identifies its person, which is all of it for most, and notes what is left.
CREATE FUNCTION erase_account(as_of timestamptz DEFAULT now()) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ended     uuid   := NULLIF(current_setting('rollcall.user_id', true), '')::uuid;
    addresses text[] := account_addresses();
BEGIN
    IF ended IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO erasures AS e (user_id, account, invitations, addresses, ended_at, due_at)
    VALUES (ended, type_id('user', ended),
            ARRAY(SELECT type_id('inv', i.invitation_id) FROM invitations i
                   WHERE i.email_key = ANY (addresses) AND i.state <> 'pending'),
            ARRAY(SELECT address_digest(a.address) FROM unnest(addresses) a (address)), as_of, as_of)
        ON CONFLICT (user_id) DO NOTHING;
    UPDATE invitations i SET email = 'erased@rollcall.invalid', email_key = 'erased@rollcall.invalid', version = version + 1
     WHERE i.email_key = ANY (addresses) AND i.state <> 'pending';
    DELETE FROM signups s WHERE s.email_key = ANY (addresses);
    DELETE FROM password_resets r WHERE r.email_key = ANY (addresses);
    DELETE FROM email_changes c WHERE c.email_key = ANY (addresses);
    PERFORM erase_step(ended, as_of, 500);
END
$$;

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

-- Whoever writes what is indexed by them.
REVOKE ALL ON FUNCTION address_digest(text), addresses_in(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION address_digest(text), addresses_in(jsonb) TO rollcall_app, rollcall_directory, rollcall_purge;
REVOKE ALL ON FUNCTION personal_without(jsonb, text, text, text, text[], bytea[]), addresses_at(erasures, timestamptz),
    personal_told(jsonb, text, text, timestamptz), erasing(), erase_step(uuid, timestamptz, integer),
    erase_some(timestamptz, integer), erase_account(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erasing(), personal_told(jsonb, text, text, timestamptz), erase_some(timestamptz, integer),
    erase_account(timestamptz) TO rollcall_app;
GRANT EXECUTE ON FUNCTION personal_without(jsonb, text, text, text, text[], bytea[]), addresses_at(erasures, timestamptz),
    erase_step(uuid, timestamptz, integer) TO rollcall_directory;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION personal_told(jsonb, text, text, timestamptz) OWNER TO rollcall_directory;
ALTER FUNCTION erasing() OWNER TO rollcall_directory;
ALTER FUNCTION erase_some(timestamptz, integer) OWNER TO rollcall_directory;
ALTER FUNCTION erase_account(timestamptz) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
