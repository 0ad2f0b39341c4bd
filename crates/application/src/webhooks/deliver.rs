//! What is on its way to webhooks is sent, with no transaction open, and tried again with patience.

use std::sync::Arc;

use rollcall_domain::webhooks::{ATTEMPTS, wait_after};
use serde_json::json;
use time::{Duration, format_description::well_known::Rfc3339};
use tokio::task::JoinSet;

use super::{Claimed, Message, NotTaken, Post, Settled, Webhooks, secret::open};
use crate::{Application, Error, keyring::Closed};

/// How many are sent at a time,
const AT_ONCE: u16 = 20;
/// and how long nobody else sends them. Longer than sending can take.
const LEASE: Duration = Duration::minutes(2);
/// The most characters that are kept of what went wrong.
const ERROR_CHARACTERS: usize = 300;

/// Sends what is due; gives back how many were taken on.
///
/// # Errors
/// When the database does not answer. That a webhook does not is no error: it waits for its next attempt.
pub async fn deliver_some(
    app: &Application,
    post: &Arc<dyn Post>,
    webhooks: &Arc<dyn Webhooks>,
) -> Result<usize, Error> {
    let now = app.now();
    let claimed = post.claim(now, now + LEASE, AT_ONCE).await?;
    let count = claimed.len();
    // All at once: one that hangs keeps no other waiting.
    let mut sending: JoinSet<Result<(), Error>> = claimed
        .into_iter()
        .map(|claimed| {
            let (app, post, webhooks) = (app.clone(), post.clone(), webhooks.clone());
            async move {
                let settled = attempt(&app, webhooks.as_ref(), &claimed).await;
                if let Settled::Later { error, .. } | Settled::Failed { error, .. } = &settled {
                    let attempts = claimed.attempts + 1;
                    tracing::warn!(delivery = %claimed.id, attempts, error, kind = claimed.kind, "a webhook has not taken what it was sent");
                }
                Ok(post.settle(&claimed, settled).await?)
            }
        })
        .collect();
    let mut result = Ok(count);
    while let Some(sent) = sending.join_next().await {
        let sent = sent.unwrap_or_else(|panic| Err(Error::Internal(Box::new(panic))));
        result = result.and_then(|count| sent.map(|()| count));
    }
    result
}

async fn attempt(app: &Application, webhooks: &dyn Webhooks, claimed: &Claimed) -> Settled {
    let sent = match message(app, claimed) {
        Ok(message) => webhooks.send(message).await,
        Err(not_sent) => Err(not_sent),
    };
    let at = app.now();
    let short = |error: String| error.chars().take(ERROR_CHARACTERS).collect();
    match sent {
        Ok(()) => Settled::Sent { at },
        Err(NotTaken::Now(error)) => match wait_after(claimed.attempts + 1) {
            Some(wait) if claimed.attempts + 1 < ATTEMPTS => {
                Settled::Later { at: at + wait, error: short(error) }
            }
            _ => Settled::Failed { at, error: short(error) },
        },
        Err(NotTaken::Ever(error)) => Settled::Failed { at, error: short(error) },
    }
}

/// What the webhook is told, in the form of Standard Webhooks.
fn message(app: &Application, claimed: &Claimed) -> Result<Message, NotTaken> {
    let secret = open(app, claimed.organization, claimed.to, &claimed.secret);
    let secret = secret.map_err(|closed| match closed {
        // Once whoever runs the service has put the key back, it is sent.
        Closed::Missing { .. } => {
            tracing::error!(%closed, "a webhook is not sent");
            NotTaken::Now("it could not be signed at the moment".to_owned())
        }
        Closed::Damaged { .. } => {
            NotTaken::Ever("its secret cannot be opened; choose the webhook again".to_owned())
        }
    })?;
    let unwritable = |error: &dyn std::error::Error| NotTaken::Ever(error.to_string());
    let at = claimed.at.format(&Rfc3339).map_err(|error| unwritable(&error))?;
    let body = json!({"type": claimed.kind, "timestamp": at, "data": claimed.data});
    Ok(Message {
        url: claimed.url.clone(),
        id: claimed.id,
        at: app.now(),
        secret,
        body: serde_json::to_vec(&body).map_err(|error| unwritable(&error))?,
    })
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use rollcall_domain::{id::DeliveryId, secret::Secret};

    use super::*;
    use crate::{
        testing::{MockDirectory, NOW, TestStore, application, organization},
        webhooks::{Subscriber, seal},
    };

    struct Answers(Result<(), NotTaken>);

    #[async_trait]
    impl Webhooks for Answers {
        async fn send(&self, _: Message) -> Result<(), NotTaken> {
            self.0.clone()
        }
    }

    fn claimed(app: &Application, attempts: u16) -> Claimed {
        Claimed {
            organization: organization().id,
            id: DeliveryId::from_parts(0, &[1; 10]),
            url: "https://example.com/hook".parse().expect("a URL"),
            to: Subscriber::Escalations,
            secret: seal(app, organization().id, Subscriber::Escalations, &Secret::new("whsec_AAAA"))
                .expect("sealed"),
            kind: "escalation.created".to_owned(),
            data: json!({}),
            at: NOW,
            attempts,
        }
    }

    #[tokio::test]
    async fn it_is_tried_again_later_and_later_and_then_given_up() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let no = || "no".to_owned();
        for (answer, attempts, expected) in [
            (Ok(()), 0, Settled::Sent { at: NOW }),
            (Err(NotTaken::Now(no())), 0, Settled::Later { at: NOW + Duration::seconds(5), error: no() }),
            (Err(NotTaken::Now(no())), 1, Settled::Later { at: NOW + Duration::MINUTE, error: no() }),
            (Err(NotTaken::Now(no())), ATTEMPTS - 1, Settled::Failed { at: NOW, error: no() }),
            (Err(NotTaken::Ever(no())), 0, Settled::Failed { at: NOW, error: no() }),
        ] {
            assert_eq!(attempt(&app, &Answers(answer), &claimed(&app, attempts)).await, expected);
        }
    }

    #[tokio::test]
    async fn a_keyring_that_lacks_a_key_for_now_costs_an_attempt_and_no_delivery() {
        let mut app = application(&TestStore::default(), MockDirectory::new());
        let claimed = claimed(&app, 0);
        app.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
        let settled = attempt(&app, &Answers(Ok(())), &claimed).await;
        let error = "it could not be signed at the moment".to_owned();
        assert_eq!(settled, Settled::Later { at: NOW + Duration::seconds(5), error });
    }

    #[tokio::test]
    async fn what_another_organization_s_secret_sealed_is_not_signed_with() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let mut other = claimed(&app, 0);
        other.organization = rollcall_domain::OrganizationId::from_parts(0, &[2; 10]);
        let mut else_where = claimed(&app, 0);
        else_where.to = Subscriber::Witness;
        for wrong in [other, else_where] {
            let settled = attempt(&app, &Answers(Ok(())), &wrong).await;
            assert!(matches!(settled, Settled::Failed { .. }), "{settled:?}");
        }
    }
}
