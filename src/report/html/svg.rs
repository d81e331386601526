//! Charts made fit for a page: colours become variables, so that one picture serves light and dark, and what a page knows already goes.
//!
//! The backend writes an element for each dash of a line, with all its attributes, coordinates absolute: most of a picture is repetition.
//! Here shapes of one look that follow each other become one path with relative coordinates. Nothing is decoded: what came escaped stays so.

use std::fmt::Write as _;

use crate::report::charts::Theme;

/// A picture drawn for the light theme as it is put into the page.
pub fn inline(svg: &str) -> String {
    let mut out = Out { text: String::with_capacity(svg.len() / 2), gathered: Vec::new(), joining: Joining::Never };
    let colours = Theme::Light.palette().colours();
    let mut in_text = false;
    for piece in svg.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { continue };
        if let Some(name) = tag.strip_prefix('/') {
            out.end_paths();
            // Text is trimmed: the backend puts it on lines of its own.
            out.put(&format!("</{name}>"));
            in_text = false;
            continue;
        }
        let element = Element::new(tag, &colours);
        match element.shape() {
            Some((look, path)) => out.shape(look, &path, element.joining()),
            None if element.is_ground() => {}
            None => {
                out.end_paths();
                element.write(&mut out.text);
                in_text = element.name == "text";
            }
        }
        if in_text {
            out.put(text.trim_matches('\n'));
        }
    }
    out.end_paths();
    out.text
}

/// How shapes that follow each other may become one path without looking different.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joining {
    /// Those of one look in a row: lines, and areas that cover what is below them.
    InOrder,
    /// Those of one look, whatever stands between: fields of a map, rectangles that shine through and lie beside each other.
    Fields,
    /// Never: areas that shine through would add up where they overlap.
    Never,
}

/// What has been written, and the paths that are being gathered: look and path.
struct Out {
    text: String,
    gathered: Vec<(String, String)>,
    joining: Joining,
}

impl Out {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn shape(&mut self, look: String, path: &str, joining: Joining) {
        let same = self.gathered.iter_mut().find(|(known, _)| *known == look && joining == self.joining && joining != Joining::Never);
        match same {
            Some((_, gathered)) => gathered.push_str(path),
            None => {
                if joining != Joining::Fields || self.joining != Joining::Fields {
                    self.end_paths();
                }
                self.gathered.push((look, path.to_owned()));
                self.joining = joining;
            }
        }
    }

    fn end_paths(&mut self) {
        for (look, path) in self.gathered.drain(..) {
            // Writing to a string cannot fail: here and below.
            let _ = write!(self.text, "<path{look} d=\"{path}\"/>");
        }
    }
}

/// An element as the backend has written it.
struct Element<'t> {
    name: &'t str,
    /// (name, value): values escaped, colours of the theme as variables.
    attributes: Vec<(&'t str, String)>,
    empty: bool,
}

impl<'t> Element<'t> {
    fn new(tag: &'t str, colours: &[(String, String)]) -> Self {
        let empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut parts = rest.split('"');
        let mut attributes = Vec::new();
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            let variable = colours.iter().find(|(_, hex)| hex == value).map(|(name, _)| format!("var(--{name})"));
            attributes.push((name.trim().trim_end_matches('='), variable.unwrap_or_else(|| value.to_owned())));
        }
        Self { name, attributes, empty }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.parse().ok()
    }

    /// The page has a ground of its own.
    fn is_ground(&self) -> bool {
        self.name == "rect" && self.value("fill") == Some("var(--ground)") && self.number("x") == Some(0) && self.number("y") == Some(0)
    }

    /// Its look and its path, where it is a shape that can be one.
    fn shape(&self) -> Option<(String, String)> {
        let geometry: &[&str] = match self.name {
            "polyline" | "polygon" => &["points"],
            "line" => &["x1", "y1", "x2", "y2"],
            "rect" => &["x", "y", "width", "height"],
            _ => return None,
        };
        if self.is_ground() {
            return None;
        }
        let path = match self.name {
            "line" => through(&[(self.number("x1")?, self.number("y1")?), (self.number("x2")?, self.number("y2")?)], false)?,
            "rect" => {
                let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| self.number(name));
                let (width, height) = (width?, height?);
                upright(x?, y?, width, height)
            }
            "polygon" => {
                let points = points(self.value("points")?)?;
                rectangle(&points).map_or_else(|| through(&points, true), Some)?
            }
            _ => through(&points(self.value("points")?)?, false)?,
        };
        let mut look = String::new();
        for (name, value) in self.attributes.iter().filter(|(name, _)| !geometry.contains(name)) {
            // Lines are not filled: the page's style says so. No stroke is what there is without the attribute.
            let needless = (*name == "fill" && value == "none" && self.name == "polyline") || (*name == "stroke" && value == "none");
            if !needless {
                let _ = write!(look, " {name}=\"{value}\"");
            }
        }
        Some((look, path))
    }

    fn joining(&self) -> Joining {
        match self.value("opacity") {
            None => Joining::InOrder,
            Some(_) if self.name == "rect" || self.value("points").and_then(points).is_some_and(|points| rectangle(&points).is_some()) => Joining::Fields,
            Some(_) => Joining::Never,
        }
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "<{}", self.name);
        let shifted = self.name == "text" && self.value("dy") == Some("0.76em") && self.value("transform").is_none();
        let size = self.value("font-size").and_then(|size| size.parse::<f64>().ok()).unwrap_or(0.0);
        for (name, value) in &self.attributes {
            let kept = match *name {
                // The root is as wide as its figure, and inherits what the page says of joints.
                "xmlns" | "width" | "height" | "stroke-linejoin" | "stroke-linecap" if self.name == "svg" => None,
                "font-family" => None,
                "dy" if shifted => None,
                "text-anchor" if value == "start" => None,
                "stroke" if value == "none" => None,
                "font-weight" if value == "600" => Some(("class", "b".to_owned())),
                // The backend's `dy` of 0.76 em, added up.
                "y" if shifted => Some(("y", value.parse::<f64>().map_or_else(|_| value.clone(), |y| (y + size * 0.76).round().to_string()))),
                name => Some((name, value.clone())),
            };
            if let Some((name, value)) = kept {
                let _ = write!(out, " {name}=\"{value}\"");
            }
        }
        out.push_str(if self.empty { "/>" } else { ">" });
    }
}

/// `1,2 3,4`
fn points(text: &str) -> Option<Vec<(i64, i64)>> {
    text.split_whitespace().map(|point| point.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)))).collect()
}

/// Four corners of a rectangle that stands upright, from the upper left one on, as a path.
fn rectangle(points: &[(i64, i64)]) -> Option<String> {
    let [(left, top), (right, other_top), (other_right, bottom), (other_left, other_bottom)] = *points else { return None };
    let upright_one = left == other_left && right == other_right && top == other_top && bottom == other_bottom;
    upright_one.then(|| upright(left, top, right - left, bottom - top))
}

fn upright(left: i64, top: i64, width: i64, height: i64) -> String {
    format!("M{left} {top}h{width}v{height}h{}z", -width)
}

/// `M1 2l2 2`, closed or not; nothing without points.
fn through(points: &[(i64, i64)], closed: bool) -> Option<String> {
    let (first, rest) = points.split_first()?;
    let mut path = format!("M{} {}", first.0, first.1);
    let mut last = *first;
    for (place, point) in rest.iter().enumerate() {
        path.push(if place == 0 { 'l' } else { ' ' });
        let (right, down) = (point.0 - last.0, point.1 - last.1);
        // A minus sign separates as well as a space.
        let _ = if down < 0 { write!(path, "{right}{down}") } else { write!(path, "{right} {down}") };
        last = *point;
    }
    if closed {
        path.push('z');
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::charts;
    use crate::summary::{Summary, fixture::made_up};

    #[test]
    fn shapes_become_paths_and_colours_variables() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1600\" height=\"900\" viewBox=\"0 0 6400 3600\" role=\"img\" aria-label=\"a &lt; b\" stroke-linejoin=\"round\">\n\
            <rect x=\"0\" y=\"0\" width=\"6400\" height=\"3600\" fill=\"#FFFFFF\" stroke=\"none\"/>\n\
            <text x=\"5\" y=\"100\" dy=\"0.76em\" text-anchor=\"start\" font-family=\"Inter\" font-size=\"100\" fill=\"#141820\" font-weight=\"600\">\na &lt; b\n</text>\n\
            <polyline fill=\"none\" stroke=\"#0060A0\" stroke-width=\"4\" points=\"1,2 4,1 4,9 \"/>\n\
            <polyline fill=\"none\" stroke=\"#0060A0\" stroke-width=\"4\" points=\"7,7 8,8 \"/>\n\
            <line stroke=\"#E1E4E8\" stroke-width=\"5\" x1=\"1\" y1=\"2\" x2=\"1\" y2=\"9\"/>\n\
            <rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" fill=\"#D55E00\" stroke=\"none\"/>\n\
            <polygon opacity=\"0.2\" fill=\"#D55E00\" points=\"0,0 5,0 5,5 \"/>\n\
            <polygon opacity=\"0.2\" fill=\"#D55E00\" points=\"0,0 5,0 5,5 \"/>\n\
            <polygon opacity=\"0.3\" fill=\"#D55E00\" points=\"0,0 5,0 5,5 0,5 \"/>\n\
            <polygon opacity=\"0.5\" fill=\"#D55E00\" points=\"5,0 9,0 9,5 5,5 \"/>\n\
            <polygon opacity=\"0.3\" fill=\"#D55E00\" points=\"9,0 10,0 10,5 9,5 \"/>\n\
            <circle cx=\"1\" cy=\"2\" r=\"3\" opacity=\"0.5\" fill=\"#123456\" stroke=\"none\"/>\n</svg>\n";
        let expected = "<svg viewBox=\"0 0 6400 3600\" role=\"img\" aria-label=\"a &lt; b\">\
            <text x=\"5\" y=\"176\" font-size=\"100\" fill=\"var(--ink)\" class=\"b\">a &lt; b</text>\
            <path stroke=\"var(--push-1)\" stroke-width=\"4\" d=\"M1 2l3-1 0 8M7 7l1 1\"/>\
            <path stroke=\"var(--grid)\" stroke-width=\"5\" d=\"M1 2l0 7\"/>\
            <path fill=\"var(--pull-1)\" d=\"M1 2h3v4h-3z\"/>\
            <path opacity=\"0.2\" fill=\"var(--pull-1)\" d=\"M0 0l5 0 0 5z\"/>\
            <path opacity=\"0.2\" fill=\"var(--pull-1)\" d=\"M0 0l5 0 0 5z\"/>\
            <path opacity=\"0.3\" fill=\"var(--pull-1)\" d=\"M0 0h5v5h-5zM9 0h1v5h-1z\"/>\
            <path opacity=\"0.5\" fill=\"var(--pull-1)\" d=\"M5 0h4v5h-4z\"/>\
            <circle cx=\"1\" cy=\"2\" r=\"3\" opacity=\"0.5\" fill=\"#123456\"/></svg>";
        assert_eq!(inline(svg), expected);
    }

    #[test]
    fn no_chart_keeps_a_colour_of_one_theme_and_all_keep_their_words() {
        for recording in [made_up().scale(0.05).many_contenders().build(), made_up().scale(0.05).sweep(&[0.5, 1.0]).build()] {
            let summary = Summary::new(&recording);
            for picture in charts::all(&summary, Theme::Light) {
                let inlined = inline(&picture.svg);
                let hex = inlined.match_indices("=\"#").count();
                assert_eq!(hex, 0, "{}: a colour that the theme has no name for", picture.name);
                assert!(inlined.len() < picture.svg.len() * 3 / 4, "{}: {} of {}", picture.name, inlined.len(), picture.svg.len());
                for tag in ["<text", "</text>", "<circle"] {
                    assert_eq!(inlined.matches(tag).count(), picture.svg.matches(tag).count(), "{}: {tag}", picture.name);
                }
                let words = |svg: &str| {
                    svg.split('<').filter_map(|piece| piece.strip_prefix("text")?.split_once('>')).map(|(_, text)| text.trim().to_owned()).collect::<Vec<_>>()
                };
                assert_eq!(words(&inlined), words(&picture.svg), "{}", picture.name);
                assert!(!inlined.contains("<b>"), "names are escaped");
            }
        }
    }
}
