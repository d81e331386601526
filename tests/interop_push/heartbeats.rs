//! Heartbeats cost messages, and both ends count them alike.

use crate::support::{on_one_thread, trials};

fn scenario(contender: &str) -> String {
    format!(
        r#"
        title = "heartbeats"
        [workload]
        topology = "fan-out"
        topics = 2
        updates_per_active_topic = 5
        span = "4s"
        warm_up = "500ms"
        payload = "200 B"
        timeout = "1s"
        seed = 3
        [subscribers]
        count = 5
        [[contender]]
        {contender}
        "#
    )
}

#[test]
fn a_ping_of_the_websocket_server_is_waste() {
    on_one_thread(async {
        let trial = trials::in_real_time(&scenario("use = \"websocket\"\nheartbeat = \"200ms\"")).await;
        let window = &trial.subscriber_traffic.window;
        let pings = window.events_down - trial.deliveries.delivered;
        // Twenty to each of five, and a busy machine's share of leeway.
        assert!((50..=110).contains(&pings), "{pings}");
        assert!(trial.wasted.abs_diff(pings) <= 5, "{} wasted, {pings} pings", trial.wasted);
        assert!(window.events_up.abs_diff(pings) <= 5, "a pong for each: {} for {pings}", window.events_up);
        assert_eq!(trial.deliveries.lost, 0);
    });
}

#[test]
fn a_ping_of_an_mqtt_client_is_a_message() {
    on_one_thread(async {
        let trial = trials::in_real_time(&scenario("use = \"mqtt\"\nversion = \"3.1.1\"\nqos = \"0\"\nkeep_alive = \"1s\"")).await;
        let window = &trial.subscriber_traffic.window;
        assert!((10..=20).contains(&window.events_up), "four pings of each of five: {}", window.events_up);
        let answers = window.events_down - trial.deliveries.delivered;
        assert!(window.events_up.abs_diff(answers) <= 5, "an answer to each: {answers}");
        assert_eq!((trial.wasted, trial.deliveries.lost), (0, 0));
    });
}
