//! What people do in browsers: a real Chromium before a real service.
//!
//! `cargo xtask test` leaves these out, and says so, where there is no Chromium. Run in any other way there, they fail.

mod account;
mod agents;
mod every_page;
mod harness;
mod invitations;
mod narrow;
mod pages;
mod passkeys;
mod plans;
mod roles;
mod team;

use rollcall_tests::{Caller, Focus, Look, PASSWORD, Profile, Rules, Service};

/// Looks at the page that is open as everybody may: by day, in the dark, on the narrowest phone. It must be usable in each, and never
/// be scrolled sideways. Each rule is asked where it can give another answer; what is around pages on a phone alone is looked at by
/// [`every_page`].
pub(crate) async fn suits_everybody(profile: &Profile) {
    let looks = [
        (Look::PHONE, Rules::AllButColours),
        (Look::DESK.in_the_dark(), Rules::Colours),
        (Look::DESK, Rules::All),
    ];
    for (look, rules) in looks {
        profile.look(look).await;
        profile.is_accessible(rules).await;
        assert_eq!(
            profile.too_wide_by().await,
            0,
            "{} is scrolled sideways: {look:?}",
            profile.address().await
        );
    }
}

/// The names of what the Tab key goes through, each of which must show that the keyboard is there.
pub(crate) async fn keyboard_order(profile: &Profile) -> Vec<String> {
    let order = profile.keyboard_order().await;
    let told = |focus: &Focus| {
        assert!(focus.visible, "one cannot see that the keyboard is at {focus:?}");
        format!("{} {}", focus.role, focus.name)
    };
    order.iter().map(told).collect()
}

/// Opens a page of a service.
pub(crate) async fn go(profile: &Profile, service: &Service, path: &str) {
    profile.open_page(&format!("{}{path}", service.base())).await;
}

/// Signs somebody in as they do it themselves, and waits until they are where they begin.
pub(crate) async fn enter(profile: &Profile, service: &Service, email: &str) {
    go(profile, service, "/sign-in").await;
    sign_in_here(profile, email).await;
    profile.sees("Sign out").await;
}

/// Fills in the page for signing in that is open, and sends it.
pub(crate) async fn sign_in_here(profile: &Profile, email: &str) {
    profile.fill("Email", email).await;
    profile.fill("Password", PASSWORD).await;
    profile.click("Sign in").await;
}

/// Gives a browser a session that somebody has already, and opens a page.
pub(crate) async fn sit_down(profile: &Profile, service: &Service, caller: &Caller, path: &str) {
    go(profile, service, "/problems").await;
    profile.set_cookie("rollcall_session", caller.token()).await;
    go(profile, service, path).await;
}

/// Shows the password once more, as the page asks for it.
pub(crate) async fn confirm(profile: &Profile) {
    profile.sees("Confirm it’s you").await;
    profile.fill("Password", PASSWORD).await;
    profile.click("Continue").await;
}
