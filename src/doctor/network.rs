//! Network: loopback as figures assume it, and what scenarios with delay and outside witnesses need.

use super::{Concern, Finding, Subject};
use crate::measure::facts::{Ability, Facts};
use crate::units::show_count;

/// Of loopback, by default.
const MTU: u64 = 65_536;

const LOOPBACK: Subject = Subject { name: "loopback", group: "Network", what: "Loopback", concern: Concern::Every, spoils: &["latency.", "bytes."] };
const PACKET: Subject = Subject { name: "loopback-mtu", group: "Network", what: "Largest packet on loopback", concern: Concern::Every, spoils: &["bytes."] };
const TIMESTAMPS: Subject = Subject { name: "tcp-timestamps", group: "Network", what: "TCP timestamps", concern: Concern::Every, spoils: &["bytes."] };
const CONGESTION: Subject =
    Subject { name: "congestion-control", group: "Network", what: "Congestion control", concern: Concern::Special, spoils: &["latency."] };
const NAMESPACES: Subject = Subject { name: "namespaces", group: "Network", what: "Network namespaces, veth", concern: Concern::Special, spoils: &["bytes."] };
const NETEM: Subject = Subject { name: "netem", group: "Network", what: "Delay and loss (netem)", concern: Concern::Special, spoils: &["latency."] };

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let settings = &facts.settings;
    let mut all = vec![
        match settings.loopback_up {
            None => LOOPBACK.unknown(),
            Some(true) => LOOPBACK.good("up"),
            Some(false) => LOOPBACK.bad("down", "Nothing can connect to anything.", &["sudo ip link set lo up"]),
        },
        match settings.loopback_mtu {
            None => PACKET.unknown(),
            Some(MTU) => PACKET.good(format!("{} bytes", show_count(MTU as i64))),
            Some(other) => PACKET.note(
                format!("{} bytes", show_count(other as i64)),
                "Large payloads take another number of packets than elsewhere; wire bytes do not compare.",
                &["sudo ip link set lo mtu 65536"],
            ),
        },
        match settings.timestamps {
            None => TIMESTAMPS.unknown(),
            Some(0) => TIMESTAMPS.note(
                "off",
                "Headers are 12 bytes shorter for each segment than on most machines; wire bytes do not compare.",
                &["sudo sysctl -w net.ipv4.tcp_timestamps=1"],
            ),
            Some(_) => TIMESTAMPS.good("on"),
        },
        match facts.machine.congestion_control.as_str() {
            "" => CONGESTION.unknown(),
            "cubic" => CONGESTION.good("cubic"),
            other => CONGESTION.note(
                other,
                "Not the default: with loss and delay, times do not compare with other machines.",
                &["sudo sysctl -w net.ipv4.tcp_congestion_control=cubic"],
            ),
        },
    ];
    if let Some(tried) = &facts.tried {
        let tools = "sudo apt install iproute2";
        all.push(ability(
            &NAMESPACES,
            &tried.namespaces,
            "Bytes on the wire cannot be held against a device's own count.",
            &[tools, "sudo modprobe veth", "# in a container: docker run --cap-add NET_ADMIN --cap-add SYS_ADMIN"],
        ));
        all.push(ability(
            &NETEM,
            &tried.netem,
            "The kernel cannot delay or drop packets here.",
            &[tools, "sudo modprobe sch_netem   # Debian's cloud kernels leave it out: sudo apt install linux-image-amd64"],
        ));
    }
    all
}

fn ability(subject: &Subject, ability: &Ability, why: &str, mend: &[&str]) -> Finding {
    match ability {
        Ability::Able => subject.good("work"),
        Ability::Unable(reason) => subject.note(format!("no: {reason}"), why, mend),
        Ability::NotRoot => subject.finding(super::Verdict::Unknown, "not tried", "Trying takes root.", &["sudo pushbench doctor"]),
    }
}
