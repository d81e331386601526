//! The axis of a trend: around the values, since a change of some percent would not be seen on one that begins at nothing.

use crate::summary::metrics::Unit;

/// The least that an axis spans, as a share of its values: noise must not look like a mountain.
const LEAST_SPAN: f64 = 0.1;
/// Room above and below the values, as a share of what they span.
const ROOM: f64 = 0.12;
/// Marks on an axis at most.
const MARKS: f64 = 4.0;

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    from: f64,
    to: f64,
}

impl Around {
    /// Around finite values; from 0 to 1 where there are none.
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        if !(least.is_finite() && most.is_finite()) {
            return Self { from: 0.0, to: 1.0 };
        }
        let largest = least.abs().max(most.abs());
        if largest == 0.0 {
            return Self { from: 0.0, to: 1.0 };
        }
        let (middle, half) = (least / 2.0 + most / 2.0, ((most / 2.0 - least / 2.0) * (1.0 + 2.0 * ROOM)).max(largest * LEAST_SPAN / 2.0));
        // What cannot be negative is not shown to be.
        let from = if least >= 0.0 { (middle - half).max(0.0) } else { middle - half };
        Self { from, to: middle + half }
    }

    /// Whether it begins elsewhere than at 0.
    pub fn is_cut(self) -> bool {
        self.from > 0.0 || self.to < 0.0
    }

    /// The place of a value, 0 to 1; what is outside lies on the edge.
    pub fn place(self, value: f64) -> f64 {
        let place = (value - self.from) / (self.to - self.from);
        if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) }
    }

    /// Round values to mark, with their names, no two alike: four at most.
    pub fn marks(self, unit: Unit) -> Vec<(f64, String)> {
        // Of bytes, steps are round in the unit that is shown.
        let largest = self.from.abs().max(self.to.abs());
        let scale = if unit == Unit::Bytes && largest >= 1.0 { 1_024_f64.powf(largest.log(1_024.0).floor()) } else { 1.0 };
        let mut step = round((self.to - self.from) / scale / MARKS) * scale;
        loop {
            let (first, last) = ((self.from / step).ceil(), (self.to / step).floor());
            let marks: Vec<(f64, String)> =
                (0..=(last - first).clamp(0.0, MARKS) as u32).map(|place| (first + f64::from(place)) * step).map(|mark| (mark, unit.show(mark))).collect();
            // Three digits cannot tell marks that are too near each other.
            if marks.windows(2).all(|pair| pair[0].1 != pair[1].1) || marks.len() < 2 {
                return marks;
            }
            step *= 2.0;
        }
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below a positive value.
fn round(value: f64) -> f64 {
    let value = value.max(f64::MIN_POSITIVE * 1e10);
    let power = 10_f64.powf((value.log10() + 1e-9).floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|mark| mark * power).find(|mark| *mark >= value * 0.999_999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[f64], unit: Unit) -> Vec<String> {
        Around::new(values.iter().copied()).marks(unit).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn marks_are_round_and_differ() {
        assert_eq!(shown(&[17.8, 19.5], Unit::Count), ["18", "19"]);
        assert_eq!(shown(&[0.1], Unit::Seconds), ["95 ms", "100 ms", "105 ms"].map(str::to_owned), "a tenth at least");
        assert_eq!(shown(&[1.5 * 1_048_576.0, 1.8 * 1_048_576.0], Unit::Bytes), ["1.5 MiB", "1.6 MiB", "1.7 MiB", "1.8 MiB"]);
        assert_eq!(shown(&[0.0, 0.0], Unit::Count), ["0", "0.5", "1"]);
    }

    #[test]
    fn whatever_comes_there_are_a_few_marks_within() {
        for values in [vec![], vec![1e-300, 2e-300], vec![1e300, -1e300], vec![5.0, 5.0], vec![-3.0, 7.0], vec![1_000_000.0, 1_000_001.0], vec![0.0, 1e-9]] {
            for unit in [Unit::Count, Unit::Seconds, Unit::Bytes, Unit::Ratio, Unit::CpuSeconds] {
                let axis = Around::new(values.iter().copied());
                let marks = axis.marks(unit);
                assert!(marks.len() <= 5, "{values:?} {marks:?}");
                assert!(values.iter().all(|value| (0.0..=1.0).contains(&axis.place(*value))));
            }
        }
        let axis = Around::new([3.0, 7.0].into_iter());
        assert!(axis.place(3.0) > 0.05 && axis.place(7.0) < 0.95 && (axis.place(5.0) - 0.5).abs() < 1e-9 && axis.place(f64::NAN) == 0.0);
    }
}
