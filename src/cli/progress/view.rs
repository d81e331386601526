//! A [`View`] → text: a picture for a terminal of any width, a plain line, a JSON object.

use super::status::{Figures, Outcome, View};
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// Columns of the labels at the left.
const LABEL: usize = 8;
/// Columns of a bar.
const BAR: usize = 24;
/// A shorter one says nothing.
const SHORTEST_BAR: usize = 6;

const BOLD: &str = "1";
const DIM: &str = "2";
const BLUE: &str = "34";

/// What has no figure yet.
const NOTHING: &str = "–";

/// The picture: as many lines in every phase, none as wide as the terminal. Where there is no room, what stands last in a line is left out first.
pub fn picture(view: &View, width: usize, colour: bool) -> Vec<String> {
    // The last column is left free: after a character there, some terminals are on the next line.
    let page = Page { width: width.saturating_sub(1), colour };
    let figures = view.figures.as_ref();
    let of = |parts: fn(&Figures) -> Vec<String>| figures.map(parts).filter(|parts| !parts.is_empty()).unwrap_or_else(|| vec![NOTHING.to_owned()]);
    vec![
        page.paint(BOLD, &page.cut(&format!("[{}/{}] {}", view.trial, view.trials, view.name), page.width)),
        page.bar("trial", view.share, &view.phase),
        page.bar("run", view.run_share, &left(view)),
        page.line("seen", &of(seen)),
        page.line("behind", &of(behind)),
        page.line("load", &of(load)),
        page.line("CPU", &of(cpu)),
        page.line("memory", &of(memory)),
        page.line("before", &view.before.as_ref().map_or_else(|| vec![NOTHING.to_owned()], before)),
    ]
}

/// A line for a log.
pub fn plain(view: &View) -> String {
    let mut parts = vec![view.phase.clone()];
    if let Some(figures) = &view.figures {
        parts.push(format!("seen {}", seen(figures).join(", ")));
        parts.extend(behind(figures));
        let cpu = cpu(figures);
        if !cpu.is_empty() {
            parts.push(format!("CPU {}", cpu.join(", ")));
        }
    }
    parts.push(left(view));
    format!("[{}/{}] {}: {}", view.trial, view.trials, view.name, parts.join(" · "))
}

/// An object for programs; what is not known is null.
pub fn json(view: &View) -> String {
    let figures = view.figures.as_ref();
    let per_role = |of: fn(&Figures) -> serde_json::Value| figures.map(of);
    serde_json::json!({
        "trial": view.trial,
        "trials": view.trials,
        "name": view.name,
        "phase": view.phase,
        "share": view.share,
        "run_share": view.run_share,
        "seconds_left": view.left,
        "second": figures.map(|figures| figures.second),
        "messages": figures.map(|figures| figures.messages),
        "requests": figures.map(|figures| figures.requests),
        "deliveries": figures.map(|figures| figures.deliveries),
        "bytes": figures.map(|figures| figures.bytes),
        "latency_p50_seconds": figures.and_then(|figures| figures.latency).map(|latency| latency[0]),
        "latency_p99_seconds": figures.and_then(|figures| figures.latency).map(|latency| latency[1]),
        "expected": figures.map(|figures| figures.expected),
        "settled": figures.map(|figures| figures.settled),
        "outstanding": figures.map(Figures::outstanding),
        "lost": view.lost,
        "failed_requests": figures.map(|figures| figures.failed),
        "lag_seconds": figures.and_then(|figures| figures.lag),
        "publish_lag_seconds": figures.and_then(|figures| figures.publish_lag),
        "cpu_seconds": per_role(|figures| serde_json::json!(figures.cpu)),
        "connections": figures.and_then(|figures| figures.connections),
        "memory_bytes": per_role(|figures| serde_json::json!(figures.memory)),
    })
    .to_string()
}

fn left(view: &View) -> String {
    format!("{:.0} %, about {} left", view.run_share * 100.0, show_seconds(view.left.ceil()))
}

fn seen(figures: &Figures) -> Vec<String> {
    let mut parts = vec![format!("{}/s", count(figures.deliveries))];
    if let Some([p50, p99]) = figures.latency {
        parts.extend([format!("p99 {}", show_seconds(p99)), format!("p50 {}", show_seconds(p50))]);
    }
    parts
}

fn behind(figures: &Figures) -> Vec<String> {
    let mut parts = vec![format!("{} outstanding of {} due", count(figures.outstanding()), count(figures.expected))];
    if figures.failed > 0 {
        parts.push(format!("{} requests failed", count(figures.failed)));
    }
    parts.extend(figures.lag.map(|lag| format!("lag ≤ {}", show_seconds(lag))));
    parts.extend(figures.publish_lag.map(|lag| format!("publish lag ≤ {}", show_seconds(lag))));
    parts
}

fn load(figures: &Figures) -> Vec<String> {
    let mut parts = vec![format!("{} messages/s", count(figures.messages)), format!("{}/s", show_bytes(figures.bytes as f64))];
    if figures.requests > 0 {
        parts.push(format!("{} requests/s", count(figures.requests)));
    }
    parts.extend(figures.connections.map(|connections| format!("{} connections", count(connections))));
    parts
}

/// Shares of one core; nothing where the sides are tasks of one process.
fn cpu(figures: &Figures) -> Vec<String> {
    let cpu = figures.cpu;
    let shown = [("server", cpu.server), ("subscribers", cpu.subscriber), ("publishers", cpu.publisher)];
    let known = shown.iter().any(|(_, seconds)| *seconds > 0.0);
    shown.iter().filter(|_| known).map(|(side, seconds)| format!("{side} {} %", significant(seconds * 100.0, 2))).collect()
}

fn memory(figures: &Figures) -> Vec<String> {
    let memory = figures.memory;
    let shown = [("server", memory.server), ("subscribers", memory.subscriber), ("publishers", memory.publisher)];
    shown.iter().filter(|(_, bytes)| *bytes > 0).map(|(side, bytes)| format!("{side} {}", show_bytes(*bytes as f64))).collect()
}

fn before(outcome: &Outcome) -> Vec<String> {
    let lost = format!("{} of {} lost", count(outcome.lost), count(outcome.expected));
    let p99 = outcome.p99.map(|p99| format!("p99 {}", show_seconds(p99)));
    [Some(outcome.name.clone()), Some(lost), p99].into_iter().flatten().collect()
}

fn count(count: u64) -> String {
    show_count(i64::try_from(count).unwrap_or(i64::MAX))
}

/// How wide a line may be, and whether it may have colours.
struct Page {
    width: usize,
    colour: bool,
}

impl Page {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn cut(&self, text: &str, room: usize) -> String {
        if room == 0 { String::new() } else { console::truncate_str(text, room, "…").into_owned() }
    }

    /// The label, and how many columns are left beside it.
    fn label(&self, label: &str) -> (String, usize) {
        (self.paint(DIM, &self.cut(&format!("{label:LABEL$}"), self.width)), self.width.saturating_sub(LABEL))
    }

    fn line(&self, label: &str, parts: &[String]) -> String {
        let (label, room) = self.label(label);
        let fitting = (1..=parts.len()).rev().map(|count| parts[..count].join(" · ")).find(|text| console::measure_text_width(text) <= room);
        let text = fitting.unwrap_or_else(|| self.cut(parts.first().map_or("", String::as_str), room));
        format!("{label}{text}")
    }

    fn bar(&self, label: &str, share: f64, words: &str) -> String {
        let (label, room) = self.label(label);
        let cells = room.saturating_sub(console::measure_text_width(words) + 1).min(BAR);
        if cells < SHORTEST_BAR {
            return format!("{label}{}", self.cut(words, room));
        }
        let halves = (share.clamp(0.0, 1.0) * (2 * cells) as f64) as usize;
        let full = "━".repeat(halves / 2) + if halves % 2 == 1 { "╸" } else { "" };
        let rest = "─".repeat(cells - halves.div_ceil(2));
        format!("{label}{}{} {words}", self.paint(BLUE, &full), self.paint(DIM, &rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::PerRole;

    fn busy() -> View {
        let figures = Figures {
            second: 22,
            messages: 9_300,
            requests: 4_650,
            deliveries: 1_240,
            bytes: 4_400_000,
            latency: Some([0.0031, 0.0124]),
            expected: 28_123,
            settled: 28_111,
            failed: 2,
            lag: Some(80e-6),
            publish_lag: Some(0.0012),
            cpu: PerRole { server: 0.12, publisher: 0.003, subscriber: 1.31 },
            memory: PerRole { server: 22 << 20, publisher: 9 << 20, subscriber: 44 << 20 },
            connections: Some(50),
        };
        View {
            trial: 3,
            trials: 10,
            name: "conditional-5s at workload.topics=100, repeat 2".to_owned(),
            phase: "window 23 of 60 s".to_owned(),
            share: 0.43,
            run_share: 0.28,
            left: 371.2,
            figures: Some(figures),
            before: Some(Outcome { name: "poll-1s at workload.topics=100, repeat 2".to_owned(), expected: 60_000, lost: 3, p99: Some(0.991) }),
            lost: None,
        }
    }

    #[test]
    fn the_picture_of_80_columns() {
        let expected = "\
[3/10] conditional-5s at workload.topics=100, repeat 2
trial   ━━━━━━━━━━────────────── window 23 of 60 s
run     ━━━━━━╸───────────────── 28 %, about 6.2 min left
seen    1,240/s · p99 12.4 ms · p50 3.1 ms
behind  12 outstanding of 28,123 due · 2 requests failed · lag ≤ 80 µs
load    9,300 messages/s · 4.2 MiB/s · 4,650 requests/s · 50 connections
CPU     server 12 % · subscribers 131 % · publishers 0.3 %
memory  server 22 MiB · subscribers 44 MiB · publishers 9 MiB
before  poll-1s at workload.topics=100, repeat 2 · 3 of 60,000 lost";
        assert_eq!(picture(&busy(), 80, false).join("\n"), expected);
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_and_their_number_stays_the_same() {
        let quiet = View { trial: 1, trials: 2, ..View::default() };
        for width in 0..=200 {
            for (view, colour) in [(busy(), false), (busy(), true), (quiet.clone(), false), (quiet.clone(), true)] {
                let lines = picture(&view, width, colour);
                assert_eq!(lines.len(), 9);
                for line in lines {
                    let taken = console::measure_text_width(&line);
                    assert!(taken < width.max(1), "{taken} of {width}: {line:?}");
                    assert_eq!(line.contains('\u{1b}'), colour && line.contains("[0m"), "{line:?}");
                    assert!(!line.contains('\n'));
                }
            }
        }
        let narrow = picture(&busy(), 40, false).join("\n");
        assert!(narrow.contains("window 23 of 60 s") && narrow.contains("p99") && narrow.contains("12 outstanding"), "{narrow}");
    }

    #[test]
    fn a_plain_line_has_no_escape_codes() {
        let line = plain(&busy());
        assert!(line.starts_with("[3/10] conditional-5s at workload.topics=100, repeat 2: window 23 of 60 s · seen 1,240/s, p99 12.4 ms"), "{line}");
        for word in ["p99 12.4 ms", "12 outstanding of 28,123 due", "lag ≤ 80 µs", "CPU server 12 %", "28 %, about 6.2 min left"] {
            assert!(line.contains(word), "{word}: {line}");
        }
        assert!(!line.contains('\u{1b}') && !line.contains('\n'));
        assert_eq!(
            plain(&View { trial: 1, trials: 2, name: "a".into(), phase: "probing".into(), ..View::default() }),
            "[1/2] a: probing · 0 %, about 0 s left"
        );
    }

    #[test]
    fn json_says_null_of_what_is_not_known() {
        let value: serde_json::Value = serde_json::from_str(&json(&busy())).unwrap();
        assert_eq!((&value["outstanding"], &value["lost"]), (&12.into(), &serde_json::Value::Null));
        assert_eq!((&value["cpu_seconds"]["subscriber"], &value["memory_bytes"]["server"]), (&1.31.into(), &(22 << 20).into()));
        let quiet: serde_json::Value = serde_json::from_str(&json(&View { lost: Some(4), ..View::default() })).unwrap();
        assert_eq!((&quiet["outstanding"], &quiet["cpu_seconds"], &quiet["lost"]), (&serde_json::Value::Null, &serde_json::Value::Null, &4.into()));
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&value), keys(&quiet));
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md")).unwrap();
        for key in keys(&value) {
            assert!(page.contains(&format!("`{key}`")), "docs/commands.md does not tell of {key}");
        }
    }
}
