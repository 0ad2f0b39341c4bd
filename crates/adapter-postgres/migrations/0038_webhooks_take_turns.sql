-- A receiver that hangs takes the place of no other, and what waits is found organization by organization (0027).

-- What is thought of whoever receives: above zero once it has answered quickly, below it how many quick answers it owes.
ALTER TABLE escalation_webhooks
    ADD COLUMN score        smallint NOT NULL DEFAULT 0,
    -- How often in a row it has not answered,
    ADD COLUMN misses       integer  NOT NULL DEFAULT 0 CHECK (misses >= 0),
    -- and until when nothing is sent to it for that.
    ADD COLUMN paused_until timestamptz;
ALTER TABLE audit_witnesses
    ADD COLUMN score        smallint NOT NULL DEFAULT 0,
    ADD COLUMN misses       integer  NOT NULL DEFAULT 0 CHECK (misses >= 0),
    ADD COLUMN paused_until timestamptz;

GRANT UPDATE (score, misses, paused_until) ON escalation_webhooks, audit_witnesses TO rollcall_app;

-- From each organization that has something waiting to the next, and of each what is due first.
DROP INDEX escalation_deliveries_due;
CREATE INDEX escalation_deliveries_due ON escalation_deliveries (org_id, due_at, delivery_id) WHERE state = 'queued';
DROP INDEX audit_deliveries_due;
CREATE INDEX audit_deliveries_due ON audit_deliveries (org_id, due_at, delivery_id) WHERE state = 'queued' AND kind = 'webhook';
