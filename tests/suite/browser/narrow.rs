//! On the narrowest phone, and without scripts: whatever a form can do is done.

use rollcall_tests::{Browser, Look, PASSWORD, Profile, Service, Team};

use super::go;

/// Fails if the page that is open is scrolled sideways.
async fn fits(profile: &Profile) {
    assert_eq!(profile.too_wide_by().await, 0, "{} is scrolled sideways", profile.address().await);
}

/// Opens the menu, as one does on a phone, and goes where it leads.
async fn by_the_menu(profile: &Profile, section: &str) {
    profile.click("Menu").await;
    profile.click(section).await;
}

/// Signing up, signing in, inviting, accepting, and changing a role.
async fn a_small_team(owner: &Profile, newcomer: &Profile, service: &Service) {
    let (grace, hedy) = (Service::new_address("grace"), Service::new_address("hedy"));
    go(owner, service, "/sign-up").await;
    fits(owner).await;
    owner.fill("Your name", "Grace Hopper").await;
    owner.fill("Email", &grace).await;
    owner.fill("Name of your organization", "Acme").await;
    owner.click("Sign up").await;
    owner.sees("Check your mail").await;
    fits(owner).await;
    owner.open_page(&service.link_for(&grace, "/signup/complete").await).await;
    owner.fill("New password", PASSWORD).await;
    owner.click("Finish signing up").await;
    owner.sees("Welcome, Grace Hopper").await;
    owner.click("Get started").await;
    owner.sees("So far you are alone here.").await;
    fits(owner).await;
    by_the_menu(owner, "Sign out").await;
    owner.sees("You are signed out.").await;
    super::sign_in_here(owner, &grace).await;
    owner.sees("So far you are alone here.").await;

    owner.click("Invite people").await;
    fits(owner).await;
    owner.fill("Email", &hedy).await;
    owner.click("Viewer Looks at agents, calls and analytics, and changes nothing").await;
    owner.click("Send invitation").await;
    owner.sees(&format!("{hedy} is invited")).await;
    fits(owner).await;
    newcomer.open_page(&service.link_for(&hedy, "/invitations/accept").await).await;
    fits(newcomer).await;
    newcomer.fill("Your name", "Hedy Lamarr").await;
    newcomer.fill("New password", PASSWORD).await;
    newcomer.click("Accept the invitation").await;
    newcomer.click("Get started").await;
    newcomer.sees("No calls yet.").await;
    fits(newcomer).await;

    by_the_menu(owner, "Team").await;
    owner.click("Manage Hedy Lamarr").await;
    fits(owner).await;
    owner.choose("Role", "Admin").await;
    owner.click("Change role").await;
    owner.sees("Hedy Lamarr is Admin now.").await;
    by_the_menu(newcomer, "Calls").await;
    by_the_menu(newcomer, "Team").await;
    newcomer.sees(&grace).await;
}

#[tokio::test]
async fn a_small_team_needs_no_more_than_a_phone() {
    let service = Service::start().await;
    let browser = Browser::start();
    let (owner, newcomer) =
        tokio::join!(browser.profile_with(Look::PHONE), browser.profile_with(Look::PHONE));
    a_small_team(&owner, &newcomer, &service).await;
}

#[tokio::test]
async fn a_small_team_needs_no_script() {
    let service = Service::start().await;
    let browser = Browser::start();
    let (owner, newcomer) =
        tokio::join!(browser.profile_with(Look::PHONE), browser.profile_with(Look::PHONE));
    for profile in [&owner, &newcomer] {
        profile.forbid_scripts().await;
        // None runs, be it of the page itself.
        let page = "data:text/html,<title>before</title><script>document.title = 'after'</script><p>There";
        profile.open_page(page).await;
        profile.sees("There").await;
        assert_eq!(profile.title().await, "before");
    }
    a_small_team(&owner, &newcomer, &service).await;
    // What needs one is not offered, and the rest of the page does without.
    by_the_menu(&owner, "Live").await;
    owner.choose("Your status", "Available").await;
    owner.click("Set my status").await;
    owner.sees("You are available.").await;
    owner.sees_no("Play a sound when a call is offered").await;
    owner.click("Refresh").await;
    owner.sees("Nobody waits.").await;
}

/// Presses a key, and tells what has the keyboard then.
async fn key(profile: &Profile, key: &str) -> String {
    profile.press(key).await;
    let focus = profile.focus().await.expect("something that has the keyboard");
    assert!(focus.visible, "one cannot see that the keyboard is at {focus:?}");
    format!("{} {}", focus.role, focus.name)
}

#[tokio::test]
async fn the_menu_is_opened_gone_through_and_left_without_a_finger() {
    const TAB: &str = "\u{E004}";
    const ENTER: &str = "\u{E007}";
    const ESCAPE: &str = "\u{E00C}";
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let browser = Browser::start();
    let owner = browser.profile_with(Look::PHONE).await;
    super::sit_down(&owner, &service, team.owner(), "/settings/team").await;
    owner.sees_no("Sign out").await;
    assert_eq!(key(&owner, TAB).await, "link Skip to content");
    assert_eq!(key(&owner, TAB).await, "link Rollcall");
    assert_eq!(key(&owner, TAB).await, "button Menu");
    owner.press(ENTER).await;
    owner.sees("Sign out").await;
    assert_eq!(key(&owner, TAB).await, "button Close menu");
    assert_eq!(key(&owner, TAB).await, "link Rollcall");
    assert_eq!(key(&owner, TAB).await, "link Acme");
    assert_eq!(key(&owner, TAB).await, "link Team");
    assert_eq!(key(&owner, ESCAPE).await, "button Menu", "the keyboard is where it was");
    owner.sees_no("Sign out").await;
}
