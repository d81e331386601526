//! Lines and dots over two logarithmic axes, each named where it ends.

use super::{
    FIRST_AXIS, GRID, LABEL, MARK, NAME, NO_LINE, NO_TICKS, POINTS, Plot, SECOND_AXIS, cells, colour, leader_lines, limits, named, numbers, run_properties,
    shows, words,
};
use crate::report::charts::labels::spread;
use crate::report::charts::text::{self, Weight};
use crate::report::slides::chart::{Axis, Points, Series};
use crate::report::slides::layout::Area;
use crate::report::slides::pptx::workbook::FRONT;
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;

/// Pixels for the marks at the left, for the name of the upright axis above the plot, for marks and name below it.
const MARKS_LEFT: f64 = 92.0;
const ABOVE: f64 = 48.0;
const BELOW: f64 = 66.0;
/// Dots at most that have their names beside them; of more, names stand in a column at the right, as those of lines do.
const FEW: usize = 5;
/// Height of a name, and of a name with its figure below it, in pixels.
const LINE: f64 = 30.0;
const LINES: f64 = 50.0;
/// Share of the chart that a column of names may take.
const WIDEST: f64 = 0.36;
/// Pixels between a plot and its column of names.
const GAP: f64 = 16.0;

/// Where names stand, and how they are written.
struct Names {
    /// Whether they stand in a column right of the plot.
    column: bool,
    /// Width that each may take, in pixels.
    width: f64,
    /// Size of the font, in hundredths of a point.
    size: u32,
    /// Whether a figure stands with each.
    detailed: bool,
}

pub(super) fn points(points: &Points, theme: &Theme, area: Area) -> String {
    let names = Names::new(points, area);
    let right = if names.column { names.width + GAP } else { GAP };
    let plot = Plot::of_pixels(area, MARKS_LEFT, ABOVE, area.width - MARKS_LEFT - right, area.height - ABOVE - BELOW);
    let offsets = offsets(points, &names, plot, area);
    let table = points.table();
    let of = |(index, (series, offset)): (usize, (&Series, &(f64, f64)))| {
        one(&table, index, &series.name, &look(points, series, theme), &names.label(&table, points, series, *offset, theme))
    };
    let mut all: String = points.series.iter().zip(&offsets).enumerate().map(of).collect();
    if !points.front.is_empty() {
        all += &one(&table, points.series.len(), FRONT, FRONT_LOOK, "");
    }
    format!(
        "{}<c:scatterChart><c:scatterStyle val=\"lineMarker\"/><c:varyColors val=\"0\"/>{all}<c:axId val=\"{FIRST_AXIS}\"/><c:axId val=\"{SECOND_AXIS}\"/></c:scatterChart>{}{}",
        plot.xml(),
        axis(&points.across, FIRST_AXIS, SECOND_AXIS, Some(plot), area),
        axis(&points.up, SECOND_AXIS, FIRST_AXIS, None, area)
    )
}

impl Names {
    fn new(points: &Points, area: Area) -> Self {
        let few = Self { column: false, width: area.width * WIDEST, size: LABEL, detailed: true };
        if !points.joined && points.series.len() <= FEW && !few.covers(points, area) {
            return few;
        }
        let pitch = (area.height - BELOW) / points.series.len().max(1) as f64;
        let size = ((pitch.min(LINE) * 0.72 * POINTS) as u32).clamp(400, LABEL);
        let pixels = f64::from(size) / POINTS;
        let name = |series: &Series| text::width(&series.name, pixels, Weight::SemiBold) + GAP;
        let both = |series: &Series| name(series) + text::width(&series.detail, pixels * 0.8, Weight::Regular) + GAP;
        let (most, widest) = (area.width * WIDEST, |wide: &dyn Fn(&Series) -> f64| points.series.iter().map(wide).fold(0.0, f64::max));
        // Names are needed, figures are not: all have theirs or none.
        let detailed = widest(&both) <= most;
        let width = if detailed { widest(&both) } else { widest(&name).min(most) };
        Self { column: true, width, size, detailed }
    }

    /// Whether names that stand beside their dots would lie on other dots.
    fn covers(&self, points: &Points, area: Area) -> bool {
        let plot = Plot::of_pixels(area, MARKS_LEFT, ABOVE, area.width - MARKS_LEFT - GAP, area.height - ABOVE - BELOW);
        let moved = offsets(points, self, plot, area);
        let at = |series: &Series| {
            let end = series.points.last().copied().unwrap_or_default();
            (area.width * plot.width * points.across.place(end.0), area.height * plot.height * (1.0 - points.up.place(end.1)))
        };
        let pixels = f64::from(LABEL) / POINTS;
        points.series.iter().zip(&moved).enumerate().any(|(index, (series, (_, up)))| {
            let (x, y) = at(series);
            let wide =
                text::width(&series.name, pixels, Weight::SemiBold).max(text::width(&series.detail, pixels * 0.8, Weight::Regular)).min(self.width) + GAP;
            let (from, to) = if self.is_left(points, series) { (x - wide - GAP, x) } else { (x, x + wide + GAP) };
            let middle = y + up * area.height;
            let others = points.series.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| at(other));
            others.into_iter().any(|(x, y)| x > from - GAP && x < to + GAP && (y - middle).abs() < LINES / 2.0 + GAP / 2.0)
        })
    }

    /// Height of one, in pixels.
    fn pitch(&self) -> f64 {
        if self.column { f64::from(self.size) / POINTS / 0.72 } else { LINES }
    }

    /// Name and figure where a series ends, moved by so many shares of the chart.
    fn label(&self, table: &Table, points: &Points, series: &Series, (across, up): (f64, f64), theme: &Theme) -> String {
        let end = series.points.last().map_or(0.0, |point| point.0);
        let last = table.iter().position(|(place, _)| *place == end).unwrap_or(0);
        // What stands left of its point ends there.
        let (place, align) = if self.is_left(points, series) { ("l", "r") } else { ("r", "l") };
        let own = colour(theme, series.colour);
        let small = if self.column { (f64::from(self.size) * 0.8) as u32 } else { MARK };
        let (pixels, small_pixels) = (f64::from(self.size) / POINTS, f64::from(small) / POINTS);
        let detail = if self.detailed { text::fit(&series.detail, small_pixels, Weight::Regular, self.width) } else { String::new() };
        let beside = if self.column { text::width(&detail, small_pixels, Weight::Regular) + GAP } else { 0.0 };
        let name = text::fit_name(&series.name, pixels, Weight::SemiBold, self.width - beside);
        let run = |look: String, words: &str| format!("<a:r>{look}<a:t>{}</a:t></a:r>", escape(words));
        let first = run(run_properties("rPr", self.size, &own, true), &name);
        let second =
            |words: &str| if detail.is_empty() { String::new() } else { run(run_properties("rPr", small, "<a:schemeClr val=\"tx2\"/>", false), words) };
        let between = if self.column { second(&format!("  {detail}")) } else { format!("</a:p><a:p><a:pPr algn=\"{align}\"/>{}", second(&detail)) };
        format!(
            "<c:dLbls><c:dLbl><c:idx val=\"{last}\"/><c:layout><c:manualLayout><c:x val=\"{across:.4}\"/><c:y val=\"{up:.4}\"/></c:manualLayout></c:layout>\
             <c:tx><c:rich><a:bodyPr wrap=\"none\" lIns=\"38100\" tIns=\"0\" rIns=\"38100\" bIns=\"0\" anchor=\"ctr\"/><a:lstStyle/><a:p><a:pPr algn=\"{align}\"/>{first}{between}</a:p></c:rich></c:tx>\
             <c:spPr/><c:dLblPos val=\"{place}\"/>{}</c:dLbl><c:spPr/>{}{}{}</c:dLbls>",
            shows(true),
            words(self.size, &own, true),
            shows(false),
            leader_lines()
        )
    }

    /// A dot in the right part of a chart has its name at its left: there is no room at its right.
    fn is_left(&self, points: &Points, series: &Series) -> bool {
        !self.column && series.points.last().is_some_and(|point| points.across.place(point.0) > 0.58)
    }
}

/// How far each name is moved from its point, in shares of the chart: into the column, or not across; and up or down so that none touches another.
fn offsets(points: &Points, names: &Names, plot: Plot, area: Area) -> Vec<(f64, f64)> {
    let place = |series: &Series| series.points.last().map_or((0.0, 0.0), |end| (points.across.place(end.0), points.up.place(end.1)));
    let ends: Vec<(f64, f64)> = points.series.iter().map(place).collect();
    let height = |index: usize| area.height * (plot.top + plot.height * (1.0 - ends[index].1));
    let bottom = area.height * (plot.top + plot.height) + LINE / 2.0;
    let mut offsets = vec![(0.0, 0.0); ends.len()];
    for left in [false, true] {
        let mut order: Vec<usize> = (0..ends.len()).filter(|index| names.is_left(points, &points.series[*index]) == left).collect();
        order.sort_by(|one, other| height(*one).total_cmp(&height(*other)));
        let wanted: Vec<f64> = order.iter().map(|index| height(*index)).collect();
        let found = spread(&wanted, names.pitch(), LINE / 2.0, bottom);
        for ((index, wanted), found) in order.iter().zip(&wanted).zip(&found) {
            let across = if names.column { (1.0 - ends[*index].0) * plot.width } else { 0.0 };
            offsets[*index] = (across, (found - wanted) / area.height);
        }
    }
    offsets
}

/// A series: a column of the table.
fn one(table: &Table, index: usize, name: &str, look: &str, label: &str) -> String {
    let rows = table.len();
    let (xs, ys): (Vec<Option<f64>>, Vec<Option<f64>>) = table.iter().map(|(place, figures)| (Some(*place), figures.get(index).copied().flatten())).unzip();
    format!(
        "<c:ser><c:idx val=\"{index}\"/><c:order val=\"{index}\"/>{}{look}{label}<c:xVal>{}</c:xVal><c:yVal>{}</c:yVal><c:smooth val=\"0\"/></c:ser>",
        named(&cells(index + 1, 1, 1), name),
        numbers(&cells(0, 2, rows + 1), &xs),
        numbers(&cells(index + 1, 2, rows + 1), &ys)
    )
}

type Table = [(f64, Vec<Option<f64>>)];

/// Line and marker of a series.
fn look(points: &Points, series: &Series, theme: &Theme) -> String {
    let own = colour(theme, series.colour);
    if points.joined {
        // 3.3 and 2.1 points: as thick as in the pictures.
        let width = if series.strong { 41_910 } else { 26_670 };
        let dash = if series.dashed { "<a:prstDash val=\"dash\"/>" } else { "" };
        let line = format!("<a:ln w=\"{width}\" cap=\"rnd\"><a:solidFill>{own}</a:solidFill>{dash}<a:round/></a:ln>");
        return format!("<c:spPr>{line}</c:spPr><c:marker><c:symbol val=\"none\"/></c:marker>");
    }
    let size = if series.strong { 16 } else { 12 };
    let (inside, edge) = if series.trusted {
        (own.as_str(), "<a:ln><a:noFill/></a:ln>".to_owned())
    } else {
        (GROUND, format!("<a:ln w=\"38100\"><a:solidFill>{own}</a:solidFill></a:ln>"))
    };
    let fill = format!("<c:spPr><a:solidFill>{inside}</a:solidFill>{edge}</c:spPr>");
    format!("<c:spPr><a:ln w=\"19050\"><a:noFill/></a:ln></c:spPr><c:marker><c:symbol val=\"circle\"/><c:size val=\"{size}\"/>{fill}</c:marker>")
}

/// What shows through a hollow dot.
const GROUND: &str = "<a:schemeClr val=\"bg1\"/>";

/// The dashed line through those that no other beats.
const FRONT_LOOK: &str = "<c:spPr><a:ln w=\"15875\"><a:solidFill><a:schemeClr val=\"tx2\"/></a:solidFill><a:prstDash val=\"dash\"/></a:ln></c:spPr>\
     <c:marker><c:symbol val=\"none\"/></c:marker>";

/// `below`: the plot below which the axis lies; without it, the axis stands at the left, and its name above it, where it can be read without turning one's head.
fn axis(axis: &Axis, own: u32, other: u32, below: Option<Plot>, area: Area) -> String {
    let soft = "<a:schemeClr val=\"tx2\"/>";
    let (place, (x, y)) = below.map_or(("l", (0.0, 0.0)), |plot| ("b", (plot.left, 1.0 - 30.0 / area.height)));
    let title = format!(
        "<c:title><c:tx><c:rich><a:bodyPr rot=\"0\" vert=\"horz\"/><a:lstStyle/><a:p><a:pPr>{}</a:pPr><a:r>{}<a:t>{}</a:t></a:r></a:p></c:rich></c:tx>\
         <c:layout><c:manualLayout><c:xMode val=\"edge\"/><c:yMode val=\"edge\"/><c:x val=\"{x:.4}\"/><c:y val=\"{y:.4}\"/></c:manualLayout></c:layout><c:overlay val=\"1\"/></c:title>",
        run_properties("defRPr", NAME, soft, false),
        run_properties("rPr", NAME, soft, false),
        escape(&axis.title)
    );
    let grid = if below.is_some() { "" } else { GRID };
    // Below all figures, however small: a logarithmic axis has no zero to cross at.
    format!(
        "<c:valAx><c:axId val=\"{own}\"/><c:scaling><c:logBase val=\"10\"/><c:orientation val=\"minMax\"/>{}</c:scaling><c:delete val=\"0\"/><c:axPos val=\"{place}\"/>{grid}{title}\
         <c:numFmt formatCode=\"{}\" sourceLinked=\"0\"/>{NO_TICKS}<c:tickLblPos val=\"low\"/>{NO_LINE}{}<c:crossAx val=\"{other}\"/><c:crosses val=\"min\"/>\
         <c:crossBetween val=\"midCat\"/></c:valAx>",
        limits(Some(axis.range.0), Some(axis.range.1)),
        escape(axis.format),
        words(MARK, soft, false)
    )
}
