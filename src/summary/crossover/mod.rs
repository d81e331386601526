//! Where contenders cross: below this interval, rate or population choose that one, above it the other.
//!
//! For each swept value that is a number, each pair of contenders and each metric of cost or freshness: the point at which their
//! figures are equal, with an interval; or that there is none in the range; or that it cannot be told, and why. `axis` makes numbers of load
//! points, `curve` looks for changes of sign, `bootstrap` says how well a crossing is known, `words` says it to people.

mod axis;
mod bootstrap;
mod curve;
#[cfg(test)]
mod tests;
mod words;

use super::metrics::Metric;
use super::{Cell, Doubt, Grade, Summary};
use crate::measure::recording::{Direction, Recording};
pub use axis::Unit;
use axis::{Axis, Place, place, shown, together};
pub use bootstrap::Interval;
pub use curve::Side;
use curve::{Curve, Pairs, first_side};

/// The metrics that are looked at; of several in a row, the first that both contenders have.
const METRICS: [&[&str]; 7] = [
    &["requests.per_update"],
    &["messages.per_update"],
    &["bytes.wire.per_update", "bytes.protocol.per_update"],
    &["cpu.server.per_1000_updates"],
    &["cpu.total.per_1000_updates"],
    &["staleness.mean"],
    &["scenario_latency.mean"],
];

/// Two contenders over a swept value.
#[derive(Clone, Debug)]
pub struct Crossover<'a> {
    /// The swept value's path.
    pub over: &'a str,
    /// What it is counted in.
    pub unit: Unit,
    /// The other swept values, all held fixed: `key=value;key=value`, or empty.
    pub elsewhere: String,
    /// Of what; less of it is always better.
    pub metric: &'static Metric,
    /// One contender; the poller, where the other one pushes.
    pub left: &'a str,
    /// The other.
    pub right: &'a str,
    /// Whether one asks and the other is told.
    pub pull_against_push: bool,
    /// The load points that were used, ascending.
    pub points: Vec<Point<'a>>,
    /// Load points that could not be used, and why: `1000 (untrusted: lag)`.
    pub left_out: Vec<String>,
    /// Repeats that all of the points have.
    pub repeats: usize,
    /// What came out.
    pub answer: Answer,
}

/// Both contenders at one swept value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point<'a> {
    /// The swept value.
    pub at: f64,
    /// Load points of the cells of left and right.
    pub load_points: [&'a str; 2],
    /// Their figures, all repeats together.
    pub figures: [f64; 2],
}

/// Whether and where they cross.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Once.
    Crossing {
        /// Where, in the swept value's unit.
        at: f64,
        /// How well that is known; `None` with one repeat.
        interval: Option<Interval>,
        /// Who is lower below; the other one is above.
        below: Side,
    },
    /// One is lower at every load point, beyond the noise.
    NoCrossing {
        /// Who.
        lower: Side,
        /// How many times as much the other has at the lowest and at the highest swept value.
        factors: [Option<f64>; 2],
    },
    /// Neither can be said; why.
    CannotTell(String),
}

impl Answer {
    /// As CSV and JSON have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crossing { .. } => "crossing",
            Self::NoCrossing { .. } => "no-crossing",
            Self::CannotTell(_) => "cannot-tell",
        }
    }
}

impl<'a> Crossover<'a> {
    /// The name of one of the two.
    pub fn name(&self, side: Side) -> &'a str {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    /// Who is lower below the crossing and above it, or throughout.
    pub fn lower(&self) -> Option<(&'a str, &'a str)> {
        match self.answer {
            Answer::Crossing { below, .. } => {
                let above = if below == Side::Left { Side::Right } else { Side::Left };
                Some((self.name(below), self.name(above)))
            }
            Answer::NoCrossing { lower, .. } => Some((self.name(lower), self.name(lower))),
            Answer::CannotTell(_) => None,
        }
    }

    /// Whether a doubt touches a figure that was used.
    pub fn is_touched_by(&self, doubt: &Doubt) -> bool {
        let sides = |point: &Point<'_>| doubt.concerns(self.left, point.load_points[0]) || doubt.concerns(self.right, point.load_points[1]);
        doubt.touches(self.metric.name) && self.points.iter().any(sides)
    }
}

/// A contender over a swept value: a cell for each of its values, or one for all of them.
struct Line<'c, 'a> {
    elsewhere: Place<'a>,
    /// Ascending; a single one without a value where the swept value does not touch the contender.
    cells: Vec<(Option<f64>, &'c Cell<'a>)>,
}

impl<'c, 'a> Line<'c, 'a> {
    /// All lines of a contender over an axis, one for each combination of other values.
    fn all(axis: &Axis<'a>, cells: &'c [Cell<'a>], contender: &str) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        for cell in cells.iter().filter(|cell| cell.contender.name == contender) {
            let at = place(cell.load_point);
            let value = axis.value(&at);
            if axis.touches(&at) && value.is_none() {
                continue;
            }
            let elsewhere = axis.elsewhere(&at);
            match lines.iter_mut().find(|line| line.elsewhere == elsewhere) {
                Some(line) => line.cells.push((value, cell)),
                None => lines.push(Self { elsewhere, cells: vec![(value, cell)] }),
            }
        }
        for line in &mut lines {
            line.cells.sort_by(|one, other| one.0.unwrap_or(0.0).total_cmp(&other.0.unwrap_or(0.0)));
        }
        lines
    }

    fn at(&self, value: f64) -> Option<&'c Cell<'a>> {
        self.cells.iter().find(|(at, _)| at.is_none_or(|at| at == value)).map(|(_, cell)| *cell)
    }

    fn has(&self, metric: &str) -> bool {
        self.cells.iter().any(|(_, cell)| cell.metrics.contains_key(metric))
    }
}

/// All crossovers of a recording: by swept value, pull against push before all other pairs.
pub fn crossovers<'a>(recording: &'a Recording, cells: &[Cell<'a>], doubts: &[Doubt]) -> Vec<Crossover<'a>> {
    let seed = recording.scenario.seed;
    let contenders = recording.contenders.iter().filter(|contender| contender.direction != Direction::Control);
    let names: Vec<(&'a str, Direction)> = contenders.map(|contender| (contender.name.as_str(), contender.direction)).collect();
    let mut all = Vec::new();
    for axis in Axis::all(&cells.iter().map(|cell| place(cell.load_point)).collect::<Vec<_>>()) {
        let lines: Vec<Vec<Line<'_, 'a>>> = names.iter().map(|(name, _)| Line::all(&axis, cells, name)).collect();
        let mut of_axis = Vec::new();
        for (one, first) in names.iter().enumerate() {
            for (other, second) in names.iter().enumerate().skip(one + 1) {
                let turned = first.1 == Direction::Push && second.1 == Direction::Pull;
                let (left, right) = if turned { (other, one) } else { (one, other) };
                let pair = Pair { axis: &axis, doubts, seed, left: names[left].0, right: names[right].0, pull_against_push: first.1 != second.1 };
                for left in &lines[left] {
                    of_axis.extend(lines[right].iter().flat_map(|right| pair.compared(left, right)));
                }
            }
        }
        of_axis.sort_by_key(|crossover| !crossover.pull_against_push);
        all.extend(of_axis);
    }
    all
}

/// Number of a repeat, and the figures of left and right in it.
type Repeats = Vec<(u32, f64, f64)>;

/// What all crossovers of a pair have in common.
struct Pair<'p, 'a> {
    axis: &'p Axis<'a>,
    doubts: &'p [Doubt],
    seed: u64,
    left: &'a str,
    right: &'a str,
    pull_against_push: bool,
}

impl<'a> Pair<'_, 'a> {
    /// Two lines in every metric that both have; nothing where other swept values differ, or neither line is touched by this one.
    fn compared(&self, left: &Line<'_, 'a>, right: &Line<'_, 'a>) -> Vec<Crossover<'a>> {
        let mut values: Vec<f64> = left.cells.iter().chain(&right.cells).filter_map(|(value, _)| *value).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let Some(elsewhere) = together(&left.elsewhere, &right.elsewhere) else { return Vec::new() };
        if values.len() < 2 {
            return Vec::new();
        }
        let known = METRICS.iter().filter_map(|names| names.iter().find(|name| left.has(name) && right.has(name)).and_then(|name| Metric::named(name)));
        known.map(|metric| self.in_metric(metric, &values, (left, right), &elsewhere)).collect()
    }

    fn in_metric(&self, metric: &'static Metric, values: &[f64], lines: (&Line<'_, 'a>, &Line<'_, 'a>), elsewhere: &Place<'a>) -> Crossover<'a> {
        let mut points = Vec::new();
        let mut repeats: Vec<Repeats> = Vec::new();
        let mut left_out = Vec::new();
        for at in values {
            match self.point(metric, *at, (lines.0.at(*at), lines.1.at(*at))) {
                Ok((point, figures)) => {
                    points.push(point);
                    repeats.push(figures);
                }
                Err(why) => left_out.push(format!("{} ({why})", self.axis.unit.show(*at))),
            }
        }
        // Repeats that all points have: a draw takes a repeat whole.
        let numbers: Vec<u32> = repeats.first().into_iter().flatten().map(|(number, ..)| *number).collect();
        let common: Vec<u32> = numbers.into_iter().filter(|number| repeats.iter().all(|point| point.iter().any(|(other, ..)| other == number))).collect();
        let pairs: Vec<Pairs> =
            repeats.iter().map(|point| point.iter().filter(|(number, ..)| common.contains(number)).map(|(_, left, right)| (*left, *right)).collect()).collect();
        let places: Vec<f64> = points.iter().map(|point| point.at).collect();
        let answer = match Curve::new(&places, &pairs, self.axis.logarithmic) {
            Some(curve) => self.answer(&curve, &places),
            None if points.len() < 2 => Answer::CannotTell(format!("fewer than two load points can be used: {}", left_out.join(", "))),
            None => Answer::CannotTell("no repeat was run at all of the load points".to_owned()),
        };
        Crossover {
            over: self.axis.path,
            unit: self.axis.unit,
            elsewhere: shown(elsewhere),
            metric,
            left: self.left,
            right: self.right,
            pull_against_push: self.pull_against_push,
            points,
            left_out,
            repeats: common.len(),
            answer,
        }
    }

    /// Both contenders at a swept value, and their figures in each repeat that both have; else why it cannot be used.
    fn point(&self, metric: &Metric, at: f64, cells: (Option<&Cell<'a>>, Option<&Cell<'a>>)) -> Result<(Point<'a>, Repeats), String> {
        let (left, right) = match cells {
            (Some(left), Some(right)) => (left, right),
            (None, _) => return Err(format!("{} was not run", self.left)),
            (_, None) => return Err(format!("{} was not run", self.right)),
        };
        for cell in [left, right] {
            let name = &cell.contender.name;
            let grave = |doubt: &&Doubt| doubt.grade == Grade::Untrusted && doubt.concerns(name, cell.load_point) && doubt.touches(metric.name);
            let causes: Vec<&str> = self.doubts.iter().filter(grave).map(|doubt| doubt.cause).collect();
            if !causes.is_empty() {
                return Err(format!("{name} not to be trusted: {}", causes.join(", ")));
            }
        }
        let figure = |cell: &Cell<'_>| match cell.value(metric.name) {
            Some(value) if value.is_finite() => Ok(value),
            Some(_) => Err(format!("{} is infinite", cell.contender.name)),
            None => Err(format!("{} has no figure", cell.contender.name)),
        };
        let figures = [figure(left)?, figure(right)?];
        let of = |cell: &Cell<'_>| cell.metrics.get(metric.name).map_or_else(Vec::new, |estimate| estimate.repeats.clone());
        let rights = of(right);
        let pair = |(repeat, value): (u32, Option<f64>)| {
            let other = rights.iter().find(|(other, _)| *other == repeat)?.1?;
            value.filter(|value| value.is_finite() && other.is_finite()).map(|value| (repeat, value, other))
        };
        let repeats: Repeats = of(left).into_iter().filter_map(pair).collect();
        if repeats.is_empty() {
            return Err("no repeat in which both have a figure".to_owned());
        }
        Ok((Point { at, load_points: [left.load_point, right.load_point], figures }, repeats))
    }

    fn answer(&self, curve: &Curve, places: &[f64]) -> Answer {
        let means = curve.mean(&vec![1; curve.repeats()]);
        let clear = curve.clear();
        let changes = curve.changes(&means);
        let show = |value: f64| self.axis.unit.show(value);
        let unclear: Vec<String> = places.iter().zip(&clear).filter(|(_, clear)| clear.is_none()).map(|(place, _)| show(*place)).collect();
        let too_few = if curve.repeats() == 1 { "; one repeat, so that only a factor of 1.5 would tell" } else { "" };
        match (changes.as_slice(), first_side(&means)) {
            (_, None) => Answer::CannotTell("both have the same figures everywhere".to_owned()),
            ([], Some(lower)) if unclear.is_empty() => Answer::NoCrossing { lower, factors: curve.factors() },
            ([], Some(_)) => Answer::CannotTell(format!("within the noise at {}{too_few}", list(&unclear))),
            ([change], Some(below)) => {
                let on_its_side = |place: &f64, side: &Side| (*place <= *change.start()) == (*side == below);
                let sides: Vec<Side> = places.iter().zip(&clear).filter_map(|(place, side)| side.filter(|side| on_its_side(place, side))).collect();
                if sides.contains(&Side::Left) && sides.contains(&Side::Right) {
                    Answer::Crossing { at: curve.middle(change), interval: bootstrap::interval(curve, below, self.seed), below }
                } else {
                    let about = show(curve.middle(change));
                    Answer::CannotTell(format!("they meet at about {about}, but are within the noise at {}{too_few}", list(&unclear)))
                }
            }
            (several, Some(_)) => {
                let all: Vec<String> = several.iter().map(|change| show(curve.middle(change))).collect();
                Answer::CannotTell(format!("more than one crossing: at {}", list(&all)))
            }
        }
    }
}

impl Summary<'_> {
    /// The doubts that touch a crossover: those of any figure that it was made from.
    pub fn doubts_on_crossover<'s>(&'s self, crossover: &Crossover<'_>) -> impl Iterator<Item = &'s Doubt> {
        self.doubts.iter().filter(move |doubt| crossover.is_touched_by(doubt))
    }
}

fn list(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
