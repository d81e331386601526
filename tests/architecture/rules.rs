//! The rules, each with its reason.

use std::collections::BTreeSet;

use crate::house::{End, House, MAIN, Place};
use crate::{paths, shown};

/// What a room may use. `x/*` is any room in the room of rooms `x`, `x` alone is its `mod.rs`.
pub struct Rule {
    pub room: &'static str,
    pub uses: &'static [&'static str],
    pub reason: &'static str,
}

/// All rooms, from the door to the cellar.
pub const RULES: &[Rule] = &[
    Rule {
        room: "fuzzing",
        uses: &[
            "contender",
            "contenders",
            "contenders/*",
            "history",
            "measure",
            "plan",
            "protocols/*",
            "report",
            "run",
            "scenario",
            "summary",
            "trace",
            "units",
        ],
        reason: "it holds every parser to what must be true of it, and is in no build that users get; nobody may use it",
    },
    Rule { room: "main", uses: &["cli"], reason: "it parses, calls and exits; everything else can be tested without a process" },
    Rule {
        room: "cli",
        uses: &["contender", "contenders", "doctor", "history", "measure", "plan", "report", "run", "scenario", "summary", "units"],
        reason: "a command puts rooms together and prints; protocols and traces are the business of those it calls",
    },
    Rule {
        room: "doctor",
        uses: &["measure", "summary", "units"],
        reason: "it judges facts that measure has found, by the lines that doubts are drawn by; it neither looks nor prints",
    },
    Rule {
        room: "report",
        uses: &["history", "measure", "mistake", "summary", "units"],
        reason: "a report is a pure function of a summary: it can be made again without a run",
    },
    Rule {
        room: "summary",
        uses: &["history", "measure", "random", "units"],
        reason: "a summary starts from a recording alone, whoever made it and whenever; what it draws at random comes from the recording's seed",
    },
    Rule { room: "history", uses: &["measure"], reason: "lines of twenty versions ago must read, whatever has become of metrics and reports since" },
    Rule {
        room: "run",
        uses: &["contender", "measure", "plan", "random", "scenario", "trace"],
        reason: "the harness knows the contract and is given a registry: no contender can be treated in a way of its own; phases of polls come from the seed",
    },
    Rule { room: "plan", uses: &["contender", "measure", "scenario", "trace", "units"], reason: "a plan is worked out before anything is started" },
    Rule {
        room: "trace",
        uses: &["random", "scenario", "units"],
        reason: "updates follow from scenario and seed, from nothing that was measured and nobody who competes",
    },
    Rule {
        room: "scenario",
        uses: &["contender", "measure", "mistake", "units"],
        reason: "it names contenders by the registry that it is given, and knows how small a payload can be (measure::stamp)",
    },
    Rule { room: "contenders", uses: &["contender", "contenders/*"], reason: "a list" },
    Rule {
        room: "contenders/*",
        uses: &["contender", "measure", "protocols/*"],
        reason: "a contender moves opaque bytes; what it shares with another lives in protocols, so that each can be read and removed alone",
    },
    Rule { room: "protocols", uses: &[], reason: "a list" },
    Rule {
        room: "protocols/*",
        uses: &["contender", "measure", "random"],
        reason: "a protocol draws what it makes up from a seed, and knows the contract's seats and counters, no contender and no other protocol",
    },
    Rule { room: "contender", uses: &["measure", "units"], reason: "the contract holds for protocols that nobody has thought of yet" },
    Rule { room: "measure", uses: &[], reason: "what is measured must not depend on who is measured" },
    Rule { room: "mistake", uses: &[], reason: "where a mistake stands in a text has nothing to do with what the text is about" },
    Rule { room: "random", uses: &[], reason: "what a seed means must never change" },
    Rule { room: "units", uses: &[], reason: "words and numbers" },
];

/// A path out of the crate that some or all rooms may not take.
pub struct Ban {
    /// The path, or the beginning of one.
    pub path: &'static str,
    /// Rooms in which it is banned; none means everywhere but in main.
    pub rooms: &'static [&'static str],
    pub reason: &'static str,
}

pub const NOWHERE: &[Ban] = &[
    Ban { path: "std::process::exit", rooms: &[], reason: "it skips what must be closed and saved; return an Exit to main" },
    Ban { path: "std::process::abort", rooms: &[], reason: "it skips what must be closed and saved; return an Exit to main" },
    Ban { path: "std::time::Instant", rooms: TIMED, reason: "stamps come from measure::clock, which all processes share and tests can replace" },
    Ban { path: "std::time::SystemTime", rooms: TIMED, reason: "a wall clock can be set; stamps come from measure::clock" },
    Ban { path: "tokio::time::Instant", rooms: TIMED, reason: "it is not the clock that updates are due on; stamps come from measure::clock" },
    Ban { path: "tokio::time::interval", rooms: TIMED, reason: "it rounds up to milliseconds; the pacer says when to ask" },
];

/// Rooms whose instants end in figures.
const TIMED: &[&str] = &["run", "contenders", "contenders/*", "contender", "plan", "scenario", "trace", "summary", "report"];

impl Ban {
    /// Whether a path to the outside falls under this ban.
    pub fn covers(&self, room: &str, path: &str) -> bool {
        let here = if self.rooms.is_empty() { room != MAIN } else { self.rooms.iter().any(|banned| matches(banned, room)) };
        here && path.strip_prefix(self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// The room of a module: its first name, two in a room of rooms; empty for the root itself.
pub fn room(place: &Place) -> String {
    match place.as_slice() {
        [of_rooms, one, ..] if of_rooms == "contenders" || of_rooms == "protocols" => format!("{of_rooms}/{one}"),
        [room, ..] => room.clone(),
        [] => String::new(),
    }
}

fn matches(pattern: &str, room: &str) -> bool {
    pattern == room || pattern.strip_suffix('*').is_some_and(|start| room.starts_with(start))
}

/// What breaks the rules, with file and line; `used` collects the arrows that are there.
pub fn breaches(house: &House, used: &mut BTreeSet<(&'static str, &'static str)>) -> Vec<String> {
    let mut breaches = Vec::new();
    for (place, module) in &house.modules {
        let from = room(place);
        for written in paths::written(module) {
            for end in house.follow(place, &written.path) {
                let End::Inside(target) = end else { continue };
                let to = room(&target);
                if to == from || to.is_empty() || from.is_empty() {
                    continue;
                }
                let rule = RULES.iter().find(|rule| matches(rule.room, &from));
                match rule.and_then(|rule| rule.uses.iter().find(|allowed| matches(allowed, &to)).map(|allowed| (rule.room, *allowed))) {
                    Some(arrow) => _ = used.insert(arrow),
                    None => {
                        let reason = rule.map_or_else(
                            || "the room has no rule in tests/architecture/rules.rs".to_owned(),
                            |rule| {
                                format!(
                                    "{} may use {}: {}",
                                    rule.room,
                                    if rule.uses.is_empty() { "nothing".to_owned() } else { rule.uses.join(", ") },
                                    rule.reason
                                )
                            },
                        );
                        breaches.push(format!("{}:{}: {from} uses {to} ({}); {reason}", shown(&module.file), written.line, written.path.join("::")));
                    }
                }
            }
        }
    }
    breaches
}
