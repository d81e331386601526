//! Figures with their names, for services that draw them over time.

use crate::report::figures;
use crate::summary::Summary;
use crate::summary::gate::subject::GATED;
use crate::summary::gate::{Judgement, Subject};
use crate::summary::metrics::{Better, Unit};

/// A figure, and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Scenario, contender, load point: `ci-smoke: rest-poll at workload.topics=50`.
    pub benchmark: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// The figure: a finite number.
    pub value: f64,
    /// Least and most of the trials, where there are several.
    pub range: Option<(f64, f64)>,
    /// Trials.
    pub trials: usize,
}

/// The figures of a recording that are gated unless told otherwise: those that a service is to draw.
pub fn of_summary(summary: &Summary<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    for cell in &summary.cells {
        let benchmark = format!("{}: {}", summary.recording.scenario.name, figures::whom(Some(&cell.contender.name), Some(cell.load_point)));
        for subject in Subject::all().filter(|subject| GATED.contains(&subject.name)) {
            let Some(estimate) = cell.metrics.get(subject.name) else { continue };
            let Some(value) = estimate.value.filter(|value| value.is_finite()) else { continue };
            let trials: Vec<f64> = estimate.repeats.iter().filter_map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
            let range = trials.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
            let range = (trials.len() > 1).then_some(range);
            points.push(Point {
                benchmark: benchmark.clone(),
                metric: subject.name,
                unit: subject.unit,
                better: subject.better,
                value,
                range,
                trials: trials.len(),
            });
        }
    }
    points
}

/// The figures of the new side of a judgement: means over its trials.
pub fn of_judgement(judgement: &Judgement<'_>) -> Vec<Point> {
    let scenario = judgement.runs(false).first().map_or("", |run| run.summary.recording.scenario.name.as_str());
    let one = |judged: &crate::summary::gate::Judged<'_>| {
        let effect = judged.effect?;
        let benchmark = format!("{scenario}: {}", crate::report::gate::words::whom(judged));
        let (subject, [_, trials]) = (judged.subject, effect.trials);
        Some(Point { benchmark, metric: subject.name, unit: subject.unit, better: subject.better, value: effect.means[1], range: None, trials })
    };
    judgement.judged.iter().filter_map(one).collect()
}
