//! Why a caller is turned away, as Rollcall itself would say it: a problem (RFC 9457).

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use rollcall_domain::Permission;
use serde_json::json;

use crate::chance;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a caller is turned away.
///
/// As a response it is the problem (RFC 9457) that Rollcall itself would answer with, and never cached: `application/problem+json` with the
/// members `type`, `title`, `status`, `detail`, `code` and `request_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No credential, or one that is not good (any more): 401, with `WWW-Authenticate` (RFC 6750 section 3).
    #[error("no valid credential")]
    Unauthenticated,
    /// The caller lacks a permission: 403, with `required_permission`.
    #[error("the permission {required} is missing")]
    PermissionDenied {
        /// That permission.
        required: Permission,
    },
    /// The API key is held to networks, and this request does not come from one of them, or the service does not know from where it comes: 403.
    #[error("the API key is held to networks")]
    NetworkNotAllowed,
    /// Whether the caller is who they say cannot be told at the moment, so the answer is no: 503, with `Retry-After`.
    #[error("who calls cannot be told at the moment")]
    Unavailable {
        /// Seconds until it is worth trying again: from 1 on.
        retry_after: u64,
    },
}

impl Error {
    /// The status that it is answered with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied { .. } | Self::NetworkNotAllowed => StatusCode::FORBIDDEN,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable name of the kind of problem: the member `code`, and the end of `type`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::NetworkNotAllowed => "network_not_allowed",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "Nobody is signed in",
            Self::PermissionDenied { .. } => "You may not do this",
            Self::NetworkNotAllowed => "The API key may not be used from here",
            Self::Unavailable { .. } => "Not available at the moment",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Unauthenticated => {
                "The request carries no credential, or one that is not good any more.".to_owned()
            }
            Self::PermissionDenied { required } => format!("The permission {required} is missing."),
            Self::NetworkNotAllowed => {
                "The API key may be used from some networks only. This request does not come from one of them, or this service does not see from where it comes.".to_owned()
            }
            Self::Unavailable { .. } => "Who calls cannot be told at the moment. Try again.".to_owned(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let request_id = format!("{:016x}{:016x}", chance::number(), chance::number());
        let mut body = json!({
            "type": format!("/problems/{}", self.code()),
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.detail(),
            "code": self.code(),
            "request_id": request_id,
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            headers.insert(REQUEST_ID, id);
        }
        match self {
            Self::Unauthenticated => {
                headers
                    .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="rollcall""#));
            }
            Self::NetworkNotAllowed => {}
            Self::PermissionDenied { required } => {
                body["required_permission"] = json!(required);
            }
            Self::Unavailable { retry_after } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            }
        }
        *response.body_mut() = Body::from(body.to_string());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_the_problem_that_rollcall_would_answer_with() {
        for (error, status, name, value) in [
            (Error::Unauthenticated, 401, header::WWW_AUTHENTICATE, "Bearer realm=\"rollcall\""),
            (Error::Unavailable { retry_after: 3 }, 503, header::RETRY_AFTER, "3"),
            (
                Error::PermissionDenied { required: Permission::AgentsRead },
                403,
                header::CACHE_CONTROL,
                "no-store",
            ),
        ] {
            let response = error.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[name], value);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }
}
