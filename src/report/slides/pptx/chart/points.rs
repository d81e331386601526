//! Lines and dots over two logarithmic axes, each named where it ends.

use super::{FIRST_AXIS, GRID, LABEL, MARK, NAME, NO_LINE, NO_TICKS, POINTS, SECOND_AXIS, cells, colour, limits, named, numbers, run_properties, shows, words};
use crate::report::charts::labels::spread;
use crate::report::charts::text::{self, Weight};
use crate::report::slides::chart::{Axis, Points, Series};
use crate::report::slides::layout::Area;
use crate::report::slides::pptx::workbook::FRONT;
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;

/// The plot within the chart, in shares of it: room for names at the right of lines, for marks at the left and below.
const LINES: Plot = Plot { left: 0.075, top: 0.03, width: 0.70, height: 0.80 };
const DOTS: Plot = Plot { left: 0.095, top: 0.03, width: 0.88, height: 0.80 };
/// Height of a name with its figure below it, in pixels.
const PITCH: f64 = 50.0;
/// Width of a name at most, in shares of the chart.
const WIDEST: f64 = 0.215;

#[derive(Clone, Copy)]
struct Plot {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

pub(super) fn points(points: &Points, theme: &Theme, area: Area) -> String {
    let plot = if points.joined { LINES } else { DOTS };
    let (offsets, pitch) = offsets(points, plot, area);
    let one = |(index, (series, offset)): (usize, (&Series, &(f64, f64)))| one(points, index, series, &label(points, series, *offset, pitch, area, theme), theme);
    let mut all: String = points.series.iter().zip(&offsets).enumerate().map(one).collect();
    if !points.front.is_empty() {
        all += &front(points);
    }
    format!(
        "<c:layout><c:manualLayout><c:layoutTarget val=\"inner\"/><c:xMode val=\"edge\"/><c:yMode val=\"edge\"/><c:x val=\"{}\"/><c:y val=\"{}\"/><c:w val=\"{}\"/>\
         <c:h val=\"{}\"/></c:manualLayout></c:layout><c:scatterChart><c:scatterStyle val=\"lineMarker\"/><c:varyColors val=\"0\"/>{all}\
         <c:axId val=\"{FIRST_AXIS}\"/><c:axId val=\"{SECOND_AXIS}\"/></c:scatterChart>{}{}",
        plot.left,
        plot.top,
        plot.width,
        plot.height,
        axis(&points.across, FIRST_AXIS, SECOND_AXIS, true),
        axis(&points.up, SECOND_AXIS, FIRST_AXIS, false)
    )
}

/// How far each name is moved from its point, in shares of the chart: those of lines to the edge of the plot, all so that none touches another. And the
/// height that is left for each, in pixels.
fn offsets(points: &Points, plot: Plot, area: Area) -> (Vec<(f64, f64)>, f64) {
    let place = |series: &Series| series.points.last().map_or((0.0, 0.0), |end| (points.across.place(end.0), points.up.place(end.1)));
    let ends: Vec<(f64, f64)> = points.series.iter().map(place).collect();
    let height = |index: usize| area.height * (plot.top + plot.height * (1.0 - ends[index].1));
    let bottom = area.height * (plot.top + plot.height + 0.03);
    let (mut offsets, mut pitch) = (vec![(0.0, 0.0); ends.len()], PITCH);
    for left in [false, true] {
        let mut order: Vec<usize> = (0..ends.len()).filter(|index| is_named_left(points, &points.series[*index]) == left).collect();
        order.sort_by(|one, other| height(*one).total_cmp(&height(*other)));
        let wanted: Vec<f64> = order.iter().map(|index| height(*index)).collect();
        let found = spread(&wanted, PITCH, 0.0, bottom);
        pitch = pitch.min(bottom / wanted.len().max(1) as f64);
        for ((index, wanted), found) in order.iter().zip(&wanted).zip(&found) {
            let across = if points.joined { (1.0 - ends[*index].0) * plot.width } else { 0.0 };
            offsets[*index] = (across, (found - wanted) / area.height);
        }
    }
    (offsets, pitch)
}

/// A dot in the right part of a chart has its name at its left: there is no room at its right.
fn is_named_left(points: &Points, series: &Series) -> bool {
    !points.joined && series.points.last().is_some_and(|point| points.across.place(point.0) > 0.62)
}

fn one(points: &Points, index: usize, series: &Series, label: &str, theme: &Theme) -> String {
    let own = colour(theme, series.colour);
    let places = if points.joined { points.places() } else { series.points.iter().map(|point| point.0).collect() };
    let (xs, ys): (Vec<Option<f64>>, Vec<Option<f64>>) = places.iter().map(|place| (Some(*place), series.at(*place))).unzip();
    let (name, across, up) = if points.joined {
        (cells(index + 1, 1, 1), cells(0, 2, places.len() + 1), cells(index + 1, 2, places.len() + 1))
    } else {
        (cells(0, index + 2, index + 2), cells(1, index + 2, index + 2), cells(2, index + 2, index + 2))
    };
    let (line, marker) = if points.joined {
        // 3.3 and 2.1 points: as thick as in the pictures.
        let width = if series.strong { 41_910 } else { 26_670 };
        let dash = if series.dashed { "<a:prstDash val=\"dash\"/>" } else { "" };
        (format!("<a:ln w=\"{width}\" cap=\"rnd\"><a:solidFill>{own}</a:solidFill>{dash}<a:round/></a:ln>"), "<c:symbol val=\"none\"/>".to_owned())
    } else {
        let size = if series.strong { 16 } else { 12 };
        let look = format!("<c:spPr><a:solidFill>{own}</a:solidFill><a:ln><a:noFill/></a:ln></c:spPr>");
        ("<a:ln w=\"19050\"><a:noFill/></a:ln>".to_owned(), format!("<c:symbol val=\"circle\"/><c:size val=\"{size}\"/>{look}"))
    };
    format!(
        "<c:ser><c:idx val=\"{index}\"/><c:order val=\"{index}\"/>{}<c:spPr>{line}</c:spPr><c:marker>{marker}</c:marker>{label}\
         <c:xVal>{}</c:xVal><c:yVal>{}</c:yVal><c:smooth val=\"0\"/></c:ser>",
        named(&name, &series.name),
        numbers(&across, &xs),
        numbers(&up, &ys)
    )
}

/// Name and figure where a series ends; the name alone, and smaller, where there is no room for both.
fn label(points: &Points, series: &Series, (across, up): (f64, f64), pitch: f64, area: Area, theme: &Theme) -> String {
    let places = if points.joined { points.places() } else { vec![0.0] };
    let end = series.points.last().map_or(0.0, |point| point.0);
    let last = places.iter().position(|place| *place == end).unwrap_or(0);
    // What stands left of its point ends there.
    let (place, align) = if is_named_left(points, series) { ("l", "r") } else { ("r", "l") };
    let both = pitch >= PITCH;
    let size = if both { LABEL } else { ((pitch * 0.72 * POINTS) as u32).clamp(400, LABEL) };
    let width = area.width * WIDEST;
    let name = text::fit_name(&series.name, f64::from(size) / POINTS, Weight::SemiBold, width);
    let paragraph = |look: &str, words: &str| format!("<a:p><a:pPr algn=\"{align}\"/><a:r>{look}<a:t>{}</a:t></a:r></a:p>", escape(words));
    let own = colour(theme, series.colour);
    let mut words = paragraph(&run_properties("rPr", size, &own, true), &name);
    if both {
        let detail = text::fit(&series.detail, f64::from(MARK) / POINTS, Weight::Regular, width);
        words += &paragraph(&run_properties("rPr", MARK, "<a:schemeClr val=\"tx2\"/>", false), &detail);
    }
    format!(
        "<c:dLbls><c:dLbl><c:idx val=\"{last}\"/><c:layout><c:manualLayout><c:x val=\"{across:.4}\"/><c:y val=\"{up:.4}\"/></c:manualLayout></c:layout>\
         <c:tx><c:rich><a:bodyPr wrap=\"none\" lIns=\"38100\" tIns=\"0\" rIns=\"38100\" bIns=\"0\" anchor=\"ctr\"/><a:lstStyle/>{words}</c:rich></c:tx>\
         <c:spPr/><c:dLblPos val=\"{place}\"/>{}</c:dLbl><c:spPr/>{}{}</c:dLbls>",
        shows(true),
        super::words(size, &own, true),
        shows(false)
    )
}

/// The dashed line through those that no other beats.
fn front(points: &Points) -> String {
    let index = points.series.len();
    let (from, to) = (index + 2, index + 1 + points.front.len());
    let (xs, ys): (Vec<Option<f64>>, Vec<Option<f64>>) = points.front.iter().map(|point| (Some(point.0), Some(point.1))).unzip();
    format!(
        "<c:ser><c:idx val=\"{index}\"/><c:order val=\"{index}\"/>{}<c:spPr><a:ln w=\"15875\"><a:solidFill><a:schemeClr val=\"tx2\"/></a:solidFill><a:prstDash val=\"dash\"/></a:ln></c:spPr>\
         <c:marker><c:symbol val=\"none\"/></c:marker><c:xVal>{}</c:xVal><c:yVal>{}</c:yVal><c:smooth val=\"0\"/></c:ser>",
        named(&cells(0, from, from), FRONT),
        numbers(&cells(1, from, to), &xs),
        numbers(&cells(2, from, to), &ys)
    )
}

fn axis(axis: &Axis, own: u32, other: u32, across: bool) -> String {
    let soft = "<a:schemeClr val=\"tx2\"/>";
    let (place, turned) = if across { ("b", "") } else { ("l", " rot=\"-5400000\" vert=\"horz\"") };
    let title = format!(
        "<c:title><c:tx><c:rich><a:bodyPr{turned}/><a:lstStyle/><a:p><a:pPr>{}</a:pPr><a:r>{}<a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val=\"0\"/></c:title>",
        run_properties("defRPr", NAME, soft, false),
        run_properties("rPr", NAME, soft, false),
        escape(&axis.title)
    );
    let grid = if across { "" } else { GRID };
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
