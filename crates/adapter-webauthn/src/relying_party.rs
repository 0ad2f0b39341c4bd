//! What passkeys are made for, and what is checked of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_application::ports::{
    Credential, CredentialId, PasskeyRefusal, PasskeyRequest, UncheckedAnswer, WebAuthn, WebAuthnFault,
};
use rollcall_domain::{accounts::User, passkeys::CEREMONY_LIFETIME, secret::Secret};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::{Host, Url};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::answer;

/// What browsers show as the service that a passkey is for.
const NAME: &str = "Rollcall";
/// The domain under which a browser reaches the machine it runs on.
const LOCALHOST: &str = "localhost";

/// The service that passkeys are made for: the domain of its public URL. Another domain would need other passkeys.
#[derive(Debug)]
pub struct RelyingParty(Webauthn);

impl RelyingParty {
    /// The service with this origin, like `https://rollcall.example`; none if it has no domain name. One that is reached under an
    /// address of the machine itself is taken for `localhost`, by which browsers know it too.
    pub fn at(origin: &str) -> Option<Self> {
        let mut origin = Url::parse(origin).ok()?;
        let by_address = origin.clone();
        let loopback = match origin.host()? {
            Host::Domain(_) => false,
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        if loopback {
            origin.set_host(Some(LOCALHOST)).ok()?;
        }
        let domain = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&domain, &origin).ok()?.rp_name(NAME);
        let builder = builder.timeout(CEREMONY_LIFETIME.unsigned_abs());
        let builder = if loopback { builder.append_allowed_origin(&by_address) } else { builder };
        builder.build().ok().map(Self)
    }
}

impl WebAuthn for RelyingParty {
    fn ask_for_new(&self, user: &User, known: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault> {
        let (options, state) = self
            .0
            .start_passkey_registration(user.id.uuid(), user.email.as_str(), user.name.as_str(), None)
            .map_err(fault)?;
        let mut options = serde_json::to_value(options).map_err(fault)?;
        // The device is to find it by itself, or it could not sign in without being named.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
        // For the device. That there is no other of the same id, in any account, is for the database to say.
        options["publicKey"]["excludeCredentials"] = descriptors(known);
        asked(options, &state)
    }

    fn ask_for_proof(&self, allowed: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault> {
        // The one kind of proof that refuses a passkey whose eligibility for backup changes, and that is checked against the one
        // passkey that answers.
        let (options, state) = self.0.start_discoverable_authentication().map_err(fault)?;
        let mut options = serde_json::to_value(options).map_err(fault)?;
        if let Some(options) = options.as_object_mut() {
            // How it is shown is for the page to decide.
            options.remove("mediation");
        }
        options["publicKey"]["allowCredentials"] = descriptors(allowed);
        asked(options, &state)
    }

    fn read(&self, answer: &Secret) -> Option<UncheckedAnswer> {
        answer::read(answer)
    }

    fn check_new(&self, state: &Secret, answer: &Secret) -> Result<Credential, PasskeyRefusal> {
        let state: PasskeyRegistration = kept(state.expose())?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer.expose()).map_err(|_| PasskeyRefusal::Malformed)?;
        let passkey = self.0.finish_passkey_registration(&answer, &state).map_err(wrong)?;
        credential(&passkey)
    }

    fn check_proof(
        &self,
        state: &Secret,
        known: &Credential,
        answer: &Secret,
    ) -> Result<Credential, PasskeyRefusal> {
        let state: DiscoverableAuthentication = kept(state.expose())?;
        let answer: PublicKeyCredential =
            serde_json::from_str(answer.expose()).map_err(|_| PasskeyRefusal::Malformed)?;
        let mut passkey: Passkey = kept(&known.key)?;
        let key = DiscoverableKey::from(&passkey);
        let result = self.0.finish_discoverable_authentication_v2(&answer, state, &key).map_err(wrong)?;
        passkey.update_credential(&result);
        credential(&passkey)
    }
}

/// Passkeys as `PublicKeyCredentialDescriptorJSON`.
fn descriptors(ids: &[CredentialId]) -> Value {
    ids.iter().map(|id| json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(&id.0)})).collect()
}

/// What is kept of a challenge, and what the browser is told.
fn asked(options: Value, state: &impl Serialize) -> Result<PasskeyRequest, WebAuthnFault> {
    let challenge = options["publicKey"]["challenge"].as_str().ok_or_else(|| fault("no challenge"))?;
    Ok(PasskeyRequest {
        challenge: Secret::new(challenge),
        state: Secret::new(serde_json::to_string(state).map_err(fault)?),
        options: Secret::new(options.to_string()),
    })
}

/// What is kept of a passkey.
fn credential(passkey: &Passkey) -> Result<Credential, PasskeyRefusal> {
    let key = serde_json::to_value(passkey).map_err(unreadable)?;
    let counter = key["cred"]["counter"].as_u64().and_then(|counter| u32::try_from(counter).ok());
    let backed_up = key["cred"]["backup_state"].as_bool();
    let (Some(counter), Some(backed_up)) = (counter, backed_up) else { return Err(unreadable("no counter")) };
    Ok(Credential {
        id: CredentialId(passkey.cred_id().as_slice().to_vec()),
        key: key.to_string(),
        counter,
        backed_up,
    })
}

/// What was written down before.
fn kept<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyRefusal> {
    serde_json::from_str(text).map_err(unreadable)
}

fn wrong(error: WebauthnError) -> PasskeyRefusal {
    match error {
        // Said once everything else is right.
        WebauthnError::CredentialPossibleCompromise => PasskeyRefusal::Copied,
        error => PasskeyRefusal::Refused(error.to_string()),
    }
}

/// What was kept by another version may not be readable any more; then it proves nothing.
fn unreadable(problem: impl std::fmt::Display) -> PasskeyRefusal {
    PasskeyRefusal::Refused(format!("what is kept cannot be read: {problem}"))
}

fn fault(problem: impl std::fmt::Display) -> WebAuthnFault {
    WebAuthnFault(problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(party: &RelyingParty) -> Value {
        let asked = party.ask_for_proof(&[CredentialId(vec![1, 2, 3])]).expect("a challenge");
        serde_json::from_str(asked.options.expose()).expect("JSON")
    }

    #[test]
    fn the_domain_of_the_public_url_is_what_passkeys_are_for() {
        for (origin, domain) in [
            ("https://rollcall.example", Some("rollcall.example")),
            ("https://id.rollcall.example:8443", Some("id.rollcall.example")),
            ("http://localhost:8080", Some("localhost")),
            ("http://127.0.0.1:8080", Some("localhost")),
            ("http://[::1]:8080", Some("localhost")),
            ("https://192.0.2.7", None),
            ("https://[2001:db8::1]", None),
        ] {
            let party = RelyingParty::at(origin);
            let found = party.as_ref().map(|party| asked_for(party)["publicKey"]["rpId"].clone());
            assert_eq!(found, domain.map(|domain| json!(domain)), "{origin}");
        }
    }

    #[test]
    fn users_are_verified_and_devices_find_their_passkeys_by_themselves() {
        let party = RelyingParty::at("https://rollcall.example").expect("a domain");
        let options = asked_for(&party);
        assert_eq!(options["publicKey"]["userVerification"], "required", "{options}");
        assert_eq!(options["publicKey"]["allowCredentials"], json!([{"type": "public-key", "id": "AQID"}]));
        assert_eq!(options.as_object().map(|options| options.len()), Some(1), "{options}");
    }
}
