//! `slides.pdf`: a page of 16:9 for each slide, of vectors and of text that can be selected.
//!
//! `page` draws a slide as the charts are drawn, `painter` turns pictures into operators of PDF, `fonts` and `image` write what those refer to.
//! The crate that turns SVG into PDF brings an older copy of all that draws ours; for pictures that are paths and text of one font, this is less.

mod fonts;
mod image;
mod page;
mod painter;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Filter, Finish as _, Name, Pdf, Rect, Ref, Settings, TextStr};
use std::io::Write as _;

use self::painter::Painter;
use super::deck::Deck;
use super::layout::{self, Area, Element, Medium};
use super::theme::Theme;
use crate::report::charts::text;

/// Width and height of a page in points, as presentation programs have it: 13⅓ × 7½ inches.
const PAGE: (f32, f32) = (960.0, 540.0);

/// Draws a chart of this name into a part of a page: the picture, and its notes.
pub type Draw<'d> = &'d dyn Fn(&str, Area) -> Option<(String, String)>;

/// The deck as PDF.
///
/// # Errors
/// A picture has something in it that the charts do not draw with.
pub fn write(deck: &Deck, theme: &Theme, draw: Draw<'_>) -> Result<Vec<u8>, String> {
    let mut painter = Painter::new();
    let mut contents = Vec::new();
    for (index, slide) in deck.slides.iter().enumerate() {
        let mut elements = layout::page(slide, Medium::Pictures);
        elements.extend(layout::on_every_slide(theme, index + 1));
        let bare = elements.iter().find_map(|element| if let Element::Bare { area, name } = element { draw(name, *area) } else { None });
        elements.extend(bare.iter().filter(|(_, notes)| !notes.is_empty()).map(|(_, notes)| layout::notes_of_chart(notes)));
        painter.svg(&theme.recoloured(&page::svg(&elements, theme.ground, &slide.title)), (0.0, 0.0), 1.0)?;
        if let Some((svg, _)) = bare {
            painter.over(&theme.recoloured(&svg))?;
        }
        for element in &elements {
            if let Element::Picture { left, top, scale, picture } = element {
                painter.svg(&theme.recoloured(&picture.svg), (*left, *top), *scale)?;
            }
        }
        if let Some(logo) = &theme.logo {
            painter.image(layout::logo_area(logo));
        }
        contents.push(painter.page());
    }
    document(deck, theme, &contents, &painter)
}

fn document(deck: &Deck, theme: &Theme, contents: &[Vec<u8>], painter: &Painter) -> Result<Vec<u8>, String> {
    let mut next = Ref::new(1);
    let mut pdf = Pdf::with_settings(Settings { pretty: false });
    let (catalog, pages, info) = (next.bump(), next.bump(), next.bump());
    let kids: Vec<(Ref, Ref)> = contents.iter().map(|_| (next.bump(), next.bump())).collect();
    let mut root = pdf.catalog(catalog);
    root.pages(pages).lang(TextStr("en"));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    pdf.pages(pages).kids(kids.iter().map(|(page, _)| *page)).count(i32::try_from(kids.len()).unwrap_or(i32::MAX));
    let title = text::clean(&deck.title);
    let creator = format!("pushbench {}", env!("CARGO_PKG_VERSION"));
    pdf.document_info(info).title(TextStr(&title)).creator(TextStr(&creator)).producer(TextStr(&creator));
    let fonts = fonts::write(&mut pdf, &mut next, &painter.glyphs)?;
    let logo = theme.logo.as_ref().map(|logo| image::write(&mut pdf, &mut next, logo)).transpose()?;
    let alphas: Vec<(u8, Ref)> = painter.alphas.iter().map(|alpha| (*alpha, next.bump())).collect();
    for (alpha, id) in &alphas {
        let share = f32::from(*alpha) / 255.0;
        pdf.ext_graphics(*id).non_stroking_alpha(share).stroking_alpha(share);
    }
    for ((id, content), bytes) in kids.iter().zip(contents) {
        let mut page = pdf.page(*id);
        page.parent(pages).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(*content);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for (name, font) in painter::FONTS.iter().zip(&fonts) {
            named.pair(Name(name), *font);
        }
        named.finish();
        if !alphas.is_empty() {
            let mut named = resources.ext_g_states();
            for (alpha, id) in &alphas {
                named.pair(Name(painter::alpha_name(*alpha).as_bytes()), *id);
            }
            named.finish();
        }
        if let Some(logo) = logo {
            resources.x_objects().pair(Name(painter::LOGO), logo);
        }
        resources.finish();
        page.finish();
        let packed = packed(bytes)?;
        pdf.stream(*content, &packed).filter(Filter::FlateDecode);
    }
    Ok(pdf.finish())
}

/// Deflated, as streams of a PDF are.
fn packed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).and_then(|()| packer.finish()).map_err(|error| error.to_string())
}
