//! Which picture stands in which section, once for all load points where they are alike.

use serde::Serialize;

use super::facts::Fact;
use super::svg;
use crate::report::charts::{self, Theme};
use crate::summary::Summary;

/// Pictures are drawn for so many load points at most, and for the one that is shown first: a page of more would take long to make, and longer to open.
const MOST_POINTS: usize = 12;

/// A picture of more bytes is left to the script, which has it deflated.
const LARGE: usize = 12_000;

/// A picture of a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// Name of the chart.
    pub name: &'static str,
    /// Where it stands: `freshness`, `work` or `cost`.
    pub section: &'static str,
    /// The finding: one sentence.
    pub title: String,
    /// The picture, for the page's colour variables: print it with `|safe`.
    pub svg: String,
    /// Whether it is larger than 12,000 bytes: our page then leaves it to its script.
    pub is_large: bool,
}

/// The findings of charts that the page draws itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Findings {
    /// Of the percentile spectrum; empty where nothing was delivered.
    pub latency: String,
    /// Of messages over time; empty without a time-line.
    pub volume: String,
    /// Of CPU and memory over time; empty without processes of their own.
    pub resources: String,
}

/// The pictures of a recording.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// Those that are alike at all load points: they are over a swept value.
    pub common: Vec<Picture>,
    /// Those of each load point.
    pub points: Vec<(Vec<Picture>, Findings)>,
    /// Charts that were not drawn, at all load points or at those that are named, and what they lacked.
    pub left_out: Vec<Fact>,
}

/// A load point whose charts were drawn, and those that could not be: name and reason.
struct Drawn<'s> {
    place: usize,
    load_point: &'s str,
    lacking: Vec<(&'static str, &'static str)>,
}

/// The section of a chart; `None`: the page draws it from the data. A chart that is not known here stands with what freshness costs.
fn section(name: &str) -> Option<&'static str> {
    match name {
        "latency" | "volume" | "resources" => None,
        "latency-over-time" => Some("freshness"),
        "per-update" | "waste" => Some("work"),
        _ => Some("cost"),
    }
}

impl Pictures {
    /// Draws all; `shown` is the place of the load point that is shown first.
    pub fn new(summary: &Summary<'_>, shown: usize) -> Self {
        let mut all = Self::default();
        let mut drawn = Vec::new();
        let load_points = summary.load_points();
        for (place, load_point) in load_points.iter().enumerate() {
            if place >= MOST_POINTS && place != shown {
                all.points.push(Default::default());
                continue;
            }
            let charts = charts::draw(summary, load_point, Theme::Light);
            let mut findings = Findings::default();
            let mut pictures = Vec::new();
            for picture in charts.pictures {
                match (section(picture.name), picture.name) {
                    (Some(section), name) => {
                        let svg = svg::inline(&picture.svg);
                        pictures.push(Picture { name, section, title: picture.title, is_large: svg.len() > LARGE, svg });
                    }
                    (None, "latency") => findings.latency = picture.title,
                    (None, "volume") => findings.volume = picture.title,
                    (None, _) => findings.resources = picture.title,
                }
            }
            drawn.push(Drawn { place, load_point, lacking: charts.left_out.iter().map(|chart| (chart.name, chart.reason)).collect() });
            all.points.push((pictures, findings));
        }
        all.left_out = left_out(&drawn, load_points.len());
        all.gather_common(&drawn);
        all
    }

    /// Takes out what is alike at all load points that were drawn; with a single one, everything is its own.
    fn gather_common(&mut self, drawn: &[Drawn<'_>]) {
        let Some((first, rest)) = drawn.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
        let of = |drawn: &Drawn<'_>| &self.points[drawn.place].0;
        self.common = of(first).iter().filter(|picture| rest.iter().all(|drawn| of(drawn).contains(picture))).cloned().collect();
        for (pictures, _) in &mut self.points {
            pictures.retain(|picture| !self.common.contains(picture));
        }
    }
}

/// Which charts are missing where, and why; nothing where every chart is there at every load point.
fn left_out(drawn: &[Drawn<'_>], load_points: usize) -> Vec<Fact> {
    let fact = |what: &str, how: String| Fact { what: what.to_owned(), how };
    if drawn.is_empty() {
        return vec![fact("all charts", "no trial was measured to its end".to_owned())];
    }
    let mut facts = Vec::new();
    for name in charts::NAMES {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (point, reason) in drawn.iter().filter_map(|drawn| Some((drawn.load_point, drawn.lacking.iter().find(|(lacking, _)| *lacking == name)?.1))) {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, points)) => points.push(point),
                None => reasons.push((reason, vec![point])),
            }
        }
        let told = |(reason, points): &(&str, Vec<&str>)| {
            if points.len() == drawn.len() { (*reason).to_owned() } else { format!("at {}: {reason}", points.join(", ")) }
        };
        if !reasons.is_empty() {
            facts.push(fact(name, reasons.iter().map(told).collect::<Vec<_>>().join("; ")));
        }
    }
    if drawn.len() < load_points {
        let how = format!("pictures are drawn for {} of {load_points} load points; the others have their tables, percentiles and time-lines", drawn.len());
        facts.push(fact("many load points", how));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn every_chart_stands_somewhere_or_is_left_out_with_a_reason() {
        let recording = made_up().scale(0.05).sweep(&[0.5, 1.0, 2.0]).build();
        let pictures = Pictures::new(&Summary::new(&recording), 0);
        assert_eq!(pictures.points.len(), 3);
        for (own, findings) in &pictures.points {
            assert!(!findings.latency.is_empty() && !findings.volume.is_empty() && !findings.resources.is_empty());
            for name in charts::NAMES.into_iter().filter(|name| section(name).is_some()) {
                let count = own.iter().chain(&pictures.common).filter(|picture| picture.name == name).count();
                let left_out = pictures.left_out.iter().any(|fact| fact.what == name);
                assert!(count == 1 || (count == 0 && left_out), "{name}: {count}, left out: {left_out}");
            }
        }
        assert!(pictures.common.iter().any(|picture| picture.name.starts_with("break-even")), "what is over the sweep stands once");
        assert!(pictures.common.iter().all(|picture| picture.name != "per-update"));
    }

    #[test]
    fn with_one_load_point_nothing_is_common() {
        let recording = made_up().scale(0.05).build();
        let pictures = Pictures::new(&Summary::new(&recording), 0);
        assert!(pictures.common.is_empty() && pictures.points[0].0.iter().any(|picture| picture.name == "freshness-cost"));
        assert!(pictures.left_out.iter().any(|fact| fact.what.starts_with("break-even") && !fact.how.is_empty() && !fact.how.starts_with("at ")));
    }

    #[test]
    fn a_chart_that_is_missing_at_some_load_points_is_told_with_them() {
        let mut recording = made_up().scale(0.05).sweep(&[0.5, 1.0, 2.0]).build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.load_point == "workload.topics=100") {
            trial.timeline.clear();
        }
        let pictures = Pictures::new(&Summary::new(&recording), 0);
        let of = |name: &str| pictures.left_out.iter().find(|fact| fact.what == name).map(|fact| fact.how.as_str());
        assert!(of("volume").is_some_and(|how| how.starts_with("at workload.topics=100: ")), "{:?}", pictures.left_out);
        assert_eq!(of("per-update"), None);
    }

    #[test]
    fn what_is_not_drawn_for_want_of_trials_or_for_too_many_load_points_is_told() {
        let mut recording = made_up().scale(0.02).build();
        recording.trials.clear();
        let pictures = Pictures::new(&Summary::new(&recording), 0);
        assert_eq!(pictures.left_out[0].what, "all charts");

        let factors: Vec<f64> = (1..=14).map(|tenth| f64::from(tenth) / 10.0).collect();
        let recording = made_up().scale(0.02).repeats(1).sweep(&factors).build();
        let pictures = Pictures::new(&Summary::new(&recording), 13);
        let has = |place: usize| !pictures.points[place].0.is_empty();
        assert!(has(11) && !has(12) && has(13), "the first twelve, and what is shown first");
        let told = pictures.left_out.iter().find(|fact| fact.what == "many load points").unwrap();
        assert!(told.how.contains("13 of 14 load points"), "{told:?}");
    }
}
