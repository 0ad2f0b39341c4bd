//! The browser of the tests: that it sees what it must see, and leaves nothing behind.

use std::{fs, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use rollcall_tests::{Browser, Look, Rules, Service, until};
use serde_json::json;

/// The message of what must fail.
async fn failure(attempt: impl Future<Output = ()>) -> String {
    let failed = AssertUnwindSafe(attempt).catch_unwind().await.expect_err("it should have failed");
    failed.downcast_ref::<String>().cloned().unwrap_or_default()
}

/// A page out of nowhere.
fn page(html: &str) -> String {
    let html =
        format!("<!doctype html><html lang=\"en\"><title>Made up</title><main><h1>Made up</h1>{html}</main>");
    format!("data:text/html;charset=utf-8,{}", html.replace('%', "%25").replace('#', "%23"))
}

#[tokio::test]
async fn what_a_page_forbids_itself_and_what_goes_wrong_in_it_fails_the_test() {
    let browser = Browser::start();
    let somebody = browser.profile().await;
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">";
    for (html, said) in [
        (format!("{policy}<script>document.title = 'done'</script>"), "Content Security Policy"),
        (format!("{policy}<p style=\"color: red\">red</p>"), "Content Security Policy"),
        (format!("{policy}<img alt=\"\" src=\"http://127.0.0.1:9/a.png\">"), "Content Security Policy"),
        ("<script>null.oh</script>".to_owned(), "TypeError"),
        ("<script>console.error('it went wrong')</script>".to_owned(), "it went wrong"),
    ] {
        let failed = failure(somebody.open_page(&page(&html))).await;
        assert!(failed.contains("the page complains") && failed.contains(said), "{html}: {failed}");
    }
    // Nor does one get away with not looking: what happens later is a complaint when the profile is closed.
    somebody.open_page(&page("<p>Quiet</p>")).await;
    somebody.script("setTimeout(() => { null.oh }); return 1", &[]).await;
    somebody.script_that_calls_back("setTimeout(arguments[0], 50)", &[]).await;
    let failed = failure(async move { drop(somebody) }).await;
    assert!(failed.contains("TypeError"), "{failed}");
    // What a test makes fail on purpose is forgiven by its name.
    let somebody = browser.profile().await;
    somebody.forgive("reading 'oh'");
    somebody.open_page(&page("<script>null.oh</script>")).await;
}

#[tokio::test]
async fn a_part_that_does_not_come_fails_the_test_and_a_page_that_says_what_is_wrong_does_not() {
    let service = Service::start().await;
    let browser = Browser::start();
    let somebody = browser.profile().await;
    somebody.open_page(&format!("{}/problems/nothing", service.base())).await;
    somebody.sees("no such page").await;
    somebody.script("document.body.append(Object.assign(new Image(), { src: '/nothing.png' }))", &[]).await;
    let failed = failure(somebody.sees("whatever is waited for")).await;
    assert!(failed.contains("/nothing.png") && failed.contains("404"), "{failed}");
}

#[tokio::test]
async fn what_not_everybody_can_use_is_found_by_day_and_in_the_dark() {
    let browser = Browser::start();
    let somebody = browser.profile().await;
    // Good by day, and bad at night.
    let style = "<style>p { color: #333; background: #fff } @media (prefers-color-scheme: dark) { p { color: #444; background: #222 } }</style>";
    somebody.open_page(&page(&format!("{style}<p>Read me</p>"))).await;
    assert_eq!(somebody.accessibility_problems(Rules::All).await, [""; 0]);
    somebody.look(Look::DESK.in_the_dark()).await;
    for rules in [Rules::All, Rules::Colours] {
        let failed = failure(somebody.is_accessible(rules)).await;
        assert!(failed.contains("color-contrast") && failed.contains("Read me"), "{rules:?}: {failed}");
    }
    assert_eq!(somebody.accessibility_problems(Rules::AllButColours).await, [""; 0]);
    somebody.look(Look::PHONE).await;
    somebody.open_page(&page("<input><p style=\"width: 400px\">wide</p>")).await;
    for rules in [Rules::All, Rules::AllButColours] {
        let problems = somebody.accessibility_problems(rules).await;
        assert!(problems.len() == 1 && problems[0].starts_with("label:"), "{rules:?}: {problems:?}");
    }
    assert_eq!(somebody.accessibility_problems(Rules::Colours).await, [""; 0]);
    // 8 pixels of margin belong to the body.
    assert_eq!(somebody.too_wide_by().await, 400 + 8 - 360);
}

#[tokio::test]
async fn what_does_not_fit_a_window_is_found() {
    let browser = Browser::start();
    let somebody = browser.profile().await;
    let cases: [(&str, &[&str]); 7] = [
        ("<p>Read me</p><p><a href=\"/\">Here</a> <button>Go</button></p>", &[]),
        // 8 pixels of margin belong to the body.
        ("<p style=\"width: 1400px\">wide</p>", &["scrolled sideways by 128"]),
        ("<button style=\"position: fixed; left: -9px\">Go</button>", &["out of the window: button \"Go\""]),
        (
            "<p style=\"width: 30px; overflow: hidden; white-space: pre\">Read me</p>",
            &["cut off: p \"Read me\""],
        ),
        (
            "<div style=\"width: 30px; overflow: clip\"><a href=\"/\" style=\"margin-left: -9px\">Go</a></div>",
            &["cut off: a \"Go\""],
        ),
        (
            "<button>One</button><button style=\"margin-left: -9px\">Two</button>",
            &["one over the other: button \"One\" and button \"Two\""],
        ),
        (
            "<button style=\"width: 30px; overflow-wrap: anywhere\">Search</button>",
            &["\"Search\" is broken in button \"Search\""],
        ),
    ];
    for (html, misfits) in cases {
        somebody.open_page(&page(html)).await;
        assert_eq!(somebody.misfits().await, misfits, "{html}");
    }
    // What has room on a desk need not have it on a phone.
    somebody.open_page(&page("<p style=\"width: 600px\">wide</p>")).await;
    assert_eq!(somebody.misfits().await, [""; 0]);
    somebody.resize(480, 800).await;
    assert_eq!(somebody.misfits().await, ["scrolled sideways by 128"]);
}

#[tokio::test]
async fn things_are_known_by_their_names() {
    let browser = Browser::start();
    let somebody = browser.profile().await;
    somebody
        .open_page(&page(
            "<style>:focus { outline: none }</style>
             <table><tr><td>Ada</td><td><button onclick=\"this.replaceWith('Ada is gone')\">Remove</button></td></tr>
             <tr><td>Grace</td><td><button onclick=\"this.replaceWith('Grace is gone')\">Remove</button></td></tr></table>
             <label>Role <select><option>Viewer</option><option>Admin</option></select></label>
             <label for=\"n\">Name</label><input id=\"n\" value=\"old\"><button aria-label=\"Close\" onclick=\"document.querySelector('h2').hidden = true\">×</button>
             <button hidden>Close</button><h2>In the way</h2>
             <label><input type=\"checkbox\"> I have read it</label>",
        ))
        .await;
    somebody.within("Grace").click("Remove").await;
    somebody.within("Grace").sees("Grace is gone").await;
    somebody.choose("Role", "Admin").await;
    assert_eq!(somebody.value_of("Role").await, "Admin");
    somebody.fill("Name", "new").await;
    assert_eq!(somebody.value_of("Name").await, "new");
    somebody.sees("In the way").await;
    somebody.click("Close").await;
    somebody.sees_no("In the way").await;
    somebody.click("I have read it").await;
    assert_eq!(
        somebody.script("return document.querySelector('[type=checkbox]').checked", &[]).await,
        json!(true)
    );
    // Whoever has no mouse wants to see where they are.
    let order = somebody.keyboard_order().await;
    let names: Vec<_> = order.iter().map(|focus| focus.name.as_str()).collect();
    assert_eq!(names, ["Remove", "Role", "Name", "Close", "I have read it"]);
    assert!(order.iter().all(|focus| !focus.visible), "{order:?}");
}

#[tokio::test]
async fn the_browser_speaks_to_nobody_but_this_machine() {
    let service = Service::start().await;
    let browser = Browser::start();
    let somebody = browser.profile().await;
    somebody.open_page(&service.base()).await;
    let log = somebody.close().await;
    let ours = |host: &String| ["://127.0.0.1", "://~notfound"].iter().any(|ours| host.contains(ours));
    assert!(log.hosts.iter().all(ours), "{log:?}");
    assert!(log.connections.iter().any(|address| service.base().ends_with(address)), "{log:?}");
    assert!(log.connections.iter().all(|address| address.starts_with("127.0.0.1:")), "{log:?}");
}

#[tokio::test]
async fn a_test_that_fails_leaves_no_process_and_no_file_behind() {
    // A dead process may wait for somebody to look at it.
    let runs = |pid: u64| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    };
    let browser = Browser::start();
    let (driver, folder) = (u64::from(browser.pid()), browser.folder());
    let somebody = browser.profile().await;
    let pid = somebody.pid();
    assert!(runs(driver) && runs(pid) && folder.exists());
    failure(async move {
        let (_browser, _somebody) = (browser, somebody);
        panic!("{}", "the test fails");
    })
    .await;
    until("nothing runs any more", async || (!runs(driver) && !runs(pid) && !folder.exists()).then_some(()))
        .await;

    // Nor does one whose driver is killed.
    let browser = Browser::start();
    let (driver, somebody) = (browser.pid(), browser.profile().await);
    let pid = somebody.pid();
    assert!(
        std::process::Command::new("kill").args(["-KILL", &driver.to_string()]).status().unwrap().success()
    );
    until("the browser has ended with its driver", async || (!runs(pid)).then_some(())).await;
}
