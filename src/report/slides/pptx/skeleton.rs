//! The parts that every presentation has: the list of slides, master, layout, themes, properties (ECMA-376, part 1, 13.3).
//!
//! Footer, number and logo stand on the master alone, so that a speaker changes or removes them in one place.

use super::slide::{NAMESPACES, TREE, frame, text};
use crate::report::charts::canvas::Align;
use crate::report::charts::theme::hex;
use crate::report::slides::deck::{Colour, Deck};
use crate::report::slides::layout::{Area, FOOTER_SIZE, MARGIN, Paragraph, ROOM, TITLE, Text, footer_areas, logo_area};
use crate::report::slides::theme::Theme;
use crate::report::slides::xml::escape;
use plotters::style::RGBColor;

/// Number of the master and of its layout: from a range of their own.
const MASTER: u64 = 2_147_483_648;
/// Number of the first slide.
const FIRST_SLIDE: usize = 256;

/// The list of slides: relations are the master, the notes' master, three parts of properties, the theme, then the slides.
pub const BEFORE_SLIDES: usize = 6;

pub fn presentation(slides: usize) -> String {
    let list: String = (0..slides).map(|index| format!("<p:sldId id=\"{}\" r:id=\"rId{}\"/>", FIRST_SLIDE + index, BEFORE_SLIDES + index + 1)).collect();
    format!(
        "<p:presentation {NAMESPACES} saveSubsetFonts=\"1\"><p:sldMasterIdLst><p:sldMasterId id=\"{MASTER}\" r:id=\"rId1\"/></p:sldMasterIdLst>\
         <p:notesMasterIdLst><p:notesMasterId r:id=\"rId2\"/></p:notesMasterIdLst><p:sldIdLst>{list}</p:sldIdLst>\
         <p:sldSz cx=\"12192000\" cy=\"6858000\"/><p:notesSz cx=\"6858000\" cy=\"9144000\"/></p:presentation>"
    )
}

pub fn master(theme: &Theme) -> String {
    let (footer, number) = footer_areas(theme);
    let words = |name, area, words: &str, align| {
        let paragraph = Paragraph { text: words.to_owned(), colour: Colour::Soft, point: false };
        Text { name, area, paragraphs: vec![paragraph], size: FOOTER_SIZE, bold: false, align }
    };
    let mut shapes = placeholder(2, "title", "Title", TITLE);
    shapes += &placeholder(3, "body", "Text", Area { left: MARGIN, top: 236.0, width: ROOM, height: 540.0 });
    // A field in a text box of the master shows the number of each slide.
    let field = "<a:fld id=\"{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}\" type=\"slidenum\">";
    shapes += &text(4, &words("Number", number, "‹#›", Align::Right), theme).replace("<a:r>", field).replace("</a:r>", "</a:fld>");
    if !theme.footer.is_empty() {
        shapes += &text(5, &words("Footer", footer, &theme.footer, Align::Left), theme);
    }
    if let Some(logo) = &theme.logo {
        shapes += &format!(
            "<p:pic><p:nvPicPr><p:cNvPr id=\"6\" name=\"Logo\" descr=\"Logo\"/><p:cNvPicPr><a:picLocks noChangeAspect=\"1\"/></p:cNvPicPr><p:nvPr/></p:nvPicPr>\
             <p:blipFill><a:blip r:embed=\"rId3\"/><a:stretch><a:fillRect/></a:stretch></p:blipFill>\
             <p:spPr><a:xfrm>{}</a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></p:spPr></p:pic>",
            frame(logo_area(logo))
        );
    }
    let level = |size: u32| {
        format!(
            "<a:lvl1pPr algn=\"l\" defTabSz=\"914400\" rtl=\"0\" eaLnBrk=\"1\" latinLnBrk=\"0\" hangingPunct=\"1\"><a:buNone/>\
             <a:defRPr sz=\"{size}\" kern=\"1200\"><a:solidFill><a:schemeClr val=\"tx1\"/></a:solidFill><a:latin typeface=\"+mn-lt\"/><a:ea typeface=\"+mn-ea\"/><a:cs typeface=\"+mn-cs\"/></a:defRPr></a:lvl1pPr>"
        )
    };
    format!(
        "<p:sldMaster {NAMESPACES}><p:cSld><p:bg><p:bgPr><a:solidFill><a:schemeClr val=\"bg1\"/></a:solidFill><a:effectLst/></p:bgPr></p:bg><p:spTree>{TREE}{shapes}</p:spTree></p:cSld>\
         {COLOUR_MAP}<p:sldLayoutIdLst><p:sldLayoutId id=\"{}\" r:id=\"rId1\"/></p:sldLayoutIdLst>\
         <p:txStyles><p:titleStyle>{}</p:titleStyle><p:bodyStyle>{}</p:bodyStyle><p:otherStyle>{}</p:otherStyle></p:txStyles></p:sldMaster>",
        MASTER + 1,
        level(2_800),
        level(1_700),
        level(1_700)
    )
}

pub fn layout() -> String {
    format!(
        "<p:sldLayout {NAMESPACES} type=\"titleOnly\" preserve=\"1\"><p:cSld name=\"Title and figures\"><p:spTree>{TREE}{}</p:spTree></p:cSld>\
         <p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>",
        placeholder(2, "title", "Title", TITLE)
    )
}

pub fn notes_master() -> String {
    // On a page of 7.5 × 10 inches, upright.
    let slide = "<a:off x=\"685800\" y=\"685800\"/><a:ext cx=\"5486400\" cy=\"3086100\"/>";
    let body = "<a:off x=\"685800\" y=\"4000500\"/><a:ext cx=\"5486400\" cy=\"4457700\"/>";
    format!(
        "<p:notesMaster {NAMESPACES}><p:cSld><p:bg><p:bgPr><a:solidFill><a:srgbClr val=\"FFFFFF\"/></a:solidFill><a:effectLst/></p:bgPr></p:bg><p:spTree>{TREE}\
         <p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Slide\"/><p:cNvSpPr><a:spLocks noGrp=\"1\" noRot=\"1\" noChangeAspect=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"sldImg\" idx=\"2\"/></p:nvPr></p:nvSpPr>\
         <p:spPr><a:xfrm>{slide}</a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom><a:noFill/><a:ln w=\"12700\"><a:solidFill><a:srgbClr val=\"808080\"/></a:solidFill></a:ln></p:spPr></p:sp>\
         <p:sp><p:nvSpPr><p:cNvPr id=\"3\" name=\"Notes\"/><p:cNvSpPr><a:spLocks noGrp=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"body\" sz=\"quarter\" idx=\"1\"/></p:nvPr></p:nvSpPr>\
         <p:spPr><a:xfrm>{body}</a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></p:spPr>\
         <p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:r><a:rPr lang=\"en-US\"/><a:t>Notes</a:t></a:r></a:p></p:txBody></p:sp>\
         </p:spTree></p:cSld>{COLOUR_MAP}<p:notesStyle><a:lvl1pPr><a:defRPr sz=\"1100\"><a:solidFill><a:srgbClr val=\"000000\"/></a:solidFill><a:latin typeface=\"+mn-lt\"/></a:defRPr></a:lvl1pPr></p:notesStyle></p:notesMaster>"
    )
}

/// Colours and fonts. What text and shapes take from here changes with the theme of a presentation into which they are pasted.
pub fn theme(theme: &Theme) -> String {
    let palette = theme.palette();
    let colour = |tag: &str, colour: RGBColor| format!("<a:{tag}><a:srgbClr val=\"{}\"/></a:{tag}>", &hex(theme.colour(colour))[1..]);
    let colours: String = [
        ("dk1", palette.ink),
        ("lt1", palette.ground),
        ("dk2", palette.soft),
        ("lt2", palette.grid),
        ("accent1", palette.push[0]),
        ("accent2", palette.pull[0]),
        ("accent3", palette.pull[1]),
        ("accent4", palette.pull[2]),
        ("accent5", palette.push[1]),
        ("accent6", palette.control),
        ("hlink", palette.push[0]),
        ("folHlink", palette.soft),
    ]
    .into_iter()
    .map(|(tag, value)| colour(tag, value))
    .collect();
    let font = format!("<a:latin typeface=\"{}\"/><a:ea typeface=\"\"/><a:cs typeface=\"\"/>", escape(&theme.font));
    let fill = "<a:solidFill><a:schemeClr val=\"phClr\"/></a:solidFill>";
    let line = |width: u32| format!("<a:ln w=\"{width}\">{fill}<a:prstDash val=\"solid\"/></a:ln>");
    let effect = "<a:effectStyle><a:effectLst/></a:effectStyle>";
    format!(
        "<a:theme xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" name=\"pushbench\"><a:themeElements><a:clrScheme name=\"pushbench\">{colours}</a:clrScheme>\
         <a:fontScheme name=\"pushbench\"><a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>\
         <a:fmtScheme name=\"pushbench\"><a:fillStyleLst>{fill}{fill}{fill}</a:fillStyleLst><a:lnStyleLst>{}{}{}</a:lnStyleLst>\
         <a:effectStyleLst>{effect}{effect}{effect}</a:effectStyleLst><a:bgFillStyleLst>{fill}{fill}{fill}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>",
        line(6_350),
        line(12_700),
        line(19_050)
    )
}

pub const PRESENTATION_PROPERTIES: &str = "<p:presentationPr xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"/>";
pub const VIEW_PROPERTIES: &str = "<p:viewPr xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"/>";
pub const TABLE_STYLES: &str =
    "<a:tblStyleLst xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" def=\"{5C22544A-7EE6-4342-B048-85BDC9FD1C3A}\"/>";

/// Title and time: those of the run, so that the same recording gives the same bytes.
pub fn core(deck: &Deck) -> String {
    // Only what looks like a time may stand there: programs refuse a file with another.
    let looks_like_a_time = deck.started.len() >= 20 && deck.started.bytes().all(|byte| byte.is_ascii_digit() || b"-:TZ.+".contains(&byte));
    let started = if looks_like_a_time { deck.started.as_str() } else { "1980-01-01T00:00:00Z" };
    format!(
        "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:dcterms=\"http://purl.org/dc/terms/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title><dc:creator>pushbench</dc:creator>\
         <dcterms:created xsi:type=\"dcterms:W3CDTF\">{started}</dcterms:created><dcterms:modified xsi:type=\"dcterms:W3CDTF\">{started}</dcterms:modified></cp:coreProperties>",
        escape(&deck.title)
    )
}

pub fn app() -> String {
    format!(
        "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\"><Application>pushbench {}</Application></Properties>",
        env!("CARGO_PKG_VERSION")
    )
}

const COLOUR_MAP: &str = "<p:clrMap bg1=\"lt1\" tx1=\"dk1\" bg2=\"lt2\" tx2=\"dk2\" accent1=\"accent1\" accent2=\"accent2\" accent3=\"accent3\" accent4=\"accent4\" \
     accent5=\"accent5\" accent6=\"accent6\" hlink=\"hlink\" folHlink=\"folHlink\"/>";

fn placeholder(id: usize, kind: &str, name: &str, area: Area) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"{id}\" name=\"{name} {id}\"/><p:cNvSpPr><a:spLocks noGrp=\"1\"/></p:cNvSpPr><p:nvPr><p:ph type=\"{kind}\"{}/></p:nvPr></p:nvSpPr>\
         <p:spPr><a:xfrm>{}</a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></p:spPr>\
         <p:txBody><a:bodyPr lIns=\"0\" tIns=\"0\" rIns=\"0\" bIns=\"0\" anchor=\"t\"><a:normAutofit/></a:bodyPr><a:lstStyle/>\
         <a:p><a:r><a:rPr lang=\"en-US\"/><a:t>{name}</a:t></a:r></a:p></p:txBody></p:sp>",
        if kind == "body" { " idx=\"1\"" } else { "" },
        frame(area)
    )
}
