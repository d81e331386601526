//! Bars: one figure for each contender, or the parts of a hundred.

use super::{
    FIRST_AXIS, GRID, LABEL, MARK, NAME, NO_LINE, NO_TICKS, POINTS, Plot, SECOND_AXIS, cells, colour, fill, limits, named, no_leader_lines, numbers, shows,
    texts, words,
};
use crate::report::charts::text::{self, Weight};
use crate::report::slides::chart::{Bars, Parts, Row};
use crate::report::slides::layout::Area;
use crate::report::slides::pptx::workbook;
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;

const INK: &str = "<a:schemeClr val=\"tx1\"/>";
const GROUND: &str = "<a:schemeClr val=\"bg1\"/>";
/// Per cent from which a part has room for the words in it.
const LABELLED: f64 = 30.0;
/// Share of a chart that names may take.
const NAMES: f64 = 0.4;
/// Pixels between a bar and its figure, and between a name and its bar.
const GAP: f64 = 10.0;
/// Height of the marks below an axis, in pixels.
const MARKS: f64 = 34.0;

pub(super) fn bars(bars: &Bars, theme: &Theme, area: Area) -> String {
    let rows = &bars.rows;
    let values: Vec<Option<f64>> = rows.iter().map(|row| row.value).collect();
    let size = size(LABEL, rows.len(), area);
    let shown = |value: f64| text::width(&bars.measure.show(value), f64::from(size) / POINTS, Weight::SemiBold) + GAP;
    let (name_size, left) = names_of(rows, area);
    let hidden = bars.base.is_none();
    // As wide as leaves room for every figure behind its bar.
    let begin = bars.base.map_or(0.0, |base| bars.place(base));
    let room = |value: f64| (area.width - left - shown(value)) / bars.place(value).max(begin).max(0.05);
    let width = values.iter().flatten().map(|value| room(*value)).fold(area.width - left - GAP, f64::min).max(area.width * 0.2);
    let plot = Plot::of_pixels(area, left, 4.0, width, area.height - 4.0 - if hidden { 4.0 } else { MARKS });
    let label = |(index, row): (usize, &Row)| {
        let value = row.value?;
        let format = bars.measure.format(value);
        // LibreOffice holds the logarithm of a figure against where bars begin, and takes what is less for negative: it would put the label at the wrong end.
        let misplaced = bars.base.is_some_and(|base| value.log10() <= base.min(bars.range().0.unwrap_or(base)).max(1.0));
        let offset = misplaced.then(|| ((bars.place(value) - begin).abs() * width / 2.0 + (shown(value) + GAP) / 2.0) / area.width);
        Some(self::label(index, &format, size, INK, if misplaced { "ctr" } else { "outEnd" }, offset))
    };
    let labels: String = rows.iter().enumerate().filter_map(label).collect();
    let series = format!(
        "<c:ser><c:idx val=\"0\"/><c:order val=\"0\"/>{}<c:invertIfNegative val=\"0\"/>{}<c:dLbls>{labels}<c:spPr/>{}<c:dLblPos val=\"outEnd\"/>{}{}</c:dLbls>\
         <c:cat>{}</c:cat><c:val>{}</c:val></c:ser>",
        named(&cells(1, 1, 1), &workbook::header(bars)),
        coloured(rows, theme),
        words(size, INK, true),
        shows(true),
        no_leader_lines(),
        names(rows),
        numbers(&cells(1, 2, rows.len() + 1), &values)
    );
    let (low, high) = bars.range();
    let logarithmic = if bars.base.is_some() { "<c:logBase val=\"10\"/>" } else { "" };
    // Where the axis of names crosses, bars begin.
    let begins = bars.base.map_or_else(|| "<c:crosses val=\"autoZero\"/>".to_owned(), |base| format!("<c:crossesAt val=\"{base}\"/>"));
    let marks = match (bars.measure.unit, low) {
        // Marks below 1 have decimals, as many as they need.
        (_, Some(low)) if bars.base.is_some() && low < 1.0 => "General".to_owned(),
        ("", _) => "#,##0".to_owned(),
        (unit, _) => format!("#,##0\" {unit}\""),
    };
    format!(
        "{}<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"clustered\"/><c:varyColors val=\"0\"/>{series}<c:gapWidth val=\"60\"/>\
         <c:axId val=\"{FIRST_AXIS}\"/><c:axId val=\"{SECOND_AXIS}\"/></c:barChart>{}{}",
        plot.xml(),
        name_axis(&begins, name_size),
        value_axis(logarithmic, &limits(low, high), &escape(&marks), hidden)
    )
}

pub(super) fn parts(parts: &Parts, theme: &Theme, area: Area) -> String {
    let rows = &parts.rows;
    let first: Vec<Option<f64>> = rows.iter().map(|row| row.value).collect();
    let rest: Vec<Option<f64>> = first.iter().map(|value| value.map(|value| 100.0 - value)).collect();
    let size = size(LABEL, rows.len(), area);
    let (name_size, left) = names_of(rows, area);
    let plot = Plot::of_pixels(area, left, 4.0, area.width - left - GAP, area.height - 8.0);
    // Each part says what it is: there is no legend.
    let labels = |values: &[Option<f64>], what: &str, ink: &str| -> String {
        let known = values.iter().enumerate().filter_map(|(index, value)| Some((index, value.filter(|value| *value >= LABELLED)?)));
        let labels: String = known.map(|(index, value)| label(index, &parts.format(value, what), size, ink, "inEnd", None)).collect();
        format!("<c:dLbls>{labels}<c:spPr/>{}{}{}</c:dLbls>", words(size, ink, true), shows(false), no_leader_lines())
    };
    let last = rows.len() + 1;
    let own = format!(
        "<c:ser><c:idx val=\"0\"/><c:order val=\"0\"/>{}<c:invertIfNegative val=\"0\"/>{}{}<c:cat>{}</c:cat><c:val>{}</c:val></c:ser>",
        named(&cells(1, 1, 1), &format!("{}, %", parts.first)),
        coloured(rows, theme),
        labels(&first, parts.first, GROUND),
        names(rows),
        numbers(&cells(1, 2, last), &first)
    );
    let pale = format!(
        "<c:ser><c:idx val=\"1\"/><c:order val=\"1\"/>{}{}<c:invertIfNegative val=\"0\"/>{}<c:cat>{}</c:cat><c:val>{}</c:val></c:ser>",
        named(&cells(2, 1, 1), &format!("{}, %", parts.rest)),
        fill(theme, parts.pale),
        labels(&rest, parts.rest, INK),
        names(rows),
        numbers(&cells(2, 2, last), &rest)
    );
    format!(
        "{}<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"stacked\"/><c:varyColors val=\"0\"/>{own}{pale}<c:gapWidth val=\"60\"/><c:overlap val=\"100\"/>\
         <c:axId val=\"{FIRST_AXIS}\"/><c:axId val=\"{SECOND_AXIS}\"/></c:barChart>{}{}",
        plot.xml(),
        name_axis("<c:crosses val=\"autoZero\"/>", name_size),
        value_axis("", &limits(Some(0.0), Some(100.0)), "0&quot; %&quot;", true)
    )
}

/// A size of font that leaves room for so many rows.
fn size(wanted: u32, rows: usize, area: Area) -> u32 {
    let room = area.height / rows.max(1) as f64 * POINTS * 0.6;
    wanted.min(room as u32).max(400)
}

/// In which size names are written, and how many pixels they take: the largest size in which the longest has room on one line, or on two where rows are tall
/// enough for that; programs break a name at its hyphens and blanks.
fn names_of(rows: &[Row], area: Area) -> (u32, f64) {
    let most = area.width * NAMES;
    let longest = |size: u32| rows.iter().map(|row| text::width(&row.name, f64::from(size) / POINTS, Weight::Regular)).fold(0.0, f64::max) + 2.0 * GAP;
    let row = area.height / rows.len().max(1) as f64;
    let fits = |size: &u32| {
        let two = longest(*size) <= most * 1.7 && 2.6 * f64::from(*size) / POINTS <= row;
        longest(*size) <= most || two
    };
    let wanted = size(NAME, rows.len(), area);
    let found = (10..=20).rev().map(|share| wanted * share / 20).find(fits).unwrap_or(wanted / 2);
    (found, longest(found).min(most))
}

/// A figure at its bar, written with as many digits as reports have; `offset`: how far to the right of its place, in shares of the chart.
fn label(index: usize, format: &str, size: u32, ink: &str, place: &str, offset: Option<f64>) -> String {
    let layout =
        offset.map_or_else(String::new, |offset| format!("<c:layout><c:manualLayout><c:x val=\"{offset:.4}\"/><c:y val=\"0\"/></c:manualLayout></c:layout>"));
    format!(
        "<c:dLbl><c:idx val=\"{index}\"/>{layout}<c:numFmt formatCode=\"{}\" sourceLinked=\"0\"/><c:spPr/>{}<c:dLblPos val=\"{place}\"/>{}</c:dLbl>",
        escape(format),
        words(size, ink, true),
        shows(true)
    )
}

/// A colour for each bar.
fn coloured(rows: &[Row], theme: &Theme) -> String {
    let point = |(index, row): (usize, &Row)| {
        format!(
            "<c:dPt><c:idx val=\"{index}\"/><c:invertIfNegative val=\"0\"/><c:bubble3D val=\"0\"/><c:spPr><a:solidFill>{}</a:solidFill></c:spPr></c:dPt>",
            colour(theme, row.colour)
        )
    };
    rows.iter().enumerate().map(point).collect()
}

fn names(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    texts(&cells(0, 2, rows.len() + 1), &names)
}

/// The axis of names, all of them, the first on top; `begins`: where on the other axis it crosses.
fn name_axis(begins: &str, size: u32) -> String {
    format!(
        "<c:catAx><c:axId val=\"{FIRST_AXIS}\"/><c:scaling><c:orientation val=\"maxMin\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"l\"/>\
         <c:numFmt formatCode=\"General\" sourceLinked=\"0\"/>{NO_TICKS}<c:tickLblPos val=\"low\"/>\
         <c:spPr><a:ln w=\"19050\"><a:solidFill>{INK}</a:solidFill></a:ln></c:spPr>{}<c:crossAx val=\"{SECOND_AXIS}\"/>{begins}\
         <c:auto val=\"0\"/><c:lblAlgn val=\"ctr\"/><c:lblOffset val=\"100\"/><c:tickLblSkip val=\"1\"/><c:noMultiLvlLbl val=\"1\"/></c:catAx>",
        words(size, INK, false)
    )
}

/// The axis of values, below the bars; `hidden`: the labels say it all.
fn value_axis(logarithmic: &str, limits: &str, marks: &str, hidden: bool) -> String {
    let (grid, delete) = if hidden { ("", 1) } else { (GRID, 0) };
    format!(
        "<c:valAx><c:axId val=\"{SECOND_AXIS}\"/><c:scaling>{logarithmic}<c:orientation val=\"minMax\"/>{limits}</c:scaling><c:delete val=\"{delete}\"/>\
         <c:axPos val=\"b\"/>{grid}<c:numFmt formatCode=\"{marks}\" sourceLinked=\"0\"/>{NO_TICKS}<c:tickLblPos val=\"nextTo\"/>{NO_LINE}{}\
         <c:crossAx val=\"{FIRST_AXIS}\"/><c:crosses val=\"max\"/><c:crossBetween val=\"between\"/></c:valAx>",
        words(MARK, "<a:schemeClr val=\"tx2\"/>", false)
    )
}
