-- As in 0034, but that nothing goes before its time by this database's clock either, whoever asks: a node whose clock was a month ahead
-- took what could have been restored.
CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    entry record;
    removed bigint;
BEGIN
    -- One at a time; and whoever wants to undo the deletion waits, and then finds that it has begun.
    PERFORM FROM organizations o WHERE o.org_id = org AND o.purge_at <= LEAST(as_of, now()) FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR entry IN SELECT p.name FROM purge_order p ORDER BY p.position LOOP
        -- By where they lie: many rows may share whatever tells one person's from another's.
        EXECUTE format('DELETE FROM %1$I WHERE org_id = $1 AND ctid = ANY(ARRAY(SELECT ctid FROM %1$I WHERE org_id = $1 LIMIT $2))',
                       entry.name) USING org, at_most;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed > 0 THEN
            UPDATE organizations o
               SET purged = COALESCE(o.purged, '{}')
                            || jsonb_build_object(entry.name, COALESCE((o.purged ->> entry.name)::bigint, 0) + removed)
             WHERE o.org_id = org;
            RETURN removed;
        END IF;
    END LOOP;
    RETURN 0;
END
$$;
