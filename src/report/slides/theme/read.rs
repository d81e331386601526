//! A theme file, read strictly: what is not known or cannot be seen on a stage is refused, with its place and what is allowed.

use std::io;
use std::ops::Range;

use plotters::style::RGBColor;
use resvg::tiny_skia::Pixmap;
use toml_edit::{Document, Item, Table, Value};

use super::{Logo, Theme, colour, font};
use crate::mistake::{Mistake, Read, Source};
use crate::report::charts;
use crate::report::charts::theme::{Palette, hex};
use crate::units::significant;

/// Keys of the file.
const KEYS: &[&str] = &["ground", "font", "font_width", "logo", "footer", "link", "colours"];
/// Keys of `[colours]`.
const COLOURS: &[&str] = &["ground", "ink", "soft", "grid", "warning", "push", "pull", "control"];

/// Characters of a font's name, of the footer and of the link at most: more would leave the slide.
const LONGEST: usize = 120;
/// Twice as wide as Arial is no font for slides; 1.2 is a very wide one.
const WIDEST_FONT: f64 = 1.5;
/// Contrast that text needs with its ground: small text in WCAG 2.1.
const OF_TEXT: f64 = 4.5;
/// Contrast that lines and bars need: graphics in WCAG 2.1.
const OF_SHAPES: f64 = 3.0;
/// Width to which a logo of vectors is drawn, in pixels: four times what it takes on a slide of full HD.
const LOGO_WIDTH: u32 = 1_200;
/// Pixels of a logo at most, either way.
const LARGEST_LOGO: u32 = 8_192;

impl Theme {
    /// Reads a theme from the text of a file, which messages call `file`; `load` gives the bytes of a file that it names.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a value that is not allowed, a logo that cannot be read or drawn, a colour that cannot be seen on its ground.
    pub fn read(text: &str, file: &str, load: impl Fn(&str) -> io::Result<Vec<u8>>) -> Read<Self> {
        let source = Source { file, text };
        let document = Document::parse(text).map_err(|error| {
            source.mistake(error.span(), format!("this is not TOML: {}", error.message().trim_end())).help("write lines such as: footer = \"A conference\"")
        })?;
        let table = document.as_table();
        only(source, table, KEYS, "the theme")?;
        let mut theme = Self::plain(table.get("ground").map_or(Ok(charts::Theme::Light), |item| ground(source, item))?);
        if let Some(item) = table.get("font") {
            theme.font = self::text(source, item, "font")?.to_owned();
            theme.font_width = font::usual_width(&theme.font);
        }
        if let Some(item) = table.get("font_width") {
            let width = item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64)).filter(|width| (1.0..=WIDEST_FONT).contains(width));
            let wrong = || source.mistake(item.span(), "\"font_width\" must be a number").allowed(format!("1 (as wide as Arial, or less) to {WIDEST_FONT}"));
            theme.font_width = width.ok_or_else(wrong)?;
        }
        if let Some(item) = table.get("footer") {
            theme.footer = self::text(source, item, "footer")?.to_owned();
        }
        if let Some(item) = table.get("link") {
            theme.link = link(source, item)?.to_owned();
        }
        if let Some(item) = table.get("logo") {
            theme.logo = Some(logo(source, item, load)?);
        }
        if let Some(item) = table.get("colours") {
            let colours = item.as_table().ok_or_else(|| source.mistake(item.span(), "\"colours\" must be a table").help("write [colours] above its keys"))?;
            theme.replaced = replaced(source, colours, theme.palette())?;
        }
        Ok(theme)
    }
}

fn ground(source: Source<'_>, item: &Item) -> Read<charts::Theme> {
    let name = text(source, item, "ground")?;
    let known = charts::Theme::ALL.into_iter().find(|theme| theme.name() == name);
    known.ok_or_else(|| {
        source.mistake(item.span(), format!("{name:?} is not a choice for \"ground\"")).allowed("\"light\", \"dark\"").near(name, &["light", "dark"])
    })
}

fn link<'i>(source: Source<'_>, item: &'i Item) -> Read<&'i str> {
    let link = text(source, item, "link")?;
    let whole = ["https://", "http://"].iter().any(|start| link.starts_with(start)) && !link.contains(char::is_whitespace);
    let wrong = || {
        source
            .mistake(item.span(), format!("{link:?} is not an address"))
            .help("write it whole and without spaces, such as: link = \"https://example.org/talk\"")
    };
    if whole { Ok(link) } else { Err(wrong()) }
}

/// A PNG as it is, or an SVG drawn.
fn logo(source: Source<'_>, item: &Item, load: impl Fn(&str) -> io::Result<Vec<u8>>) -> Read<Logo> {
    let path = text(source, item, "logo")?;
    let wrong = |problem: String, remedy: &str| source.mistake(item.span(), problem).help(remedy);
    let bytes = load(path).map_err(|error| wrong(format!("the logo {path:?} cannot be read: {error}"), "paths begin at the folder of the theme file"))?;
    let is_svg = path.to_ascii_lowercase().ends_with(".svg");
    let png = if is_svg {
        let text = String::from_utf8(bytes).map_err(|_| wrong(format!("the logo {path:?} is not UTF-8 text"), "save it as plain SVG, or as PNG"))?;
        charts::png(&text, LOGO_WIDTH).map_err(|error| wrong(format!("the logo {path:?} cannot be drawn: {error}"), "save it as plain SVG, or as PNG"))?
    } else {
        bytes
    };
    let pixels =
        Pixmap::decode_png(&png).map_err(|error| wrong(format!("the logo {path:?} is no PNG: {error}"), "give a PNG, or an SVG whose name ends with .svg"))?;
    let (width, height) = (pixels.width(), pixels.height());
    if width.max(height) > LARGEST_LOGO {
        return Err(wrong(format!("the logo {path:?} has {width} × {height} pixels"), "make it smaller: 8,192 either way is the most"));
    }
    Ok(Logo { png, width, height })
}

/// What each colour of the palette becomes.
fn replaced(source: Source<'_>, table: &Table, palette: &'static Palette) -> Read<Vec<(RGBColor, RGBColor)>> {
    only(source, table, COLOURS, "[colours]")?;
    let mut replaced = Vec::new();
    let single = [
        ("ground", palette.ground),
        ("ink", palette.ink),
        ("soft", palette.soft),
        ("grid", palette.grid),
        ("warning", palette.warning),
        ("control", palette.control),
    ];
    for (key, old) in single {
        if let Some(item) = table.get(key) {
            let value = item.as_value().ok_or_else(|| no_colour(source, item.span()))?;
            replaced.push((old, read_colour(source, value)?, key, item.span()));
        }
    }
    for (key, old) in [("push", &palette.push[..]), ("pull", &palette.pull[..])] {
        let Some(item) = table.get(key) else { continue };
        let list = item.as_array().filter(|list| (1..=old.len()).contains(&list.len()));
        let wrong =
            || source.mistake(item.span(), format!("{key:?} must be a list of colours")).allowed(format!("1 to {}, such as: {key} = [\"#0060A0\"]", old.len()));
        let list = list.ok_or_else(wrong)?;
        for (old, value) in old.iter().zip(list) {
            replaced.push((*old, read_colour(source, value)?, key, value.span()));
        }
    }
    let now = |colour: RGBColor| replaced.iter().find(|(old, ..)| *old == colour).map_or(colour, |(_, new, ..)| *new);
    let ground = now(palette.ground);
    let texts = [palette.ink, palette.soft, palette.warning];
    let shapes = palette.push.iter().chain(&palette.pull).chain([&palette.control]).copied();
    for (colour, least) in texts.into_iter().map(|colour| (colour, OF_TEXT)).chain(shapes.map(|colour| (colour, OF_SHAPES))) {
        let found = colour::contrast(now(colour), ground);
        if found < least {
            // The ground may be what was changed.
            let place = replaced.iter().find(|(old, ..)| *old == colour).or_else(|| replaced.iter().find(|(_, _, key, _)| *key == "ground"));
            let span = place.and_then(|(.., span)| span.clone());
            let name = palette.colours().into_iter().find(|(_, value)| *value == hex(colour)).map_or_else(String::new, |(name, _)| name);
            let problem = format!("{name} ({}) hardly stands out from the ground ({}): contrast {}", hex(now(colour)), hex(ground), significant(found, 2));
            return Err(source.mistake(span, problem).help(format!("take a colour with a contrast of at least {least}, or another ground")));
        }
    }
    Ok(replaced.into_iter().map(|(old, new, ..)| (old, new)).collect())
}

/// No key but these.
fn only(source: Source<'_>, table: &Table, known: &[&str], place: &str) -> Read<()> {
    match table.iter().find(|(key, _)| !known.contains(key)) {
        None => Ok(()),
        Some((key, _)) => {
            let span = table.key(key).and_then(toml_edit::Key::span);
            Err(source.mistake(span, format!("unknown key {key:?} in {place}")).allowed(known.join(", ")).near(key, known))
        }
    }
}

fn text<'i>(source: Source<'_>, item: &'i Item, key: &str) -> Read<&'i str> {
    let text = item.as_str().filter(|text| !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.contains(char::is_control));
    text.ok_or_else(|| source.mistake(item.span(), format!("{key:?} must be a text of one line")).allowed(format!("1 to {LONGEST} characters in quotes")))
}

fn read_colour(source: Source<'_>, value: &Value) -> Read<RGBColor> {
    value.as_str().and_then(colour::read).ok_or_else(|| no_colour(source, value.span()))
}

fn no_colour(source: Source<'_>, span: Option<Range<usize>>) -> Box<Mistake> {
    source.mistake(span, "this is not a colour").allowed("red, green and blue as two hexadecimal digits each, such as \"#0060A0\"")
}
