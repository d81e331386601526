//! Which picture stands in which section, once for all load points where they are alike.

use serde::Serialize;

use super::svg;
use crate::report::charts::{self, LeftOut, Theme};
use crate::summary::Summary;

/// Pictures are drawn for so many load points at most: a page of more would take long to make, and longer to open.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Those that are alike at all load points: they are over a swept value.
    pub common: Vec<Picture>,
    /// Those of each load point.
    pub points: Vec<(Vec<Picture>, Findings)>,
    /// Charts that were not drawn at any load point, and what they lacked.
    pub left_out: Vec<LeftOut>,
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
    /// Draws all.
    pub fn new(summary: &Summary<'_>) -> Self {
        let mut all = Self::default();
        for (place, load_point) in summary.load_points().into_iter().enumerate() {
            if place >= MOST_POINTS {
                all.points.push(Default::default());
                continue;
            }
            let drawn = charts::draw(summary, load_point, Theme::Light);
            let mut findings = Findings::default();
            let mut pictures = Vec::new();
            for picture in drawn.pictures {
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
            all.left_out = if place == 0 { drawn.left_out } else { all.left_out.into_iter().filter(|chart| drawn.left_out.contains(chart)).collect() };
            all.points.push((pictures, findings));
        }
        all.gather_common();
        all
    }

    /// Takes out what is alike at all load points that were drawn; with a single one, everything is its own.
    fn gather_common(&mut self) {
        let drawn = self.points.len().min(MOST_POINTS);
        let Some(((first, _), rest)) = self.points[..drawn].split_first() else { return };
        if rest.is_empty() {
            return;
        }
        self.common = first.iter().filter(|picture| rest.iter().all(|(pictures, _)| pictures.contains(picture))).cloned().collect();
        for (pictures, _) in &mut self.points {
            pictures.retain(|picture| !self.common.contains(picture));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn every_chart_stands_somewhere_or_is_left_out_with_a_reason() {
        let recording = made_up().scale(0.05).sweep(&[0.5, 1.0, 2.0]).build();
        let pictures = Pictures::new(&Summary::new(&recording));
        assert_eq!(pictures.points.len(), 3);
        for (own, findings) in &pictures.points {
            assert!(!findings.latency.is_empty() && !findings.volume.is_empty() && !findings.resources.is_empty());
            for name in charts::NAMES.into_iter().filter(|name| section(name).is_some()) {
                let count = own.iter().chain(&pictures.common).filter(|picture| picture.name == name).count();
                let left_out = pictures.left_out.iter().any(|chart| chart.name == name);
                assert!(count == 1 || (count == 0 && left_out), "{name}: {count}, left out: {left_out}");
            }
        }
        assert!(pictures.common.iter().any(|picture| picture.name.starts_with("break-even")), "what is over the sweep stands once");
        assert!(pictures.common.iter().all(|picture| picture.name != "per-update"));
    }

    #[test]
    fn with_one_load_point_nothing_is_common() {
        let recording = made_up().scale(0.05).build();
        let pictures = Pictures::new(&Summary::new(&recording));
        assert!(pictures.common.is_empty() && pictures.points[0].0.iter().any(|picture| picture.name == "freshness-cost"));
        assert!(pictures.left_out.iter().any(|chart| chart.name.starts_with("break-even") && !chart.reason.is_empty()));
    }
}
