//! Slides as elements on a page of 1600 × 900 pixels, from which the writers draw: native shapes and charts, or a picture.

use super::chart::Chart;
use super::deck::{Body, Colour, Column, Exchange, Figure, Slide, Tile};
use super::theme::{Logo, Theme};
use crate::report::charts::Picture;
use crate::report::charts::canvas::Align;
use crate::report::charts::text::{self, Weight};

/// Room at the left and the right of everything.
pub const MARGIN: f64 = 96.0;
const WIDTH: f64 = 1_600.0;
/// Width of what stands between the margins.
pub const ROOM: f64 = WIDTH - 2.0 * MARGIN;
/// Height of a line of text, in sizes of its font.
pub const LEADING: f64 = 1.28;
/// Room above each point of a list, in sizes of its font.
pub const BETWEEN: f64 = 0.55;
/// Room before the words of a point, in sizes of its font.
pub const INDENT: f64 = 0.9;

/// Lower edge of what fills a slide, and of the foot below it.
const BODY_END: f64 = 776.0;
const FOOT: Area = Area { left: MARGIN, top: 800.0, width: ROOM, height: 42.0 };
const TITLES: [f64; 4] = [46.0, 42.0, 38.0, 34.0];
const LISTS: [f64; 5] = [28.0, 26.0, 24.0, 22.0, 20.0];

/// What is to be drawn with: charts that can be edited, or their pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Charts stay charts.
    Native,
    /// Charts are pictures, which have title, conditions and doubts of their own.
    Pictures,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// Something on a page.
pub enum Element<'d> {
    /// Words.
    Text(Text),
    /// A filled rectangle with round corners, and a word in it.
    Label { area: Area, word: &'static str, colour: Colour },
    /// A straight line; `head`: with an arrow's head at its end.
    Line { from: (f64, f64), to: (f64, f64), colour: Colour, width: f64, head: bool },
    /// A chart that can be edited; `told` is what is said to those who cannot see it.
    Chart { area: Area, chart: &'d Chart, told: String },
    /// A picture of 1600 × 900, made smaller.
    Picture { left: f64, top: f64, scale: f64, picture: &'d Picture },
}

/// Words in an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// What it is, for outlines and screen readers.
    pub name: &'static str,
    pub area: Area,
    pub paragraphs: Vec<Paragraph>,
    /// Of the font, in pixels.
    pub size: f64,
    pub bold: bool,
    pub align: Align,
}

/// A paragraph of words.
#[derive(Clone, Debug, PartialEq)]
pub struct Paragraph {
    pub text: String,
    pub colour: Colour,
    /// Whether it is a point of a list.
    pub point: bool,
}

impl Text {
    /// One paragraph in the largest of these sizes in which it fits into its area; cut, where it fits in none.
    fn fitting(name: &'static str, area: Area, text: &str, colour: Colour, bold: bool, sizes: &[f64]) -> Self {
        let paragraph = Paragraph { text: text.to_owned(), colour, point: false };
        Self { name, area, paragraphs: vec![paragraph], size: 0.0, bold, align: Align::Left }.fitted(sizes)
    }

    /// In the largest of these sizes in which all of it fits; the last paragraphs are cut, where it fits in none.
    fn fitted(mut self, sizes: &[f64]) -> Self {
        let fits = |size: &&f64| {
            let lines = self.paragraphs.iter().map(|paragraph| paragraph.lines(**size, self.bold, self.area.width, usize::MAX));
            lines.collect::<Option<Vec<Vec<String>>>>().is_some_and(|all| self.height_of(&all, **size) <= self.area.height)
        };
        if let Some(size) = sizes.iter().find(fits) {
            self.size = *size;
            return self;
        }
        self.size = sizes.last().copied().unwrap_or(20.0);
        let (width, bold, size) = (self.area.width, self.bold, self.size);
        let mut left = self.area.height;
        self.paragraphs.retain_mut(|paragraph| {
            left -= if paragraph.point { BETWEEN * size } else { 0.0 };
            let room = (left / (LEADING * size) + 1e-9).floor().max(0.0) as usize;
            if room == 0 {
                return false;
            }
            let lines = paragraph.lines_or_cut(size, bold, width, room);
            left -= lines.len() as f64 * LEADING * size;
            paragraph.text = lines.join(" ");
            true
        });
        self
    }

    fn height_of(&self, lines: &[Vec<String>], size: f64) -> f64 {
        let points = self.paragraphs.iter().filter(|paragraph| paragraph.point).count() as f64;
        lines.iter().map(|lines| lines.len() as f64 * LEADING * size).sum::<f64>() + points * BETWEEN * size
    }

    /// Its lines as they are set.
    pub fn lines(&self) -> Vec<Vec<String>> {
        self.paragraphs.iter().map(|paragraph| paragraph.lines_or_cut(self.size, self.bold, self.area.width, usize::MAX)).collect()
    }
}

impl Paragraph {
    fn lines(&self, size: f64, bold: bool, width: f64, most: usize) -> Option<Vec<String>> {
        text::wrap(&text::clean(&self.text), size, weight(bold), self.width(size, width), most)
    }

    fn lines_or_cut(&self, size: f64, bold: bool, width: f64, most: usize) -> Vec<String> {
        let (clean, room) = (text::clean(&self.text), self.width(size, width));
        // What has a word that is longer than a line is cut to as many lines as it would take.
        let most = most.min(clean.chars().count() + 1);
        text::wrap_or_cut(&clean, size, weight(bold), room, most)
    }

    fn width(&self, size: f64, width: f64) -> f64 {
        if self.point { width - INDENT * size } else { width }
    }
}

pub fn weight(bold: bool) -> Weight {
    if bold { Weight::SemiBold } else { Weight::Regular }
}

/// What stands on a slide, but for what stands on all.
pub fn page(slide: &Slide, medium: Medium) -> Vec<Element<'_>> {
    if let (Body::Figure(figure), Medium::Pictures) = (&slide.body, medium)
        && let Some(picture) = &figure.picture
    {
        return pictured(figure, picture);
    }
    let mut elements = Vec::new();
    let (foot, end) = below(slide);
    if let Body::Opening(lines) = &slide.body {
        opening(&mut elements, slide, lines);
        elements.extend(foot);
        return elements;
    }
    let top = above(&mut elements, slide);
    let area = Area { left: MARGIN, top, width: ROOM, height: end - top };
    match &slide.body {
        Body::Opening(_) => {}
        Body::Tiles(tiles) => tiled(&mut elements, tiles),
        Body::Question(both) => question(&mut elements, both, area),
        Body::Columns([left, right]) => {
            let width = (ROOM - 72.0) / 2.0;
            listed(&mut elements, left, Area { width, ..area });
            listed(&mut elements, right, Area { left: MARGIN + width + 72.0, width, ..area });
        }
        Body::Figure(figure) => charted(&mut elements, slide, figure, area, medium),
    }
    elements.extend(foot);
    elements
}

/// A picture as it is; what stands beside it is beside it.
fn pictured<'d>(figure: &'d Figure, picture: &'d Picture) -> Vec<Element<'d>> {
    // A picture has a margin of 64 of its own.
    let (own, inner) = (64.0, WIDTH - 128.0);
    let Some(aside) = &figure.aside else {
        let scale = ROOM / inner;
        return vec![Element::Picture { left: MARGIN - own * scale, top: 0.0, scale, picture }];
    };
    let scale = 0.72;
    let left = MARGIN - own * scale;
    let beside = MARGIN + inner * scale + 48.0;
    let mut elements = vec![Element::Picture { left, top: 70.0, scale, picture }];
    listed(&mut elements, aside, Area { left: beside, top: 106.0, width: WIDTH - MARGIN - beside, height: 680.0 });
    elements
}

/// Title and subtitle; where they end.
fn above(elements: &mut Vec<Element<'_>>, slide: &Slide) -> f64 {
    let title = Text::fitting("Title", Area { left: MARGIN, top: 64.0, width: ROOM, height: 120.0 }, &slide.title, Colour::Ink, true, &TITLES);
    let lines = title.lines().iter().map(Vec::len).sum::<usize>() as f64;
    let mut end = 64.0 + lines * LEADING * title.size + 6.0;
    elements.push(Element::Text(title));
    if !slide.subtitle.is_empty() {
        let area = Area { left: MARGIN, top: end, width: ROOM, height: 66.0 };
        let subtitle = Text::fitting("Subtitle", area, &slide.subtitle, Colour::Soft, false, &[24.0, 22.0]);
        end += subtitle.lines().iter().map(Vec::len).sum::<usize>() as f64 * LEADING * subtitle.size;
        elements.push(Element::Text(subtitle));
    }
    end + 30.0
}

/// Warning and foot; where the room above them ends.
fn below<'d>(slide: &Slide) -> (Vec<Element<'d>>, f64) {
    let foot = Element::Text(Text::fitting("Conditions", FOOT, &slide.foot, Colour::Soft, false, &[16.0]));
    if slide.warning.is_empty() {
        return (vec![foot], BODY_END);
    }
    let area = Area { left: MARGIN, top: FOOT.top - 50.0, width: ROOM, height: 46.0 };
    let warning = Element::Text(Text::fitting("Doubts", area, &slide.warning, Colour::Warning, true, &[17.0]));
    (vec![warning, foot], area.top - 16.0)
}

fn opening(elements: &mut Vec<Element<'_>>, slide: &Slide, lines: &[String]) {
    let title = Text::fitting("Title", Area { left: MARGIN, top: 170.0, width: ROOM, height: 240.0 }, &slide.title, Colour::Ink, true, &[72.0, 64.0, 56.0, 48.0]);
    let rows = title.lines().iter().map(Vec::len).sum::<usize>() as f64;
    let top = 170.0 + rows * LEADING * title.size + 28.0;
    elements.push(Element::Text(title));
    let subtitle = Text::fitting("Subtitle", Area { left: MARGIN, top, width: ROOM * 0.86, height: 160.0 }, &slide.subtitle, Colour::Ink, false, &[34.0, 30.0, 26.0]);
    elements.push(Element::Text(subtitle));
    let paragraphs = lines.iter().map(|line| Paragraph { text: line.clone(), colour: Colour::Soft, point: false }).collect();
    let area = Area { left: MARGIN, top: 640.0, width: ROOM, height: 90.0 };
    elements.push(Element::Text(Text { name: "Source", area, paragraphs, size: 0.0, bold: false, align: Align::Left }.fitted(&[24.0, 22.0, 20.0])));
}

fn tiled(elements: &mut Vec<Element<'_>>, tiles: &[Tile]) {
    let gap = 48.0;
    let width = (ROOM - gap * (tiles.len().max(1) - 1) as f64) / tiles.len().max(1) as f64;
    for (index, tile) in tiles.iter().enumerate() {
        let left = MARGIN + index as f64 * (width + gap);
        let area = |top, height| Area { left, top, width, height };
        let sizes = [150.0, 130.0, 110.0, 90.0, 70.0, 56.0];
        // One line in any case: a figure that is broken is no figure.
        let size = sizes.into_iter().find(|size| text::width(&text::clean(&tile.figure), *size, Weight::SemiBold) <= width).unwrap_or(44.0);
        let (end, height) = (480.0, size * LEADING);
        elements.push(Element::Text(Text::fitting("Figure", area(end - height, height), &tile.figure, tile.colour, true, &[size])));
        let label = Text::fitting("Label", area(496.0, 92.0), &tile.label, Colour::Ink, true, &[36.0, 32.0, 28.0]);
        let next = 496.0 + label.lines().iter().map(Vec::len).sum::<usize>() as f64 * LEADING * label.size + 6.0;
        elements.push(Element::Text(label));
        let detail = Text::fitting("Detail", area(next, 64.0), &tile.detail, Colour::Soft, false, &[25.0, 22.0]);
        let next = next + detail.lines().iter().map(Vec::len).sum::<usize>() as f64 * LEADING * detail.size + 6.0;
        elements.push(Element::Text(detail));
        if !tile.who.is_empty() {
            elements.push(Element::Text(Text::fitting("Rivals", area(next, 56.0), &tile.who, Colour::Soft, false, &[20.0, 18.0])));
        }
    }
}

fn listed(elements: &mut Vec<Element<'_>>, column: &Column, area: Area) {
    let heading = Text::fitting("Heading", Area { height: 80.0, ..area }, &column.heading, Colour::Ink, true, &[30.0, 28.0, 26.0]);
    let taken = heading.lines().iter().map(Vec::len).sum::<usize>() as f64 * LEADING * heading.size + 4.0;
    elements.push(Element::Text(heading));
    let colour = |warning: bool| if warning { Colour::Warning } else { Colour::Ink };
    let paragraphs = column.items.iter().map(|item| Paragraph { text: item.text.clone(), colour: colour(item.warning), point: true }).collect();
    let area = Area { top: area.top + taken, height: area.height - taken, ..area };
    elements.push(Element::Text(Text { name: "List", area, paragraphs, size: 0.0, bold: false, align: Align::Left }.fitted(&LISTS)));
}

fn charted<'d>(elements: &mut Vec<Element<'d>>, slide: &Slide, figure: &'d Figure, mut area: Area, medium: Medium) {
    if let Some(aside) = &figure.aside {
        let width = 400.0;
        listed(elements, aside, Area { left: MARGIN + ROOM - width, width, ..area });
        area.width -= width + 48.0;
    }
    if medium == Medium::Pictures {
        let colour = Colour::Ink;
        let paragraphs = figure.words.iter().map(|text| Paragraph { text: text.clone(), colour, point: true }).collect();
        elements.push(Element::Text(Text { name: "Figures", area, paragraphs, size: 0.0, bold: false, align: Align::Left }.fitted(&LISTS)));
        return;
    }
    let count = figure.charts.len().max(1) as f64;
    let gap = 56.0;
    let width = (area.width - gap * (count - 1.0)) / count;
    for (index, chart) in figure.charts.iter().enumerate() {
        let mut area = Area { left: area.left + index as f64 * (width + gap), width, ..area };
        let heading = match chart {
            Chart::Bars(bars) => bars.heading.as_str(),
            Chart::Parts(parts) => parts.heading.as_str(),
            Chart::Points(_) => "",
        };
        if !heading.is_empty() {
            elements.push(Element::Text(Text::fitting("Heading", Area { height: 34.0, ..area }, heading, Colour::Ink, true, &[22.0, 20.0, 18.0])));
            area = Area { top: area.top + 40.0, height: area.height - 40.0, ..area };
        }
        elements.push(Element::Chart { area, chart, told: format!("{} {}", slide.title, figure.words.join("; ")) });
    }
}

/// Two sequences in time, from top to bottom: the same update comes at the same height in both.
fn question(elements: &mut Vec<Element<'_>>, both: &[Exchange; 2], area: Area) {
    let gap = 96.0;
    let width = (ROOM - gap) / 2.0;
    for (index, exchange) in both.iter().enumerate() {
        sequence(elements, exchange, Area { left: MARGIN + index as f64 * (width + gap), width, ..area });
    }
}

fn sequence(elements: &mut Vec<Element<'_>>, exchange: &Exchange, area: Area) {
    let own = Colour::Of(exchange.colour);
    let text = |name, area, text: &str, colour, bold, size| Element::Text(Text::fitting(name, area, text, colour, bold, &[size]));
    elements.push(text("Heading", Area { height: 40.0, ..area }, exchange.heading, own, true, 28.0));
    let lifelines = [("Publisher", area.left + 70.0), ("Server", area.left + area.width * 0.48), ("Subscriber", area.left + area.width - 80.0)];
    let (top, end) = (area.top + 56.0, area.top + area.height - 100.0);
    for (word, x) in lifelines {
        elements.push(Element::Line { from: (x, top + 40.0), to: (x, end), colour: Colour::Soft, width: 1.5, head: false });
        elements.push(Element::Label { area: Area { left: x - 70.0, top, width: 140.0, height: 40.0 }, word, colour: Colour::Soft });
    }
    let [(_, publisher), (_, server), (_, subscriber)] = lifelines;
    // Places along the time that is drawn, 0 to 1.
    let y = |share: f64| top + 62.0 + (end - top - 62.0) * share;
    let mut arrow = |from: f64, to: f64, share: f64, word: &str, colour: Colour, width: f64| {
        elements.push(Element::Line { from: (from, y(share)), to: (to, y(share)), colour, width, head: true });
        let (left, right) = (from.min(to) + 10.0, from.max(to) - 10.0);
        let mut label = Text::fitting("Message", Area { left, top: y(share) - 27.0, width: right - left, height: 24.0 }, word, colour, false, &[18.0, 16.0, 14.0]);
        label.align = Align::Middle;
        elements.push(Element::Text(label));
    };
    arrow(publisher, server, 0.58, "update", Colour::Ink, 3.0);
    if exchange.asks {
        for share in [0.12, 0.42] {
            arrow(subscriber, server, share, "anything new?", Colour::Soft, 2.0);
            arrow(server, subscriber, share + 0.13, "no", Colour::Soft, 2.0);
        }
        arrow(subscriber, server, 0.80, "anything new?", Colour::Soft, 2.0);
        arrow(server, subscriber, 0.95, "yes: the update", own, 5.0);
    } else {
        arrow(server, subscriber, 0.66, "the update", own, 5.0);
    }
    let paragraphs = exchange.captions.iter().map(|caption| Paragraph { text: caption.clone(), colour: Colour::Ink, point: false }).collect();
    let area = Area { top: end + 16.0, height: area.top + area.height - end - 16.0, ..area };
    elements.push(Element::Text(Text { name: "Figures", area, paragraphs, size: 0.0, bold: true, align: Align::Left }.fitted(&[24.0, 22.0, 20.0, 18.0])));
}

/// Where a logo stands on every slide: at the right of the lowest line, as large as there is room.
pub fn logo_area(logo: &Logo) -> Area {
    let (width, height) = (f64::from(logo.width.max(1)), f64::from(logo.height.max(1)));
    let scale = (220.0 / width).min(34.0 / height);
    let (width, height) = (width * scale, height * scale);
    Area { left: MARGIN + ROOM - width, top: 874.0 - height / 2.0, width, height }
}

/// Where the footer stands on every slide, and where the number.
pub fn footer_areas(theme: &Theme) -> (Area, Area) {
    let right = theme.logo.as_ref().map_or(MARGIN + ROOM, |logo| logo_area(logo).left - 24.0);
    let number = Area { left: right - 80.0, top: 862.0, width: 80.0, height: 24.0 };
    (Area { left: MARGIN, top: 862.0, width: number.left - 24.0 - MARGIN, height: 24.0 }, number)
}

/// Size of the words that stand on every slide.
pub const FOOTER_SIZE: f64 = 16.0;

/// What stands on every slide but the logo, for a medium that has no master slide.
pub fn on_every_slide<'d>(theme: &Theme, number: usize) -> Vec<Element<'d>> {
    let (footer, place) = footer_areas(theme);
    let mut number = Text::fitting("Number", place, &number.to_string(), Colour::Soft, false, &[FOOTER_SIZE]);
    number.align = Align::Right;
    let mut elements = vec![Element::Text(number)];
    if !theme.footer.is_empty() {
        elements.push(Element::Text(Text::fitting("Footer", footer, &theme.footer, Colour::Soft, false, &[FOOTER_SIZE])));
    }
    elements
}
