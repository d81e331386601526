//! Slides: a deck of ten with a story, for whoever has to tell others. One model, three writers.
//!
//! `story` computes what is said, `deck` is the model of it and `chart` that of charts that can be edited; `layout` puts slides on a page of
//! 1600 × 900, from which `pptx` and `pdf` write; `marp` writes Markdown from the deck itself. `theme` is a speaker's own colours, font and logo.

mod chart;
mod deck;
mod layout;
mod marp;
mod pdf;
mod pptx;
mod story;
#[cfg(test)]
mod tests;
mod theme;
mod xml;

pub use theme::{Logo, Theme};

use super::charts::{self, Picture, Room};
use super::{File, ReportError};
use crate::summary::Summary;

/// `slides.pptx`, `slides.pdf`, `slides.md`, and the logo that the last refers to.
///
/// # Errors
/// A format cannot hold what the recording has.
pub fn files(summary: &Summary<'_>, theme: &Theme) -> Result<Vec<File>, ReportError> {
    let deck = story::deck(summary, theme);
    let load_point = charts::shown(summary);
    let room = |area: layout::Area| Room { left: area.left, top: area.top, right: area.left + area.width, bottom: area.top + area.height };
    let draw = |name: &str, area: layout::Area| charts::bare(summary, load_point, name, theme.ground, room(area));
    let made = |name: &str, made: Result<Vec<u8>, String>| match made {
        Ok(bytes) => Ok(File::new(name, bytes)),
        Err(problem) => Err(ReportError::Make { name: name.to_owned(), problem }),
    };
    let mut files = vec![
        made("slides.pptx", pptx::write(&deck, theme))?,
        made("slides.pdf", pdf::write(&deck, theme, &draw))?,
        File::new("slides.md", marp::write(&deck, theme)),
    ];
    files.extend(theme.logo.as_ref().map(|logo| File::new(marp::LOGO, logo.png.clone())));
    Ok(files)
}

/// The figures that go with them, to be pasted into other slides: `charts/NAME-THEME.svg` and `.png`, light and dark. Those of the theme's ground have its
/// colours.
///
/// # Errors
/// A picture cannot be turned into pixels.
pub fn figures(summary: &Summary<'_>, theme: &Theme) -> Result<Vec<File>, ReportError> {
    let own = |picture: Picture| if picture.theme == theme.ground { Picture { svg: theme.recoloured(&picture.svg), ..picture } } else { picture };
    let pictures: Vec<Picture> = super::pictures(summary).map(own).collect();
    let mut files = super::pngs(&pictures)?;
    files.extend(pictures.iter().map(|picture| File::new(&super::path(picture, "svg"), picture.file())));
    Ok(files)
}
