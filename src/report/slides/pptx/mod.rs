//! `slides.pptx`: native text and shapes, and charts that stay charts, each with its workbook.
//!
//! `skeleton` is what every presentation has, `slide` and `chart` write what is on the slides, `workbook` what is behind charts, `package` packs it.

mod chart;
mod package;
mod skeleton;
mod slide;
mod workbook;

use self::package::Part;
use super::deck::Deck;
use super::layout::{self, Element, Medium};
use super::theme::Theme;

const MAIN: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml";
const SLIDE: &str = "application/vnd.openxmlformats-officedocument.presentationml.slide+xml";
const MASTER: &str = "application/vnd.openxmlformats-officedocument.presentationml.slideMaster+xml";
const LAYOUT: &str = "application/vnd.openxmlformats-officedocument.presentationml.slideLayout+xml";
const NOTES: &str = "application/vnd.openxmlformats-officedocument.presentationml.notesSlide+xml";
const NOTES_MASTER: &str = "application/vnd.openxmlformats-officedocument.presentationml.notesMaster+xml";
const PROPERTIES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presProps+xml";
const VIEW: &str = "application/vnd.openxmlformats-officedocument.presentationml.viewProps+xml";
const TABLES: &str = "application/vnd.openxmlformats-officedocument.presentationml.tableStyles+xml";
const THEME: &str = "application/vnd.openxmlformats-officedocument.theme+xml";
const CHART: &str = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CORE: &str = "application/vnd.openxmlformats-package.core-properties+xml";
const APP: &str = "application/vnd.openxmlformats-officedocument.extended-properties+xml";

/// The deck as a presentation.
///
/// # Errors
/// A name is longer than a workbook can hold.
pub fn write(deck: &Deck, theme: &Theme) -> Result<Vec<u8>, String> {
    let mut parts = skeleton(deck, theme);
    let mut charts = 0;
    for (number, slide) in (1..).zip(&deck.slides) {
        let elements = layout::page(slide, Medium::Native);
        let name = format!("ppt/slides/slide{number}.xml");
        let notes = format!("ppt/notesSlides/notesSlide{number}.xml");
        let mut part = Part::xml(&name, SLIDE, &slide::write(slide.name, &elements, theme))
            .relates("slideLayout", "ppt/slideLayouts/slideLayout1.xml")
            .relates("notesSlide", &notes);
        for element in &elements {
            let Element::Chart { area, chart, .. } = element else { continue };
            charts += 1;
            let (name, workbook) = (format!("ppt/charts/chart{charts}.xml"), format!("ppt/embeddings/workbook{charts}.xlsx"));
            part = part.relates("chart", &name);
            parts.push(Part::xml(&name, CHART, &chart::write(chart, theme, *area)).relates("package", &workbook));
            parts.push(Part::binary(&workbook, WORKBOOK, workbook::write(chart)?));
        }
        parts.push(part);
        parts.push(Part::xml(&notes, NOTES, &slide::notes(slide)).relates("notesMaster", "ppt/notesMasters/notesMaster1.xml").relates("slide", &name));
    }
    package::pack(&parts, "ppt/presentation.xml", "docProps/core.xml", "docProps/app.xml")
}

fn skeleton(deck: &Deck, theme: &Theme) -> Vec<Part> {
    let mut presentation = Part::xml("ppt/presentation.xml", MAIN, &skeleton::presentation(deck.slides.len()))
        .relates("slideMaster", "ppt/slideMasters/slideMaster1.xml")
        .relates("notesMaster", "ppt/notesMasters/notesMaster1.xml")
        .relates("presProps", "ppt/presProps.xml")
        .relates("viewProps", "ppt/viewProps.xml")
        .relates("tableStyles", "ppt/tableStyles.xml")
        .relates("theme", "ppt/theme/theme1.xml");
    for number in 1..=deck.slides.len() {
        presentation = presentation.relates("slide", format!("ppt/slides/slide{number}.xml"));
    }
    let mut master = Part::xml("ppt/slideMasters/slideMaster1.xml", MASTER, &skeleton::master(theme))
        .relates("slideLayout", "ppt/slideLayouts/slideLayout1.xml")
        .relates("theme", "ppt/theme/theme1.xml");
    let mut parts = Vec::new();
    if let Some(logo) = &theme.logo {
        master = master.relates("image", "ppt/media/logo.png");
        parts.push(Part::binary("ppt/media/logo.png", "image/png", logo.png.clone()));
    }
    parts.extend([
        presentation,
        master,
        Part::xml("ppt/slideLayouts/slideLayout1.xml", LAYOUT, &skeleton::layout()).relates("slideMaster", "ppt/slideMasters/slideMaster1.xml"),
        Part::xml("ppt/notesMasters/notesMaster1.xml", NOTES_MASTER, &skeleton::notes_master()).relates("theme", "ppt/theme/theme2.xml"),
        Part::xml("ppt/theme/theme1.xml", THEME, &skeleton::theme(theme)),
        Part::xml("ppt/theme/theme2.xml", THEME, &skeleton::theme(&Theme::plain(crate::report::charts::Theme::Light))),
        Part::xml("ppt/presProps.xml", PROPERTIES, skeleton::PRESENTATION_PROPERTIES),
        Part::xml("ppt/viewProps.xml", VIEW, skeleton::VIEW_PROPERTIES),
        Part::xml("ppt/tableStyles.xml", TABLES, skeleton::TABLE_STYLES),
        Part::xml("docProps/core.xml", CORE, &skeleton::core(deck)),
        Part::xml("docProps/app.xml", APP, &skeleton::app()),
    ]);
    parts
}
