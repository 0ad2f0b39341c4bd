//! Live events: how many streams there can be, and what becomes of those who are slow.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use rollcall_tests::{Events, Service, Team, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use crate::stream::{STREAM, begun, tell, watch};

#[tokio::test]
async fn attack_35_one_session_has_only_so_many_streams_and_so_has_a_node() {
    let values = [("stream.at_once_of_one", "2"), ("stream.at_once", "3")];
    let service = Service::start_with(&values).await;
    let team = Team::assemble(&service, "Acme").await;
    let (first, second) = (watch(team.owner()).await, watch(team.owner()).await);
    let refused = team.owner().get(STREAM).await.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    let third = watch(team.caller("viewer")).await;
    let refused = team.caller("admin").get(STREAM).await.expect(503);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    drop((first, second, third));
    // Once the node has noticed that they have gone, there is room again.
    until("room", async || {
        let answer = team.owner().request(Method::GET, STREAM).send().await.unwrap();
        answer.status().is_success().then_some(())
    })
    .await;
}

#[tokio::test]
async fn attack_35_one_organization_has_only_so_many_streams() {
    let service = Service::start_with(&[("stream.at_once_of_one_organization", "2")]).await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let (first, second) = (watch(ours.owner()).await, watch(ours.caller("viewer")).await);
    let refused = ours.caller("admin").get(STREAM).await.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    let other = watch(theirs.owner()).await;
    drop((first, second, other));
    until("room", async || {
        let answer = ours.caller("admin").request(Method::GET, STREAM).send().await.unwrap();
        answer.status().is_success().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_takes_no_parameters() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.owner().get(&format!("{STREAM}?types=member.added")).await.invalid("types");
    team.owner().get(&format!("{STREAM}?last_event_id=x")).await.invalid("last_event_id");
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_with_a_resync_and_delays_nobody_for_long() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let mut quick = watch(team.owner()).await;
    // Somebody who asks, and then takes nothing.
    let address = service.base().strip_prefix("http://").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut slow = socket.connect(address).await.unwrap();
    let request = format!(
        "GET {STREAM} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
        team.caller("admin").token()
    );
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 2_048];
    let length = slow.read(&mut head).await.unwrap();
    assert!(String::from_utf8_lossy(&head[..length]).starts_with("HTTP/1.1 200"));
    begun(&mut quick).await;
    // More than all buffers on the way take.
    let (count, padding) = (2_000, 16 * 1_024);
    tell(&service, &team.organization, "team:read", count, padding).await;
    for number in 1..=count {
        assert_eq!(quick.next().await.unwrap().data["n"], number);
    }
    // Now they read. It ends with a resync, and before that there is not all of it.
    let mut text = Vec::new();
    slow.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8_lossy(&text);
    let events = text.matches("event: team.read").count();
    assert!(events < 2_000, "{events}");
    let end = &text[text.len() - 300..];
    assert!(end.contains("event: resync\ndata: {}\n\n"), "{end}");
}

#[tokio::test]
async fn two_thousand_streams_of_one_node_are_told_all_there_is() {
    let values = [("stream.at_once_of_one", "2000"), ("stream.heartbeat_seconds", "60")];
    let service = Service::start_with(&values).await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let streams: Vec<Events> =
        stream::iter(0..2_000).map(async |_| watch(owner).await).buffer_unordered(32).collect().await;
    tell(&service, &team.organization, "team:read", 20, 0).await;
    let read = stream::iter(streams).for_each_concurrent(None, async |mut events| {
        let mut last = 0;
        while last < 20 {
            let number = events.next().await.unwrap().data["n"].as_u64().unwrap();
            // Whoever came while it was told has the rest of it, and all have it in order.
            assert_eq!(number, last + 1);
            last = number;
        }
    });
    tokio::time::timeout(Duration::from_secs(50), read).await.unwrap();
}
