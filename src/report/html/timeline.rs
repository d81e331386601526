//! Lines of the charts that the page draws itself: percentiles, and seconds of the window gathered into points.

use serde_json::Value;

use crate::measure::distribution::Distribution;
use crate::measure::recording::{Role, Second};

/// Points of a time-line at most.
const MOST: usize = 120;
/// Points of a spectrum for each nine.
const STEPS: usize = 20;
/// Nines that a spectrum shows at most.
const NINES: f64 = 6.0;
/// The least time that has a place on a logarithmic axis, in seconds: a histogram's unit.
const LEAST: f64 = 1e-6;

/// What happened over the time of a window, of one contender: a figure for each point, null where nothing is known. Point i stands for the
/// seconds from i × [`step`] on; what is not whole at the end is left out: it would look like a fall.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Messages of the subscribers' leg a second: the mean of the seconds of each point.
    pub messages: Vec<Value>,
    /// Bytes of it a second: the same.
    pub bytes: Vec<Value>,
    /// 99th percentile of the latency of all that was delivered in the seconds of each point, in measured seconds.
    pub latency: Vec<Value>,
    /// Per cent of one core, mean of the seconds: server, subscribers, publishers.
    pub cpu: [Vec<Value>; 3],
    /// Resident memory in MiB: the same.
    pub memory: [Vec<Value>; 3],
}

/// Roles in the order of [`Lines::cpu`] and [`Lines::memory`].
const ROLES: [Role; 3] = [Role::Server, Role::Subscriber, Role::Publisher];

/// Whole seconds that one point stands for.
pub fn step(window: f64) -> usize {
    (window.max(1.0).floor() as usize).div_ceil(MOST).max(1)
}

/// How many points a time-line has.
pub fn points(window: f64) -> usize {
    (window.max(1.0).floor() as usize / step(window)).max(1)
}

impl Lines {
    /// Of the first repeat of a contender.
    pub fn new(timeline: &[Second], window: f64) -> Self {
        let mean = |of: &dyn Fn(&Second) -> f64| {
            let gathered = gather(timeline, window);
            gathered.iter().map(|seconds| mean(seconds.iter().map(|second| of(second)))).collect::<Vec<Value>>()
        };
        let latency = gather(timeline, window).into_iter().map(|seconds| {
            let mut merged: Option<Distribution> = None;
            for latency in seconds.iter().filter_map(|second| second.latency.as_ref()) {
                match &mut merged {
                    Some(merged) => merged.merge(latency),
                    None => merged = Some(latency.clone()),
                }
            }
            merged.and_then(|latency| latency.quantile(0.99)).map_or(Value::Null, |seconds| short(seconds.max(LEAST)))
        });
        // Contenders without processes of their own have neither CPU nor memory to show.
        let shown = |values: Vec<Value>| if values.iter().all(|value| value.as_f64().is_none_or(|value| value == 0.0)) { Vec::new() } else { values };
        Self {
            messages: mean(&|second| second.messages as f64),
            bytes: mean(&|second| second.bytes as f64),
            latency: latency.collect(),
            cpu: ROLES.map(|role| shown(mean(&|second| second.cpu.of(role) * 100.0))),
            memory: ROLES.map(|role| shown(mean(&|second| *second.memory.of(role) as f64 / f64::from(1 << 20)))),
        }
    }
}

/// The seconds of each point.
fn gather(timeline: &[Second], window: f64) -> Vec<Vec<&Second>> {
    let mut gathered: Vec<Vec<&Second>> = vec![Vec::new(); points(window)];
    for second in timeline {
        let point = usize::try_from(second.second).ok().map(|second| second / step(window));
        if let Some(seconds) = point.and_then(|point| gathered.get_mut(point)) {
            seconds.push(second);
        }
    }
    gathered
}

fn mean(values: impl Iterator<Item = f64>) -> Value {
    let known: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    if known.is_empty() { Value::Null } else { short(known.iter().sum::<f64>() / known.len() as f64) }
}

/// Times at which so many shares of a distribution lie: a point every twentieth of a nine, from 0, as far as its samples bear it out.
pub fn spectrum(distribution: &Distribution) -> Vec<Value> {
    let count = distribution.count();
    if count == 0 {
        return Vec::new();
    }
    // Beyond 1 − 1/n there is only the largest.
    let end = (count as f64).log10().min(NINES);
    let share = |place: usize| 1.0 - 10_f64.powf(-(place as f64 / STEPS as f64));
    let times = (0..=(end * STEPS as f64).floor() as usize).filter_map(|place| distribution.quantile(share(place)));
    times.map(|seconds| short(seconds.max(LEAST))).collect()
}

/// Three digits, as many as are told of any figure: more would be carried in every page. Whole numbers have no decimals.
pub fn short(value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 { Value::from(rounded as i64) } else { Value::from(rounded) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::measure::distribution::Precision;

    fn second(number: i64, messages: u64) -> Second {
        Second { second: number, messages, ..Second::default() }
    }

    #[test]
    fn only_the_window_counts_and_gaps_stay_gaps() {
        let timeline = [second(-1, 9), second(0, 2), second(2, 4), second(3, 7)];
        let lines = Lines::new(&timeline, 3.9);
        assert_eq!(lines.messages, [json!(2), Value::Null, json!(4)]);
        assert_eq!(points(3.9), 3);
        assert!(lines.latency.iter().all(Value::is_null) && lines.cpu.iter().all(Vec::is_empty));
    }

    #[test]
    fn long_windows_are_gathered() {
        let timeline: Vec<Second> = (0..1_000).map(|number| second(number, number as u64)).collect();
        assert_eq!(step(1_000.0), 9);
        let lines = Lines::new(&timeline, 1_000.0);
        assert_eq!(lines.messages.len(), 111);
        assert_eq!(lines.messages[0], json!(4));
        assert_eq!(points(0.3), 1);
    }

    #[test]
    fn percentiles_are_merged_over_the_seconds_of_a_point() {
        let with = |number: i64, nanos: i64| {
            let mut latency = Distribution::new(Precision::Coarse);
            latency.record(nanos);
            Second { latency: Some(latency), ..second(number, 0) }
        };
        let timeline: Vec<Second> = (0..240).map(|number| with(number, if number == 1 { 5_000_000 } else { 1_000_000 })).collect();
        let lines = Lines::new(&timeline, 240.0);
        assert!(lines.latency[0].as_f64().unwrap() > 0.0049 && lines.latency[1].as_f64().unwrap() < 0.0011, "{:?}", &lines.latency[..2]);
    }

    #[test]
    fn a_spectrum_ends_where_its_samples_do() {
        let mut all = Distribution::default();
        (1..=1_000).for_each(|milliseconds| all.record(milliseconds * 1_000_000));
        let spectrum = spectrum(&all);
        assert_eq!(spectrum.len(), 3 * STEPS + 1);
        let at = |place: usize| spectrum[place].as_f64().unwrap();
        assert!((at(STEPS) - 0.9).abs() < 0.002 && (at(2 * STEPS) - 0.99).abs() < 0.002, "{} {}", at(STEPS), at(2 * STEPS));
        assert!(super::spectrum(&Distribution::default()).is_empty());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([short(0.123_456), short(1_234_567.0), short(5.0), short(f64::NAN)], [json!(0.123), json!(1_230_000), json!(5), Value::Null]);
    }
}
