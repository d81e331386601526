//! Each finding with facts on either side of its lines.

use super::{Concern, Finding, Verdict, findings};
use crate::measure::facts::{Ability, Facts, Settings, Tried};
use crate::measure::machine::Machine;

/// A machine on which there is nothing to find fault with.
fn fine() -> Facts {
    Facts {
        machine: Machine {
            cpu_model: "Test CPU".to_owned(),
            cores: 8,
            memory: 16 << 30,
            memory_limit: None,
            kernel: "6.12.0".to_owned(),
            descriptors: 1 << 20,
            congestion_control: "cubic".to_owned(),
            clock_source: "tsc".to_owned(),
            boot: None,
        },
        settings: Settings {
            descriptors: Some((1_024, 1 << 20)),
            file_max: Some(i64::MAX as u64),
            ports: Some((32_768, 60_999)),
            port_reuse: Some(2),
            resting_connections: Some(131_072),
            accept_queue: Some(4_096),
            handshake_queue: Some(2_048),
            cores_online: Some(8),
            cores_allowed: (0..8).collect(),
            quota: Some(None),
            siblings: Some(0),
            clock_sources: Some(vec!["tsc".to_owned(), "hpet".to_owned()]),
            governors: Some(vec!["performance".to_owned()]),
            boost: Some(false),
            memory_available: Some(12 << 30),
            swapped: Some(0),
            huge_pages: Some("madvise".to_owned()),
            pressure: true,
            timestamps: Some(1),
            loopback_mtu: Some(65_536),
            loopback_up: Some(true),
            load_average: Some(0.1),
            steal_since_boot: Some(0.0),
            hypervisor: Some(false),
        },
        tried: Some(Tried {
            clock_cost: 25e-9,
            timer_lateness: Some(80e-6),
            pinning: Ability::Able,
            foreign: Some(0.01),
            steal: Some(0.0),
            namespaces: Ability::Able,
            netem: Ability::Able,
        }),
    }
}

fn tried(facts: &mut Facts) -> &mut Tried {
    facts.tried.as_mut().unwrap()
}

/// A change of one fact, whose finding it is about, and what it then is.
type Case = (&'static str, Verdict, fn(&mut Facts));

const CASES: &[Case] = &[
    ("cores", Verdict::Bad, |facts| facts.settings.cores_allowed = vec![3]),
    ("cores", Verdict::Note, |facts| facts.settings.cores_allowed = vec![0, 1, 2]),
    ("cores", Verdict::Good, |facts| facts.settings.cores_allowed = vec![0, 1, 2, 3]),
    ("cpu-quota", Verdict::Bad, |facts| facts.settings.quota = Some(Some(7.5))),
    ("cpu-quota", Verdict::Good, |facts| facts.settings.quota = Some(Some(8.0))),
    ("pinning", Verdict::Bad, |facts| tried(facts).pinning = Ability::Unable("EPERM".to_owned())),
    ("siblings", Verdict::Note, |facts| facts.settings.siblings = Some(4)),
    ("hypervisor", Verdict::Note, |facts| facts.settings.hypervisor = Some(true)),
    ("steal", Verdict::Good, |facts| tried(facts).steal = Some(0.019)),
    ("steal", Verdict::Note, |facts| tried(facts).steal = Some(0.021)),
    ("steal", Verdict::Bad, |facts| tried(facts).steal = Some(0.11)),
    ("steal-since-boot", Verdict::Note, |facts| facts.settings.steal_since_boot = Some(0.5)),
    ("foreign-load", Verdict::Good, |facts| tried(facts).foreign = Some(0.049)),
    ("foreign-load", Verdict::Note, |facts| tried(facts).foreign = Some(0.051)),
    ("foreign-load", Verdict::Bad, |facts| tried(facts).foreign = Some(0.251)),
    ("load-average", Verdict::Good, |facts| facts.settings.load_average = Some(3.9)),
    ("load-average", Verdict::Note, |facts| facts.settings.load_average = Some(4.1)),
    ("governor", Verdict::Note, |facts| facts.settings.governors = Some(vec!["performance".to_owned(), "powersave".to_owned()])),
    ("boost", Verdict::Note, |facts| facts.settings.boost = Some(true)),
    ("clock-source", Verdict::Bad, |facts| facts.machine.clock_source = "hpet".to_owned()),
    ("clock-source", Verdict::Good, |facts| facts.machine.clock_source = "kvm-clock".to_owned()),
    ("clock-cost", Verdict::Note, |facts| tried(facts).clock_cost = 300e-9),
    ("clock-cost", Verdict::Bad, |facts| tried(facts).clock_cost = 3e-6),
    ("timer-lateness", Verdict::Note, |facts| tried(facts).timer_lateness = Some(0.002)),
    ("timer-lateness", Verdict::Bad, |facts| tried(facts).timer_lateness = Some(0.006)),
    ("memory-available", Verdict::Note, |facts| facts.settings.memory_available = Some(1 << 30)),
    ("memory-available", Verdict::Bad, |facts| facts.settings.memory_available = Some(100 << 20)),
    ("memory-limit", Verdict::Note, |facts| facts.machine.memory_limit = Some(1 << 30)),
    ("memory-limit", Verdict::Bad, |facts| facts.machine.memory_limit = Some(100 << 20)),
    ("memory-limit", Verdict::Good, |facts| facts.machine.memory_limit = Some(4 << 30)),
    ("swap", Verdict::Note, |facts| facts.settings.swapped = Some(1 << 30)),
    ("swap", Verdict::Good, |facts| facts.settings.swapped = Some(1 << 20)),
    ("pressure", Verdict::Note, |facts| facts.settings.pressure = false),
    ("huge-pages", Verdict::Note, |facts| facts.settings.huge_pages = Some("always".to_owned())),
    ("loopback", Verdict::Bad, |facts| facts.settings.loopback_up = Some(false)),
    ("loopback-mtu", Verdict::Note, |facts| facts.settings.loopback_mtu = Some(1_500)),
    ("tcp-timestamps", Verdict::Note, |facts| facts.settings.timestamps = Some(0)),
    ("congestion-control", Verdict::Note, |facts| facts.machine.congestion_control = "bbr".to_owned()),
    ("namespaces", Verdict::Note, |facts| tried(facts).namespaces = Ability::Unable("EPERM".to_owned())),
    ("namespaces", Verdict::Unknown, |facts| tried(facts).namespaces = Ability::NotRoot),
    ("netem", Verdict::Note, |facts| tried(facts).netem = Ability::Unable("the program tc is missing".to_owned())),
    ("descriptors", Verdict::Bad, |facts| facts.settings.descriptors = Some((128, 128))),
    ("descriptors", Verdict::Note, |facts| facts.settings.descriptors = Some((1_024, 4_096))),
    ("open-files", Verdict::Note, |facts| facts.settings.file_max = Some(10_000)),
    ("ports", Verdict::Note, |facts| facts.settings.ports = Some((60_000, 60_999))),
    ("port-reuse", Verdict::Note, |facts| facts.settings.port_reuse = Some(0)),
    ("resting-connections", Verdict::Note, |facts| facts.settings.resting_connections = Some(1_000)),
    ("accept-queue", Verdict::Note, |facts| facts.settings.accept_queue = Some(128)),
    ("handshake-queue", Verdict::Note, |facts| facts.settings.handshake_queue = Some(128)),
];

fn finding(facts: &Facts, name: &str) -> Finding {
    findings(facts).into_iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("no finding {name}"))
}

#[test]
fn a_fine_machine_is_fine() {
    for finding in findings(&fine()) {
        assert_eq!((finding.verdict, finding.why.as_str(), finding.mend.len()), (Verdict::Good, "", 0), "{finding:?}");
    }
}

#[test]
fn each_fact_changes_its_own_finding_and_no_other() {
    let before = findings(&fine());
    for (name, verdict, change) in CASES {
        let mut facts = fine();
        change(&mut facts);
        let after = findings(&facts);
        let found = finding(&facts, name);
        assert_eq!(found.verdict, *verdict, "{found:?}");
        for (old, new) in before.iter().zip(&after).filter(|(old, _)| old.name != *name) {
            // Load is judged per core.
            assert!(old == new || (*name == "cores" && new.name == "load-average"), "{name} changes {new:?}");
        }
    }
    let covered = |finding: &&Finding| CASES.iter().any(|(name, verdict, _)| *name == finding.name && *verdict >= Verdict::Note);
    assert_eq!(before.iter().filter(covered).count(), before.len(), "a finding without a case that is not good");
}

/// The words that mend are part of what is promised.
#[test]
fn whatever_is_amiss_says_why_and_what_mends_it() {
    let mut text = String::new();
    for (name, verdict, change) in CASES.iter().filter(|(_, verdict, _)| *verdict >= Verdict::Note) {
        let mut facts = fine();
        change(&mut facts);
        let found = finding(&facts, name);
        assert!(found.why.ends_with('.') && !found.mend.is_empty() && !found.spoils.is_empty(), "{found:?}");
        text.push_str(&format!("{name}: {} ({verdict:?})\n    {}\n    {}\n", found.value, found.why, found.mend.join("\n    ")));
    }
    insta::assert_snapshot!(text);
}

/// Comments apart, a shell understands each command.
#[test]
fn commands_are_well_formed() {
    let mut count = 0;
    for (name, _, change) in CASES {
        let mut facts = fine();
        change(&mut facts);
        for line in finding(&facts, name).mend {
            let status = std::process::Command::new("sh").args(["-n", "-c", &line]).status().unwrap();
            assert!(status.success(), "{name}: {line}");
            count += usize::from(!line.starts_with('#'));
        }
    }
    for program in super::PROGRAMS {
        assert!(std::process::Command::new("sh").args(["-n", "-c", program.install]).status().unwrap().success(), "{}", program.install);
    }
    assert!(count > 30, "{count}");
}

#[test]
fn a_clock_that_cannot_be_chosen_gets_other_advice() {
    let mut facts = fine();
    facts.machine.clock_source = "hpet".to_owned();
    assert_eq!(finding(&facts, "clock-source").mend, ["echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"]);
    facts.settings.clock_sources = Some(vec!["hpet".to_owned()]);
    assert!(finding(&facts, "clock-source").mend[0].contains("tsc=reliable"));
}

#[test]
fn where_nothing_is_known_nothing_is_bad() {
    let found = findings(&Facts::default());
    assert!(found.iter().all(|finding| finding.verdict < Verdict::Bad), "{found:#?}");
    assert!(found.iter().filter(|finding| finding.verdict == Verdict::Unknown).count() > 15);
    // What was not tried has no finding at all.
    assert!(found.iter().all(|finding| finding.name != "netem" && finding.name != "foreign-load"));
    let concerns = [Concern::Every, Concern::Connections, Concern::Reconnecting, Concern::Special];
    assert!(concerns.iter().all(|concern| found.iter().any(|finding| finding.concern == *concern)));
}
