//! The two fonts, whole as they are compiled in (a subset already), with what each glyph stands for, so that text can be searched and copied
//! (ISO 32000-1, 9.7 and 9.10.3).

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Rect, Ref, Str};
use ttf_parser::{Face, GlyphId};

use super::packed;
use crate::report::charts::text::{REGULAR, SEMI_BOLD};

/// Glyphs are numbered as in the font: there is no other collection behind it.
const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Writes both fonts; what pages refer to them by.
///
/// # Errors
/// The font cannot be read, which the tests of charts rule out.
pub fn write(pdf: &mut Pdf, next: &mut Ref, glyphs: &[BTreeMap<u16, String>; 2]) -> Result<[Ref; 2], String> {
    Ok([one(pdf, next, "INTERR+Inter-Regular", REGULAR, &glyphs[0])?, one(pdf, next, "INTERS+Inter-SemiBold", SEMI_BOLD, &glyphs[1])?])
}

fn one(pdf: &mut Pdf, next: &mut Ref, name: &str, data: &[u8], glyphs: &BTreeMap<u16, String>) -> Result<Ref, String> {
    let face = Face::parse(data, 0).map_err(|error| error.to_string())?;
    // Of a thousand to an em.
    let scaled = |units: i16| f32::from(units) * 1_000.0 / f32::from(face.units_per_em());
    let (font, descendant, descriptor, meanings, file) = (next.bump(), next.bump(), next.bump(), next.bump(), next.bump());
    let name = Name(name.as_bytes());
    pdf.type0_font(font).base_font(name).encoding_predefined(Name(b"Identity-H")).descendant_font(descendant).to_unicode(meanings);

    let mut described = pdf.cid_font(descendant);
    described.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
    described.cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = described.widths();
    for glyph in glyphs.keys() {
        let advance = face.glyph_hor_advance(GlyphId(*glyph)).unwrap_or(0);
        widths.consecutive(*glyph, [f32::from(advance) * 1_000.0 / f32::from(face.units_per_em())]);
    }
    widths.finish();
    described.finish();

    let bounds = face.global_bounding_box();
    let bounds = Rect::new(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max));
    let capital = face.capital_height().unwrap_or_else(|| face.ascender());
    let mut described = pdf.font_descriptor(descriptor);
    // Stems have no width in the file; readers use it only where they have to draw another font in its stead.
    described.name(name).flags(FontFlags::NON_SYMBOLIC).bbox(bounds).italic_angle(0.0).ascent(scaled(face.ascender())).descent(scaled(face.descender()));
    described.cap_height(scaled(capital)).stem_v(90.0).font_file2(file);
    described.finish();

    let mut cmap = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (glyph, text) in glyphs.iter().filter(|(_, text)| !text.is_empty()) {
        cmap.pair_with_multiple(*glyph, text.chars());
    }
    let cmap = packed(cmap.finish().as_slice())?;
    pdf.cmap(meanings, &cmap).filter(Filter::FlateDecode);

    let compressed = packed(data)?;
    let mut stream = pdf.stream(file, &compressed);
    stream.filter(Filter::FlateDecode).pair(Name(b"Length1"), i32::try_from(data.len()).unwrap_or(i32::MAX));
    stream.finish();
    Ok(font)
}
