//! Charts as parts of a presentation (ECMA-376, part 1, 21.2): figures with a cache and a reference into the workbook beside them, so that they
//! can be edited where they stand.

mod bars;
mod points;

use plotters::style::RGBColor;

use super::workbook::SHEET;
use crate::report::charts::theme::hex;
use crate::report::slides::chart::Chart;
use crate::report::slides::layout::Area;
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;

const NAMESPACES: &str = "xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";

/// Numbers of the two axes: they need to be unique within a chart only.
const FIRST_AXIS: u32 = 111_111_111;
const SECOND_AXIS: u32 = 222_222_222;

/// Sizes of fonts in hundredths of a point: labels at figures, names at axes, marks of axes.
const LABEL: u32 = 1_400;
const NAME: u32 = 1_300;
const MARK: u32 = 1_100;
/// Hundredths of a point for each pixel of the page.
const POINTS: f64 = 60.0;

/// Where the plot lies within its chart, without what stands around it: in shares of the chart.
#[derive(Clone, Copy)]
struct Plot {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Plot {
    /// Of pixels within the chart's area.
    fn of_pixels(area: Area, left: f64, top: f64, width: f64, height: f64) -> Self {
        Self { left: left / area.width, top: top / area.height, width: width / area.width, height: height / area.height }
    }

    /// Fixed: programs would each choose another one, and labels would have other room than they were measured for.
    fn xml(self) -> String {
        format!(
            "<c:layout><c:manualLayout><c:layoutTarget val=\"inner\"/><c:xMode val=\"edge\"/><c:yMode val=\"edge\"/><c:x val=\"{:.4}\"/><c:y val=\"{:.4}\"/>\
             <c:w val=\"{:.4}\"/><c:h val=\"{:.4}\"/></c:manualLayout></c:layout>",
            self.left, self.top, self.width, self.height
        )
    }
}

/// The chart as XML; its workbook is its first relation.
pub fn write(chart: &Chart, theme: &Theme, area: Area) -> String {
    let plot = match chart {
        Chart::Bars(bars) => bars::bars(bars, theme, area),
        Chart::Parts(parts) => bars::parts(parts, theme, area),
        Chart::Points(points) => points::points(points, theme, area),
    };
    let xml = format!(
        "<c:chartSpace {NAMESPACES}><c:date1904 val=\"0\"/><c:roundedCorners val=\"0\"/><c:chart><c:autoTitleDeleted val=\"1\"/>\
         <c:plotArea>{plot}<c:spPr><a:noFill/></c:spPr></c:plotArea><c:plotVisOnly val=\"1\"/><c:dispBlanksAs val=\"gap\"/></c:chart>\
         <c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>{}<c:externalData r:id=\"rId1\"><c:autoUpdate val=\"0\"/></c:externalData></c:chartSpace>",
        words(MARK, "<a:schemeClr val=\"tx2\"/>", false)
    );
    narrowed(&xml, theme.font_width)
}

/// All words in sizes for letters that are so many times as wide as those that their places were measured for. No name looks like a size, since quotes are
/// escaped.
fn narrowed(xml: &str, width: f64) -> String {
    let mut pieces = xml.split(" sz=\"");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (size, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let size = size.parse::<f64>().map_or_else(|_| size.to_owned(), |size| (size / width).round().to_string());
        whole.extend([" sz=\"", size.as_str(), "\"", rest]);
    }
    whole
}

/// How texts are written: size in hundredths of a point, and a colour.
fn words(size: u32, colour: &str, bold: bool) -> String {
    // Labels are bold and stay on their line; names at axes break where they must.
    let wrap = if bold { " wrap=\"none\"" } else { "" };
    format!(
        "<c:txPr><a:bodyPr{wrap}/><a:lstStyle/><a:p><a:pPr>{}</a:pPr><a:endParaRPr lang=\"en-US\"/></a:p></c:txPr>",
        run_properties("defRPr", size, colour, bold)
    )
}

fn run_properties(tag: &str, size: u32, colour: &str, bold: bool) -> String {
    let lang = if tag == "rPr" { " lang=\"en-US\"" } else { "" };
    format!("<a:{tag}{lang} sz=\"{size}\" b=\"{}\"><a:solidFill>{colour}</a:solidFill><a:latin typeface=\"+mn-lt\"/></a:{tag}>", u8::from(bold))
}

/// A colour of our own.
fn colour(theme: &Theme, colour: RGBColor) -> String {
    format!("<a:srgbClr val=\"{}\"/>", &hex(theme.colour(colour))[1..])
}

fn fill(theme: &Theme, of: RGBColor) -> String {
    format!("<c:spPr><a:solidFill>{}</a:solidFill></c:spPr>", colour(theme, of))
}

/// A reference to a stretch of a column, from row to row (from 1).
fn cells(column: usize, from: usize, to: usize) -> String {
    let letter = letters(column);
    if from == to { format!("{SHEET}!${letter}${from}") } else { format!("{SHEET}!${letter}${from}:${letter}${to}") }
}

/// Name of a column, from 0: A, B … Z, AA.
fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 { last.to_string() } else { format!("{}{last}", letters(column / 26 - 1)) }
}

/// A name that stands in a cell.
fn named(cells: &str, name: &str) -> String {
    format!(
        "<c:tx><c:strRef><c:f>{cells}</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>{}</c:v></c:pt></c:strCache></c:strRef></c:tx>",
        escape(name)
    )
}

/// Texts that stand in cells.
fn texts(cells: &str, texts: &[&str]) -> String {
    let points: String = texts.iter().enumerate().map(|(index, text)| format!("<c:pt idx=\"{index}\"><c:v>{}</c:v></c:pt>", escape(text))).collect();
    format!("<c:strRef><c:f>{cells}</c:f><c:strCache><c:ptCount val=\"{}\"/>{points}</c:strCache></c:strRef>", texts.len())
}

/// Numbers that stand in cells; what is not there is left out.
fn numbers(cells: &str, values: &[Option<f64>]) -> String {
    let point = |(index, value): (usize, &Option<f64>)| value.map(|value| format!("<c:pt idx=\"{index}\"><c:v>{value}</c:v></c:pt>"));
    let points: String = values.iter().enumerate().filter_map(point).collect();
    format!("<c:numRef><c:f>{cells}</c:f><c:numCache><c:formatCode>General</c:formatCode><c:ptCount val=\"{}\"/>{points}</c:numCache></c:numRef>", values.len())
}

/// What a label shows: nothing but the value, or nothing that is not said.
fn shows(value: bool) -> String {
    format!(
        "<c:showLegendKey val=\"0\"/><c:showVal val=\"{}\"/><c:showCatName val=\"0\"/><c:showSerName val=\"0\"/><c:showPercent val=\"0\"/><c:showBubbleSize val=\"0\"/>",
        u8::from(value)
    )
}

/// Between a label that was moved and its point: drawn, or not. An extension of 2012: programs differ in what they do without it.
fn leader_lines() -> String {
    leading("<c15:showLeaderLines val=\"1\"/>")
}

fn no_leader_lines() -> String {
    leading("<c15:showLeaderLines val=\"0\"/>")
}

fn leading(inside: &str) -> String {
    format!(
        "<c:extLst><c:ext uri=\"{{CE6537A1-D6FC-4f65-9D91-7224C49458BB}}\" xmlns:c15=\"http://schemas.microsoft.com/office/drawing/2012/chart\">{inside}</c:ext></c:extLst>"
    )
}

/// Lines across the chart at the marks of an axis.
const GRID: &str = "<c:majorGridlines><c:spPr><a:ln w=\"9525\"><a:solidFill><a:schemeClr val=\"bg2\"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>";
/// An axis without a line of its own.
const NO_LINE: &str = "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>";
const NO_TICKS: &str = "<c:majorTickMark val=\"none\"/><c:minorTickMark val=\"none\"/>";

fn limits(low: Option<f64>, high: Option<f64>) -> String {
    let limit = |tag: &str, value: Option<f64>| value.map_or_else(String::new, |value| format!("<c:{tag} val=\"{value}\"/>"));
    limit("max", high) + &limit("min", low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_smaller() {
        assert_eq!(narrowed("<a sz=\"1400\" b=\"1\"/><b sz=\"1100\"/>", 1.1), "<a sz=\"1273\" b=\"1\"/><b sz=\"1000\"/>");
        let same = "<a sz=\"1400\"/>";
        assert_eq!(narrowed(same, 1.0), same);
    }

    #[test]
    fn columns_are_named_as_in_a_sheet() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
        assert_eq!((cells(1, 2, 5).as_str(), cells(27, 3, 3).as_str()), ("figures!$B$2:$B$5", "figures!$AB$3"));
    }
}
