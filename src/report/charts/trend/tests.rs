//! Trends of made-up series: titles, marks, boxes.

use super::*;
use crate::history::{Figure, History, SCHEMA};
use crate::measure::recording::Direction;
use crate::report::charts::png;
use crate::report::charts::tests::{assert_tidy, texts};
use crate::summary::fixture::levels;
use crate::summary::history::trends;

/// A metric of several contenders over days: each has a series of its own.
fn history(metric: &str, series: &[(&str, Vec<f64>)]) -> History {
    let runs = series.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let entry = |run: usize| {
        let figure = |(name, values): &(&str, Vec<f64>)| {
            let value = *values.get(run)?;
            Some(Figure {
                contender: (*name).to_owned(),
                load_point: String::new(),
                metric: metric.to_owned(),
                trials: vec![value * 0.995, value * 1.005],
                untrusted: false,
            })
        };
        let direction = |name: &str| if name.contains("push") { Direction::Push } else { Direction::Pull };
        Entry {
            schema: SCHEMA,
            recording: format!("run-{run:04}"),
            started: format!("{}-{:02}-{:02}T06:30:00Z", 2026 + run / 336, 1 + run / 28 % 12, 1 + run % 28),
            scenario: "ci-smoke".to_owned(),
            scenario_digest: "5e".repeat(16),
            tool_version: "0.1.0".to_owned(),
            label: Some(format!("{:07x}", 0x00c0_ffee_usize.wrapping_mul(run + 1) % 0x0fff_ffff)),
            machine: "Imaginary 3000, 4 cores, 16 GiB, Linux 6.12.0".to_owned(),
            contenders: series.iter().map(|(name, _)| Contender { name: (*name).to_owned(), direction: direction(name) }).collect(),
            figures: series.iter().filter_map(figure).collect(),
        }
    };
    History { entries: (0..runs).map(entry).collect(), ..History::default() }
}

fn drawn(history: &History, theme: Theme) -> Vec<Drawn> {
    let search = Search::default();
    all(&trends(history, search, |_, _| true), search, theme)
}

/// What a history may look like.
fn kinds() -> Vec<(&'static str, History)> {
    let step = |seed| levels(seed, &[(100.0, 25), (110.0, 25), (104.0, 30)], 0.01);
    let mut machines = history("latency.p99", &[("poll", levels(1, &[(0.1, 30), (0.15, 20), (0.13, 20)], 0.02)), ("push", levels(2, &[(0.004, 70)], 0.03))]);
    for (place, entry) in machines.entries.iter_mut().enumerate() {
        if (30..50).contains(&place) {
            entry.machine = "Another 3000, 2 cores, 24 GiB, Linux 6.18.0".to_owned();
        }
        if place > 60 {
            entry.scenario_digest = "a0".repeat(16);
        }
        if place == 12 || place == 55 {
            entry.figures[0].untrusted = true;
        }
    }
    let mut runners = history("cpu.total.per_1000_updates", &[("rest-poll", levels(3, &[(0.2, 60)], 0.02))]);
    for (place, entry) in runners.entries.iter_mut().enumerate().filter(|(place, _)| place % 3 == 1) {
        entry.machine = format!("Hired {}, 2 cores, 7 GiB, Linux 6.8.0", place % 2);
        entry.figures[0].trials[0] *= 1.4;
    }
    let crowd: Vec<String> = (0..14).map(|place| format!("contender-with-a-rather-long-name-{place}")).collect();
    let crowd: Vec<(&str, Vec<f64>)> = crowd.iter().enumerate().map(|(place, name)| (name.as_str(), step(place as u64 * 7 + 1))).collect();
    let many = |seed| levels(seed, &[(1e6, 200), (1.2e6, 130), (0.9e6, 170)], 0.02);
    vec![
        ("one change", history("messages.per_update", &[("rest-poll", levels(5, &[(17.8, 20), (19.6, 12)], 0.0002))])),
        (
            "three contenders",
            history("bytes.protocol.per_update", &[("rest-poll", many(1)), ("xmpp-push", step(2)), ("longpoll", levels(9, &[(5_000.0, 500)], 0.01))]),
        ),
        ("machines", machines),
        ("hired runners", runners),
        ("a crowd", history("messages.per_update", &crowd)),
        ("one run", history("latency.p99", &[("rest-poll", vec![0.1])])),
        ("two runs", history("lost", &[("rest-poll", vec![0.0, 3.0]), ("<b>&push\u{1}</b>", vec![0.0, 0.0])])),
        ("nothing lost, then much", history("lost", &[("rest-poll", [vec![0.0; 12], [700.0, 800.0].repeat(4), vec![0.0; 9]].concat())])),
    ]
}

#[test]
fn every_kind_of_history_gives_a_tidy_picture() {
    let folder = std::env::var_os("CHARTS_FOLDER");
    for (kind, history) in kinds() {
        for theme in Theme::ALL {
            let drawn = drawn(&history, theme);
            let [Drawn { name, picture }] = drawn.as_slice() else { panic!("{kind}: {}", drawn.len()) };
            assert_tidy(kind, picture);
            assert!(name.starts_with("trend-") && name.ends_with("-ci-smoke"), "{name}");
            // Pictures to look at: `CHARTS_FOLDER=/somewhere cargo test --release --lib charts::trend`.
            if let Some(folder) = &folder {
                let file = std::path::Path::new(folder).join(format!("trend-{}-{}.png", kind.replace([' ', ','], "-"), theme.name()));
                std::fs::write(file, png(&picture.svg, 1_600).unwrap()).unwrap();
            }
        }
    }
}

fn told(history: &History) -> (String, Vec<String>) {
    let drawn = drawn(history, Theme::Light);
    (drawn[0].picture.title.clone(), texts(&drawn[0].picture.svg).into_iter().map(|(text, _)| text).collect())
}

#[test]
fn titles_say_what_changed_and_marks_where() {
    let kinds = kinds();
    let of = |kind: &str| told(&kinds.iter().find(|(name, _)| *name == kind).unwrap().1);
    let (title, texts) = of("one change");
    assert!(title.starts_with("rest-poll: messages.per_update rose from 17.8 to 19.6 (+10.1 %, worse) with "), "{title}");
    assert!(texts.iter().any(|text| text.starts_with("+10.1 %, worse · ")), "{texts:?}");
    let (title, texts) = of("machines");
    assert!(title.starts_with("poll: latency.p99 rose from 100 ms to 131 ms (+30.7 %, worse) with "), "what was between was another machine's: {title}");
    let all = texts.join("\n");
    for part in [
        "dashed: another machine, grey where it is not the latest",
        "dotted: another text of the scenario",
        "Imaginary 3000, 4 cores, 16 GiB, Linux 6.12.0 (50)",
        "Another 3000, 2 cores",
        "?",
    ] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
    assert!(all.contains("left out of levels and changes: 2 figures"), "{all}");
    let (title, texts) = of("one run");
    assert!(title.starts_with("Too few runs to tell whether latency.p99 changed"), "{title}");
    assert!(texts.iter().any(|text| text.ends_with("too few runs to tell")), "{texts:?}");
    assert!(of("a crowd").1.join(" ").contains("; 2 more contenders are left out"));
    assert!(of("nothing lost, then much").0.starts_with("2 changes of lost; the latest: rest-poll: lost fell from 750 to 0 ("));
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    for (_, history) in kinds().into_iter().take(3) {
        assert_eq!(drawn(&history, Theme::Dark), drawn(&history, Theme::Dark));
    }
}

#[test]
fn each_figure_scenario_and_load_point_has_a_chart_and_a_name_of_its_own() {
    let mut history = history("messages.per_update", &[("rest-poll", vec![1.0; 4]), ("push", vec![2.0; 4])]);
    for (place, entry) in history.entries.iter_mut().enumerate() {
        entry.scenario = ["a b", "a/b"][place % 2].to_owned();
        let mut other = entry.figures[0].clone();
        other.load_point = "workload.topics=50".to_owned();
        entry.figures.push(other);
    }
    let names: Vec<String> = drawn(&history, Theme::Light).into_iter().map(|drawn| drawn.name).collect();
    let start = "trend-messages.per_update-a-b";
    assert_eq!(names, [start.to_owned(), format!("{start}-workload.topics-50"), format!("{start}-"), format!("{start}-workload.topics-50-")]);
}
