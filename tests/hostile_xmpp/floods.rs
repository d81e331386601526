//! Too much of everything: requests, nodes, items, subscriptions, names, connections; and not reading.

use std::time::Duration;

use pushbench::contender::ServerAddress;
use pushbench::measure::process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::served::Served;
use crate::server::{SASL, Stand, ends_with};
use crate::support::{HEADER, Raw};

pub async fn all(stand: &mut Stand) {
    without_reading(stand).await;
    names(stand).await;
    stores(stand).await;
    connections(stand).await;
}

async fn without_reading(stand: &mut Stand) {
    let mut raw = stand.bound().await;
    let before = stand.memory();
    let pings = "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>".repeat(1_000);
    let mut sent = 0;
    while let Ok(done) = tokio::time::timeout(Duration::from_millis(500), raw.socket.write_all(pings.as_bytes())).await {
        done.unwrap();
        sent += 1;
        assert!(sent < 10_000, "0.5 GB of requests were taken");
    }
    let grown = stand.memory().saturating_sub(before);
    assert!(grown < 32, "{grown} MiB");
    stand.saw("requests without end from a client that does not read the answers", "not read any further; less than 32 MiB more").await;
    drop(raw);

    let mut owner = Raw::bound(&stand.address, "owner", "r").await;
    let mut stuck = stand.bound().await;
    owner.pubsub("set", "<create node='stuck'/>").await;
    stuck.pubsub("set", "<subscribe node='stuck' jid='hostile@localhost/r'/>").await;
    let before = stand.memory();
    let large = format!("<publish node='stuck'><item id='1'><x xmlns='u'>{}</x></item></publish>", "x".repeat(500_000));
    let mut most = 0;
    for _ in 0..100 {
        assert!(owner.pubsub("set", &large).await.contains("type='result'"));
        most = most.max(stand.memory().saturating_sub(before));
    }
    assert!(most < 64, "{most} MiB");
    // Cut off: what it reads ends, far before 50 MB.
    assert!(stuck.rest().await.len() < 30 << 20);
    owner.owner("set", "<delete node='stuck'/>").await;
    stand.saw("a subscriber that does not read, and 50 MB for it", "cut off without a word once its queue is full; less than 64 MiB more").await;

    let mut raw = stand.bound().await;
    owner.pubsub("set", "<create node='long'><configure/></create>").await;
    owner
        .owner("set", "<configure node='long'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#max_items'><value>max</value></field></x></configure>")
        .await;
    for number in 0..20 {
        let item = large.replace("node='stuck'", "node='long'").replace("id='1'", &format!("id='{number}'"));
        assert!(owner.pubsub("set", &item).await.contains("type='result'"));
    }
    assert!(raw.pubsub("get", "<items node='long'/>").await.contains("<resource-constraint "));
    assert!(raw.pubsub("get", "<items node='long' max_items='2'/>").await.contains("id='19'"));
    owner.owner("set", "<delete node='long'/>").await;
    stand.saw("all items of a node at once, beyond what a client's queue holds", "stanza error `resource-constraint`; fewer are given").await;
}

async fn names(stand: &mut Stand) {
    let mut raw = stand.bound().await;
    let long = "n".repeat(1_024);
    assert!(raw.pubsub("set", &format!("<create node='{long}'/>")).await.contains("<not-acceptable "));
    stand.saw("a node's name of 1,024 bytes", "stanza error `not-acceptable`").await;
    raw.pubsub("set", "<create node='named'/>").await;
    let item = format!("<publish node='named'><item id='{long}'><x xmlns='u'/></item></publish>");
    assert!(raw.pubsub("set", &item).await.contains("<not-acceptable "));
    stand.saw("an item's name of 1,024 bytes", "stanza error `not-acceptable`").await;
    assert!(raw.pubsub("set", &format!("<subscribe node='named' jid='hostile@localhost/{long}'/>")).await.contains("<jid-malformed "));
    assert!(raw.ask(&format!("<message to='{long}@localhost'/>")).await.contains("<jid-malformed "));
    stand.saw("an address with a part of 1,024 bytes", "stanza error `jid-malformed`").await;
    let mut raw = stand.authenticated().await;
    raw.send(&format!("{HEADER}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{long}</resource></bind></iq>")).await;
    assert!(raw.until("</iq>").await.contains("<bad-request "));
    stand.saw("a resource of 1,024 bytes", "stanza error `bad-request`").await;
}

/// Sends requests in batches until one of the answers has this condition; how many were sent.
async fn until_refused(raw: &mut Raw, condition: &str, request: impl Fn(usize) -> String) -> usize {
    for batch in 0..2_000 {
        let requests: String = (batch * 100..batch * 100 + 100)
            .map(|number| {
                format!("<iq type='set' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{}</pubsub></iq>", request(number))
            })
            .collect();
        raw.send(&format!("{requests}<iq type='get' id='last'><ping xmlns='urn:xmpp:ping'/></iq>")).await;
        let answers = raw.until("id='last'").await;
        if answers.contains(&format!("<{condition} ")) {
            return batch * 100;
        }
    }
    panic!("200,000 were taken");
}

async fn stores(stand: &mut Stand) {
    let before = stand.memory();
    let mut raw = stand.bound().await;
    let made = until_refused(&mut raw, "resource-constraint", |number| format!("<create node='flood-{number}'/>")).await;
    assert!(made <= 2_000, "{made}");
    stand.saw("nodes without end", "stanza error `resource-constraint` at `--max-topics`").await;

    raw.owner(
        "set",
        "<configure node='flood-0'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#max_items'><value>max</value></field></x></configure>",
    )
    .await;
    let payload = "x".repeat(20_000);
    let publish = |number| format!("<publish node='flood-0'><item id='{number}'><x xmlns='u'>{payload}</x></item></publish>");
    until_refused(&mut raw, "resource-constraint", publish).await;
    let grown = stand.memory().saturating_sub(before);
    assert!(grown < 160, "{grown} MiB of a store of 64 MiB");
    stand.saw("items without end", "stanza error `resource-constraint` at `--max-stored`").await;
    let subscribe = |number| format!("<subscribe node='flood-1' jid='hostile@localhost/other-{number}'/>");
    until_refused(&mut raw, "too-many-subscriptions", subscribe).await;
    stand.saw("subscriptions without end", "stanza error `policy-violation`, `too-many-subscriptions`, at `--max-stored`").await;
    // What is taken away makes room again.
    raw.owner("set", "<purge node='flood-0'/>").await;
    assert!(raw.pubsub("set", "<subscribe node='flood-1' jid='hostile@localhost/one-more'/>").await.contains("subscribed"));
    for number in 0..made {
        raw.owner("set", &format!("<delete node='flood-{number}'/>")).await;
    }
    assert!(raw.pubsub("set", "<create node='after'/>").await.contains("type='result'"));
    stand.saw("all of it deleted again", "there is room again").await;
}

async fn connections(stand: &mut Stand) {
    const IDLE: usize = 10_000;
    const BOUND: usize = 500;
    if process::raise_descriptor_limit() < IDLE as u64 + 200 {
        return crate::served::skipped("ten thousand connections need as many descriptors (ulimit -n)");
    }
    let before = stand.memory();
    let mut bound = Vec::new();
    for number in 0..BOUND / 50 {
        let address = &stand.address;
        let logins = (0..50).map(|other| async move { Raw::bound(address, &format!("idle-{number}"), &format!("r{other}")).await });
        bound.extend(futures::future::join_all(logins).await);
    }
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(Raw::connect(&stand.address).await);
    }
    stand.pair.is_unharmed().await;
    let grown = stand.memory().saturating_sub(before) * 1024 / (IDLE + BOUND) as u64;
    assert!(grown < 30, "{grown} kB for each");
    for mut raw in idle {
        let mut text = String::new();
        raw.socket.read_to_string(&mut text).await.unwrap();
        assert!(text.contains("<connection-timeout "), "{text}");
    }
    stand.saw("10,000 connections that do not log in", "stream error `connection-timeout` once the patience is over, closed; less than 30 kB each").await;
    for raw in &mut bound {
        assert!(raw.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
    }
    stand.saw("500 sessions that are silent for longer than the patience", "kept: silence after login is no fault").await;

    let small = Served::start(&["xmpp-pubsub", "--max-connections", "5"]);
    let address = ServerAddress { socket: small.address.clone() };
    let mut five = Vec::new();
    for number in 0..5 {
        five.push(Raw::bound(&address, "a", &format!("r{number}")).await);
    }
    for _ in 0..20 {
        let mut beyond = Raw::connect(&address).await;
        ends_with(&mut beyond, "resource-constraint").await;
    }
    drop(five.pop());
    let mut raw = loop {
        let mut raw = Raw::connect(&address).await;
        raw.send(&format!("{HEADER}<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")).await;
        if !raw.until("stream:").await.is_empty() && raw.until(">").await.contains("stream") && raw.until(">").await.contains("features") {
            break raw;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    raw.until("<success").await;
    for raw in &mut five {
        assert!(raw.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
    }
    stand.saw("more connections than `--max-connections`", "stream error `resource-constraint`, closed; one that leaves makes room").await;
}
