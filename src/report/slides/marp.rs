//! `slides.md`: the deck for Marp (<https://marp.app>), with the pictures of the folder beside it and notes as comments.
//!
//! Strings of a scenario are text: they can neither end a comment nor a slide, nor set a directive of Marp.

use plotters::style::RGBColor;

use super::deck::{Body, Colour, Column, Deck, Figure, Slide};
use super::theme::Theme;
use crate::report::charts::theme::{Palette, hex};
use crate::report::markdown::escape;

/// The logo, as a file beside the deck.
pub const LOGO: &str = "slides-logo.png";

/// The deck as Markdown.
pub fn write(deck: &Deck, theme: &Theme) -> String {
    let mut pages: Vec<String> = Vec::new();
    for slide in &deck.slides {
        pages.push(format!("{}\n{}", page(slide, theme), notes(slide)));
    }
    format!("{}\n{}", head(deck, theme), pages.join("\n---\n\n"))
}

fn head(deck: &Deck, theme: &Theme) -> String {
    let palette = theme.palette();
    let colour = |colour| hex(theme.colour(colour));
    let footer = if theme.footer.is_empty() { String::new() } else { format!("footer: {}\n", quoted(&escape(&theme.footer))) };
    let header = if theme.logo.is_some() { format!("header: {}\n", quoted(&format!("![h:34 Logo]({LOGO})"))) } else { String::new() };
    // A font's name stands in quotes in CSS; what could end them is left out.
    let font: String = theme.font.chars().filter(|letter| !"\"'\\<>{};".contains(*letter)).collect();
    let tiles: String = tile_colours(deck)
        .into_iter()
        .enumerate()
        .map(|(index, of)| format!("  section.tiles th:nth-child({}) {{ color: {}; }}\n", index + 1, colour(of_palette(of, palette))))
        .collect();
    format!(
        "---\nmarp: true\ntheme: default\nsize: 16:9\npaginate: true\ntitle: {}\n{header}{footer}style: |\n  \
         section {{ font-family: \"{font}\", Arial, sans-serif; font-size: 26px; background: {ground}; color: {ink}; padding: 40px 77px 56px; place-content: start stretch; }}\n\
         {LOOK}\
         {tiles}  section.opening h1 + p, h1, h2, section.tiles td strong {{ color: {ink}; }}\n  \
         h1 + p, section.opening p, section.tiles td, header, footer {{ color: {soft}; }}\n  \
         em {{ color: {warning}; font-style: normal; font-weight: bold; }}\n---\n",
        quoted(&plain(&deck.title)),
        ground = colour(palette.ground),
        ink = colour(palette.ink),
        soft = colour(palette.soft),
        warning = colour(palette.warning),
    )
}

/// Sizes and places, for pages of 1280 × 720: what Marp's own theme has is for few words.
const LOOK: &str = "  h1 { font-size: 32px; line-height: 1.25; margin: 0 0 10px; }
  h1 + p { font-size: 19px; margin: 0; }
  h2 { font-size: 24px; margin: 22px 0 4px; }
  ul { margin: 0; padding-left: 1.1em; }
  li + li { margin-top: 0.45em; }
  section.opening { place-content: center stretch; }
  section.opening h1 { font-size: 56px; margin-bottom: 24px; }
  section.opening h1 + p { font-size: 27px; margin-bottom: 60px; }
  section.opening p { font-size: 19px; }
  section.tiles table { display: table; table-layout: fixed; width: 100%; margin-top: 110px; }
  section.tiles tr, section.tiles th, section.tiles td { border: none; background: none !important; text-align: left; vertical-align: top; padding: 3px 32px 3px 0; font-size: 18px; }
  section.tiles th { font-size: 88px; line-height: 1.1; }
  section.tiles td strong { font-size: 28px; }
  section.halves, section.quarters { columns: 2; column-gap: 58px; font-size: 21px; }
  section.quarters { font-size: 19px; }
  section:is(.halves, .quarters) h1, section:is(.halves, .quarters) > p { column-span: all; }
  section:is(.halves, .quarters) h2 { margin-top: 20px; break-after: avoid; }
  section.halves h2:nth-of-type(2), section.quarters h2:nth-of-type(3) { break-before: column; }
  section.beside { font-size: 18px; }
  section.beside h2 { font-size: 20px; margin-top: 12px; }
";

fn tile_colours(deck: &Deck) -> Vec<Colour> {
    let of = |slide: &Slide| match &slide.body {
        Body::Tiles(tiles) => tiles.iter().map(|tile| tile.colour).collect(),
        _ => Vec::new(),
    };
    deck.slides.iter().flat_map(of).collect()
}

fn of_palette(colour: Colour, palette: &Palette) -> RGBColor {
    match colour {
        Colour::Ink => palette.ink,
        Colour::Soft => palette.soft,
        Colour::Warning => palette.warning,
        Colour::Of(colour) => colour,
    }
}

fn page(slide: &Slide, theme: &Theme) -> String {
    if let Body::Figure(figure) = &slide.body
        && let Some(picture) = &figure.picture
        && figure.aside.is_empty()
    {
        return format!(
            "<!-- _footer: \"\" -->\n<!-- _header: \"\" -->\n<!-- _paginate: false -->\n\n![bg contain](charts/{}-{}.svg)\n",
            picture.name,
            theme.ground.name()
        );
    }
    let title = format!("# {}\n", escape(&slide.title));
    let subtitle = if slide.subtitle.is_empty() { String::new() } else { format!("\n{}\n", paragraph(&slide.subtitle)) };
    let warning = if slide.warning.is_empty() { String::new() } else { format!("\n*{}*\n", escape(&slide.warning)) };
    let body: String = match &slide.body {
        Body::Opening(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| paragraph(line)).collect();
            return format!("<!-- _class: opening -->\n\n{title}{subtitle}\n{}\n{warning}", lines.join("  \n"));
        }
        Body::Tiles(tiles) => {
            let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
            let mut table = row(tiles.iter().map(|tile| escape(&tile.figure)).collect());
            table += &row(tiles.iter().map(|_| "---".to_owned()).collect());
            table += &row(tiles.iter().map(|tile| format!("**{}**", escape(&tile.label))).collect());
            table += &row(tiles.iter().map(|tile| escape(&tile.detail)).collect());
            table += &row(tiles.iter().map(|tile| escape(&tile.certainty)).collect());
            table += &row(tiles.iter().map(|tile| escape(&tile.who)).collect());
            return format!("<!-- _class: tiles -->\n\n{title}{subtitle}\n{table}{warning}");
        }
        Body::Question(both) => both.iter().map(|exchange| list(exchange.heading, exchange.captions.iter().map(|caption| (caption.as_str(), false)))).collect(),
        Body::Columns(both) => {
            let stacked = both.iter().any(|stack| stack.len() > 1);
            let class = if stacked { "quarters" } else { "halves" };
            let lists = both.iter().flatten().map(column).collect::<String>();
            return format!("<!-- _class: {class} -->\n\n{title}{subtitle}{lists}{warning}");
        }
        Body::Figure(figure) => return format!("<!-- _class: beside -->\n\n{}", beside(figure, &title, &subtitle, &warning, theme)),
    };
    format!("<!-- _class: halves -->\n\n{title}{subtitle}{body}{warning}")
}

/// A figure in words, or its picture in the left part of the slide.
fn beside(figure: &Figure, title: &str, subtitle: &str, warning: &str, theme: &Theme) -> String {
    let aside = figure.aside.iter().map(column).collect::<String>();
    match &figure.picture {
        Some(picture) => format!("![bg left:66% contain](charts/{}-{}.svg)\n{aside}", picture.name, theme.ground.name()),
        None => {
            let words = list("", figure.words.iter().map(|words| (words.as_str(), false)));
            format!("{title}{subtitle}{words}{aside}{warning}")
        }
    }
}

fn column(column: &Column) -> String {
    list(&column.heading, column.items.iter().map(|item| (item.text.as_str(), item.warning)))
}

fn list<'t>(heading: &str, items: impl Iterator<Item = (&'t str, bool)>) -> String {
    let heading = if heading.is_empty() { String::new() } else { format!("\n## {}\n", escape(heading)) };
    let items: String = items.map(|(text, warning)| if warning { format!("- *{}*\n", escape(text)) } else { format!("- {}\n", escape(text)) }).collect();
    format!("{heading}\n{items}")
}

/// A line of its own: what begins like a rule, a list or an underlining is none.
fn paragraph(text: &str) -> String {
    let escaped = escape(text);
    let trimmed = escaped.trim_start();
    if trimmed.starts_with(['-', '+', '=']) { format!("\\{trimmed}") } else { trimmed.to_owned() }
}

/// A comment that Marp takes for notes: its first line is no directive, so that none of the following can be.
fn notes(slide: &Slide) -> String {
    let lines: Vec<String> = slide.notes.iter().map(|note| plain(note)).collect();
    format!("\n<!--\nNotes for the speaker.\n\n{}\n-->\n", lines.join("\n\n"))
}

/// One line in which nothing ends a comment.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.replace("--", "– ").replace('<', "‹").replace('>', "›")
}

/// A text of YAML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_comment_or_a_text() {
        assert_eq!(plain("a --> b\n--!> <!-- c"), "a – › b – !› ‹!–  c");
        assert!(!plain("----->").contains("--"));
        assert_eq!([paragraph("---"), paragraph("  === a"), paragraph("a - b")], ["\\---", "\\=== a", "a - b"]);
        assert_eq!(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }
}
