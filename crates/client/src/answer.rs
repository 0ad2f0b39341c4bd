//! What Rollcall answers about a token (RFC 7662).

use rollcall_domain::{
    OrganizationId, Permission, Role, SessionId,
    api_keys::Networks,
    policy::Grant,
    tokens::{Claims, TokenSubject},
};
use serde::Deserialize;

use crate::{Caller, Subject, memory::Known};

/// What a token is worth.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    active: bool,
    sub: Option<String>,
    org: Option<OrganizationId>,
    role: Option<Role>,
    /// Of an API key: permissions, separated by spaces (RFC 7662 section 2.2).
    scope: Option<String>,
    sid: Option<SessionId>,
    /// Of an API key that is held to networks: which.
    allowed_cidrs: Option<Vec<String>>,
    /// In seconds since 1970.
    pub(crate) exp: Option<i64>,
}

impl Answer {
    /// Who has shown the token, and from where they may; none for one that is worth nothing, or of whom it cannot be told who they are.
    pub(crate) fn known(&self) -> Option<Known> {
        // Networks that cannot be read hold a key to something all the same.
        let networks = self.allowed_cidrs.as_deref().map(Networks::parse).transpose().ok()?;
        Some(Known { caller: self.caller()?, networks: networks.unwrap_or_default() })
    }

    fn caller(&self) -> Option<Caller> {
        let sub = self.sub.as_deref().filter(|_| self.active)?;
        let subject = match self.sid {
            Some(session) => Subject::User { id: sub.parse().ok()?, session },
            None => Subject::ApiKey { id: sub.parse().ok()? },
        };
        let grant = match (&subject, self.org) {
            (_, None) => Grant::None,
            (Subject::User { .. }, Some(_)) => self.role.map_or(Grant::None, |role| Grant::Member { role }),
            // A scope of a later Rollcall is none that anything here asks for.
            (Subject::ApiKey { .. }, Some(_)) => {
                let scopes = self.scope.as_deref().unwrap_or_default().split(' ');
                Grant::ApiKey {
                    scopes: scopes.filter_map(|scope| scope.parse::<Permission>().ok()).collect(),
                }
            }
        };
        Some(Caller { subject, organization: self.org, grant })
    }
}

/// For whom an access token speaks; none where the token does not say enough. That of an API key does not tell the networks
/// that the key is held to.
pub(crate) fn of_claims(claims: &Claims) -> Option<Caller> {
    match claims.holder {
        TokenSubject::Person { sub, org, role, sid } => Some(Caller {
            subject: Subject::User { id: sub, session: sid },
            organization: org,
            grant: org.and(role).map_or(Grant::None, |role| Grant::Member { role }),
        }),
        TokenSubject::Key { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Caller> {
        serde_json::from_str::<Answer>(text).expect("an answer").known().map(|known| known.caller)
    }

    #[test]
    fn an_answer_about_a_token_is_read_and_whoever_is_not_certain_is_nobody() {
        const ORG: &str = "org_01h455vb4pex5vsknk084sn02q";
        const USER: &str = "user_01h455vb4pex5vsknk084sn02q";
        const SESSION: &str = "sess_01h455vb4pex5vsknk084sn02q";
        const KEY: &str = "key_01h455vb4pex5vsknk084sn02q";
        let member = read(&format!(
            r#"{{"active":true,"sub":"{USER}","org":"{ORG}","role":"viewer","sid":"{SESSION}","exp":1,"more":[]}}"#
        ));
        assert_eq!(member.map(|caller| caller.grant), Some(Grant::Member { role: Role::Viewer }));
        let nowhere = read(&format!(r#"{{"active":true,"sub":"{USER}","sid":"{SESSION}"}}"#));
        assert_eq!(nowhere.map(|caller| caller.grant), Some(Grant::None));
        let key = read(&format!(
            r#"{{"active":true,"sub":"{KEY}","org":"{ORG}","scope":"calls:read later:thing calls:write"}}"#
        ));
        let scopes = [Permission::CallsRead, Permission::CallsWrite].into_iter().collect();
        assert_eq!(key.map(|caller| caller.grant), Some(Grant::ApiKey { scopes }));
        for nobody in [
            r#"{"active":false}"#.to_owned(),
            r#"{"active":true}"#.to_owned(),
            format!(r#"{{"active":false,"sub":"{USER}","org":"{ORG}","role":"owner","sid":"{SESSION}"}}"#),
            format!(r#"{{"active":true,"sub":"{USER}","org":"{ORG}","role":"owner"}}"#),
            format!(r#"{{"active":true,"sub":"{KEY}","org":"{ORG}","role":"owner","sid":"{SESSION}"}}"#),
            // Held to what cannot be read, it is taken from nowhere.
            format!(
                r#"{{"active":true,"sub":"{KEY}","org":"{ORG}","scope":"calls:read","allowed_cidrs":["later"]}}"#
            ),
            format!(
                r#"{{"active":true,"sub":"{KEY}","org":"{ORG}","scope":"calls:read","allowed_cidrs":[]}}"#
            ),
        ] {
            assert_eq!(read(&nobody), None, "{nobody}");
        }
    }
}
