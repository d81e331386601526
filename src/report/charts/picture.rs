//! The list of charts, and what they come out as.

use super::frame::{Frame, Room};
use super::view::View;
use super::{break_even, canvas, freshness_cost, latency_over_time, per_update, resources, scaling, spectrum, volume, waste};
use super::{canvas::Canvas, theme::Theme};
use crate::summary::Summary;

/// A chart, drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Name of the chart: part of file names.
    pub name: &'static str,
    /// What it was drawn for.
    pub theme: Theme,
    /// The finding that stands above it.
    pub title: String,
    /// The picture without the font: for a page that has it, and for [`super::png`]. Files get [`Picture::file`].
    pub svg: String,
}

/// A chart that was not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Name of the chart.
    pub name: &'static str,
    /// What the recording lacks, and what it would need.
    pub reason: &'static str,
}

/// The charts of a load point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Those that were drawn.
    pub pictures: Vec<Picture>,
    /// Those that were not.
    pub left_out: Vec<LeftOut>,
}

impl Picture {
    /// The picture as a file that looks the same wherever it is opened: with the font inside.
    pub fn file(&self) -> String {
        canvas::self_contained(&self.svg)
    }
}

/// A chart ready to be drawn: its words, and how to fill the room below them.
pub(super) struct Chart<'c> {
    pub frame: Frame,
    pub fill: Fill<'c>,
}

type Fill<'c> = Box<dyn FnOnce(&mut Canvas<'_>, Room) + 'c>;

type Prepare = for<'c> fn(&'c View<'c, 'c>) -> Result<Chart<'c>, &'static str>;

/// In the order in which they tell the story.
const CHARTS: [(&str, Prepare); 10] = [
    ("volume", volume::prepare),
    ("waste", waste::prepare),
    ("per-update", per_update::prepare),
    ("latency", spectrum::prepare),
    ("latency-over-time", latency_over_time::prepare),
    ("resources", resources::prepare),
    ("freshness-cost", freshness_cost::prepare),
    ("scaling", scaling::prepare),
    ("break-even-bytes", break_even::prepare_bytes),
    ("break-even-cpu", break_even::prepare_cpu),
];

/// Names of all charts, in the order in which they tell the story.
pub const NAMES: [&str; CHARTS.len()] = {
    let mut names = [""; CHARTS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = CHARTS[place].0;
        place += 1;
    }
    names
};

/// Those that are about a swept value: without a sweep they are left out.
pub const NEED_A_SWEEP: [&str; 3] = ["scaling", "break-even-bytes", "break-even-cpu"];

/// The charts of the load point that is shown, for one theme.
pub fn all(summary: &Summary<'_>, theme: Theme) -> Vec<Picture> {
    draw(summary, shown(summary), theme).pictures
}

/// A chart without the words around it, in a part of the picture, and what its foot would say of notes; the rest of the picture is ground. For slides, which
/// have words of their own. `None` where it is not drawn.
pub fn bare(summary: &Summary<'_>, load_point: &str, name: &str, theme: Theme, room: Room) -> Option<(String, String)> {
    let view = View::new(summary, load_point);
    let (_, prepare) = CHARTS.into_iter().find(|(other, _)| *other == name)?;
    let Chart { frame, fill } = prepare(&view).ok()?;
    Some((canvas::picture(theme, &frame.title, |canvas| fill(canvas, room)), frame.footnotes.notes))
}

/// The load point that a set of charts is of: the one of all reports ([`Summary::shown`]).
pub fn shown<'a>(summary: &Summary<'a>) -> &'a str {
    summary.shown()
}

/// The charts of a load point, and which are left out for want of data.
pub fn draw(summary: &Summary<'_>, load_point: &str, theme: Theme) -> Drawn {
    let view = View::new(summary, load_point);
    let mut drawn = Drawn::default();
    for (name, prepare) in CHARTS {
        match prepare(&view) {
            Ok(Chart { frame, fill }) => {
                let title = frame.title.clone();
                let svg = canvas::picture(theme, &format!("{title}. {}", frame.subtitle), |canvas| {
                    let room = frame.draw(canvas, &view);
                    fill(canvas, room);
                });
                drawn.pictures.push(Picture { name, theme, title, svg });
            }
            Err(reason) => drawn.left_out.push(LeftOut { name, reason }),
        }
    }
    drawn
}
