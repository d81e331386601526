//! What every contender promises. All tests loop over `contenders::ALL`, with every client that a contender
//! lets one choose: a new contender, or a new client, is covered with no new test.

mod entries;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use entries::{Entry, each, each_at_once, entries, protocol, required, scenario, variants};
use pushbench::contender::settings::Values;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Contender, Direction, Load};
use pushbench::contenders::ALL;
use pushbench::measure::ledger::Leg;
use stage::{Killable, Stage};
use support::{on_one_thread, publisher_seat, trials};

#[test]
fn every_update_arrives_once_in_order_and_both_ends_count_alike() {
    each(entries(), all_arrive);
}

#[test]
fn so_they_do_with_every_other_choice_of_settings() {
    each(variants(), all_arrive);
}

fn all_arrive(contender: Entry) {
    on_one_thread(async {
        let trial = trials::in_real_time(&scenario(contender, "fan-out", 5, 30.0, 8)).await;
        let name = contender.name();
        let deliveries = trial.deliveries;
        assert!(trial.updates > 100, "{name}");
        assert_eq!(deliveries.expected, trial.updates * 8, "{name}");
        assert_eq!((deliveries.lost, deliveries.duplicated, deliveries.reordered, deliveries.corrupt), (0, 0, 0, 0), "{name}");
        assert_eq!(deliveries.catch_up, 5 * 8, "{name}: a first value of every subscription");
        assert_eq!(trial.times.latency.count(), deliveries.expected, "{name}");
        assert_eq!(trial.times.time_to_current.count(), 8, "{name}");
        if contender.direction() == Direction::Push {
            // Who is only told that there is something fetches what there is by then: two updates may come as one.
            let points = matches!(contender.other, Some(("payload", "notification-only") | ("ping", "light")));
            assert!(points || deliveries.coalesced == 0, "{name}: push tells each update");
            // Asking for acknowledgements brings nothing new, by its nature.
            let asks = contender.other == Some(("acks", "on"));
            assert!(points || asks || trial.wasted == 0, "{name}");
        }
        if contender.direction() == Direction::Pull {
            // Requests beyond the plan follow up what the first one of a chain has found, or are held.
            assert_eq!(trial.requests_planned, trial.times.lag.count(), "{name}: all that was planned was sent");
            assert!(trial.requests_planned <= trial.subscriber_traffic.window.requests, "{name}");
            assert_eq!(trial.failed_requests, 0, "{name}");
        }
        // The trial's own checks (client's count = server's count) were asserted by the helper: they must be there.
        let in_memory = protocol(contender).in_memory();
        assert!(in_memory || trial.checks.len() > 6, "{name}: {:?}", trial.checks);
    });
}

#[test]
fn many_subscribers_of_a_mesh() {
    // One after the other: 200 subscribers are a load.
    each_at_once(1, entries(), |contender| {
        on_one_thread(async {
            let mesh = scenario(contender, "mesh", 20, 3.0, 200).replace("seed = 3", "seed = 3\ntopics_per_subscriber = 2");
            let trial = trials::in_real_time(&mesh).await;
            assert!(trial.deliveries.expected > 500, "{}", contender.name());
            assert_eq!(trial.deliveries.lost, 0, "{}", contender.name());
            assert_eq!(trial.deliveries.catch_up, 400, "{}", contender.name());
        });
    });
}

#[test]
fn any_bytes_arrive_as_they_were_sent() {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let awkward = [
        Bytes::from_static(b"<b attr='x'>&amp;</b>]]><!-- \"quoted\" -->"),
        Bytes::from_static("\u{1F4E8} \u{7FF} \u{FEFF} \r\n\t tail ".as_bytes()),
        Bytes::from_static(b"\0 nul \0"),
        Bytes::from(all_bytes),
        Bytes::from(vec![b'x'; 100_000]),
    ];
    each(entries(), |contender| {
        on_one_thread(async {
            let stage = Stage::set(contender).await;
            stage.create(&[Topic(0)], &Bytes::from_static(b"first")).await;
            let subscribed = stage.subscribe(&[Topic(0)], 0).await;
            for payload in &awkward {
                stage.publisher.publish(Topic(0), payload.clone()).await.unwrap();
                subscribed.has(payload).await;
            }
            subscribed.end().await;
        });
    });
}

#[test]
fn a_late_subscriber_gets_the_latest_value() {
    each(entries(), |contender| {
        on_one_thread(async {
            let stage = Stage::set(contender).await;
            stage.create(&[Topic(0), Topic(1)], &Bytes::from_static(b"old")).await;
            stage.publisher.publish(Topic(1), Bytes::from_static(b"latest")).await.unwrap();
            let subscribed = stage.subscribe(&[Topic(0), Topic(1)], 0).await;
            subscribed.has(b"old").await;
            subscribed.has(b"latest").await;
            subscribed.end().await;
        });
    });
}

#[test]
fn a_publisher_gone_harms_nobody() {
    each(entries(), |contender| {
        on_one_thread(async {
            let stage = Stage::set(contender).await;
            stage.create(&[Topic(0)], &Bytes::from_static(b"first")).await;
            let subscribed = stage.subscribe(&[Topic(0)], 0).await;
            subscribed.has(b"first").await;
            drop(stage.publisher);
            let (seat, _) = publisher_seat(&stage.address, 1);
            let next = stage.protocol.publisher(pushbench::contender::PublisherSeat { index: 1, ..seat }).await.unwrap();
            next.publish(Topic(0), Bytes::from_static(b"from another")).await.unwrap();
            subscribed.has(b"from another").await;
            subscribed.end().await;
        });
    });
}

#[test]
fn everybody_stops_within_a_second() {
    each(entries(), |contender| {
        on_one_thread(async {
            let stage = Stage::set(contender).await;
            stage.create(&[Topic(0)], &Bytes::from_static(b"first")).await;
            let (ends, stays) = (stage.subscribe(&[Topic(0)], 0).await, stage.subscribe(&[Topic(0)], 1).await);
            stays.has(b"first").await;
            let subscriber = ends.end().await;
            assert!(subscriber < Duration::from_secs(1), "{}: its subscriber took {subscriber:?}", contender.name());
            // The server stops although a subscriber and a publisher are still connected.
            let server = stage.server.unwrap().end().await;
            assert!(server < Duration::from_secs(1), "{}: its server took {server:?}", contender.name());
            stays.task.abort();
        });
    });
}

#[test]
fn a_server_killed_under_load_is_a_fault_and_no_hang() {
    let with_server: Vec<_> = entries().into_iter().filter(|contender| !protocol(*contender).in_memory()).collect();
    assert!(with_server.len() >= 5);
    each(with_server, |contender| {
        on_one_thread(async {
            let server = Killable::start(contender);
            let stage = Stage::at(contender, server.address.clone()).await;
            stage.create(&[Topic(0)], &Bytes::from_static(b"first")).await;
            let subscribed = stage.subscribe(&[Topic(0)], 0).await;
            subscribed.has(b"first").await;
            server.kill();
            let ended = tokio::time::timeout(Duration::from_secs(5), subscribed.task).await;
            let ended = ended.unwrap_or_else(|_| panic!("{}: its subscriber hangs", contender.name())).unwrap();
            assert!(ended.is_err(), "{}: its subscriber took a dead server for a good end", contender.name());
            let published = tokio::time::timeout(Duration::from_secs(5), stage.publisher.publish(Topic(0), Bytes::from_static(b"lost"))).await;
            assert!(published.unwrap_or_else(|_| panic!("{}: its publisher hangs", contender.name())).is_err(), "{}", contender.name());
        });
    });
}

#[test]
fn the_server_counts_both_legs_apart() {
    let with_server: Vec<_> = entries().into_iter().filter(|contender| !protocol(*contender).in_memory()).collect();
    assert!(with_server.len() >= 5);
    each(with_server, |contender| {
        on_one_thread(async {
            let stage = Stage::set(contender).await;
            stage.create(&[Topic(0)], &Bytes::from_static(b"first")).await;
            let ledger = &stage.server.as_ref().unwrap().ledger;
            let before = ledger.traffic(Leg::Subscriber);
            stage.publisher.publish(Topic(0), Bytes::from(vec![b'x'; 5_000])).await.unwrap();
            let (subscribers, publishers) = (ledger.traffic(Leg::Subscriber), ledger.traffic(Leg::Publisher));
            assert_eq!(before, subscribers, "{}: a publication is no traffic of subscribers", contender.name());
            assert!(publishers.payload_bytes >= 5_000 + 5, "{}", contender.name());
            assert!(publishers.bytes_up > publishers.payload_bytes, "{}", contender.name());
        });
    });
}

#[test]
fn settings_are_declared_and_slips_are_named() {
    for contender in ALL {
        let name = contender.name();
        assert!(!contender.about().is_empty() && contender.about().ends_with('.'), "{name}");
        for setting in contender.settings() {
            assert!(!setting.about.is_empty(), "{name}: {} is not told about", setting.name);
        }
        let mut given = required(*contender);
        given.insert("no-such-setting".to_owned(), "1".to_owned());
        let error = Values::new(contender.settings(), &given).unwrap_err();
        assert_eq!(error.key, "no-such-setting", "{name}");
        for setting in contender.settings() {
            assert!(error.allowed.contains(setting.name), "{name}: the error does not name {}", setting.name);
        }
    }
    let names: std::collections::BTreeSet<&str> = ALL.iter().map(|contender| contender.name()).collect();
    assert_eq!(names.len(), ALL.len(), "two contenders share a name");
}

#[test]
fn each_is_told_of_in_the_docs() {
    for contender in ALL {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/contenders/{}.md", contender.name()));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        for setting in contender.settings() {
            assert!(text.contains(&format!("`{}`", setting.name)), "{} does not tell of {}", page.display(), setting.name);
        }
    }
}

/// `docs/contenders.md` is what `pushbench list --markdown` prints, below its introduction. `UPDATE_DOCS=1` writes it anew.
#[test]
fn the_list_of_contenders_is_that_of_the_code() {
    const MARK: &str = "<!-- Below: pushbench list --markdown -->\n\n";
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contenders.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (introduction, below) = text.split_once(MARK).unwrap();
    for contender in ALL {
        // What a setting turns on is not left out.
        let row = introduction.lines().find(|line| line.starts_with(&format!("| `{}` |", contender.name()))).expect("each has a row");
        let left_out = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        for standard in contender.settings().iter().flat_map(|setting| setting.about.split(['(', ')', ' ', ','])).filter(|word| word.starts_with("XEP-")) {
            assert!(!left_out.contains(standard), "docs/contenders.md says that {} leaves out {standard}, which it has a setting for", contender.name());
        }
    }
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_pushbench")).args(["list", "--markdown"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, format!("{introduction}{MARK}{printed}")).unwrap();
    } else {
        assert_eq!(below, printed, "run the tests once with UPDATE_DOCS=1");
    }
}

#[test]
fn forecasts_are_what_then_happens() {
    let seen = Mutex::new(Vec::new());
    each(entries(), |contender| {
        on_one_thread(async {
            let trial = trials::in_real_time(&scenario(contender, "fan-out", 5, 30.0, 8)).await;
            let load = Load {
                subscribers: 8,
                connections: 2,
                publishers: 1,
                publisher_connections: 8,
                subscriptions: 40,
                topics: 5,
                updates: trial.updates,
                deliveries: trial.deliveries.expected,
                span: Duration::from_secs(2),
                payload: 200,
            };
            let forecast = protocol(contender).forecast(&load);
            if contender.direction() == Direction::Pull && !forecast.at_most {
                assert_eq!(trial.requests_planned, forecast.requests, "{}: the plan is the scenario's, to the last request", contender.name());
            }
            let window = &trial.subscriber_traffic.window;
            let close = |forecast: u64, seen: u64| {
                if protocol(contender).forecast(&load).at_most { seen <= forecast } else { forecast.abs_diff(seen) as f64 <= 0.02 * seen.max(50) as f64 }
            };
            assert!(close(forecast.requests, window.requests), "{}: {} requests forecast, {} sent", contender.name(), forecast.requests, window.requests);
            assert!(close(forecast.messages, window.messages()), "{}: {} messages forecast, {}", contender.name(), forecast.messages, window.messages());
            seen.lock().unwrap().push(contender.name());
        });
    });
    assert_eq!(seen.lock().unwrap().len(), entries().len());
}

/// Two topics, polled twice a second by three.
fn seeded(entry: Entry, seed: u32) -> String {
    scenario(entry, "fan-out", 2, 3.0, 3).replace("100ms", "500ms").replace("seed = 3", &format!("seed = {seed}"))
}

/// What the choice of client must not change: all that is counted, whoever counts it.
#[test]
fn the_same_trial_with_either_client_gives_the_same_counts() {
    let with_choice: Vec<_> = ALL.iter().copied().filter(|contender| of(*contender).len() > 1).collect();
    assert!(with_choice.len() >= 2, "the REST contenders have the choice");
    for contender in &with_choice {
        // A publication that comes late on a busy machine is booked to another phase. That happens to either client, but not each time.
        let differences: Vec<String> = (0..3).map_while(|_| difference(*contender)).collect();
        assert!(differences.len() < 3, "{differences:#?}");
    }
}

fn of(contender: &'static dyn Contender) -> Vec<Entry> {
    entries().into_iter().filter(|entry| entry.contender.name() == contender.name()).collect()
}

/// How the counts of a contender's clients differ, if they do.
fn difference(contender: &'static dyn Contender) -> Option<String> {
    let mut counts = Vec::new();
    for entry in of(contender) {
        on_one_thread(async {
            let trial = trials::in_real_time(&trials::unhurried(|seed| seeded(entry, seed))).await;
            let window = &trial.subscriber_traffic.window;
            let server = trial.subscriber_traffic_by_server.as_ref().unwrap();
            let publishers = &trial.publisher_traffic.window;
            let counted = (
                (window.requests, window.responses.clone(), window.stanzas(), window.payload_bytes),
                (server.window.requests, server.window.responses.clone(), server.window.stanzas(), server.window.payload_bytes),
                (publishers.requests, publishers.responses.clone(), publishers.stanzas(), publishers.payload_bytes),
                (trial.deliveries.expected, trial.deliveries.delivered, trial.deliveries.coalesced, trial.deliveries.lost, trial.wasted),
            );
            counts.push((entry.name(), counted));
        });
    }
    let (first, counted) = &counts[0];
    let other = counts.iter().find(|(_, other)| other != counted)?;
    Some(format!("{first}: {counted:?}, {}: {:?}", other.0, other.1))
}
