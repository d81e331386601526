//! A slide and its notes as XML: native text, shapes and frames for charts, from the elements of the page.

use crate::report::charts::canvas::Align;
use crate::report::charts::theme::hex;
use crate::report::slides::deck::{Colour, Slide};
use crate::report::slides::layout::{Area, BETWEEN, Element, INDENT, LEADING, Text};
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;

/// English Metric Units for each pixel of a page of 1600 × 900: 13⅓ inches are 1600 pixels.
pub const EMU: f64 = 7_620.0;
/// Hundredths of a point for each pixel.
const POINTS: f64 = 60.0;

/// What all parts of XML name their spaces with.
pub const NAMESPACES: &str = "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"";

/// The root of a tree of shapes, which has number 1.
pub const TREE: &str = "<p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"0\" cy=\"0\"/>\
     <a:chOff x=\"0\" y=\"0\"/><a:chExt cx=\"0\" cy=\"0\"/></a:xfrm></p:grpSpPr>";

/// Relations of a slide before those of its charts: layout, notes.
pub const BEFORE_CHARTS: usize = 2;

/// A slide; charts are its relations from the third on, in the order of their elements.
pub fn write(name: &str, elements: &[Element<'_>], theme: &Theme) -> String {
    let mut shapes = String::new();
    let mut charts = 0;
    for (id, element) in (2..).zip(elements) {
        shapes += &match element {
            Element::Text(text) => self::text(id, text, theme),
            Element::Label { area, word, colour } => label(id, *area, word, *colour, theme),
            Element::Line { from, to, colour, width, head } => line(id, *from, *to, *colour, *width, *head, theme),
            Element::Chart { area, told, .. } => {
                charts += 1;
                chart(id, *area, told, BEFORE_CHARTS + charts)
            }
            // Pictures are of another medium.
            Element::Picture { .. } | Element::Bare { .. } => String::new(),
        };
    }
    format!("<p:sld {NAMESPACES}><p:cSld name=\"{name}\"><p:spTree>{TREE}{shapes}</p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>")
}

/// Notes of a slide.
pub fn notes(slide: &Slide) -> String {
    let paragraph = |text: &String| format!("<a:p><a:r><a:rPr lang=\"en-US\"/><a:t>{}</a:t></a:r></a:p>", escape(text));
    let paragraphs: String = slide.notes.iter().map(paragraph).collect();
    let paragraphs = if paragraphs.is_empty() { "<a:p><a:endParaRPr lang=\"en-US\"/></a:p>".to_owned() } else { paragraphs };
    format!(
        "<p:notes {NAMESPACES}><p:cSld><p:spTree>{TREE}\
         <p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Slide\"/><p:cNvSpPr><a:spLocks noGrp=\"1\" noRot=\"1\" noChangeAspect=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"sldImg\"/></p:nvPr></p:nvSpPr><p:spPr/></p:sp>\
         <p:sp><p:nvSpPr><p:cNvPr id=\"3\" name=\"Notes\"/><p:cNvSpPr><a:spLocks noGrp=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"body\" idx=\"1\"/></p:nvPr></p:nvSpPr><p:spPr/>\
         <p:txBody><a:bodyPr/><a:lstStyle/>{paragraphs}</p:txBody></p:sp>\
         </p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:notes>"
    )
}

/// Place and size of a rectangle.
pub fn frame(area: Area) -> String {
    let emu = |pixels: f64| (pixels * EMU).round() as i64;
    format!("<a:off x=\"{}\" y=\"{}\"/><a:ext cx=\"{}\" cy=\"{}\"/>", emu(area.left), emu(area.top), emu(area.width.max(0.0)), emu(area.height.max(0.0)))
}

/// Words in a rectangle; the title of a slide is its title for outlines and screen readers too.
pub fn text(id: usize, text: &Text, theme: &Theme) -> String {
    let kind = if text.name == "Title" {
        "<p:cNvSpPr><a:spLocks noGrp=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"title\"/></p:nvPr>"
    } else {
        "<p:cNvSpPr txBox=\"1\"/><p:nvPr/>"
    };
    // A title breaks where it was seen to break well; other words flow.
    let breaks = |lines: Vec<String>, whole: &str| if text.name == "Title" { lines } else { vec![whole.to_owned()] };
    let lines = text.paragraphs.iter().zip(text.lines()).map(|(paragraph, lines)| (paragraph, breaks(lines, &paragraph.text)));
    let paragraphs: String = lines.map(|(paragraph, lines)| self::paragraph(text, &lines, paragraph.colour, paragraph.point, theme)).collect();
    let paragraphs = if paragraphs.is_empty() { "<a:p><a:endParaRPr lang=\"en-US\"/></a:p>".to_owned() } else { paragraphs };
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"{id}\" name=\"{} {id}\"/>{kind}</p:nvSpPr><p:spPr><a:xfrm>{}</a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom><a:noFill/></p:spPr>\
         <p:txBody><a:bodyPr wrap=\"square\" lIns=\"0\" tIns=\"0\" rIns=\"0\" bIns=\"0\" anchor=\"t\"><a:noAutofit/></a:bodyPr><a:lstStyle/>{paragraphs}</p:txBody></p:sp>",
        text.name,
        frame(text.area)
    )
}

fn paragraph(text: &Text, lines: &[String], colour: Colour, point: bool, theme: &Theme) -> String {
    let align = match text.align {
        Align::Left => "l",
        Align::Middle => "ctr",
        Align::Right => "r",
    };
    let points = |sizes: f64| (sizes * text.size * POINTS).round() as i64;
    let spacing = format!(
        "<a:lnSpc><a:spcPts val=\"{}\"/></a:lnSpc><a:spcBef><a:spcPts val=\"{}\"/></a:spcBef>",
        points(LEADING),
        if point { points(BETWEEN) } else { 0 }
    );
    let (indent, bullet) = if point {
        let indent = (INDENT * text.size * EMU).round() as i64;
        (format!(" marL=\"{indent}\" indent=\"-{indent}\""), "<a:buFont typeface=\"Arial\"/><a:buChar char=\"•\"/>")
    } else {
        (" marL=\"0\" indent=\"0\"".to_owned(), "<a:buNone/>")
    };
    let look = run(text.size, text.bold, colour, theme);
    let run = |words: &String| format!("<a:r><a:rPr lang=\"en-US\" {look}</a:rPr><a:t>{}</a:t></a:r>", escape(words));
    let runs = lines.iter().map(run).collect::<Vec<String>>().join(&format!("<a:br><a:rPr lang=\"en-US\" {look}</a:rPr></a:br>"));
    format!("<a:p><a:pPr{indent} algn=\"{align}\">{spacing}{bullet}</a:pPr>{runs}</a:p>")
}

/// Attributes and content of how words look, from the size on: `sz="…" …>…`.
fn run(size: f64, bold: bool, colour: Colour, theme: &Theme) -> String {
    // Lines were broken for letters of Arial's width.
    format!("sz=\"{}\" b=\"{}\" dirty=\"0\">{}", (size / theme.font_width * POINTS).round() as i64, u8::from(bold), fill(colour, theme))
}

/// Colours of the theme by their role, so that another theme changes them; contenders have the colour that they have everywhere.
fn fill(colour: Colour, theme: &Theme) -> String {
    let colour = match colour {
        Colour::Ink => "<a:schemeClr val=\"tx1\"/>".to_owned(),
        Colour::Soft => "<a:schemeClr val=\"tx2\"/>".to_owned(),
        Colour::Warning => format!("<a:srgbClr val=\"{}\"/>", &hex(theme.colour(theme.palette().warning))[1..]),
        Colour::Of(colour) => format!("<a:srgbClr val=\"{}\"/>", &hex(theme.colour(colour))[1..]),
    };
    format!("<a:solidFill>{colour}</a:solidFill>")
}

fn label(id: usize, area: Area, word: &str, colour: Colour, theme: &Theme) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"{id}\" name=\"{0} {id}\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>{1}</a:xfrm><a:prstGeom prst=\"roundRect\"><a:avLst/></a:prstGeom>\
         <a:solidFill><a:schemeClr val=\"bg1\"/></a:solidFill><a:ln w=\"12700\">{2}</a:ln></p:spPr>\
         <p:txBody><a:bodyPr wrap=\"square\" lIns=\"0\" tIns=\"0\" rIns=\"0\" bIns=\"0\" anchor=\"ctr\"/><a:lstStyle/>\
         <a:p><a:pPr algn=\"ctr\"/><a:r><a:rPr lang=\"en-US\" {3}</a:rPr><a:t>{0}</a:t></a:r></a:p></p:txBody></p:sp>",
        escape(word),
        frame(area),
        fill(colour, theme),
        run(20.0, true, Colour::Ink, theme)
    )
}

fn line(id: usize, from: (f64, f64), to: (f64, f64), colour: Colour, width: f64, head: bool, theme: &Theme) -> String {
    let area = Area { left: from.0.min(to.0), top: from.1.min(to.1), width: (from.0 - to.0).abs(), height: (from.1 - to.1).abs() };
    let flip = format!("{}{}", if to.0 < from.0 { " flipH=\"1\"" } else { "" }, if to.1 < from.1 { " flipV=\"1\"" } else { "" });
    let head = if head { "<a:tailEnd type=\"triangle\" w=\"med\" len=\"med\"/>" } else { "" };
    format!(
        "<p:cxnSp><p:nvCxnSpPr><p:cNvPr id=\"{id}\" name=\"Line {id}\"/><p:cNvCxnSpPr/><p:nvPr/></p:nvCxnSpPr><p:spPr><a:xfrm{flip}>{}</a:xfrm>\
         <a:prstGeom prst=\"line\"><a:avLst/></a:prstGeom><a:ln w=\"{}\">{}{head}</a:ln></p:spPr></p:cxnSp>",
        frame(area),
        (width * EMU).round() as i64,
        fill(colour, theme)
    )
}

fn chart(id: usize, area: Area, told: &str, relation: usize) -> String {
    format!(
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id=\"{id}\" name=\"Chart {id}\" descr=\"{}\"/><p:cNvGraphicFramePr><a:graphicFrameLocks noGrp=\"1\"/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>\
         <p:xfrm>{}</p:xfrm><a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/chart\">\
         <c:chart xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" r:id=\"rId{relation}\"/></a:graphicData></a:graphic></p:graphicFrame>",
        escape(told),
        frame(area)
    )
}
