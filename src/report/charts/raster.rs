//! SVG → PNG, by resvg, with the committed font and no other.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::text;

/// The widest picture that is made, in pixels: 8K. More would be a slip, and take gigabytes.
pub const WIDEST: u32 = 7_680;

/// Why a picture cannot be turned into PNG.
#[derive(Debug, thiserror::Error)]
pub enum RasterError {
    /// Zero, or more than `WIDEST`.
    #[error("a picture cannot be {0} pixels wide; allowed are 1 to {WIDEST}")]
    Width(u32),
    /// The text is no SVG.
    #[error("the picture is no SVG that can be drawn: {0}")]
    Svg(String),
    /// The pixels cannot be packed.
    #[error("the picture cannot be written as PNG: {0}")]
    Png(String),
}

/// A picture as PNG, so many pixels wide; its height follows.
///
/// # Errors
/// See [`RasterError`].
pub fn png(svg: &str, width: u32) -> Result<Vec<u8>, RasterError> {
    if !(1..=WIDEST).contains(&width) {
        return Err(RasterError::Width(width));
    }
    let tree = tree(svg)?;
    let scale = width as f32 / tree.size().width();
    let height = (tree.size().height() * scale).round().max(1.0) as u32;
    let mut pixels = Pixmap::new(width, height.min(WIDEST)).ok_or(RasterError::Width(width))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| RasterError::Png(error.to_string()))
}

/// Many pictures as PNG, in the order in which they are given, on all cores.
///
/// # Errors
/// That of the first picture which has one.
pub fn pngs(svgs: &[&str], width: u32) -> Result<Vec<Vec<u8>>, RasterError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(svgs.len());
    let next = AtomicUsize::new(0);
    // Whoever is done takes the next: pictures take very different times.
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(svg) = svgs.get(place) else { return done };
            done.push((place, png(svg, width)));
        }
    };
    let mut all: Vec<(usize, Result<Vec<u8>, RasterError>)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, made)| made).collect()
}

/// The picture laid out, text included.
pub(in crate::report) fn tree(svg: &str) -> Result<Tree, RasterError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(text::REGULAR.to_vec());
    fonts.load_font_data(text::SEMI_BOLD.to_vec());
    // A machine's own fonts are left alone: the same recording gives the same pixels everywhere.
    let options = Options { fontdb: Arc::new(fonts), font_family: "Inter".to_owned(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| RasterError::Svg(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        assert!(matches!(png("<svg", 100), Err(RasterError::Svg(_))));
        assert!(matches!(png("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>", 0), Err(RasterError::Width(0))));
    }

    #[test]
    fn many_pictures_keep_their_order_and_their_errors() {
        let picture = |side: u32| format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"4\"/>");
        let svgs: Vec<String> = (1..10).map(picture).collect();
        let svgs: Vec<&str> = svgs.iter().map(String::as_str).collect();
        let one_by_one: Vec<Vec<u8>> = svgs.iter().map(|svg| png(svg, 40).unwrap()).collect();
        assert_eq!(pngs(&svgs, 40).unwrap(), one_by_one);
        assert!(one_by_one.windows(2).all(|pair| pair[0] != pair[1]), "they can be told apart");
        assert!(matches!(pngs(&["<svg", svgs[0]], 40), Err(RasterError::Svg(_))));
        assert_eq!(pngs(&[], 40).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn both_weights_are_found() {
        let tree = |weight: u32| {
            tree(&format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"20\"><text y=\"15\" font-family=\"Inter\" font-weight=\"{weight}\">pushbench</text></svg>"
            ))
            .unwrap()
        };
        let width = |weight| tree(weight).root().abs_bounding_box().width();
        assert!(width(600) > width(400) * 1.02, "semibold is drawn as regular");
    }
}
