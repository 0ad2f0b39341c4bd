//! Pages of other origins: a browser asks in their name, and they are told nothing of what is answered.

use reqwest::{Method, RequestBuilder};
use rollcall_tests::{Service, Team};

use crate::contract::rows;

/// Where browsers know the service.
const OURS: &str = "https://rollcall.example";

/// Where else pages come from: anywhere, nowhere, from names that begin or end as ours does, and from ours without TLS.
const OTHERS: [&str; 6] = [
    "https://evil.example",
    "null",
    "https://rollcall.example.evil.example",
    "https://evil-rollcall.example",
    "https://rollcall.example:8443",
    "http://rollcall.example",
];

/// The status of an answer, and which of its headers let a page read it. It is not waited for to its end: some have none.
async fn lets_in(request: RequestBuilder) -> (u16, Vec<String>) {
    let response = request.send().await.unwrap();
    let names = response.headers().keys().map(|name| name.as_str().to_owned());
    let names = names.filter(|name| name.starts_with("access-control-")).collect();
    (response.status().as_u16(), names)
}

#[tokio::test]
async fn attack_21_no_answer_lets_a_page_of_another_origin_read_it() {
    let service = Service::start_with(&[("http.public_url", OURS)]).await;
    let team = Team::assemble(&service, "Acme").await;
    let cookie = format!("__Host-rollcall_session={}", team.owner().token());
    let pages =
        ["/", "/sign-in", "/docs", "/openapi.json", "/nothing"].map(|page| (Method::GET, page.to_owned()));
    let operations = rows().into_iter().map(|row| (row.verb(), row.path(row.unknown_id())));
    let mut read = 0;
    for (method, path) in operations.chain(pages) {
        for origin in OTHERS.into_iter().chain([OURS]) {
            let ask = |method: Method| service.anonymous().request(method, &path).header("Origin", origin);
            let before = ask(Method::OPTIONS)
                .header("Access-Control-Request-Method", method.as_str())
                .header("Access-Control-Request-Headers", "authorization, content-type");
            let mut asked = vec![before, ask(method.clone())];
            // What changes nothing is answered whoever makes a browser ask.
            if method == Method::GET {
                asked.push(ask(method.clone()).header("Cookie", &cookie));
            }
            for request in asked {
                let (status, names) = lets_in(request).await;
                assert!(names.is_empty(), "{method} {path} {origin} {status}: {names:?}");
                read += usize::from(status == 200);
            }
        }
    }
    assert!(read > 100, "{read} answers were no refusals");
}
