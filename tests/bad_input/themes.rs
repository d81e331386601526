//! Mistakes in the theme of slides, one each.

use std::io;

use pushbench::report::slides::Theme;

/// What is wrong, and what is said of it.
pub fn messages() -> Vec<(&'static str, String)> {
    let one = |(what, text): &(&'static str, &str)| match Theme::read(text, "broken.toml", load) {
        Ok(_) => panic!("{what}: was read"),
        Err(error) => (*what, error.to_string()),
    };
    MISTAKES.iter().map(one).collect()
}

fn load(path: &str) -> io::Result<Vec<u8>> {
    match path {
        "text.png" => Ok(b"no picture".to_vec()),
        "flat.svg" => Ok(br#"<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>"#.to_vec()),
        "bytes.svg" => Ok(vec![0xFF, 0xFE]),
        "wide.png" => Ok(resvg::tiny_skia::Pixmap::new(8_193, 1).unwrap().encode_png().unwrap()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

#[test]
fn every_mistake_in_a_theme_says_what_is_wrong_where_and_what_helps() {
    let mut all = String::new();
    for (what, message) in messages() {
        assert!(message.contains("--> broken.toml:"), "{what}: no place\n{message}");
        assert!(message.contains(" = allowed: ") || message.contains(" = help: "), "{what}: neither what is allowed nor what helps\n{message}");
        all += &format!("### {what}\nerror: {message}\n\n");
    }
    insta::assert_snapshot!(all);
}

const MISTAKES: &[(&str, &str)] = &[
    ("no TOML", "footer = \"a\"\nground\n"),
    ("an unknown key", "footr = \"a\"\n"),
    ("an unknown colour", "[colours]\ngruond = \"#000000\"\n"),
    ("a ground that is none", "ground = \"drak\"\n"),
    ("a font that is no text", "font = 7\n"),
    ("a font that is too wide", "font_width = 2\n"),
    ("a footer of two lines", "footer = \"a\\nb\"\n"),
    ("a link that is no address", "link = \"example.org\"\n"),
    ("a logo that is not there", "logo = \"none.png\"\n"),
    ("a logo that is no picture", "logo = \"text.png\"\n"),
    ("a logo without a size", "logo = \"flat.svg\"\n"),
    ("a logo that is no text", "logo = \"bytes.svg\"\n"),
    ("a logo that is too large", "logo = \"wide.png\"\n"),
    ("colours that are no table", "colours = \"#000000\"\n"),
    ("a colour that is none", "[colours]\nink = \"black\"\n"),
    ("a table for a colour", "[colours.ink]\nred = 1\n"),
    ("no colours for push", "[colours]\npush = []\n"),
    ("too many colours for push", "[colours]\npush = [\"#000000\", \"#000001\", \"#000002\", \"#000003\", \"#000004\"]\n"),
    ("ink that cannot be seen", "[colours]\nink = \"#EEEEEE\"\n"),
    ("a ground on which nothing can be seen", "[colours]\nground = \"#14181F\"\n"),
];
