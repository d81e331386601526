//! Lines over lines: whoever has the same course as another would not be seen, and is drawn wider, so that it shows at the edges.

use super::canvas::Canvas;
use super::theme::Look;

/// Lines that are no further apart than this are one to the eye, in pixels.
const NEAR: f64 = 2.0;
/// What is seen of a hidden line at either side, in pixels.
const EDGE: f64 = 2.0;
/// A line is drawn so much wider at most, in pixels: of more that run together not all are seen.
const MOST: f64 = 12.0;
/// Share of a line's points that another covers, from which on it is hidden.
const HIDDEN: f64 = 0.9;

/// Points of a line, ascending across, in pixels.
pub type Course = Vec<(f64, f64)>;

/// Draws lines, the first lowest; tells how wide each came to be.
pub fn draw(canvas: &mut Canvas<'_>, lines: &[(&Course, Look)]) -> Vec<f64> {
    let widths = widths(&lines.iter().map(|(course, look)| (course.as_slice(), look.width)).collect::<Vec<_>>());
    for ((course, look), width) in lines.iter().zip(&widths).filter(|((course, _), _)| course.len() > 1) {
        canvas.path(course, *width, look.colour, look.dash);
    }
    widths
}

/// Width of each line, the first lying lowest: its own, unless others hide it.
fn widths(lines: &[(&[(f64, f64)], f64)]) -> Vec<f64> {
    let mut widths: Vec<f64> = lines.iter().map(|(_, width)| *width).collect();
    for place in (0..lines.len()).rev() {
        let above = (place + 1..lines.len()).filter(|other| hides(lines[*other].0, lines[place].0));
        let own = widths[place];
        widths[place] = above.map(|other| widths[other] + 2.0 * EDGE).fold(own, f64::max).min(own + MOST);
    }
    widths
}

fn hides(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> bool {
    let covered = lower.iter().filter(|(x, y)| height(upper, *x).is_some_and(|other| (other - y).abs() <= NEAR)).count();
    covered > 0 && covered as f64 >= HIDDEN * lower.len() as f64
}

/// Where a line is at a place across; `None` beyond its ends.
fn height(line: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = line.iter().position(|point| point.0 >= x)?;
    let (right, end) = line[after];
    if right == x || after == 0 {
        return (right == x).then_some(end);
    }
    let (left, begin) = line[after - 1];
    Some(begin + (end - begin) * (x - left) / (right - left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_hidden_is_wider_than_what_hides_it() {
        let low = [(0.0, 0.0), (10.0, 10.0), (20.0, 0.0)];
        let near = [(0.0, 1.0), (10.0, 11.0), (20.0, 1.0)];
        let far = [(0.0, 50.0), (20.0, 50.0)];
        assert_eq!(widths(&[(&low, 3.0), (&near, 3.0), (&far, 3.0)]), [7.0, 3.0, 3.0]);
        assert_eq!(widths(&[(&low, 3.0), (&near, 3.0), (&low, 5.0)]), [13.0, 9.0, 5.0], "three in one place");
        assert_eq!(widths(&[(&far, 3.0), (&low, 3.0)]), [3.0, 3.0]);
        // A short line hides no long one, but may lie on it.
        assert_eq!(widths(&[(&low, 3.0), (&low[..1], 3.0)]), [3.0, 3.0]);
        assert_eq!(widths(&[(&[], 3.0), (&low, 3.0)]), [3.0, 3.0]);
    }

    #[test]
    fn between_points_a_line_is_straight() {
        let line = [(0.0, 0.0), (10.0, 20.0)];
        assert_eq!([0.0, 5.0, 10.0, 11.0, -1.0].map(|x| height(&line, x)), [Some(0.0), Some(10.0), Some(20.0), None, None]);
    }
}
