//! A device with passkeys, in the browser (WebAuthn Level 3, section 11, "User Agent Automation").

use serde_json::{Value, json};

use crate::Profile;

/// A device with passkeys that is plugged into a profile, and says yes to everything.
pub struct VirtualAuthenticator<'a> {
    profile: &'a Profile,
    id: String,
}

impl Profile {
    /// Plugs in a device with passkeys, like the one in a phone or a laptop. Pages must be opened by the name `localhost`: addresses are
    /// no domains.
    pub async fn plug_in_authenticator(&self) -> VirtualAuthenticator<'_> {
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let id = self.wire.post("/webauthn/authenticator", options).await.unwrap();
        VirtualAuthenticator { profile: self, id: id.as_str().unwrap().to_owned() }
    }
}

impl VirtualAuthenticator<'_> {
    /// The passkeys that it keeps.
    pub async fn passkeys(&self) -> Vec<Value> {
        let path = format!("/webauthn/authenticator/{}/credentials", self.id);
        self.profile.wire.get(&path).await.unwrap().as_array().unwrap().clone()
    }

    /// Whether whoever holds it is recognized from now on, by finger or face.
    pub async fn recognizes(&self, yes: bool) {
        let path = format!("/webauthn/authenticator/{}/uv", self.id);
        self.profile.wire.post(&path, json!({"isUserVerified": yes})).await.unwrap();
    }

    /// Pulls it out.
    pub async fn pull_out(self) {
        self.profile.wire.delete(&format!("/webauthn/authenticator/{}", self.id)).await.unwrap();
    }
}
