//! Options of `pushbench serve` that protect the server from its clients.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use crate::contender::Limits;
use crate::measure::process;
use crate::units::{DURATION_FORMS, SIZE_FORMS, read_duration, read_size, show_bytes, show_count, show_duration};

/// Descriptors that are not connections: standard streams, the listener, the reactor, signals; and some to spare.
const RESERVED_DESCRIPTORS: usize = 64;
/// Larger payloads are refused by our own clients.
const LARGEST_PAYLOAD: u64 = 64 << 20;
/// Longer than that nobody waits.
const LONGEST_PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// What protects the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArguments {
    /// Most connections at once; the next is told so and closed. 100,000 where the limit of descriptors (ulimit -n) has room, else what it allows less 64
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<NonZeroUsize>,

    /// Largest payload of an update; at most 64 MiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = payload)]
    max_payload: usize,

    /// Most topics
    #[arg(long, value_name = "COUNT", default_value = "2000001")]
    max_topics: NonZeroUsize,

    /// Most bytes that the payloads and names of all topics may hold together
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    max_stored: usize,

    /// How long a client may take to end what it has begun (a request, a login, taking an answer) before its connection is closed; at most 24h
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = patience)]
    patience: Duration,
}

impl LimitArguments {
    /// The limits, and a word about descriptors where connections would need more than there are.
    pub(super) fn limits(&self) -> (Limits, Option<String>) {
        let descriptors = usize::try_from(process::raise_descriptor_limit()).unwrap_or(usize::MAX);
        let room = descriptors.saturating_sub(RESERVED_DESCRIPTORS).max(1);
        let connections = self.max_connections.map_or(Limits::default().connections.min(room), NonZeroUsize::get);
        let warning = (connections > room).then(|| {
            format!(
                "this process may open {} descriptors, fewer than {} connections need: those beyond will wait; raise the limit (ulimit -n) or lower --max-connections",
                count(descriptors),
                count(connections)
            )
        });
        let Self { max_payload: payload, max_stored: stored, patience, .. } = *self;
        (Limits { connections, payload, topics: self.max_topics.get(), stored, patience }, warning)
    }
}

/// The limits in a line.
pub(super) fn describe(limits: &Limits) -> String {
    format!(
        "limits: {} connections at once, {} a payload, {} topics, {} stored, {} of patience",
        count(limits.connections),
        show_bytes(limits.payload as f64),
        count(limits.topics),
        show_bytes(limits.stored as f64),
        show_duration(limits.patience)
    )
}

fn count(value: usize) -> String {
    show_count(i64::try_from(value).unwrap_or(i64::MAX))
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = read_size(text).map_err(|error| format!("{error}; allowed: {SIZE_FORMS}"))?;
    if bytes == 0 { Err("nothing could be stored at all; allowed: 1 B and more".to_owned()) } else { Ok(bytes as usize) }
}

fn payload(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes if bytes as u64 <= LARGEST_PAYLOAD => Ok(bytes),
        _ => Err("larger than 64 MiB, which is as much as our own clients take; allowed: 1 B to 64 MiB".to_owned()),
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let patience = read_duration(text).map_err(|error| format!("{error}; allowed: {DURATION_FORMS}"))?;
    if patience < Duration::from_millis(1) || patience > LONGEST_PATIENCE { Err(format!("{text} is not within 1ms to 24h")) } else { Ok(patience) }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn read(arguments: &[&str]) -> Result<Limits, String> {
        let command = LimitArguments::augment_args(Command::new("serve"));
        let matches = command.try_get_matches_from([&["serve"], arguments].concat()).map_err(|error| error.to_string())?;
        Ok(LimitArguments::from_arg_matches(&matches).map_err(|error| error.to_string())?.limits().0)
    }

    #[test]
    fn what_is_not_said_is_as_the_contract_has_it() {
        let default = Limits::default();
        let limits = read(&[]).unwrap();
        assert!(limits.connections <= default.connections, "descriptors may be few");
        assert_eq!(Limits { connections: default.connections, ..limits }, default);
    }

    #[test]
    fn each_limit_can_be_said_and_slips_are_named() {
        let limits = read(&["--max-connections=5", "--max-payload=2KiB", "--max-topics=7", "--max-stored=9kB", "--patience=250ms"]).unwrap();
        assert_eq!(limits, Limits { connections: 5, payload: 2_048, topics: 7, stored: 9_000, patience: Duration::from_millis(250) });
        assert_eq!(describe(&limits), "limits: 5 connections at once, 2 KiB a payload, 7 topics, 8.79 KiB stored, 250ms of patience");
        for (argument, word) in [
            ("--max-connections=0", "zero"),
            ("--max-payload=0", "1 B"),
            ("--max-payload=65MiB", "64 MiB"),
            ("--max-payload=much", "KiB"),
            ("--max-topics=-1", "invalid"),
            ("--max-stored=0", "1 B"),
            ("--patience=0s", "1ms to 24h"),
            ("--patience=2d", "1ms to 24h"),
            ("--patience=5", "22m42s"),
        ] {
            let error = read(&[argument]).unwrap_err();
            assert!(error.contains(word), "{argument}: {error}");
        }
    }
}
