-- Who is told something, and what is on its way to them: one pair of tables, whatever it is that they are told (docs/decisions/0029).

CREATE TABLE subscribers (
    org_id         uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    -- What they are told: each day's checkpoint of the audit log, or what becomes of escalated calls.
    topic          text        NOT NULL CHECK (topic IN ('checkpoints', 'escalations')),
    kind           text        NOT NULL CHECK (kind IN ('mail', 'webhook')),
    -- A mail address, or a URL.
    address        text        NOT NULL,
    -- What a webhook is signed with, sealed.
    secret         bytea,
    set_at         timestamptz NOT NULL,
    set_by         uuid        REFERENCES users ON DELETE SET NULL,
    -- When the next checkpoint is due.
    next_at        timestamptz,
    -- What is thought of whoever receives it: above zero once it has answered quickly, below it how many quick answers it owes.
    score          smallint    NOT NULL DEFAULT 0,
    -- How often in a row it has not answered,
    misses         integer     NOT NULL DEFAULT 0 CHECK (misses >= 0),
    -- and until when nothing is sent to it for that.
    paused_until   timestamptz,
    -- How it went the last times, since it was chosen.
    last_sent_at   timestamptz,
    last_failed_at timestamptz,
    last_error     text,
    PRIMARY KEY (org_id, topic),
    CHECK ((kind = 'webhook') = (secret IS NOT NULL)),
    CHECK (topic = 'checkpoints' OR kind = 'webhook'),
    CHECK ((topic = 'checkpoints') = (next_at IS NOT NULL)),
    CHECK ((last_failed_at IS NULL) = (last_error IS NULL))
);

-- What is on its way, and what became of what was.
CREATE TABLE deliveries (
    -- Without a reference to `organizations`: a commit that tells something waits for nobody who changes those (0027).
    org_id      uuid        NOT NULL,
    -- That of the event, where it is one.
    delivery_id uuid        NOT NULL,
    topic       text        NOT NULL CHECK (topic IN ('checkpoints', 'escalations')),
    action      text        NOT NULL,
    data        jsonb       NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'moot')),
    attempts    integer     NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    -- When it is sent to a webhook; while somebody is at it, when their lease runs out. Mail is sent by the outbox.
    due_at      timestamptz NOT NULL,
    settled_at  timestamptz,
    last_error  text,
    PRIMARY KEY (org_id, delivery_id),
    CHECK ((state = 'queued') = (settled_at IS NULL))
);

-- Whoever migrates need not be a superuser, and is held to policies that say nothing of them.
ALTER TABLE audit_witnesses       NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_deliveries      NO FORCE ROW LEVEL SECURITY;
ALTER TABLE escalation_webhooks   NO FORCE ROW LEVEL SECURITY;
ALTER TABLE escalation_deliveries NO FORCE ROW LEVEL SECURITY;

INSERT INTO deliveries (org_id, delivery_id, topic, action, data, state, attempts, created_at, due_at, settled_at, last_error)
SELECT d.org_id, d.delivery_id, 'checkpoints', 'audit.checkpoint', 
       jsonb_build_object('organization_id', type_id('org', d.org_id), 'size', d.size, 'checkpoint', d.note),
       d.state, d.attempts, d.created_at, d.due_at, d.settled_at, d.last_error
  FROM audit_deliveries d
 UNION ALL
SELECT d.org_id, d.delivery_id, 'escalations', d.action, d.data, d.state, d.attempts, d.created_at, d.due_at, d.settled_at, d.last_error
  FROM escalation_deliveries d;

INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, set_by, next_at, score, misses, paused_until)
SELECT w.org_id, 'checkpoints', w.kind, w.address, w.secret, w.set_at, w.set_by, w.next_at, w.score, w.misses, w.paused_until
  FROM audit_witnesses w
 UNION ALL
SELECT w.org_id, 'escalations', 'webhook', w.url, w.secret, w.set_at, w.set_by, NULL, w.score, w.misses, w.paused_until
  FROM escalation_webhooks w;

DROP TABLE audit_deliveries, audit_witnesses, escalation_deliveries, escalation_webhooks;

CREATE INDEX subscribers_next ON subscribers (next_at);
CREATE INDEX subscribers_set_by ON subscribers (set_by);
CREATE INDEX deliveries_of ON deliveries (org_id, topic, created_at);
-- From each subscriber that has something waiting to the next, and of each what is due first.
CREATE INDEX deliveries_due ON deliveries (org_id, topic, due_at, delivery_id) WHERE state = 'queued';
-- And what has waited longest, whenever it is tried again.
CREATE INDEX deliveries_by_age ON deliveries (org_id, topic, created_at, delivery_id) WHERE state = 'queued';
CREATE INDEX deliveries_given_up ON deliveries (org_id, topic) WHERE state = 'failed';
CREATE INDEX deliveries_by_time ON deliveries (created_at);

GRANT SELECT, INSERT, DELETE ON subscribers, deliveries TO rollcall_app;
-- The secret also moves to the newest key of the ring.
GRANT UPDATE (kind, address, secret, set_at, set_by, next_at, score, misses, paused_until, last_sent_at, last_failed_at, last_error)
    ON subscribers TO rollcall_app;
GRANT UPDATE (state, attempts, due_at, settled_at, last_error) ON deliveries TO rollcall_app;
ALTER TABLE subscribers ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscribers FORCE  ROW LEVEL SECURITY;
ALTER TABLE deliveries  ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries  FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON subscribers TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON deliveries TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- Whoever sends it, wherever it goes; of organizations that are deleted it sees that there are none.
CREATE POLICY task ON subscribers TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'deliveries');
CREATE POLICY task ON deliveries TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'deliveries');
DROP POLICY witnesses ON organizations;
CREATE POLICY deliveries ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'deliveries' AND deleted_at IS NULL);
-- The outbox notes what became of checkpoints that go by mail, which are none of a webhook's.
CREATE POLICY task_mails ON subscribers TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'outbox' AND kind = 'mail');
CREATE POLICY task_mails ON deliveries TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'outbox' AND topic = 'checkpoints');

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

DELETE FROM purge_order WHERE name IN ('audit_deliveries', 'audit_witnesses', 'escalation_deliveries', 'escalation_webhooks');
INSERT INTO purge_order (position, name) VALUES (70, 'deliveries'), (80, 'subscribers');
GRANT SELECT (org_id, ctid), DELETE ON subscribers, deliveries TO rollcall_purge;
CREATE POLICY purge ON subscribers TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = subscribers.org_id));
CREATE POLICY purge ON deliveries TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = deliveries.org_id));
