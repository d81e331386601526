//! Bytes on the wire against the counters of a network interface, between two network namespaces.
//!
//! Nothing but TCP crosses: IPv6 is off, and both ends know each other's address. Offloads are off too, so that the
//! interface sees the segments of the wire, and not larger ones that a network card would have cut. So are TCP's probes for
//! a lost tail: on a busy machine they send again what has arrived, and of that the receiving socket counts headers only.

use std::process::{Command, Stdio};

use crate::command::{ALL_FOUR, Place, tiny};
use crate::{alone, skipped, sound_trial, tell};

/// Headers of Ethernet, IP and TCP with timestamps, in bytes: a segment that carries nothing.
const EMPTY_SEGMENT: u64 = 14 + 20 + 32;

/// Two network namespaces, a cable between them; removed with the test.
struct Cable {
    server: String,
    clients: String,
}

/// Largest payload of a segment, in bytes: Ethernet's 1,500 less headers.
const LARGEST_PAYLOAD: u64 = 1_500 - 20 - 32;
/// What a segment says of one that came twice, in bytes (RFC 2883).
const CAME_TWICE: u64 = 12;

/// What has crossed an interface: bytes and packets, in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counters {
    bytes_in: u64,
    bytes_out: u64,
    packets_in: u64,
    packets_out: u64,
}

impl Cable {
    /// `None`, and a word about it, where this machine or user cannot make one.
    fn lay(name: &str) -> Option<Self> {
        for (tool, version) in [("ip", "-V"), ("ethtool", "--version")] {
            if !try_run(&[tool, version]) {
                skipped(&format!("there is no {tool}; apt-get install iproute2 ethtool"));
                return None;
            }
        }
        let of = |end: &str| format!("pushbench-{}-{name}-{end}", std::process::id());
        let cable = Self { server: of("server"), clients: of("clients") };
        let made = [&cable.server, &cable.clients].into_iter().all(|namespace| try_run(&["ip", "netns", "add", namespace]));
        if !made {
            skipped("this user cannot make network namespaces; run as root");
            return None;
        }
        let ends = [(&cable.server, "1", "2"), (&cable.clients, "2", "1")];
        for (namespace, ..) in ends {
            let off = "for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e $file ] || echo 1 >$file; done";
            run(&["ip", "netns", "exec", namespace, "sh", "-c", off]);
            run(&["ip", "netns", "exec", namespace, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/tcp_early_retrans"]);
        }
        run(&["ip", "link", "add", "wire", "netns", &cable.server, "type", "veth", "peer", "name", "wire", "netns", &cable.clients]);
        for (namespace, own, other) in ends {
            let inside = ["ip", "-n", namespace.as_str()];
            run(&[&inside[..], &["link", "set", "wire", "address", &format!("02:00:00:00:00:0{own}")]].concat());
            run(&["ip", "netns", "exec", namespace, "ethtool", "-K", "wire", "tso", "off", "gso", "off", "gro", "off"]);
            run(&[&inside[..], &["address", "add", &format!("10.77.0.{own}/24"), "dev", "wire"]].concat());
            run(&[&inside[..], &["link", "set", "wire", "up"]].concat());
            let (there, hardware) = (format!("10.77.0.{other}"), format!("02:00:00:00:00:0{other}"));
            run(&[&inside[..], &["neigh", "replace", &there, "lladdr", &hardware, "dev", "wire", "nud", "permanent"]].concat());
        }
        Some(cable)
    }

    /// The server's end, when nothing is on its way any more.
    fn counters(&self) -> Counters {
        let mut before = None;
        loop {
            let now = self.read();
            if before == Some(now) {
                return now;
            }
            before = Some(now);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn read(&self) -> Counters {
        let of = |name: &str| inside(&self.server, &format!("/sys/class/net/wire/statistics/{name}")).trim().parse().unwrap();
        Counters { bytes_in: of("rx_bytes"), bytes_out: of("tx_bytes"), packets_in: of("rx_packets"), packets_out: of("tx_packets") }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // The cable goes with its ends.
        for namespace in [&self.server, &self.clients] {
            try_run(&["ip", "netns", "delete", namespace]);
        }
    }
}

/// A file as it is in a network namespace.
fn inside(namespace: &str, file: &str) -> String {
    let output = Command::new("ip").args(["netns", "exec", namespace, "cat", file]).output().unwrap();
    assert!(output.status.success(), "{namespace}: {file}");
    String::from_utf8(output.stdout).unwrap()
}

/// A counter of TCP of a network namespace: `RetransSegs` of /proc/net/snmp and the like.
fn tcp(namespace: &str, file: &str, name: &str) -> u64 {
    let table = inside(namespace, file);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let value = rows.chunks(2).find_map(|pair| pair[1].get(pair[0].iter().position(|column| *column == name)?));
    value.unwrap_or_else(|| panic!("no {name} in {file}")).parse().unwrap()
}

fn try_run(command: &[&str]) -> bool {
    Command::new(command[0]).args(&command[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn run(command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The same bytes and segments by the server's sockets and by the interface, the whole trial from the first SYN to the last FIN.
///
/// The end of a connection cannot be read any more once its socket is closed: what is still to come is assumed, and may be
/// one empty segment less or more, each way. What a client sends twice counts without its payload.
fn counts_what_crosses(name: &str, contender: &str) {
    let _turn = alone();
    let Some(cable) = Cable::lay(name) else { return };
    // A payload of several segments, so that it matters how it is cut.
    let changes = [("topics", "50"), ("updates_per_active_topic", "4"), ("span", "\"2s\""), ("payload", "\"5 KiB\"")];
    let place = Place::with(&tiny(contender, &changes));
    let before = cable.counters();
    let network = format!("server={},clients={},address=10.77.0.1", cable.server, cable.clients);
    let ended = place.run(&["--network", &network, "--ui", "plain"]);
    assert_eq!(ended.code, place.code(0), "{}", ended.err);
    let after = cable.counters();
    let trial = sound_trial(&place);
    for side in &trial.sides {
        let expected = if side.role.name() == "server" { &cable.server } else { &cable.clients };
        assert_eq!(side.namespace.as_ref(), Some(expected));
    }
    let page = std::fs::read_to_string(place.report().join("summary.md")).unwrap();
    assert!(page.contains(&format!("server 0 in network namespace {}", cable.server)), "the report says where the sides were: {page}");

    let traffic = &trial.subscriber_traffic_by_server.as_ref().unwrap().total() + &trial.publisher_traffic_by_server.as_ref().unwrap().total();
    let again = tcp(&cable.clients, "/proc/net/snmp", "RetransSegs");
    let came_twice = |namespace: &str| tcp(namespace, "/proc/net/netstat", "TCPDSACKOldSent") * CAME_TWICE;
    let goodbyes = traffic.connections;
    let compared = [
        ("segments up", traffic.segments_up, after.packets_in - before.packets_in, goodbyes),
        ("segments down", traffic.segments_down, after.packets_out - before.packets_out, goodbyes),
        ("wire bytes up", traffic.wire_up, after.bytes_in - before.bytes_in, goodbyes * EMPTY_SEGMENT + again * LARGEST_PAYLOAD + came_twice(&cable.clients)),
        ("wire bytes down", traffic.wire_down, after.bytes_out - before.bytes_out, goodbyes * EMPTY_SEGMENT + came_twice(&cable.server)),
    ];
    for (what, ours, theirs, allowed) in compared {
        tell(&format!(
            "{name}, {what}: {ours} by pushbench, {theirs} by the interface, {allowed} allowed ({goodbyes} connections, {again} segments sent twice)"
        ));
    }
    for (what, ours, theirs, allowed) in compared {
        assert!(ours.abs_diff(theirs) <= allowed, "{what}: {ours} and {theirs}, {allowed} allowed");
    }
    assert!(traffic.wire_up + traffic.wire_down > 1_000_000, "too little to prove anything: {traffic:?}");
}

#[test]
fn an_interface_counts_the_same_bytes_of_plain_polls() {
    counts_what_crosses("poll", "[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n");
}

#[test]
fn an_interface_counts_the_same_bytes_of_conditional_polls() {
    counts_what_crosses("ask", "[[contender]]\nuse = \"rest-conditional\"\ninterval = \"200ms\"\n");
}

#[test]
fn an_interface_counts_the_same_bytes_of_push() {
    counts_what_crosses("push", "[[contender]]\nuse = \"xmpp-pubsub\"\n");
}

#[test]
fn an_address_or_network_that_cannot_be_is_refused_with_a_remedy() {
    for (option, value, code, remedy) in [
        ("--listen", "0.0.0.0:7700", 2, "give 127.0.0.1:PORT, or use --network"),
        ("--listen", "nowhere", 2, "such as 127.0.0.1:7700"),
        ("--network", "server=a,clients=b", 2, "address is missing; give server=NAMESPACE,clients=NAMESPACE,address=IP"),
        ("--network", "server=nobody-made-it,clients=b,address=10.77.0.1", 3, "make it with `ip netns add nobody-made-it`, as root"),
    ] {
        let place = Place::with(&tiny(ALL_FOUR, &[]));
        let ended = place.run(&[option, value]);
        assert_eq!(ended.code, Some(code), "{option} {value}: {}", ended.err);
        assert!(ended.err.contains(remedy), "{option} {value}: {}", ended.err);
        assert!(!place.report().exists(), "nothing was begun");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = Place::with(&tiny("[[contender]]\nuse = \"xmpp-pubsub\"\n", &[])).run(&["--listen", &address]);
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(ended.err.contains(&format!("cannot listen on {address}")) && ended.err.contains("port 0 for any"), "{}", ended.err);
}
