//! Axes: linear, logarithmic, and the nines of a percentile spectrum. A value becomes a place from 0 to 1, never outside.

/// How values are laid out along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From zero to this, marked in these steps.
    Linear(f64, f64),
    /// From a positive value to a larger one.
    Log(f64, f64),
    /// Shares from 0 to 1 − 10^−n: each nine as wide as the one before.
    Nines(f64),
}

/// Instants and spans that people count in, in seconds, with their names.
const TIMES: [(f64, &str); 17] = [
    (1e-6, "1 µs"),
    (1e-5, "10 µs"),
    (1e-4, "100 µs"),
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (1e-1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (6.0 * 3_600.0, "6 h"),
    (86_400.0, "1 d"),
    (7.0 * 86_400.0, "7 d"),
    (31.0 * 86_400.0, "31 d"),
    (100.0 * 86_400.0, "100 d"),
    (366.0 * 86_400.0, "1 y"),
];

impl Scale {
    /// From zero to a round value not below any of these, in at most so many steps.
    pub fn linear(values: impl Iterator<Item = f64>, parts: u32) -> Self {
        let most = finite(values).fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let step = step(most / f64::from(parts.max(1)));
        Self::Linear(step * (most / step - 1e-9).ceil().max(1.0), step)
    }

    /// From the power of ten below the least positive one of these to the one above the largest; at least one decade.
    pub fn decades(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = span(values);
        let (from, to) = (power_below(least), power_above(most));
        Self::Log(from, if to > from { to } else { from * 10.0 })
    }

    /// From the time below the shortest of these at which people put a mark, to the one above the longest.
    pub fn times(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = span(values);
        let below = TIMES.iter().rposition(|(time, _)| *time <= least).unwrap_or(0);
        let above = TIMES.iter().position(|(time, _)| *time >= most).unwrap_or(TIMES.len() - 1);
        let (below, above) = if above > below { (below, above) } else { (below.min(TIMES.len() - 2), below.min(TIMES.len() - 2) + 1) };
        Self::Log(TIMES[below].0, TIMES[above].0)
    }

    /// The place of a value, 0 to 1; what is outside or no number lies on the edge.
    pub fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear(to, _) => value / to,
            Self::Log(from, to) => (value.max(f64::MIN_POSITIVE) / from).ln() / (to / from).ln(),
            Self::Nines(to) => -(1.0 - value).max(1e-12).log10() / to,
        };
        if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) }
    }

    /// Round values to mark.
    pub fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear(to, step) => (0..=(to / step + 1e-9) as usize).map(|index| index as f64 * step).collect(),
            Self::Log(from, to) => {
                let decades = (to / from).log10();
                let marks: &[f64] = if decades < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let every = (decades / 6.0).ceil().max(1.0) as i32;
                let first = from.log10().floor() as i32;
                let inside = |value: &f64| *value >= from * 0.999_999 && *value <= to * 1.000_001;
                (0..=decades.ceil() as i32 + 1)
                    .filter(|decade| decade % every == 0)
                    .flat_map(|decade| marks.iter().map(move |mark| mark * 10_f64.powi(first + decade)))
                    .filter(inside)
                    .collect()
            }
            Self::Nines(to) => (0..=(to + 1e-9) as i32).map(|nines| if nines == 0 { 0.5 } else { 1.0 - 10_f64.powi(-nines) }).collect(),
        }
    }

    /// Times to mark, with their names.
    pub fn time_ticks(self) -> Vec<(f64, &'static str)> {
        let Self::Log(from, to) = self else { return Vec::new() };
        TIMES.into_iter().filter(|(time, _)| *time >= from * 0.999_999 && *time <= to * 1.000_001).collect()
    }
}

/// Marks of a time axis from zero: at most seven, in steps that people count in; with their names.
pub fn clock_ticks(seconds: f64) -> Vec<(f64, String)> {
    const STEPS: [f64; 23] = [
        1.0,
        2.0,
        5.0,
        10.0,
        15.0,
        20.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        900.0,
        1_200.0,
        1_800.0,
        3_600.0,
        7_200.0,
        10_800.0,
        21_600.0,
        43_200.0,
        86_400.0,
        172_800.0,
        604_800.0,
        2_592_000.0,
    ];
    if !seconds.is_finite() || seconds <= 0.0 {
        return vec![(0.0, "0 s".to_owned())];
    }
    let step = STEPS.into_iter().find(|step| seconds / step <= 6.0).unwrap_or_else(|| step(seconds / 6.0));
    let (unit, name) = match step {
        step if step < 60.0 && seconds <= 120.0 => (1.0, "s"),
        step if step < 3_600.0 && seconds <= 7_200.0 => (60.0, "min"),
        step if step < 86_400.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    let show = |at: f64| format!("{} {name}", crate::units::significant(at / unit, 3));
    (0..=(seconds / step + 1e-9) as usize).map(|index| (index as f64 * step, show(index as f64 * step))).collect()
}

/// The least round number that is not below the value (which is made positive).
fn step(value: f64) -> f64 {
    let power = power_below(value);
    [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter().map(|mark| mark * power).find(|mark| *mark >= value * 0.999_999).unwrap_or(10.0 * power)
}

fn power_below(value: f64) -> f64 {
    10_f64.powf((value.max(1e-12).log10() + 1e-9).floor())
}

fn power_above(value: f64) -> f64 {
    10_f64.powf((value.max(1e-12).log10() - 1e-9).ceil())
}

fn finite(values: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    values.filter(|value| value.is_finite())
}

/// The least and the largest positive value; 1 and 1 where there is none.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let found = finite(values)
        .filter(|value| *value > 0.0)
        .fold(None, |span: Option<(f64, f64)>, value| Some(span.map_or((value, value), |(least, most)| (least.min(value), most.max(value)))));
    found.unwrap_or((1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_hold_their_values_and_mark_round_ones() {
        assert_eq!(Scale::linear([3.0, 61.0].into_iter(), 4).ticks(), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(Scale::linear([61.0, 100.0].into_iter(), 2).ticks(), [0.0, 50.0, 100.0]);
        assert_eq!(Scale::decades([0.3, 61.0].into_iter()), Scale::Log(0.1, 100.0));
        assert_eq!(Scale::decades([10.0, 10.0].into_iter()), Scale::Log(10.0, 100.0));
        assert_eq!(Scale::Log(1.0, 20.0).ticks(), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(Scale::times([0.0067, 9.4].into_iter()), Scale::Log(1e-3, 10.0));
        assert_eq!(Scale::times([0.0067, 1_362.0].into_iter()).time_ticks().last().unwrap().1, "1 h");
        assert!((Scale::Nines(3.0).place(0.99) - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_ever_off_the_axis() {
        for scale in [Scale::Linear(5.0, 1.0), Scale::Log(0.1, 10.0), Scale::Nines(4.0)] {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1.0, 1e300] {
                assert!((0.0..=1.0).contains(&scale.place(value)), "{scale:?} {value}");
            }
        }
        for values in [vec![], vec![0.0], vec![f64::INFINITY], vec![1e-300], vec![1e300, 1.0], vec![-5.0]] {
            for scale in [Scale::linear(values.iter().copied(), 4), Scale::decades(values.iter().copied()), Scale::times(values.iter().copied())] {
                let count = scale.ticks().len();
                assert!((1..=12).contains(&count), "{scale:?} has {count} marks");
            }
        }
    }

    #[test]
    fn clocks_are_marked_in_steps_that_people_count_in() {
        let shown = |seconds: f64| clock_ticks(seconds).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(shown(600.0), ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]);
        assert_eq!(shown(86_400.0).last().unwrap(), "24 h");
        assert_eq!(shown(5.0), ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]);
        for seconds in [0.0, 0.5, 1e9, f64::NAN] {
            assert!((1..=7).contains(&clock_ticks(seconds).len()), "{seconds}");
        }
    }
}
