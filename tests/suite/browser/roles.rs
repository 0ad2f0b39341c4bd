//! What a Member and a Viewer see, and what they do not.

use rollcall_tests::{Browser, Profile, Service, Team};

use super::{enter, go};

/// What the navigation leads to.
async fn sections(profile: &Profile) -> Vec<String> {
    let script = "return [...document.querySelectorAll('nav[aria-label=Main] li a')].map(link => link.innerText.trim());";
    let names = profile.script(script, &[]).await;
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn everybody_is_led_to_what_their_role_may_see_and_told_why_of_everything_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = crate::calls::write(team.owner(), "CA1").await;
    let browser = Browser::start();
    let work =
        ["Team", "Live", "Calls", "API keys", "Security", "Audit log", "Organization", "Billing and plan"];
    let profiles = tokio::join!(browser.profile(), browser.profile());
    for (profile, role, seen) in [
        (&profiles.0, "viewer", vec!["Calls", "Your account"]),
        (&profiles.1, "member", vec!["Calls", "Your account"]),
    ] {
        enter(profile, &service, team.email(role)).await;
        assert_eq!(sections(profile).await, seen, "{role}");
        go(profile, &service, &format!("/calls/{call}")).await;
        // The Viewer reads calls, and does not hear them.
        match role {
            "viewer" => profile.sees("Your role can read calls, but not listen to them.").await,
            _ => profile.sees("Whoever listens is noted in the audit log.").await,
        }
        for (path, roles) in [
            ("/settings/team", "Owner, Admin"),
            ("/settings/api-keys", "Owner"),
            ("/settings/security", "Owner, Admin"),
            ("/settings/audit", "Owner, Admin"),
            ("/settings/billing", "Owner"),
            ("/live", "Owner, Admin, Customer Support Agent"),
        ] {
            go(profile, &service, path).await;
            profile.sees("Your role does not allow this").await;
            profile.sees(&format!("It takes one of these roles: {roles}.")).await;
            assert!(!profile.text().await.contains(team.email("owner")), "{role} at {path}");
        }
    }
    let viewer = &profiles.0;
    go(viewer, &service, &format!("/calls/{call}/recording")).await;
    viewer.sees("It takes one of these roles: Owner, Admin, Member.").await;
    for (role, unseen) in [("admin", vec!["API keys", "Organization", "Billing and plan"]), ("owner", vec![])]
    {
        super::sit_down(viewer, &service, team.caller(role), "/settings/team").await;
        let seen: Vec<_> = work
            .iter()
            .copied()
            .filter(|section| !unseen.contains(section))
            .chain(["Your account"])
            .collect();
        assert_eq!(sections(viewer).await, seen, "{role}");
    }
}
