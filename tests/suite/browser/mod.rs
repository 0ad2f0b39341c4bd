//! What people do in browsers: a real Chromium before a real service.
//!
//! `cargo xtask test` leaves these out, and says so, where there is no Chromium. Run in any other way there, they fail.

mod harness;
mod pages;
mod passkeys;

use rollcall_tests::{Focus, Look, Profile};

/// Looks at the page that is open as everybody may: by day, in the dark, on the narrowest phone. It must be usable in each, and never
/// be scrolled sideways.
pub(crate) async fn suits_everybody(profile: &Profile) {
    for look in [Look::PHONE, Look::DESK.in_the_dark(), Look::DESK] {
        profile.look(look).await;
        profile.is_accessible().await;
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
