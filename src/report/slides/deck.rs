//! The model of a deck: what stands on each slide and what is said to it. Everything that writes slides starts from here.

use plotters::style::RGBColor;

use super::chart::Chart;
use crate::report::charts::Picture;

/// Ten slides.
#[derive(Clone, Debug)]
pub struct Deck {
    /// Title of the scenario.
    pub title: String,
    /// UTC time at which the run started, RFC 3339.
    pub started: String,
    /// The slides, in the order of the story.
    pub slides: Vec<Slide>,
}

/// A slide.
#[derive(Clone, Debug)]
pub struct Slide {
    /// Which of the story: part of names inside of files.
    pub name: &'static str,
    /// One sentence.
    pub title: String,
    /// What is shown, or for whom it holds; may be empty.
    pub subtitle: String,
    /// What fills it.
    pub body: Body,
    /// Under which conditions.
    pub foot: String,
    /// Why its figures are not to be trusted; empty where they are.
    pub warning: String,
    /// What a speaker may want to say or be asked: a paragraph each.
    pub notes: Vec<String>,
}

/// What fills a slide.
#[derive(Clone, Debug)]
pub enum Body {
    /// The first slide: lines below title and subtitle.
    Opening(Vec<String>),
    /// Figures as large as the slide allows.
    Tiles(Vec<Tile>),
    /// Polling and push beside each other, as they go on in time.
    Question([Exchange; 2]),
    /// Lists beside each other, or two stacks of them.
    Columns([Vec<Column>; 2]),
    /// Charts.
    Figure(Box<Figure>),
}

/// A figure that fills a third of a slide.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// `148×`.
    pub figure: String,
    /// `fresher at p99`.
    pub label: String,
    /// `6.7 ms instead of 995 ms`.
    pub detail: String,
    /// How well the figure is known: `95 % interval 140 to 157`; may be empty.
    pub certainty: String,
    /// `xmpp-pubsub against poll-1s`; may be empty.
    pub who: String,
    /// Of the figure.
    pub colour: Colour,
}

/// Colour of words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colour {
    /// Of titles and names.
    Ink,
    /// Of what is beside the point.
    Soft,
    /// Of what must not be overlooked.
    Warning,
    /// Of the palette: a contender's.
    Of(RGBColor),
}

/// How one family gets its updates, and what that came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Above it.
    pub heading: &'static str,
    /// Whether the subscriber asks.
    pub asks: bool,
    /// Of what carries the update.
    pub colour: RGBColor,
    /// Below it: who, and its figures.
    pub captions: Vec<String>,
}

/// A list with a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Above it.
    pub heading: String,
    /// Its points.
    pub items: Vec<Item>,
}

/// A point of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// One or two sentences.
    pub text: String,
    /// Whether it must not be overlooked.
    pub warning: bool,
}

impl Item {
    /// A point.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), warning: false }
    }

    /// A point that must not be overlooked.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { text: text.into(), warning: true }
    }
}

/// A chart, or two: as data where it can be edited, as the picture of the same figures elsewhere.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Beside each other; empty where nobody has the figures.
    pub charts: Vec<Chart>,
    /// The picture, where one was drawn.
    pub picture: Option<Picture>,
    /// The figures in words: for where there is no picture, and for who cannot see it.
    pub words: Vec<String>,
    /// What stands below the title where the picture shows something else than the chart, which is the title's; empty where both show the same.
    pub over_time: &'static str,
    /// Lists beside it, below each other.
    pub aside: Vec<Column>,
}
