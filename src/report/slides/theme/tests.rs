//! A theme file is taken as it says, or refused with place and remedy.

use super::*;
use crate::report::charts::theme::hex;

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><rect width=\"40\" height=\"20\" fill=\"#123456\"/></svg>";

fn read(text: &str) -> Result<Theme, String> {
    let load = |path: &str| match path {
        "logo.svg" => Ok(LOGO.as_bytes().to_vec()),
        "broken.svg" => Ok(b"<svg".to_vec()),
        "bytes.svg" => Ok(vec![0xFF]),
        "huge.png" => Ok(resvg::tiny_skia::Pixmap::new(8_193, 1).unwrap().encode_png().unwrap()),
        "broken.png" => Ok(b"no picture".to_vec()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    Theme::read(text, "mine.toml", load).map_err(|error| error.to_string())
}

#[test]
fn everything_can_be_set_and_nothing_must() {
    assert_eq!(read("").unwrap(), Theme::default());
    let theme = read(
        "ground = \"dark\"\nfont = \"Source Sans 3\"\nfont_width = 1.1\nlogo = \"logo.svg\"\nfooter = \"A & B\"\nlink = \"https://example.org\"\n\
         [colours]\npush = [\"#ffffff\"]\nground = \"#000000\"\n",
    )
    .unwrap();
    assert_eq!((theme.ground, theme.font.as_str(), theme.footer.as_str()), (charts::Theme::Dark, "Source Sans 3", "A & B"));
    assert!((theme.font_width - 1.1).abs() < 1e-9);
    let width = |text: &str| read(text).unwrap().font_width;
    assert!(width("font = \"Verdana\"") > 1.1 && width("font = \"Calibri\"") == 1.0 && width("font = \"Verdana\"\nfont_width = 1") == 1.0);
    let logo = theme.logo.as_ref().unwrap();
    assert_eq!((logo.width, logo.height), (1_200, 600));
    let palette = theme.palette();
    assert_eq!(hex(theme.colour(palette.push[0])), "#FFFFFF");
    assert_eq!(theme.colour(palette.push[1]), palette.push[1]);
    let svg = format!("<a fill=\"{}\"/><b>{}</b><a fill=\"{}\"/>", hex(palette.push[0]), hex(palette.push[0]), hex(palette.ink));
    let recoloured = theme.recoloured(&svg);
    assert_eq!(recoloured, format!("<a fill=\"#FFFFFF\"/><b>{}</b><a fill=\"{}\"/>", hex(palette.push[0]), hex(palette.ink)));
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    for (text, told, place) in [
        ("ground", "this is not TOML: ", ""),
        ("footer = \"a\"\ncolour = 1\n", "unknown key \"colour\" in the theme", "2:1"),
        ("ground = \"grey\"", "\"grey\" is not a choice for \"ground\"", "1:10"),
        ("font = 7", "\"font\" must be a text of one line", "1:8"),
        ("font_width = 0.5", "\"font_width\" must be a number", "1:14"),
        ("footer = \"a\\nb\"", "\"footer\" must be a text of one line", "1:10"),
        ("link = \"example.org\"", "\"example.org\" is not an address", "1:8"),
        ("logo = \"none.png\"", "the logo \"none.png\" cannot be read: ", "1:8"),
        ("logo = \"broken.png\"", "the logo \"broken.png\" is no PNG: ", "1:8"),
        ("logo = \"broken.svg\"", "the logo \"broken.svg\" cannot be drawn: ", "1:8"),
        ("logo = \"bytes.svg\"", "the logo \"bytes.svg\" is not UTF-8 text", "1:8"),
        ("logo = \"huge.png\"", "the logo \"huge.png\" has 8193 × 1 pixels", "1:8"),
        ("colours = 1", "\"colours\" must be a table", "1:11"),
        ("[colours]\nblue = \"#000000\"", "unknown key \"blue\" in [colours]", "2:1"),
        ("[colours]\nink = \"blue\"", "this is not a colour", "2:7"),
        ("[colours.ink]", "this is not a colour", "1:1"),
        ("[colours]\npush = []", "\"push\" must be a list of colours", "2:8"),
        ("[colours]\npull = [\"#000000\", 1]", "this is not a colour", "2:20"),
        ("[colours]\nink = \"#EEEEEE\"", "ink (#EEEEEE) hardly stands out from the ground (#FFFFFF): contrast 1.2", "2:7"),
        ("[colours]\nground = \"#14181F\"", "ink (#141820) hardly stands out from the ground (#14181F)", "2:10"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(told) && error.contains(&format!("--> mine.toml:{place}")), "{text:?}: {error}");
        assert!(error.contains(" = allowed: ") || error.contains(" = help: "), "{text:?}: {error}");
    }
}
