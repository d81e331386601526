//! `[workload]`: what happens.

use std::path::PathBuf;
use std::time::Duration;

use super::fields::{Field, Fields};
use super::{Arrivals, Popularity, Semantics, Subscribers, Topology};
use crate::measure::stamp::SMALLEST_PAYLOAD;
use crate::mistake::{Mistake, Read};
use crate::units::{self, show_duration};

/// Updates that a trace may hold at most: 16 bytes each in every process of a trial.
const MOST_UPDATES: f64 = 20e6;
/// The shortest window, in measured time: below it start-up and rounding are all that is measured.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);
/// What a request may take, in measured time, where the scenario does not say.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The warm-up is a tenth of the span, but no longer than this of scenario time: connections, caches and
/// branch predictors are warm after some hundred messages, and the first values are fetched before it.
const LONGEST_DEFAULT_WARM_UP: Duration = Duration::from_secs(3_600);

/// Shortest timeout, measured time: when many log in at once, each waits a good part of it.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(500);

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Shape of the subscriptions.
    pub topology: Topology,
    /// Topics that exist.
    pub topics: u32,
    /// Topics that have updates: the first so many in an order shuffled by the seed.
    pub active_topics: u32,
    /// Mean number of updates of an active topic within the span; 0 where a file says when updates come.
    pub updates_per_active_topic: f64,
    /// Length of the window, scenario time.
    pub span: Duration,
    /// Length of the warm-up before it, scenario time.
    pub warm_up: Duration,
    /// Divides every interval.
    pub compression: f64,
    /// Size of an update in bytes.
    pub payload: u64,
    /// When updates come.
    pub arrivals: Arrivals,
    /// Which topics are updated more often.
    pub popularity: Popularity,
    /// What an update is.
    pub semantics: Semantics,
    /// How long a request may take, scenario time; the drain waits for so long beyond one poll interval.
    pub timeout: Duration,
    /// Where all randomness comes from.
    pub seed: u64,
}

impl Workload {
    /// All keys.
    pub(super) const KEYS: [&'static str; 14] = [
        "topology",
        "topics",
        "active_topics",
        "updates_per_active_topic",
        "span",
        "warm_up",
        "compression",
        "payload",
        "arrivals",
        "popularity",
        "topics_per_subscriber",
        "semantics",
        "timeout",
        "seed",
    ];

    /// Divides a scenario duration by the compression.
    pub fn compress(&self, duration: Duration) -> Duration {
        Duration::from_nanos((duration.as_nanos() as f64 / self.compression).round() as u64)
    }

    /// Mean time between two updates of a topic, over all topics, those without updates as well; scenario time. `None` where a file says when
    /// updates come. At most a century.
    pub fn mean_interval(&self) -> Option<Duration> {
        let updates = f64::from(self.active_topics) * self.updates_per_active_topic;
        // A century is the longest that a scenario may say.
        (updates > 0.0).then(|| Duration::from_secs_f64((self.span.as_secs_f64() * f64::from(self.topics) / updates).clamp(1e-9, 36_500.0 * 86_400.0)))
    }

    /// Reads the table.
    pub(super) fn read(fields: &Fields<'_>, subscribers: &Subscribers) -> Read<Self> {
        if !fields.is_there() {
            let missing = fields.source.mistake(None, "the table [workload] is missing");
            return Err(missing.help("it says what happens: topology, topics, updates_per_active_topic, span"));
        }
        fields.only(&Self::KEYS)?;
        let topology_field = fields.required("topology", "\"fan-in\"")?;
        let topics_field = fields.required("topics", "1_000")?;
        let topics = topics_field.count(1..=2_000_000)?;
        let topology = topology(fields, &topology_field, topics, subscribers)?;
        let active_topics = match fields.optional("active_topics") {
            None => topics,
            Some(field) => {
                let active = field.count(1..=2_000_000)?;
                if active > topics {
                    return Err(field.mistake(format!("{active} active topics, but only {topics} topics")).allowed(format!("from 1 to {topics}")));
                }
                active
            }
        };
        let arrivals = arrivals(fields)?;
        let updates_per_active_topic = updates(fields, &arrivals)?;
        let span_field = fields.required("span", "\"24h\"")?;
        let span = span_field.duration(false)?;
        let compression = fields
            .optional("compression")
            .map_or(Ok(1.0), |field| field.number("a number from 1 (real time) to 1,000,000", |number| (1.0..=1e6).contains(&number)))?;
        let measured = span.as_secs_f64() / compression;
        if measured < SHORTEST_WINDOW.as_secs_f64() {
            let message = format!("a window of {} of measured time is too short to measure anything", units::show_seconds(measured));
            let least = units::show_duration(SHORTEST_WINDOW);
            return Err(span_field.mistake(message).allowed(format!("span ÷ compression of at least {least}")).help("lengthen span or lower compression"));
        }
        let warm_up = fields.optional("warm_up").map_or(Ok((span / 10).min(LONGEST_DEFAULT_WARM_UP)), |field| field.duration(true))?;
        let expected = f64::from(active_topics) * updates_per_active_topic * (1.0 + warm_up.as_secs_f64() / span.as_secs_f64());
        if expected > MOST_UPDATES {
            let message = format!("about {} updates: too many for the memory of a trial's processes", units::show_number(expected));
            let most = units::show_number(MOST_UPDATES);
            return Err(topics_field.mistake(message).allowed(format!("at most {most}")).help("lower active_topics, updates_per_active_topic or warm_up"));
        }
        Ok(Self {
            topology,
            topics,
            active_topics,
            updates_per_active_topic,
            span,
            warm_up,
            compression,
            payload: fields.optional("payload").map_or(Ok(1024), |field| field.size(SMALLEST_PAYLOAD as u64..=1 << 20))?,
            arrivals,
            popularity: popularity(fields)?,
            semantics: match fields.optional("semantics").map(|field| field.word(&["state", "events"])).transpose()? {
                Some("events") => Semantics::Events,
                _ => Semantics::State,
            },
            timeout: fields.optional("timeout").map_or(Ok(TIMEOUT.mul_f64(compression)), |field| timeout(&field, compression))?,
            seed: fields.optional("seed").map_or(Ok(1), |field| field.seed())?,
        })
    }
}

/// A timeout that leaves a server enough of it, once compressed: answers do not get faster by compression.
fn timeout(field: &Field<'_>, compression: f64) -> Read<Duration> {
    let timeout = field.duration(false)?;
    if timeout.div_f64(compression) >= SHORTEST_TIMEOUT {
        return Ok(timeout);
    }
    let least = show_duration(SHORTEST_TIMEOUT.mul_f64(compression));
    let message = format!("too short: {} of measured time, once divided by the compression", show_duration(timeout.div_f64(compression)));
    Err(field.mistake(message).allowed(format!("at least \"{least}\" here, {} of measured time", show_duration(SHORTEST_TIMEOUT))))
}

fn topology(fields: &Fields<'_>, field: &Field<'_>, topics: u32, subscribers: &Subscribers) -> Read<Topology> {
    let word = field.word(&["fan-in", "fan-out", "mesh"])?;
    let per_subscriber = fields.optional("topics_per_subscriber");
    if let (Some(per_subscriber), "fan-in" | "fan-out") = (&per_subscriber, word) {
        let message = format!("\"topics_per_subscriber\" is for mesh alone: in {word} every subscriber wants every topic");
        return Err(fields.source.mistake(per_subscriber.key_span.clone(), message).help("take the line out, or use topology = \"mesh\""));
    }
    let count = subscribers.count;
    match word {
        "fan-in" if count > topics => {
            let message = format!("fan-in with more subscribers ({count}) than topics ({topics})");
            Err(field.mistake(message).allowed("in fan-in, few subscribers want many topics").help("use \"fan-out\", or change subscribers.count or topics"))
        }
        "fan-out" if topics > count => {
            let message = format!("fan-out with more topics ({topics}) than subscribers ({count})");
            Err(field.mistake(message).allowed("in fan-out, many subscribers want few topics").help("use \"fan-in\", or change topics or subscribers.count"))
        }
        "fan-in" => Ok(Topology::FanIn),
        "fan-out" => Ok(Topology::FanOut),
        _ => {
            let Some(per_subscriber) = per_subscriber else {
                let missing = field.mistake("mesh needs \"topics_per_subscriber\": how many topics each subscriber wants");
                return Err(missing.help("add a line such as: topics_per_subscriber = 10"));
            };
            let topics_per_subscriber = per_subscriber.count(1..=2_000_000)?;
            if topics_per_subscriber > topics {
                let message = format!("{topics_per_subscriber} topics for each subscriber, but only {topics} topics");
                return Err(per_subscriber.mistake(message).allowed(format!("from 1 to {topics}")));
            }
            Ok(Topology::Mesh { topics_per_subscriber })
        }
    }
}

fn arrivals(fields: &Fields<'_>) -> Read<Arrivals> {
    const ALLOWED: &str = "\"poisson\", \"uniform\", \"bursty\", { csv = \"file.csv\" }";
    let Some(field) = fields.optional("arrivals") else { return Ok(Arrivals::Poisson) };
    if let Some(table) = fields.nested(&field, "arrivals") {
        table.only(&["csv"])?;
        return Ok(Arrivals::Csv(PathBuf::from(table.required("csv", "\"file.csv\"")?.text()?)));
    }
    match field.word_or_table().map_err(|mistake| mistake.allowed(ALLOWED))? {
        "poisson" => Ok(Arrivals::Poisson),
        "uniform" => Ok(Arrivals::Uniform),
        "bursty" => Ok(Arrivals::Bursty),
        other => Err(not_a_choice(&field, other, ALLOWED, &["poisson", "uniform", "bursty"])),
    }
}

fn updates(fields: &Fields<'_>, arrivals: &Arrivals) -> Read<f64> {
    if !matches!(arrivals, Arrivals::Csv(_)) {
        let allowed = "a number, more than 0, at most 1,000,000";
        return fields.required("updates_per_active_topic", "1.0")?.number(allowed, |number| number > 0.0 && number <= 1e6);
    }
    for key in ["updates_per_active_topic", "active_topics"] {
        if let Some(field) = fields.optional(key) {
            let message = format!("{key:?} does not go with arrivals from a file, which says it itself");
            return Err(fields.source.mistake(field.key_span.clone(), message).help("take the line out"));
        }
    }
    Ok(0.0)
}

fn popularity(fields: &Fields<'_>) -> Read<Popularity> {
    const ALLOWED: &str = "\"flat\", { zipf = 1.0 }";
    let Some(field) = fields.optional("popularity") else { return Ok(Popularity::Flat) };
    if let Some(table) = fields.nested(&field, "popularity") {
        table.only(&["zipf"])?;
        let exponent = table.required("zipf", "1.0")?;
        return Ok(Popularity::Zipf(exponent.number("an exponent, more than 0, at most 10", |number| number > 0.0 && number <= 10.0)?));
    }
    match field.word_or_table().map_err(|mistake| mistake.allowed(ALLOWED))? {
        "flat" => Ok(Popularity::Flat),
        other => Err(not_a_choice(&field, other, ALLOWED, &["flat"])),
    }
}

fn not_a_choice(field: &Field<'_>, written: &str, allowed: &str, words: &[&str]) -> Box<Mistake> {
    field.mistake(format!("{written:?} is not a choice for {:?}", field.key)).allowed(allowed).near(written, words)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parse, workload};
    use super::*;

    fn read(lines: &str) -> Workload {
        parse(&workload(lines)).unwrap().workload
    }

    fn error(lines: &str) -> String {
        parse(&workload(lines)).unwrap_err().to_string()
    }

    #[test]
    fn defaults() {
        let workload = read("topology = \"fan-in\"\ntopics = 10\nupdates_per_active_topic = 2\nspan = \"1h\"\ncompression = 60");
        let expected = Workload {
            topology: Topology::FanIn,
            topics: 10,
            active_topics: 10,
            updates_per_active_topic: 2.0,
            span: Duration::from_secs(3_600),
            warm_up: Duration::from_secs(360),
            compression: 60.0,
            payload: 1024,
            arrivals: Arrivals::Poisson,
            popularity: Popularity::Flat,
            semantics: Semantics::State,
            timeout: Duration::from_secs(120),
            seed: 1,
        };
        assert_eq!(workload, expected);
        assert_eq!(workload.compress(workload.timeout), Duration::from_secs(2));
    }

    #[test]
    fn every_key_is_read() {
        let workload = read(
            "topology = \"mesh\"\ntopics = 1_000\nactive_topics = 7\nupdates_per_active_topic = 0.5\nspan = \"2d\"\nwarm_up = \"0s\"\ncompression = 2.5\n\
             payload = 64\narrivals = \"bursty\"\npopularity = { zipf = 1.2 }\ntopics_per_subscriber = 3\nsemantics = \"events\"\ntimeout = \"9s\"\nseed = 20080721",
        );
        assert_eq!((workload.topology, workload.topics, workload.active_topics), (Topology::Mesh { topics_per_subscriber: 3 }, 1_000, 7));
        assert_eq!((workload.updates_per_active_topic, workload.compression, workload.payload), (0.5, 2.5, 64));
        assert_eq!((workload.span, workload.warm_up, workload.timeout), (Duration::from_secs(172_800), Duration::ZERO, Duration::from_secs(9)));
        assert_eq!((workload.arrivals, workload.popularity), (Arrivals::Bursty, Popularity::Zipf(1.2)));
        assert_eq!((workload.semantics, workload.seed), (Semantics::Events, 20_080_721));
        let from_file = read("topology = \"fan-in\"\ntopics = 10\nspan = \"1h\"\narrivals = { csv = \"a.csv\" }");
        assert_eq!((from_file.arrivals, from_file.updates_per_active_topic), (Arrivals::Csv("a.csv".into()), 0.0));
    }

    #[test]
    fn the_default_warm_up_of_a_day_is_an_hour() {
        assert_eq!(read("topology = \"fan-in\"\ntopics = 1\nupdates_per_active_topic = 1\nspan = \"24h\"").warm_up, Duration::from_secs(3_600));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        const GOOD: &str = "topology = \"fan-in\"\ntopics = 10\nupdates_per_active_topic = 2\nspan = \"1h\"\n";
        for (line, says) in [
            ("active_topics = 11", "only 10 topics"),
            ("compression = 0.5", "out of range"),
            ("compression = nan", "out of range"),
            ("compression = 1e5", "too short"),
            ("payload = 63", "out of range"),
            ("payload = \"2 MiB\"", "out of range"),
            ("popularity = { zipf = 0 }", "out of range"),
            ("popularity = { zip = 1 }", "did you mean \"zipf\""),
            ("arrivals = \"poison\"", "did you mean \"poisson\""),
            ("arrivals = { csv = \"a.csv\" }", "does not go with"),
            ("topics_per_subscriber = 3", "mesh alone"),
            ("timeout = \"0s\"", "more than zero"),
            ("compression = 100\ntimeout = \"9s\"", "at least \"50s\" here"),
            ("seed = -1", "out of range"),
            ("warm_up = 5", "must be a duration, not a whole number"),
            ("warm_up = \"36500d\"\npopularity = 1", "must be a word or a table"),
        ] {
            let message = error(&format!("{GOOD}{line}"));
            assert!(message.contains(says), "{line}: {message}");
        }
        assert!(error("topology = \"fan-in\"\ntopics = 2_000_000\nupdates_per_active_topic = 20\nspan = \"1h\"").contains("too many"));
        assert!(error("topology = \"mesh\"\ntopics = 5\nupdates_per_active_topic = 20\nspan = \"1h\"").contains("mesh needs"));
        assert!(error("topology = \"fan-out\"\ntopics = 5\nupdates_per_active_topic = 20\nspan = \"1h\"").contains("more topics (5) than"));
    }
}
