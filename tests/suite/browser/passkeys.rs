//! Passkeys as a browser makes them, which the device in software of the other tests only imitates.

use rollcall_tests::{Browser, Profile, Service};
use serde_json::Value;

use crate::passkeys::{add, asked, asked_to_sign_in, sign_in};

/// What the browser answers to what the service asks, as its own JSON (WebAuthn Level 3, section 5.1).
async fn answer(profile: &Profile, order: &str, asked: Value) -> Value {
    let (parse, call) = match order {
        "create" => ("parseCreationOptionsFromJSON", "create"),
        _ => ("parseRequestOptionsFromJSON", "get"),
    };
    let script = format!(
        "const [asked, done] = arguments;
        navigator.credentials.{call}({{ publicKey: PublicKeyCredential.{parse}(asked.publicKey) }}).then(
            credential => done(credential.toJSON()), error => done({{ error: String(error) }}));"
    );
    let answer = profile.script_that_calls_back(&script, &[asked]).await;
    assert!(answer["error"].is_null(), "{}", answer["error"]);
    answer
}

#[tokio::test]
async fn a_passkey_that_chromium_has_made_signs_in() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (caller, _) = service.sign_up(&email, "Acme").await;
    let browser = Browser::start();
    let grace = browser.profile().await;
    // Browsers do not take addresses for domains.
    grace.open_page(&service.base().replace("127.0.0.1", "localhost")).await;
    let device = grace.plug_in_authenticator().await;
    let made = answer(&grace, "create", asked(&caller).await).await;
    add(&caller, made).await.expect(201);
    let kept = device.passkeys().await;
    assert!(kept.len() == 1 && kept[0]["rpId"] == "localhost", "{kept:?}");

    let asked = asked_to_sign_in(&service, serde_json::json!({})).await;
    let shown = answer(&grace, "get", asked).await;
    let signed_in = sign_in(&service, shown).await.expect(201);
    assert_eq!(signed_in.body["user"]["email"], email);
    device.pull_out().await;
}
