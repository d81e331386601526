//! Time-lines: seconds of the window gathered into points, and the clock below them.

use super::axis;
use super::canvas::{Align, Canvas, Hand};
use super::frame::Room;
use super::text::Weight;
use crate::measure::recording::Second;

/// Points of a line at most: more would be a fringe, and draw slowly.
const MOST: usize = 150;

/// Whole seconds that one point stands for, in a window of so many seconds.
pub fn seconds_per_point(window: f64) -> usize {
    seconds_of_each(window, MOST)
}

/// Whole seconds that each of at most so many parts of a window stands for.
pub fn seconds_of_each(window: f64, most: usize) -> usize {
    let (seconds, most) = (window.max(1.0).floor() as usize, most.max(1));
    // Steps that a reader can name.
    const STEPS: [usize; 12] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 3_600];
    STEPS.into_iter().find(|step| seconds.div_ceil(*step) <= most).unwrap_or_else(|| seconds.div_ceil(most))
}

/// Means of a figure over every so many seconds of the window: (middle of the span in seconds, mean). Seconds that are not recorded
/// are left out, and so is a last one that is not whole: it would look like a fall.
pub fn means(timeline: &[Second], window: f64, of: impl Fn(&Second) -> f64) -> Vec<(f64, f64)> {
    let step = seconds_per_point(window);
    let whole = window.max(1.0).floor() as i64;
    let mut points: Vec<(i64, f64, usize)> = Vec::new();
    let mut seconds: Vec<&Second> = timeline.iter().filter(|second| (0..whole).contains(&second.second)).collect();
    seconds.sort_by_key(|second| second.second);
    for second in seconds {
        let value = of(second);
        if !value.is_finite() {
            continue;
        }
        let span = second.second / step as i64;
        match points.last_mut() {
            Some((last, sum, count)) if *last == span => {
                *sum += value;
                *count += 1;
            }
            _ => points.push((span, value, 1)),
        }
    }
    points.into_iter().map(|(span, sum, count)| ((span as f64 + 0.5) * step as f64, sum / count as f64)).collect()
}

/// ` (each point: the mean of 10 s)`, or nothing where each point is a second.
pub fn note(window: f64) -> String {
    match seconds_per_point(window) {
        1 => String::new(),
        seconds => format!("; each point is the mean of {seconds}\u{a0}s"),
    }
}

/// Writes the clock below a chart: measured time, and scenario time in a second line where time is compressed.
///
/// `named`: whether the two are told apart at its left (in a grid, in the first column only).
pub fn clock(canvas: &mut Canvas<'_>, room: Room, window: f64, compression: f64, size: f64, named: bool) {
    let palette = canvas.palette();
    let hand = |align, weight| Hand { size, weight, colour: palette.soft, align };
    let place = |seconds: f64| room.left + (room.right - room.left) * (seconds / window.max(1e-9)).clamp(0.0, 1.0);
    let mut rows = vec![(1.0, "measured")];
    if compression != 1.0 {
        rows.push((compression, "scenario"));
    }
    for (row, (factor, name)) in rows.iter().enumerate() {
        let baseline = room.bottom + size * (1.5 + row as f64 * 1.4);
        let mut marks = axis::clock_ticks(window * factor);
        // In a narrow chart only the ends are named.
        if room.right - room.left < 100.0 * marks.len() as f64 {
            marks = marks.first().into_iter().chain(marks.last().filter(|_| marks.len() > 1)).cloned().collect();
        }
        for (seconds, text) in &marks {
            let x = place(seconds / factor);
            let align = if *seconds == 0.0 {
                Align::Left
            } else if x > room.right - 12.0 {
                Align::Right
            } else {
                Align::Middle
            };
            canvas.text(x, baseline, text, hand(align, Weight::Regular));
        }
        if named && rows.len() > 1 {
            canvas.text(room.left - 14.0, baseline, name, hand(Align::Right, Weight::Regular));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(seconds: std::ops::Range<i64>) -> Vec<Second> {
        seconds.map(|second| Second { second, messages: second.unsigned_abs(), ..Second::default() }).collect()
    }

    #[test]
    fn only_whole_seconds_of_the_window_count() {
        let points = means(&timeline(-5..9), 4.7, |second| second.messages as f64);
        assert_eq!(points, [(0.5, 0.0), (1.5, 1.0), (2.5, 2.0), (3.5, 3.0)]);
        assert!(means(&[], 60.0, |_| 0.0).is_empty());
        assert!(means(&timeline(0..5), 5.0, |_| f64::INFINITY).is_empty());
    }

    #[test]
    fn long_windows_are_gathered() {
        let points = means(&timeline(0..600), 600.0, |second| second.messages as f64);
        assert_eq!(points.len(), 120);
        assert_eq!(points[0], (2.5, 2.0));
        assert_eq!(seconds_per_point(60.0), 1);
    }
}
