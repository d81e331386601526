//! How a deck looks: the colours of the charts, light or dark, and what a speaker's theme file puts in their place.
//!
//! `read` reads the file strictly, `colour` judges whether what it asks for can be seen, `font` guesses how wide a font is.

mod colour;
mod font;
mod read;
#[cfg(test)]
mod tests;

use plotters::style::RGBColor;

use crate::report::charts;
use crate::report::charts::theme::{Palette, hex};

/// Typeface of native text and of Markdown, unless the file names another: every program that shows slides has it, or one as wide.
const FONT: &str = "Arial";

/// How a deck looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// What everything lies on; a file's colours replace those of this palette.
    pub ground: charts::Theme,
    /// (colour of the palette, what stands in its place).
    replaced: Vec<(RGBColor, RGBColor)>,
    /// Typeface of `slides.pptx` and `slides.md`. PDF and figures keep the font that they were measured with.
    pub font: String,
    /// How wide its letters are, 1 to 1.5, those of Arial being 1; unless told, a guess that is rather too wide.
    pub font_width: f64,
    /// Stands on every slide.
    pub logo: Option<Logo>,
    /// Stands on every slide; may be empty.
    pub footer: String,
    /// Stands on the last slide; may be empty.
    pub link: String,
}

/// A logo, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The picture as PNG.
    pub png: Vec<u8>,
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
}

impl Theme {
    /// The colours of the charts, and nothing on top.
    pub fn plain(ground: charts::Theme) -> Self {
        Self { ground, replaced: Vec::new(), font: FONT.to_owned(), font_width: 1.0, logo: None, footer: String::new(), link: String::new() }
    }

    /// The palette that is replaced.
    pub fn palette(&self) -> &'static Palette {
        self.ground.palette()
    }

    /// What stands in the place of a colour of the palette.
    pub fn colour(&self, colour: RGBColor) -> RGBColor {
        self.replaced.iter().find(|(old, _)| *old == colour).map_or(colour, |(_, new)| *new)
    }

    /// A picture of the palette's colours in those of the theme.
    pub fn recoloured(&self, svg: &str) -> String {
        if self.replaced.is_empty() {
            return svg.to_owned();
        }
        // Colours stand in attributes only; a name that looks like one does not begin with `="`.
        let mut pieces = svg.split("=\"#");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let found = self.replaced.iter().find_map(|(old, new)| Some((new, piece.strip_prefix(&hex(*old)[1..])?)));
            match found {
                Some((new, rest)) => whole.extend(["=\"", hex(*new).as_str(), rest]),
                None => whole.extend(["=\"#", piece]),
            }
        }
        whole
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::plain(charts::Theme::Light)
    }
}
