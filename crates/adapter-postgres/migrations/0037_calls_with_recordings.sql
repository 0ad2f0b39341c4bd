-- Which calls have a recording, told with the call and asked for in the list. It stands with the call, so that the call gets another
-- version when it changes; whoever keeps or removes a recording changes it in the same statement.
ALTER TABLE calls ADD COLUMN has_recording boolean NOT NULL DEFAULT false;

-- Whoever migrates need not be a superuser, and is held to policies that say nothing of them.
ALTER TABLE calls      NO FORCE ROW LEVEL SECURITY;
ALTER TABLE recordings NO FORCE ROW LEVEL SECURITY;
UPDATE calls c SET has_recording = true
  FROM recordings r WHERE r.org_id = c.org_id AND r.call_id = c.call_id AND r.state = 'kept';
ALTER TABLE calls      FORCE ROW LEVEL SECURITY;
ALTER TABLE recordings FORCE ROW LEVEL SECURITY;

CREATE INDEX calls_recorded ON calls (org_id, started_at DESC, call_id DESC) WHERE has_recording;

GRANT UPDATE (has_recording) ON calls TO rollcall_app;
