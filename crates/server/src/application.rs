//! What use cases work with, and what sends for them, as a configuration has it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rollcall_adapter_email::{Postbox, Smtp};
use rollcall_adapter_postgres::PgStore;
use rollcall_adapter_webauthn::RelyingParty;
use rollcall_application::{
    Application, Bulkhead, Settings as ApplicationSettings,
    api_keys::KeyUses,
    audit::{ApiCalls, Checkpoints, Readings, Sequencing},
    availability::Lapsed,
    calls::Masking,
    mail::{Courier, Pace},
    passwords::Passwords,
    ports::WebAuthn,
    revocations::Feed,
    stream::Streams,
    tokens::Tokens,
    trace::Door,
    webhooks::WebhookSender,
};

use crate::{
    keys,
    ports::Ports,
    recordings,
    server::StartError,
    settings::{InvalidSettings, Settings},
};

/// How many exports of audit logs run at a time: each has some megabytes in memory at the most.
const LOG_EXPORTS: usize = 32;

/// What use cases work with, on a database that is there, for the service that listens on `address`.
pub(crate) fn application(
    settings: &Settings,
    ports: &Ports,
    store: &PgStore,
    address: SocketAddr,
) -> Result<Application, StartError> {
    let keyring = match settings.keyring()? {
        Some(keyring) => keyring,
        None => {
            keys::generated(&settings.values.data_dir, ports.entropy.as_ref()).map_err(StartError::Keys)?
        }
    };
    let passwords = Passwords::new(
        settings.password_cost(),
        settings.pepper()?,
        settings.passwords_at_once(),
        settings.password_patience(),
        ports.entropy.clone(),
    )
    .map_err(|error| StartError::Passwords(error.to_string()))?;
    Ok(Application {
        store: Door::new(store.clone()),
        directory: Arc::new(store.clone()),
        teams: Arc::new(store.clone()),
        attempts: Arc::new(store.clone()),
        ceremonies: Arc::new(store.clone()),
        webauthn: webauthn(settings, address)?,
        clock: ports.clock.clone(),
        entropy: ports.entropy.clone(),
        keyring,
        passwords,
        tokens: Tokens::new(settings.issuer(address)),
        totp_issuer: settings.totp_issuer()?,
        feed: Feed::new(Arc::new(store.clone())),
        streams: Streams::new(
            Arc::new(store.clone()),
            settings.values.stream.at_once,
            settings.values.stream.at_once_of_one_organization,
            settings.values.stream.at_once_of_one,
            Duration::from_secs(settings.values.stream.heartbeat_seconds.into()),
        ),
        sequencing: Sequencing::new(Arc::new(store.clone())),
        readings: Readings::default(),
        checkpoints: Checkpoints::new(&settings.audit_origin(address)?, Arc::new(store.clone())),
        key_uses: KeyUses::default(),
        api_calls: ApiCalls::default(),
        audit_intake: Arc::new(store.clone()),
        tenants: Arc::new(store.clone()),
        billing: ports.billing.clone(),
        objects: Arc::new(recordings::objects(settings)?),
        uploads: Arc::new(store.clone()),
        pulse: Arc::new(store.clone()),
        lapsed: Lapsed::default(),
        transfers: recordings::transfers(settings),
        masking: Masking::default(),
        exports: Bulkhead::at_most(settings.exports_at_once()),
        log_exports: Bulkhead::at_most(LOG_EXPORTS),
        bulk_invitations: Bulkhead::at_most(settings.bulk_invitations_at_once()),
        settings: ApplicationSettings {
            sessions: settings.lifetimes(),
            limits: settings.limits(),
            plans: settings.plans()?,
            webhooks: settings.webhooks(),
            recording_limit: settings.values.recordings.limit_bytes,
            platform_log_days: settings.values.audit.platform_days,
        },
    })
}

/// What sends to webhooks.
pub(crate) fn webhook_sender(
    settings: &Settings,
    ports: &Ports,
) -> Result<Arc<dyn WebhookSender>, StartError> {
    let patience = ports.webhook_patience.clone();
    let webhooks = rollcall_adapter_webhooks::Webhooks::new(settings.webhooks(), patience);
    Ok(Arc::new(webhooks.map_err(|error| StartError::Tls(error.to_string()))?))
}

/// What passkeys are made for: the domain of the public URL. Without one there are none.
fn webauthn(settings: &Settings, address: SocketAddr) -> Result<Option<Arc<dyn WebAuthn>>, InvalidSettings> {
    let (origin, _) = settings.public_origin(address)?;
    match RelyingParty::at(&origin) {
        Some(party) => Ok(Some(Arc::new(party))),
        None => {
            tracing::warn!(%origin, "there are no passkeys, as they need a public URL with a domain name");
            Ok(None)
        }
    }
}

/// What sends mails.
pub(crate) fn courier(
    settings: &Settings,
    ports: &Ports,
    store: &PgStore,
    address: SocketAddr,
) -> Result<Courier, InvalidSettings> {
    let sender = settings.sender(address)?;
    let postbox = match settings.smtp()? {
        Some(url) => {
            let smtp = Smtp::new(&url)
                .map_err(|problem| InvalidSettings::value("ROLLCALL__EMAIL__SMTP_URL", problem))?;
            Postbox::smtp(sender, smtp)
        }
        None => Postbox::mailbox(sender, Arc::new(store.clone()), ports.clock.clone()),
    };
    Ok(Courier {
        outbox: Arc::new(store.clone()),
        mailer: Arc::new(postbox),
        clock: ports.clock.clone(),
        entropy: ports.entropy.clone(),
        pace: Pace::default(),
    })
}
