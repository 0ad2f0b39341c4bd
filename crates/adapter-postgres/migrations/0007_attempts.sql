-- Attempts to prove who one is, by account, by known device and by network, for all nodes together. The keys are keyed digests.

CREATE TABLE attempts (
    key         bytea       NOT NULL CHECK (octet_length(key) = 32),
    -- Whether it is an account's: what has failed there in a row is kept for longer.
    of_account  boolean     NOT NULL DEFAULT false,
    in_a_row    integer     NOT NULL DEFAULT 0,
    whole_at    timestamptz NOT NULL,
    -- Until when a device counts as known.
    known_until timestamptz,
    PRIMARY KEY (key)
);
CREATE INDEX attempts_over ON attempts (whole_at);

GRANT SELECT, INSERT, DELETE ON attempts TO rollcall_app;
GRANT UPDATE (of_account, in_a_row, whole_at, known_until) ON attempts TO rollcall_app;
ALTER TABLE attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE attempts FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON attempts TO rollcall_app USING (current_setting('rollcall.task', true) = 'attempts');

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins'));
