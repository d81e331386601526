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

/// Share of a line that bold words may take.
const BOLD: f64 = 0.95;

/// Lower edge of what fills a slide, and of the foot below it.
const BODY_END: f64 = 776.0;
/// From a picture's own pixels to those of a slide: its margin of 64 becomes that of slides.
const PICTURE: f64 = ROOM / (WIDTH - 128.0);
/// Where titles stand, as pictures have theirs: nothing jumps from slide to slide.
pub const TITLE: Area = Area { left: MARGIN, top: 41.0, width: ROOM, height: 106.0 };
const FOOT: Area = Area { left: MARGIN, top: 800.0, width: ROOM, height: 42.0 };
/// What a bare chart has for notes.
const NOTES: Area = Area { left: MARGIN, top: 777.0, width: ROOM, height: 22.0 };
const TITLES: [f64; 4] = [42.0 * PICTURE, 38.0 * PICTURE, 34.0 * PICTURE, 30.0 * PICTURE];
const SUBTITLES: [f64; 2] = [24.0 * PICTURE, 21.0];
const ASIDES: [f64; 4] = [26.0, 24.0, 22.0, 20.0];
/// Room between lists that stand below each other.
const BETWEEN_LISTS: f64 = 22.0;
const LISTS: [f64; 7] = [32.0, 30.0, 28.0, 26.0, 24.0, 22.0, 20.0];

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
    /// A chart of the pictures' kind, by name, without the words around it.
    Bare { area: Area, name: &'static str },
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
        let mut first = true;
        self.paragraphs.retain_mut(|paragraph| {
            left -= if paragraph.point && !std::mem::take(&mut first) { BETWEEN * size } else { 0.0 };
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
        let points = self.paragraphs.iter().skip(1).filter(|paragraph| paragraph.point).count() as f64;
        lines.iter().map(|lines| lines.len() as f64 * LEADING * size).sum::<f64>() + points * BETWEEN * size
    }

    /// Height of its lines as they are set, of one that is no list.
    fn taken(&self) -> f64 {
        self.lines().iter().map(Vec::len).sum::<usize>() as f64 * LEADING * self.size
    }

    /// Its lines as they are set.
    pub fn lines(&self) -> Vec<Vec<String>> {
        self.paragraphs.iter().map(|paragraph| paragraph.lines_or_cut(self.size, self.bold, self.area.width, usize::MAX)).collect()
    }
}

impl Paragraph {
    fn lines(&self, size: f64, bold: bool, width: f64, most: usize) -> Option<Vec<String>> {
        text::wrap(&text::clean(&self.text), size, weight(bold), self.width(size, bold, width), most)
    }

    fn lines_or_cut(&self, size: f64, bold: bool, width: f64, most: usize) -> Vec<String> {
        let (clean, room) = (text::clean(&self.text), self.width(size, bold, width));
        // What has a word that is longer than a line is cut to as many lines as it would take.
        let most = most.min(clean.chars().count() + 1);
        text::wrap_or_cut(&clean, size, weight(bold), room, most)
    }

    /// Bold letters of other fonts may be a little wider than those that are measured.
    fn width(&self, size: f64, bold: bool, width: f64) -> f64 {
        (if self.point { width - INDENT * size } else { width }) * if bold { BOLD } else { 1.0 }
    }
}

pub fn weight(bold: bool) -> Weight {
    if bold { Weight::SemiBold } else { Weight::Regular }
}

/// What stands on a slide, but for what stands on all.
pub fn page(slide: &Slide, medium: Medium) -> Vec<Element<'_>> {
    if let (Body::Figure(figure), Medium::Pictures) = (&slide.body, medium)
        && figure.aside.is_empty()
        && figure.over_time.is_empty()
        && let Some(picture) = &figure.picture
    {
        return vec![Element::Picture { left: MARGIN - 64.0 * PICTURE, top: 0.0, scale: PICTURE, picture }];
    }
    let mut elements = Vec::new();
    let (foot, end) = below(slide, medium);
    if let Body::Opening(lines) = &slide.body {
        opening(&mut elements, slide, lines);
        elements.extend(foot);
        return elements;
    }
    let subtitle = match &slide.body {
        Body::Figure(figure) if medium == Medium::Pictures && figure.picture.is_some() && !figure.over_time.is_empty() => figure.over_time,
        _ => slide.subtitle.as_str(),
    };
    let top = above(&mut elements, &slide.title, subtitle);
    let area = Area { left: MARGIN, top, width: ROOM, height: end - top };
    match &slide.body {
        Body::Opening(_) => {}
        Body::Tiles(tiles) => tiled(&mut elements, tiles),
        Body::Question(both) => question(&mut elements, both, area),
        Body::Columns(both) => beside(&mut elements, both, area),
        Body::Figure(figure) => charted(&mut elements, slide, figure, area, medium),
    }
    elements.extend(foot);
    elements
}

/// Title and subtitle; where they end.
fn above(elements: &mut Vec<Element<'_>>, title: &str, subtitle: &str) -> f64 {
    let title = Text::fitting("Title", TITLE, title, Colour::Ink, true, &TITLES);
    let mut end = TITLE.top + title.taken() + 6.0;
    elements.push(Element::Text(title));
    if !subtitle.is_empty() {
        let area = Area { left: MARGIN, top: end, width: ROOM, height: 66.0 };
        let subtitle = Text::fitting("Subtitle", area, subtitle, Colour::Soft, false, &SUBTITLES);
        end += subtitle.taken();
        elements.push(Element::Text(subtitle));
    }
    end + 30.0
}

/// Warning and foot; where the room above them ends.
fn below<'d>(slide: &Slide, medium: Medium) -> (Vec<Element<'d>>, f64) {
    let foot = Element::Text(Text::fitting("Conditions", FOOT, &slide.foot, Colour::Soft, false, &[16.0]));
    if slide.warning.is_empty() {
        return (vec![foot], BODY_END);
    }
    let bare = medium == Medium::Pictures && matches!(&slide.body, Body::Figure(figure) if figure.picture.is_some());
    let notes = if bare { NOTES.height } else { 0.0 };
    let area = Area { left: MARGIN, top: FOOT.top - 50.0 - notes, width: ROOM, height: 46.0 };
    let warning = Element::Text(Text::fitting("Doubts", area, &slide.warning, Colour::Warning, true, &[17.0]));
    (vec![warning, foot], area.top - 16.0)
}

/// What a chart has for notes, on the line above the conditions.
pub fn notes_of_chart<'d>(notes: &str) -> Element<'d> {
    let notes = text::fit_items(&text::clean(notes), 16.0, Weight::Regular, NOTES.width);
    Element::Text(Text::fitting("Notes", NOTES, &notes, Colour::Soft, false, &[16.0]))
}

fn opening(elements: &mut Vec<Element<'_>>, slide: &Slide, lines: &[String]) {
    let title =
        Text::fitting("Title", Area { left: MARGIN, top: 170.0, width: ROOM, height: 240.0 }, &slide.title, Colour::Ink, true, &[72.0, 64.0, 56.0, 48.0]);
    let top = 170.0 + title.taken() + 28.0;
    elements.push(Element::Text(title));
    let subtitle =
        Text::fitting("Subtitle", Area { left: MARGIN, top, width: ROOM * 0.86, height: 160.0 }, &slide.subtitle, Colour::Ink, false, &[34.0, 30.0, 26.0]);
    elements.push(Element::Text(subtitle));
    let paragraphs = lines.iter().map(|line| Paragraph { text: line.clone(), colour: Colour::Soft, point: false }).collect();
    let area = Area { left: MARGIN, top: 640.0, width: ROOM, height: 90.0 };
    elements.push(Element::Text(Text { name: "Source", area, paragraphs, size: 0.0, bold: false, align: Align::Left }.fitted(&[24.0, 22.0, 20.0])));
}

fn tiled(elements: &mut Vec<Element<'_>>, tiles: &[Tile]) {
    let gap = 48.0;
    let width = (ROOM - gap * (tiles.len().max(1) - 1) as f64) / tiles.len().max(1) as f64;
    // One line in any case, since a figure that is broken is no figure; and one size, since none is more true than the others.
    let fits = |size: &f64| tiles.iter().all(|tile| text::width(&text::clean(&tile.figure), *size, Weight::SemiBold) <= width * BOLD);
    let size = [150.0, 130.0, 110.0, 90.0, 70.0, 56.0].into_iter().find(fits).unwrap_or(44.0);
    let column = |index: usize, top, height| Area { left: MARGIN + index as f64 * (width + gap), top, width, height };
    let (end, height) = (480.0, size * LEADING);
    for (index, tile) in tiles.iter().enumerate() {
        elements.push(Element::Text(Text::fitting("Figure", column(index, end - height, height), &tile.figure, tile.colour, true, &[size])));
    }
    // Rows across all tiles: each in one size, and as tall as its tallest.
    type Words = fn(&Tile) -> &str;
    let rows: [(&str, Words, Colour, &[f64], f64); 4] = [
        ("Label", |tile| &tile.label, Colour::Ink, &[36.0, 32.0, 28.0], 92.0),
        ("Detail", |tile| &tile.detail, Colour::Soft, &[25.0, 22.0], 66.0),
        ("Certainty", |tile| &tile.certainty, Colour::Soft, &[20.0, 18.0], 56.0),
        ("Rivals", |tile| &tile.who, Colour::Soft, &[20.0, 18.0], 56.0),
    ];
    let mut top = end + 16.0;
    for (name, words, colour, sizes, height) in rows {
        let set = |sizes: &[f64]| -> Vec<Text> {
            let all =
                tiles.iter().enumerate().map(|(index, tile)| Text::fitting(name, column(index, top, height), words(tile), colour, name == "Label", sizes));
            all.collect()
        };
        let least = set(sizes).iter().map(|text| text.size).fold(f64::INFINITY, f64::min);
        let row: Vec<Text> = set(&[least]).into_iter().filter(|text| text.paragraphs.iter().any(|paragraph| !paragraph.text.is_empty())).collect();
        top += row.iter().map(|text| text.taken() + 6.0).fold(0.0, f64::max);
        elements.extend(row.into_iter().map(Element::Text));
    }
}

/// Stacks of lists beside each other, all in one size: the first lists begin at one height, and so do the second. Where even the smallest size has no room for
/// all, each is cut to a share of it.
fn beside(elements: &mut Vec<Element<'_>>, both: &[Vec<Column>; 2], area: Area) {
    let gap = 72.0;
    let width = (ROOM - gap) / 2.0;
    let areas = [Area { width, ..area }, Area { left: area.left + width + gap, width, ..area }];
    let rows = both.iter().map(Vec::len).max().unwrap_or(0);
    let row_height = |row: usize, size: f64| {
        let lists = both.iter().filter_map(|stack| stack.get(row));
        lists.map(|column| tall(column, areas[0], size)).fold(0.0, f64::max)
    };
    let gaps = BETWEEN_LISTS * rows.saturating_sub(1) as f64;
    let whole = |size: f64| (0..rows).map(|row| row_height(row, size)).sum::<f64>();
    let size = LISTS.into_iter().find(|size| whole(*size) + gaps <= area.height).unwrap_or(LISTS[LISTS.len() - 1]);
    let share = ((area.height - gaps) / whole(size)).min(1.0);
    let mut top = area.top;
    for row in 0..rows {
        let height = row_height(row, size) * share;
        for (column, area) in both.iter().zip(areas).filter_map(|(stack, area)| Some((stack.get(row)?, area))) {
            listed(elements, column, Area { top, height: height + 0.5, ..area }, size);
        }
        top += height + BETWEEN_LISTS;
    }
}

/// Lists below each other, in one size; where even the smallest has no room for all, each is cut to a share of it.
fn stacked(elements: &mut Vec<Element<'_>>, columns: &[Column], area: Area) {
    let gaps = BETWEEN_LISTS * columns.len().saturating_sub(1) as f64;
    let whole = |size: f64| columns.iter().map(|column| tall(column, area, size)).sum::<f64>() + gaps;
    let size = ASIDES.into_iter().find(|size| whole(*size) <= area.height).unwrap_or(ASIDES[ASIDES.len() - 1]);
    let share = ((area.height - gaps) / (whole(size) - gaps)).min(1.0);
    let mut top = area.top;
    for column in columns {
        let height = tall(column, area, size) * share;
        listed(elements, column, Area { top, height: height + 0.5, ..area }, size);
        top += height + BETWEEN_LISTS;
    }
}

/// Height of a list with its heading.
fn tall(column: &Column, area: Area, size: f64) -> f64 {
    let list = list_of(column, area);
    let lines: usize = list.paragraphs.iter().map(|paragraph| paragraph.lines_or_cut(size, false, area.width, usize::MAX).len()).sum();
    heading_of(column, area, size).taken() + lines as f64 * LEADING * size + list.paragraphs.len() as f64 * BETWEEN * size
}

fn listed(elements: &mut Vec<Element<'_>>, column: &Column, area: Area, size: f64) {
    let heading = heading_of(column, area, size);
    let taken = heading.taken();
    elements.push(Element::Text(heading));
    // Room above a list is part of its place: programs leave out what its first paragraph asks for.
    let taken = taken + BETWEEN * size;
    let list = list_of(column, Area { top: area.top + taken, height: (area.height - taken).max(0.0), ..area });
    elements.push(Element::Text(list.fitted(&[size])));
}

fn heading_of(column: &Column, area: Area, size: f64) -> Text {
    Text::fitting("Heading", area, &column.heading, Colour::Ink, true, &[size * 1.1])
}

fn list_of(column: &Column, area: Area) -> Text {
    let colour = |warning: bool| if warning { Colour::Warning } else { Colour::Ink };
    let paragraphs = column.items.iter().map(|item| Paragraph { text: item.text.clone(), colour: colour(item.warning), point: true }).collect();
    Text { name: "List", area, paragraphs, size: 0.0, bold: false, align: Align::Left }
}

fn charted<'d>(elements: &mut Vec<Element<'d>>, slide: &Slide, figure: &'d Figure, mut area: Area, medium: Medium) {
    if !figure.aside.is_empty() {
        let width = 460.0;
        stacked(elements, &figure.aside, Area { left: MARGIN + ROOM - width, width, ..area });
        area.width -= width + 48.0;
    }
    if let (Medium::Pictures, Some(picture)) = (medium, &figure.picture) {
        // Marks of its axis end where its room does.
        elements.push(Element::Bare { area: Area { height: area.height - 10.0, ..area }, name: picture.name });
        return;
    }
    if medium == Medium::Pictures || figure.charts.is_empty() {
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
    let areas = [Area { width, ..area }, Area { left: area.left + width + gap, width, ..area }];
    let size = both.iter().zip(areas).map(|(exchange, area)| captions(exchange, area, &[24.0, 22.0, 20.0, 18.0]).size).fold(f64::INFINITY, f64::min);
    for (exchange, area) in both.iter().zip(areas) {
        sequence(elements, exchange, area);
        elements.push(Element::Text(captions(exchange, area, &[size])));
    }
}

/// Height of what stands below a sequence.
const CAPTIONS: f64 = 84.0;

fn captions(exchange: &Exchange, area: Area, sizes: &[f64]) -> Text {
    let paragraphs = exchange.captions.iter().map(|caption| Paragraph { text: caption.clone(), colour: Colour::Ink, point: false }).collect();
    let area = Area { top: area.top + area.height - CAPTIONS, height: CAPTIONS, ..area };
    Text { name: "Figures", area, paragraphs, size: 0.0, bold: true, align: Align::Left }.fitted(sizes)
}

fn sequence(elements: &mut Vec<Element<'_>>, exchange: &Exchange, area: Area) {
    let own = Colour::Of(exchange.colour);
    let text = |name, area, text: &str, colour, bold, size| Element::Text(Text::fitting(name, area, text, colour, bold, &[size]));
    elements.push(text("Heading", Area { height: 40.0, ..area }, exchange.heading, own, true, 28.0));
    let lifelines = [("Publisher", area.left + 70.0), ("Server", area.left + area.width * 0.48), ("Subscriber", area.left + area.width - 80.0)];
    let (top, end) = (area.top + 56.0, area.top + area.height - CAPTIONS - 16.0);
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
        let mut label =
            Text::fitting("Message", Area { left, top: y(share) - 27.0, width: right - left, height: 24.0 }, word, colour, false, &[18.0, 16.0, 14.0]);
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
