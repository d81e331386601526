//! Direct labels: each line is named where it ends, and no two names touch.
//!
//! Labels want to stand at the height of their line's end. Where they would collide they are moved apart, as little as
//! possible in all, and a thin line leads from each to its own. With many contenders they become smaller, then fewer.

use plotters::style::RGBColor;

use super::canvas::{Align, Canvas, Hand};
use super::marks::{self, Mark};
use super::text::{self, Weight};

/// What stands at the end of a line.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where the line ends, in pixels.
    pub end: (f64, f64),
    /// Who it is.
    pub name: String,
    /// A figure, or nothing.
    pub detail: String,
    /// Of line and name.
    pub colour: RGBColor,
    /// Of the doubts about it.
    pub mark: Mark,
}

/// How labels are set, decided before the chart knows how wide it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    name_size: f64,
    detail_size: f64,
    two_lines: bool,
    pitch: f64,
    /// Width of the column of labels, in pixels.
    pub width: f64,
    most: usize,
}

/// Room between the end of a line and its name.
pub const GAP: f64 = 18.0;

/// (size of the name, size of the figure, figure below the name, pitch): the first that fits is taken.
const SIZES: [(f64, f64, bool, f64); 7] = [
    (26.0, 20.0, true, 66.0),
    (24.0, 18.0, true, 58.0),
    (22.0, 18.0, false, 34.0),
    (20.0, 17.0, false, 28.0),
    (18.0, 16.0, false, 24.0),
    (16.0, 15.0, false, 20.0),
    (14.0, 13.0, false, 17.0),
];

/// Decides how so many labels (names with their marks, figures) are set in a column of this height, not wider than `room` and with names not
/// larger than `largest`.
pub fn set(labels: &[(&str, &str)], height: f64, room: f64, largest: f64) -> Setting {
    let fits = |size: &&(f64, f64, bool, f64)| size.0 <= largest && size.3 * labels.len() as f64 <= height;
    let (name_size, detail_size, two_lines, pitch) = *SIZES.iter().find(fits).unwrap_or(&SIZES[SIZES.len() - 1]);
    let most = ((height / pitch) as usize).max(1);
    let widths = labels.iter().map(|(name, detail)| {
        let name = text::width(name, name_size, Weight::SemiBold);
        let detail = text::width(detail, detail_size, Weight::Regular);
        if two_lines { name.max(detail) } else { name + if detail > 0.0 { detail + between(name_size) } else { 0.0 } }
    });
    Setting { name_size, detail_size, two_lines, pitch, width: widths.fold(0.0, f64::max).ceil().min(room), most }
}

/// Draws labels in a column that begins [`GAP`] right of `edge`, between `top` and `bottom`.
pub fn draw(canvas: &mut Canvas<'_>, labels: &[Label], setting: &Setting, edge: f64, top: f64, bottom: f64) {
    let mut sorted: Vec<&Label> = labels.iter().collect();
    sorted.sort_by(|one, two| one.end.1.total_cmp(&two.end.1));
    let over = sorted.len().saturating_sub(setting.most);
    if over > 0 {
        sorted.truncate(setting.most.saturating_sub(1));
    }
    let rows = sorted.len() + usize::from(over > 0);
    let mut wanted: Vec<f64> = sorted.iter().map(|label| label.end.1).collect();
    wanted.resize(rows, bottom);
    let centres = spread(&wanted, setting.pitch, top, bottom);
    let x = edge + GAP;
    for (label, centre) in sorted.iter().zip(&centres) {
        let palette = canvas.palette();
        // A line that ends elsewhere than its name stands is led to it.
        if (label.end.1 - centre).abs() > 5.0 || label.end.0 < edge - 16.0 {
            canvas.path(&[(label.end.0 + 3.0, label.end.1), (edge + 3.0, label.end.1), (x - 4.0, *centre)], 1.0, label.colour, &[2.0, 3.0]);
        }
        let name_hand = Hand { size: setting.name_size, weight: Weight::SemiBold, colour: label.colour, align: Align::Left };
        let detail_hand = Hand { size: setting.detail_size, weight: Weight::Regular, colour: palette.soft, align: Align::Left };
        let detail_width = text::width(&label.detail, setting.detail_size, Weight::Regular);
        if setting.two_lines {
            marks::write(canvas, (x, centre - setting.name_size * 0.06), &label.name, label.mark, setting.width + 1.0, name_hand);
            canvas.text(x, centre + setting.detail_size * 1.06, &text::fit(&label.detail, setting.detail_size, Weight::Regular, setting.width), detail_hand);
        } else {
            let taken = if detail_width > 0.0 { detail_width + between(setting.name_size) } else { 0.0 };
            let room = (setting.width - taken).max(setting.width * 0.4) + 1.0;
            let name_width = text::width(&label.mark.behind(&label.name), setting.name_size, Weight::SemiBold).min(room);
            let baseline = centre + setting.name_size * 0.36;
            marks::write(canvas, (x, baseline), &label.name, label.mark, room, name_hand);
            let left = setting.width + 1.0 - name_width - between(setting.name_size);
            if detail_width > 0.0 && left > 10.0 {
                let detail = text::fit(&label.detail, setting.detail_size, Weight::Regular, left);
                canvas.text(x + name_width + between(setting.name_size), baseline, &detail, detail_hand);
            }
        }
    }
    if over > 0
        && let Some(centre) = centres.last()
    {
        let hand = Hand { size: setting.detail_size, weight: Weight::Regular, colour: canvas.palette().soft, align: Align::Left };
        let more = labels.len() - sorted.len();
        canvas.text(
            x,
            centre + setting.detail_size * 0.36,
            &text::fit(&format!("… and {more} more"), setting.detail_size, Weight::Regular, setting.width.max(90.0)),
            hand,
        );
    }
}

fn between(size: f64) -> f64 {
    size * 0.45
}

/// Moves ascending heights apart to at least `pitch`, as little as possible (least squares), keeping half a pitch to either edge.
/// Where they do not all fit, they are evenly spaced over the height.
pub fn spread(wanted: &[f64], pitch: f64, top: f64, bottom: f64) -> Vec<f64> {
    let count = wanted.len();
    if count == 0 {
        return Vec::new();
    }
    let pitch = pitch.min((bottom - top) / count as f64);
    // With i × pitch taken off, "a pitch apart" becomes "not descending": isotonic regression by pooling adjacent violators.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (index, height) in wanted.iter().enumerate() {
        let mut pool = (height - index as f64 * pitch, 1);
        while let Some(last) = pools.last().copied()
            && last.0 > pool.0
        {
            pools.pop();
            pool = ((last.0 * last.1 as f64 + pool.0 * pool.1 as f64) / (last.1 + pool.1) as f64, last.1 + pool.1);
        }
        pools.push(pool);
    }
    let highest = top + pitch / 2.0;
    let lowest = (bottom - pitch / 2.0 - (count - 1) as f64 * pitch).max(highest);
    let level = pools.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size));
    level.enumerate().map(|(index, height)| height.clamp(highest, lowest) + index as f64 * pitch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_distance_and_stay_inside() {
        for count in 1..=12 {
            for wanted in [vec![100.0; count], (0..count).map(|index| index as f64 * 3.0).collect(), vec![1e9; count], vec![-1e9; count]] {
                let spread = spread(&wanted, 40.0, 0.0, 500.0);
                assert!(spread.windows(2).all(|pair| pair[1] - pair[0] > 39.999), "{spread:?}");
                assert!(spread.iter().all(|height| (20.0 - 1e-9..=480.0 + 1e-9).contains(height)), "{spread:?}");
            }
        }
        assert_eq!(spread(&[100.0, 300.0], 40.0, 0.0, 500.0), [100.0, 300.0], "what does not collide is not moved");
        assert_eq!(spread(&[100.0, 100.0], 40.0, 0.0, 500.0), [80.0, 120.0], "those that collide give way alike");
        assert_eq!(spread(&[0.0; 50], 40.0, 0.0, 500.0).len(), 50);
    }

    #[test]
    fn many_labels_become_smaller() {
        let sizes = [2, 8, 12, 20].map(|count| set(&vec![("name", "1"); count], 480.0, 300.0, 26.0).name_size);
        assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]), "{sizes:?}");
        assert!(set(&[("a very long name indeed, and longer still", "1")], 480.0, 300.0, 26.0).width <= 300.0);
    }
}
