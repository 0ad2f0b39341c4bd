use axum::extract::State;
use rollcall_application::tokens::{self, Spoken};
use rollcall_domain::{ApiKeyId, OrganizationId, Role, SessionId, UserId, id::AccessTokenId, secret::Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{api::Api, form::Form, problem::Result, service_credential::SiblingService};

/// The token that is asked about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntrospectRequest {
    /// The token of a session (`rcs_…`), an API key (`rck_…`), or an access token.
    #[schema(example = "rcs_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
    /// What kind of token it may be. It is not needed.
    #[serde(default, rename = "token_type_hint")]
    #[schema(example = "access_token")]
    _token_type_hint: Option<String>,
}

/// Whether a token is valid at this moment (RFC 7662 section 2.2).
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum TokenState {
    /// The token is valid.
    Good(GoodToken),
    /// The token is not valid, and nothing else is told of it.
    Worthless(WorthlessToken),
}

/// A good token.
#[derive(Serialize, ToSchema)]
pub(super) struct GoodToken {
    /// It is good: true.
    #[schema(example = true)]
    active: bool,
    #[serde(flatten)]
    live: LiveToken,
}

/// A token that is not valid.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorthlessToken {
    /// Always false.
    #[schema(example = false)]
    active: bool,
}

/// What a good token is worth.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveToken {
    #[serde(flatten)]
    holder: TokenHolder,
    /// Names the token; left out for a session's own, and for an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "at_01h455vb4pex5vsknk084sn02q")]
    jti: Option<AccessTokenId>,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Who has made it.
    #[schema(example = "https://rollcall.example")]
    iss: String,
    /// Whom it is for.
    #[schema(example = "https://rollcall.example")]
    aud: String,
    /// When it was made, in seconds since 1970.
    #[schema(example = 1_767_323_045)]
    iat: i64,
    /// When it will have run out, in seconds since 1970. The end of a session moves on while it is used. Left out for an API key that
    /// does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_767_323_345)]
    exp: Option<i64>,
}

/// Whom a token speaks for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum TokenHolder {
    /// A person.
    Person {
        /// Who is signed in.
        #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
        sub: UserId,
        /// Where they work; left out for somebody who is in no organization.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, example = "org_01h455vb4pex5vsknk084sn02q")]
        org: Option<OrganizationId>,
        /// As what, at this moment; left out for somebody who is in no organization.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, example = "admin")]
        role: Option<Role>,
        /// The session.
        #[schema(value_type = String, example = "sess_01h455vb4pex5vsknk084sn02q")]
        sid: SessionId,
    },
    /// A program.
    Key {
        /// The API key.
        #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
        sub: ApiKeyId,
        /// Whose it is.
        #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
        org: OrganizationId,
        /// What it may do at this moment, separated by spaces.
        #[schema(example = "calls:read calls:write")]
        scope: String,
        /// The networks that it may be used from; left out when from anywhere. The service must look, as it knows where the request
        /// comes from.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(example = json!(["192.0.2.0/24"]))]
        allowed_cidrs: Option<Vec<String>>,
    },
}

impl From<Spoken> for TokenHolder {
    fn from(holder: Spoken) -> Self {
        match holder {
            Spoken::Person { user, place, session } => Self::Person {
                sub: user,
                org: place.map(|(organization, _)| organization),
                role: place.map(|(_, role)| role),
                sid: session,
            },
            Spoken::Key { key, organization, scopes, networks } => Self::Key {
                sub: key,
                org: organization,
                scope: scopes.to_string(),
                allowed_cidrs: networks.texts(),
            },
        }
    }
}

/// Tells whether a session token, an API key or an access token is valid at this moment (RFC 7662).
///
/// In a suspended organization none is: `active` is false, as for one that never existed. The `scope` of an API key is what it
/// was given; whether the organization's plan allows it is decided by `POST /access/v1/evaluation`.
#[utoipa::path(post, path = "/v1/introspect", tag = "Access tokens", security(("service" = [])),
    request_body(content = IntrospectRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is worth", body = TokenState)))]
pub(super) async fn introspect_token(
    State(api): State<Api>,
    _: SiblingService,
    Form(request): Form<IntrospectRequest>,
) -> Result<axum::Json<TokenState>> {
    let told = tokens::introspect(&api.app, &Secret::new(request.token)).await?;
    let issuer = api.app.tokens.issuer();
    let live = told.map(|told| LiveToken {
        holder: told.holder.into(),
        jti: told.id,
        token_type: "Bearer",
        iss: issuer.name.clone(),
        aud: issuer.audience.clone(),
        iat: told.issued_at,
        exp: told.expires_at,
    });
    Ok(axum::Json(match live {
        Some(live) => TokenState::Good(GoodToken { active: true, live }),
        None => TokenState::Worthless(WorthlessToken { active: false }),
    }))
}
