-- What a service had reported again after its event had gone with time waited for a second place in its log, which no event has, and
-- nothing else got into that log any more. It is taken out of the queue, and its event goes as it had gone before. The log then goes on by
-- itself, as it is tried again each minute. What waits for a second place though its event has not gone is somebody's doing, and is left
-- for whoever finds out whose.
ALTER TABLE audit_queue NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
    logs uuid[];
    events uuid[];
BEGIN
    SELECT array_agg(q.org_id), array_agg(q.event_id) INTO logs, events FROM audit_queue q;
    -- Who takes events with time sees what has gone with it, and is let at events of which nothing but the place is to be left.
    SET LOCAL ROLE rollcall_purge;
    PERFORM set_config('rollcall.task', 'audit_retention', true);
    SELECT array_agg(l.org_id), array_agg(l.event_id) INTO logs, events
      FROM unnest(logs, events) AS q (org_id, event_id)
      JOIN audit_leaves l ON l.org_id = q.org_id AND l.event_id = q.event_id
      JOIN audit_retention r ON r.org_id = l.org_id
     WHERE l.idx < r.removed;
    DELETE FROM audit_events e USING unnest(logs, events) AS t (org_id, event_id)
     WHERE e.org_id = t.org_id AND e.event_id = t.event_id;
    PERFORM set_config('rollcall.task', '', true);
    RESET ROLE;
    DELETE FROM audit_queue q USING unnest(logs, events) AS t (org_id, event_id)
     WHERE q.org_id = t.org_id AND q.event_id = t.event_id;
END
$$;
ALTER TABLE audit_queue FORCE ROW LEVEL SECURITY;
