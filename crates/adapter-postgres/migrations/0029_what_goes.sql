-- What a smaller plan deletes, and what the Owners are told; and by what somebody holds a key for media.

-- Counted by age before a plan is changed. (Events of the audit log lie in their order already.)
CREATE INDEX recordings_age ON recordings (org_id, kept_at) WHERE state = 'kept';

-- Days before and after where something is kept for less long, and how much was too old for that.
ALTER TABLE plan_changes
    ADD COLUMN recording_days_before integer,
    ADD COLUMN recording_days        integer,
    ADD COLUMN recordings_outlived   bigint,
    ADD COLUMN audit_days_before     integer,
    ADD COLUMN audit_days            integer,
    ADD COLUMN audit_events_outlived bigint,
    ADD CHECK ((recording_days IS NULL) = (recording_days_before IS NULL)),
    ADD CHECK ((recording_days IS NULL) = (recordings_outlived IS NULL)),
    ADD CHECK ((audit_days IS NULL) = (audit_days_before IS NULL)),
    ADD CHECK ((audit_days IS NULL) = (audit_events_outlived IS NULL));

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed', 'passkey_added',
                    'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder', 'api_key_reported',
                    'call_recording_off', 'phi_protection_off', 'end_to_end_encryption_off', 'audit_log_off',
                    'mfa_required_off', 'audit_checkpoint', 'retention_shortened', 'failed_proofs'));

-- By what somebody holds a key for media: since when they have been a member, or which secrets of the API key worked then. Whoever came back,
-- and whoever knows a secret that has ended, is not who it was given to. Holders from before are nobody's any more.
ALTER TABLE api_key_secrets ADD COLUMN secret_no bigint GENERATED ALWAYS AS IDENTITY;
GRANT SELECT (secret_no) ON api_key_secrets TO rollcall_app;
ALTER TABLE media_key_holders
    ADD COLUMN member_since timestamptz,
    ADD COLUMN secrets      bigint[];
