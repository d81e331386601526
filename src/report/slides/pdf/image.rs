//! A logo as an image of PDF: colours, and what shines through in a mask of its own (ISO 32000-1, 8.9 and 11.6.5.3).

use pdf_writer::{Filter, Finish as _, Pdf, Ref};
use resvg::tiny_skia::Pixmap;

use super::packed;
use crate::report::slides::theme::Logo;

/// Writes a logo; what pages refer to it by.
///
/// # Errors
/// It is no PNG, which reading the theme has ruled out.
pub fn write(pdf: &mut Pdf, next: &mut Ref, logo: &Logo) -> Result<Ref, String> {
    let pixels = Pixmap::decode_png(&logo.png).map_err(|error| error.to_string())?;
    let (mut colours, mut mask) = (Vec::new(), Vec::new());
    for pixel in pixels.pixels() {
        let pixel = pixel.demultiply();
        colours.extend([pixel.red(), pixel.green(), pixel.blue()]);
        mask.push(pixel.alpha());
    }
    let size = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let (image, shine) = (next.bump(), next.bump());
    let colours = packed(&colours)?;
    let mut object = pdf.image_xobject(image, &colours);
    object.width(size(pixels.width())).height(size(pixels.height())).bits_per_component(8).s_mask(shine);
    object.color_space().device_rgb();
    object.filter(Filter::FlateDecode);
    object.finish();
    let mask = packed(&mask)?;
    let mut object = pdf.image_xobject(shine, &mask);
    object.width(size(pixels.width())).height(size(pixels.height())).bits_per_component(8);
    object.color_space().device_gray();
    object.filter(Filter::FlateDecode);
    object.finish();
    Ok(image)
}
