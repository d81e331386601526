//! Pictures of the charts' kind (paths of one colour, text of the two fonts) as operators of PDF (ISO 32000-1, 8 and 9).

use std::collections::{BTreeMap, BTreeSet};

use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Name, Settings, Str};
use resvg::tiny_skia::{PathSegment, Point, Transform};
use resvg::usvg::layout::{PositionedGlyph, Span};
use resvg::usvg::{self, FillRule, Group, LineCap, LineJoin, Node, Paint, Tree};
use ttf_parser::{Face, GlyphId};

use super::PAGE;
use crate::report::charts::canvas::{HEIGHT, WIDTH};
use crate::report::charts::raster;
use crate::report::charts::text::{REGULAR, SEMI_BOLD};
use crate::report::slides::layout::Area;

/// Names of the fonts in the resources of a page: regular, semibold.
pub const FONTS: [&[u8]; 2] = [b"R", b"S"];
/// Name of the logo in the resources of a page.
pub const LOGO: &[u8] = b"L";

/// Points for each pixel.
const POINTS: f32 = PAGE.0 / WIDTH as f32;

/// What the pages have been drawn with.
pub struct Painter {
    content: Content,
    /// Whether the next path is a ground that something lies on already.
    covering: bool,
    /// Opacities below 255 that were used.
    pub alphas: BTreeSet<u8>,
    /// Glyphs that were used, regular and semibold, with the text that each stands for.
    pub glyphs: [BTreeMap<u16, String>; 2],
}

/// Name of an opacity in the resources of a page.
pub fn alpha_name(alpha: u8) -> String {
    format!("A{alpha}")
}

impl Painter {
    /// With an empty page.
    pub fn new() -> Self {
        Self { content: empty(), covering: false, alphas: BTreeSet::new(), glyphs: [BTreeMap::new(), BTreeMap::new()] }
    }

    /// Draws a picture of the page's size over what is there: without its ground, which is the first thing in it.
    ///
    /// # Errors
    /// As of [`Self::svg`].
    pub fn over(&mut self, svg: &str) -> Result<(), String> {
        self.covering = true;
        self.svg(svg, (0.0, 0.0), 1.0)
    }

    /// Draws a picture with its corner at a place in pixels, made smaller.
    ///
    /// # Errors
    /// It is no SVG, or holds what no chart is drawn with.
    pub fn svg(&mut self, svg: &str, (left, top): (f64, f64), scale: f64) -> Result<(), String> {
        let tree = raster::tree(svg).map_err(|error| error.to_string())?;
        // PDF counts from the lower left corner, upwards.
        let to_page = Transform::from_row(POINTS, 0.0, 0.0, -POINTS, 0.0, HEIGHT as f32 * POINTS);
        let place = to_page.pre_translate(left as f32, top as f32).pre_scale(scale as f32, scale as f32);
        self.group(&tree, tree.root(), place, 1.0)
    }

    /// Draws the logo.
    pub fn image(&mut self, area: Area) {
        let points = |pixels: f64| pixels as f32 * POINTS;
        let lower = PAGE.1 - points(area.top + area.height);
        self.content.save_state().transform([points(area.width), 0.0, 0.0, points(area.height), points(area.left), lower]);
        self.content.x_object(Name(LOGO)).restore_state();
    }

    /// Ends a page: its operators.
    pub fn page(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.content, empty()).finish().into_vec()
    }

    fn group(&mut self, tree: &Tree, group: &Group, place: Transform, opacity: f32) -> Result<(), String> {
        // The opacity of one shape is that of its group; that of several, which may lie over each other, is not.
        let shared = group.opacity().get() < 1.0 && group.children().len() > 1;
        if shared || group.clip_path().is_some() || group.mask().is_some() || !group.filters().is_empty() {
            return Err("a picture has a group with opacity, clip, mask or filter, which no chart is drawn with".to_owned());
        }
        let opacity = opacity * group.opacity().get();
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(tree, group, place, opacity)?,
                Node::Path(path) if path.is_visible() => self.path(path, place, opacity)?,
                Node::Path(_) => {}
                Node::Text(text) => {
                    let place = place.pre_concat(text.abs_transform());
                    for span in text.layouted().iter().filter(|span| span.visible) {
                        self.span(tree, span, place, opacity)?;
                    }
                }
                Node::Image(_) => return Err("a picture has an image in it, which no chart is drawn with".to_owned()),
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &usvg::Path, place: Transform, opacity: f32) -> Result<(), String> {
        if std::mem::take(&mut self.covering) {
            return Ok(());
        }
        let place = place.pre_concat(path.abs_transform());
        if let Some(fill) = path.fill() {
            let [red, green, blue] = colour(fill.paint())?;
            self.begin(opacity * fill.opacity().get());
            self.content.set_fill_rgb(red, green, blue);
            self.outline(path, place);
            match fill.rule() {
                FillRule::NonZero => self.content.fill_nonzero(),
                FillRule::EvenOdd => self.content.fill_even_odd(),
            };
            self.content.restore_state();
        }
        if let Some(stroke) = path.stroke() {
            let [red, green, blue] = colour(stroke.paint())?;
            self.begin(opacity * stroke.opacity().get());
            self.content.set_stroke_rgb(red, green, blue).set_line_width(stroke.width().get() * place.get_scale().0);
            self.content.set_line_cap(match stroke.linecap() {
                LineCap::Butt => LineCapStyle::ButtCap,
                LineCap::Round => LineCapStyle::RoundCap,
                LineCap::Square => LineCapStyle::ProjectingSquareCap,
            });
            self.content.set_line_join(match stroke.linejoin() {
                LineJoin::Round => LineJoinStyle::RoundJoin,
                LineJoin::Bevel => LineJoinStyle::BevelJoin,
                LineJoin::Miter | LineJoin::MiterClip => LineJoinStyle::MiterJoin,
            });
            self.outline(path, place);
            self.content.stroke().restore_state();
        }
        Ok(())
    }

    fn begin(&mut self, opacity: f32) {
        self.content.save_state();
        let alpha = (opacity * 255.0).round() as u8;
        if alpha < 255 {
            self.alphas.insert(alpha);
            self.content.set_parameters(Name(alpha_name(alpha).as_bytes()));
        }
    }

    fn outline(&mut self, path: &usvg::Path, place: Transform) {
        let mapped = |mut point: Point| {
            place.map_point(&mut point);
            point
        };
        let mut last = Point::zero();
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    let end = mapped(to);
                    self.content.move_to(end.x, end.y);
                    last = to;
                }
                PathSegment::LineTo(to) => {
                    let end = mapped(to);
                    self.content.line_to(end.x, end.y);
                    last = to;
                }
                // PDF knows cubic curves only.
                PathSegment::QuadTo(control, to) => {
                    let towards = |end: Point| Point::from_xy(end.x + (control.x - end.x) * 2.0 / 3.0, end.y + (control.y - end.y) * 2.0 / 3.0);
                    let (one, two, end) = (mapped(towards(last)), mapped(towards(to)), mapped(to));
                    self.content.cubic_to(one.x, one.y, two.x, two.y, end.x, end.y);
                    last = to;
                }
                PathSegment::CubicTo(one, two, to) => {
                    let (one, two, end) = (mapped(one), mapped(two), mapped(to));
                    self.content.cubic_to(one.x, one.y, two.x, two.y, end.x, end.y);
                    last = to;
                }
                PathSegment::Close => _ = self.content.close_path(),
            }
        }
    }

    /// A run of glyphs on one line: shown as one string, with what it is off the font's own widths, so that it can be selected as one.
    fn span(&mut self, tree: &Tree, span: &Span, place: Transform, opacity: f32) -> Result<(), String> {
        let Some(fill) = &span.fill else { return Ok(()) };
        let [red, green, blue] = colour(fill.paint())?;
        let Some(first) = span.positioned_glyphs.first() else { return Ok(()) };
        let font = font(tree, first)?;
        let face = Face::parse(if font == 0 { REGULAR } else { SEMI_BOLD }, 0).map_err(|error| error.to_string())?;
        let em = f32::from(face.units_per_em());
        // One em across, and one up: outlines are drawn upwards, pictures are counted downwards.
        let start = place.pre_concat(first.outline_transform());
        let matrix = [start.sx * em, start.ky * em, start.kx * em, start.sy * em, start.tx, start.ty];
        let size = (matrix[0] * matrix[0] + matrix[1] * matrix[1]).sqrt();
        if size <= 0.0 {
            return Ok(());
        }
        self.begin(opacity * fill.opacity().get());
        self.content.set_fill_rgb(red, green, blue).begin_text().set_font(Name(FONTS[font]), 1.0).set_text_matrix(matrix);
        let mut pen = 0.0;
        let mut shown = self.content.show_positioned();
        let mut items = shown.items();
        for glyph in &span.positioned_glyphs {
            let at = place.pre_concat(glyph.outline_transform());
            // Along the baseline, in ems.
            let along = ((at.tx - start.tx) * matrix[0] + (at.ty - start.ty) * matrix[1]) / (size * size);
            let id = u16::try_from(glyph.id.0).unwrap_or(0);
            if (along - pen).abs() > 5e-4 {
                items.adjust((pen - along) * 1_000.0);
            }
            items.show(Str(&id.to_be_bytes()));
            pen = along + f32::from(face.glyph_hor_advance(GlyphId(id)).unwrap_or(0)) / em;
            self.glyphs[font].entry(id).or_insert_with(|| glyph.text.clone());
        }
        drop(items);
        drop(shown);
        self.content.end_text().restore_state();
        Ok(())
    }
}

fn empty() -> Content {
    Content::with_settings(Settings { pretty: false })
}

/// Which of the two fonts a glyph is of.
fn font(tree: &Tree, glyph: &PositionedGlyph) -> Result<usize, String> {
    let face = tree.fontdb().face(glyph.font).ok_or("a picture has text of a font that is not there")?;
    Ok(usize::from(face.weight.0 >= 600))
}

fn colour(paint: &Paint) -> Result<[f32; 3], String> {
    match paint {
        Paint::Color(colour) => Ok([colour.red, colour.green, colour.blue].map(|part| f32::from(part) / 255.0)),
        _ => Err("a picture has a gradient or a pattern in it, which no chart is drawn with".to_owned()),
    }
}
