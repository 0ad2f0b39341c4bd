-- What an account takes along of itself: by when it needs a second factor, in whichever organizations.
CREATE POLICY own_account ON mfa_deadlines FOR SELECT TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);

-- How many failures in a row the owner has heard of. The count alone does not say who is to tell them: of attempts at the same moment
-- some are not looked at after all, and the one that comes out at a round number may be one of those. Whoever fails asks.
ALTER TABLE attempts ADD COLUMN told integer NOT NULL DEFAULT 0;
GRANT UPDATE (told) ON attempts TO rollcall_app;

-- Whom asking for a second factor would meet: in a large organization in which nearly everybody has one, the few are found by this and
-- not by looking at everybody.
CREATE INDEX users_without_mfa ON users (user_id) WHERE NOT mfa_enabled;
