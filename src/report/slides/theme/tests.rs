//! A theme file is taken as it says, or refused with place and remedy.

use super::*;
use crate::report::charts::theme::hex;

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><rect width=\"40\" height=\"20\" fill=\"#123456\"/></svg>";

fn read(text: &str) -> Result<Theme, String> {
    let load = |path: &str| match path {
        "logo.svg" => Ok(LOGO.as_bytes().to_vec()),
        "broken.svg" => Ok(b"<svg".to_vec()),
        "broken.png" => Ok(b"no picture".to_vec()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    Theme::read(text, "mine.toml", load).map_err(|error| error.to_string())
}

#[test]
fn everything_can_be_set_and_nothing_must() {
    assert_eq!(read("").unwrap(), Theme::default());
    let theme = read(
        "ground = \"dark\"\nfont = \"Source Sans 3\"\nlogo = \"logo.svg\"\nfooter = \"A & B\"\nlink = \"https://example.org\"\n\
         [colours]\npush = [\"#ffffff\"]\nground = \"#000000\"\n",
    )
    .unwrap();
    assert_eq!((theme.ground, theme.font.as_str(), theme.footer.as_str()), (charts::Theme::Dark, "Source Sans 3", "A & B"));
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
    for (text, told) in [
        ("ground", ": this is not TOML: "),
        ("footer = \"a\"\ncolour = 1\n", "mine.toml:2:1: unknown key \"colour\"\n  = help: allowed are ground, font, logo, footer, link, colours"),
        ("ground = \"grey\"", "mine.toml:1:10: \"grey\" is not a choice for \"ground\"\n  = help: allowed are \"light\" and \"dark\""),
        ("font = 7", "mine.toml:1:8: \"font\" must be a text of one line"),
        ("footer = \"a\\nb\"", "mine.toml:1:10: \"footer\" must be a text of one line"),
        ("link = \"example.org\"", "mine.toml:1:8: \"example.org\" is not an address"),
        ("logo = \"none.png\"", "the logo \"none.png\" cannot be read: "),
        ("logo = \"broken.png\"", "the logo \"broken.png\" is no PNG: "),
        ("logo = \"broken.svg\"", "the logo \"broken.svg\": the picture is no SVG that can be drawn: "),
        ("colours = 1", "\"colours\" must be a table"),
        ("[colours]\nblue = \"#000000\"", "mine.toml:2:1: unknown key \"blue\""),
        ("[colours]\nink = \"blue\"", "mine.toml:2:7: this is not a colour"),
        ("[colours]\npush = []", "mine.toml:2:8: \"push\" must be a list of 1 to 4 colours"),
        ("[colours]\npull = [\"#000000\", 1]", "mine.toml:2:20: this is not a colour"),
        ("[colours]\nink = \"#EEEEEE\"", "mine.toml:2:7: ink (#EEEEEE) hardly stands out from the ground (#FFFFFF): contrast 1.2\n  = help: take a colour"),
        ("[colours]\nground = \"#14181F\"", "mine.toml:2:10: ink (#141820) hardly stands out from the ground (#14181F)"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(told) && error.contains("\n  = help: "), "{text:?}: {error}");
    }
}
