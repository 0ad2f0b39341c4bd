//! The kinds of problems, by their stable names.

use http::StatusCode;

macro_rules! codes {
    ($($name:ident = $wire:literal, $status:ident, $title:literal, $explanation:literal;)*) => {
        /// What kind of problem it is. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $explanation] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// The status it comes with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The problem in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it means, and what to do about it.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON",
        "The request's body could not be read as JSON. Check quotes, commas, braces and that it is UTF-8.";
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not valid",
        "A cursor only works as it was given, in the same list with the same filters, for the same person in the same organization. Start again without it.";
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "The Idempotency-Key is not valid",
        "An Idempotency-Key has 1 to 255 visible ASCII characters. A random UUID is a good one.";
    BadRequest = "bad_request", BAD_REQUEST, "The request could not be read",
        "Something about the request, other than its body, is not HTTP as this service understands it.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Nobody is signed in",
        "The request carries no credential, or one that is not good any more. Sign in and send the session's token as a Bearer token.";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The credentials are wrong",
        "When signing in, the address and the password do not belong together; for safety the answer does not say which of them is wrong. When you are signed in, the password is not the one of your account.";
    InvalidMfaCode = "invalid_mfa_code", UNAUTHORIZED, "The second factor is not right",
        "The code is not valid now or has already been used: wait for the app's next code, or use an unused recovery code. Or the passkey does not belong to the account or did not answer this challenge: request a new challenge.";
    InvalidChallenge = "invalid_challenge", UNAUTHORIZED, "Start the sign-in again",
        "The challenge is unknown, is more than five minutes old, has already been used, was closed after too many wrong codes, or the account has changed since. Sign in with the password again.";
    SignInRequired = "sign_in_required", UNAUTHORIZED, "Sign in first",
        "The address has an account. Sign in to it, then accept the invitation with that session.";
    PaymentDeclined = "payment_declined", PAYMENT_REQUIRED, "The payment was declined",
        "The payment provider declined the plan. Nothing has been changed.";
    PermissionDenied = "permission_denied", FORBIDDEN, "You may not do this",
        "Your role, or the scopes of your API key, do not carry the permission named in required_permission. An Owner of your organization can change them.";
    ElevationRequired = "elevation_required", FORBIDDEN, "Prove once more who you are",
        "This is especially sensitive, and your last proof of who you are is more than ten minutes old. POST /v1/session/elevate, then try again.";
    MfaRequired = "mfa_required", FORBIDDEN, "Set up a second factor first",
        "Your organization asks everybody for a second factor, and your time to set one up is over. Set one up under /v1/me/mfa, go to another of your organizations, or leave this one; everything else is closed until then.";
    LongerPasswordRequired = "longer_password_required", FORBIDDEN, "Choose a longer password first",
        "The password is right. But the account's second factor was turned off, and a password with fewer than 15 characters is not enough on its own. POST /v1/password-resets mails you a link: use it to choose a longer one, then sign in.";
    SessionRequired = "session_required", FORBIDDEN, "The session's own token is needed",
        "Access tokens and API keys are for everyday work only. Creating credentials, ending sessions, changing an account, the team or its security, and anything that needs a fresh proof of identity require a person using the session's own token.";
    NetworkNotAllowed = "network_not_allowed", FORBIDDEN, "The API key may not be used from here",
        "The key is valid, but restricted to networks that this request does not come from. An Owner can change allowed_cidrs of the key.";
    Suspended = "suspended", FORBIDDEN, "The organization is suspended",
        "The platform's operator has suspended the organization. Its data is kept, and nobody can get in until the suspension is lifted. Sign in again to work in another organization.";
    PlanRequired = "plan_required", FORBIDDEN, "The plan does not have this",
        "The organization's plan lacks the security control. required_plan names the smallest one that has it; an Owner can switch to it.";
    WrongAccount = "wrong_account", FORBIDDEN, "The invitation is for another account",
        "You are signed in under another address than the one that was invited. Sign in under the invited one, or ask for an invitation to yours.";
    OriginMismatch = "origin_mismatch", FORBIDDEN, "The request comes from another site",
        "A request that changes something and is authenticated by a cookie must come from this service's own pages (its Origin header says so). Programs send a Bearer token instead.";
    NotFound = "not_found", NOT_FOUND, "There is no such thing",
        "Nothing is there under this path or id, or it is not yours to see.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not know this method",
        "The Allow header lists the methods that the path knows.";
    LastOwner = "last_owner", CONFLICT, "There must be an Owner",
        "An organization always has at least one Owner. Make somebody else an Owner first. Whoever deletes their account may also delete the organizations named in organizations.";
    AlreadyMember = "already_member", CONFLICT, "Already a member",
        "The address belongs to somebody who is in the organization.";
    InvitationPending = "invitation_pending", CONFLICT, "Already invited",
        "The address has an open invitation. Send that one again, or take it back first.";
    PasskeyExists = "passkey_exists", CONFLICT, "The device has a passkey already",
        "The device keeps a passkey for this service. Use that one, or another device.";
    PasskeyLimit = "passkey_limit", CONFLICT, "No more passkeys",
        "The account has as many passkeys as one may have. Remove one that is not used any more first.";
    NoPasskey = "no_passkey", CONFLICT, "There is no passkey",
        "The account has no passkey. Prove who you are in another way.";
    PasskeysUnavailable = "passkeys_unavailable", CONFLICT, "There are no passkeys here",
        "The service is reached by an IP address, and passkeys need a domain name. Whoever runs it must set http.public_url.";
    TotpEnabled = "totp_enabled", CONFLICT, "An authenticator app is on",
        "An account has one authenticator app. Turn it off before another one is set up.";
    TotpNotBegun = "totp_not_begun", CONFLICT, "No authenticator app waits",
        "POST /v1/me/mfa/totp starts it; confirm it with a code from the app in the same session, within 15 minutes.";
    MfaNotEnabled = "mfa_not_enabled", CONFLICT, "There is no second factor",
        "The account has no second factor, so there is nothing to turn off, and nothing for recovery codes to stand in for.";
    PasswordTooShort = "password_too_short", CONFLICT, "The password is too short on its own",
        "With a second factor a password may have 8 to 14 characters; on its own it must have at least 15. Choose a longer one before you turn the last second factor off.";
    OwnMfa = "own_mfa", CONFLICT, "It is your own",
        "Resetting is for somebody else who has lost their second factor. Change your own under /v1/me/mfa; if you have lost it, another Owner or the platform's operator can reset it.";
    MfaResetByOperator = "mfa_reset_by_operator", CONFLICT, "The platform's operator decides about this one",
        "This second factor guards more than your organization, so no Owner can reset it. The platform's operator can, once it is certain who asks.";
    ApiKeyRevoked = "api_key_revoked", CONFLICT, "The API key is revoked",
        "A key that has been revoked does not come back. Make another one.";
    ApiKeyExpired = "api_key_expired", CONFLICT, "The API key has run out",
        "A new secret would be useless. Give the key a later expires_at first, or create another key.";
    TooManyApiKeys = "too_many_api_keys", CONFLICT, "There are as many API keys as there may be",
        "Revoke a key that is not needed any more, then make another one.";
    CallExists = "call_exists", CONFLICT, "The external_id names another call",
        "A call with this external_id was written down with other content. PATCH that call, which GET /v1/calls?external_id= finds, or create this one with a different external_id.";
    CallEnded = "call_ended", CONFLICT, "The call is over",
        "The call has ended: nobody can join it, its keys are gone, and it cannot be escalated.";
    EscalationExists = "escalation_exists", CONFLICT, "The call is already waiting",
        "The call is already escalated with another reason, priority or skills. A call has one open escalation at a time: abandon that one first, or leave it.";
    EscalationEnded = "escalation_ended", CONFLICT, "The escalation is over",
        "It does not wait any more: an agent is done with it, the caller has hung up, or nobody was free in time. Escalate the call again, if it goes on.";
    AlreadyClaimed = "already_claimed", CONFLICT, "Somebody has taken it",
        "An agent holds the call, or it is offered to one: it is theirs until they are done or give it back. An agent who wants a call takes the next one: POST /v1/escalations/claim-next.";
    NotAvailable = "not_available", CONFLICT, "The agent cannot take a call now",
        "The agent is offline or holds as many calls as they can: they choose their status with PUT /v1/availability/me and send heartbeats, or finish a call first. Somebody who has no live session here, is suspended, or has missed the deadline for their second factor cannot be made available by anybody else.";
    SkillsMissing = "skills_missing", CONFLICT, "The call needs other skills",
        "The call was escalated for skills that the agent is not said to have. A supervisor can change that.";
    LeaseLost = "lease_lost", CONFLICT, "The call is not yours any more",
        "The lease has run out, was given up, or is another one. The call may be somebody else's by now: leave it alone, and claim it anew, with another Idempotency-Key, if it waits.";
    EndToEndEncryptionDisabled = "end_to_end_encryption_disabled", CONFLICT, "End-to-end encryption is off",
        "The organization has switched end-to-end encryption off, and this call has no key from before. An Owner can switch it on if the plan has it.";
    ControlsInUse = "controls_in_use", CONFLICT, "Security controls are on that the plan lacks",
        "No protection ends silently. Switch off the controls named in controls first, or send disable_controls: the Owners are then told by mail.";
    RetentionTooShort = "retention_too_short", CONFLICT, "The plan keeps less than there is",
        "Nothing is deleted silently. Export what is too old first, or send accept_deletion: it is then deleted, and the Owners are told by mail.";
    SeatLimitReached = "seat_limit_reached", CONFLICT, "No seat is left",
        "The organization has as many members as its plan has seats. A larger plan, or somebody who leaves, makes room; the invitation stays good until then.";
    TooManyMembers = "too_many_members", CONFLICT, "The plan has too few seats",
        "The organization has more members than the plan has seats. Remove members first, or choose a larger plan.";
    PlanChanged = "plan_changed", CONFLICT, "The plan has been changed meanwhile",
        "Somebody else has changed the organization's plan while this was being done, so it stays as they have chosen it. Look at it again and decide anew.";
    AuditLogDisabled = "audit_log_disabled", CONFLICT, "The audit log is off",
        "The organization's audit log is off, so it accepts no events and shows only what was written while it was on. An Owner can switch it on if the plan has it.";
    ExportRunning = "export_running", CONFLICT, "An export is running already",
        "Another export of the organization, of its audit log or of everything, is being taken on the node that was asked, or you are taking one of another organization there. Read that one to its end or cancel it, then ask again.";
    OrganizationDeleted = "organization_deleted", CONFLICT, "The organization is deleted",
        "A deleted organization cannot be changed. Restore it before purge_at; after that it is gone for good.";
    RequestInProgress = "request_in_progress", CONFLICT, "The first request is still running",
        "A request with the same Idempotency-Key is being worked on. Repeat it in a moment to get its answer.";
    AnswerGone = "answer_gone", CONFLICT, "The answer is not kept any more",
        "The first request with this Idempotency-Key was done, but its answer was lost, or cannot be read any more. It is not done again. Look at what it has made, and send what is missing with another key.";
    InvitationGone = "invitation_gone", GONE, "The invitation cannot be used any more",
        "It has been accepted, taken back, sent again with a newer link, or has run out. Ask for a new one.";
    SignupGone = "signup_gone", GONE, "The sign-up link cannot be used any more",
        "It has been used or has run out. Sign up again to get a new one.";
    PasswordResetGone = "password_reset_gone", GONE, "The link cannot be used any more",
        "It has been used or has run out. Request another password reset to get a new one.";
    EmailChangeGone = "email_change_gone", GONE, "The link cannot be used any more",
        "It has been used or replaced by a later one, has run out, or the address has got an account. Ask for the change again to get a new one.";
    CallRecordingDisabled = "call_recording_disabled", CONFLICT, "Call recording is off",
        "The organization does not record calls, and nothing is kept of this one. An Owner can switch call_recording on, if the plan has it.";
    RecordingExists = "recording_exists", CONFLICT, "The call has another recording",
        "A recording is never replaced. Whoever may delete recordings deletes it first.";
    MediaKeyRequired = "media_key_required", CONFLICT, "Only a participant can record this call",
        "This call is encrypted from end to end, so a recording is taken only from whoever has fetched its media key. Nobody in between could have made one.";
    UploadOffsetMismatch = "upload_offset_mismatch", CONFLICT, "The upload does not go on there",
        "Begin the next part at the byte that Upload-Offset names; that is how many are kept.";
    UploadSuperseded = "upload_superseded", CONFLICT, "Another upload has taken its place",
        "Somebody has begun this upload anew, gone on with it elsewhere or given it up, or the call has a recording by now. Ask how much has arrived with Content-Range: bytes */*.";
    DigestMismatch = "digest_mismatch", BAD_REQUEST, "The digest does not match",
        "What has arrived does not have the digest that Repr-Digest names. Nothing of it is kept; send it again.";
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "There are no such bytes",
        "The range lies beyond the end. Content-Range says how many bytes there are.";
    RecordingDamaged = "recording_damaged", INTERNAL_SERVER_ERROR, "The recording is damaged",
        "What is stored is not what was uploaded, so it is not played. Whoever runs the service has been notified and may have a backup.";
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "It has changed in between",
        "The thing is not in the state named by If-Match any more. Read it again and decide anew.";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request timed out",
        "The body was announced but did not arrive in time. Send it again.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large",
        "The request's body is larger than this service takes.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is of another kind",
        "Send the body with Content-Type: application/json, or with the one that the contract names for the path.";
    InvalidRequest = "invalid_request", UNPROCESSABLE_ENTITY, "Some values cannot be accepted",
        "The list in errors names each field and what is wrong with it.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request",
        "Every request needs a key of its own; only a repeat of the same request uses the same key.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests",
        "Wait as many seconds as Retry-After says.";
    Internal = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong here",
        "The fault is this service's. It has been logged under the request_id.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available at the moment",
        "The service, or something it depends on, cannot answer now. Try again after as many seconds as Retry-After says; with an Idempotency-Key, nothing is done twice.";
}
