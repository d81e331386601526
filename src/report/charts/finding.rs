//! What a title may say: who has less of something, and whether that is more than noise.
//!
//! The best of push is compared with the *best* of polling, never with the worst, and by the same interval of confidence as in the
//! verdict, so that no chart can say what the verdict does not. Where a figure cannot be trusted, no title tells of a winner.

use super::frame::whole_or;
use super::swept;
use crate::measure::recording::{Direction, Trial};
use crate::summary::ratios::{self, Tie};
use crate::summary::thresholds::FACTOR_WITHOUT_INTERVAL;
use crate::summary::{Cell, Estimate};
use crate::units::capital;

/// A figure with its repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Over all repeats; may be infinite.
    pub value: f64,
    repeats: Vec<(u32, Option<f64>)>,
}

impl Figure {
    /// Of an estimate; `None` where it has no value.
    pub fn new(estimate: &Estimate) -> Option<Self> {
        Some(Self { value: estimate.value.filter(|value| !value.is_nan())?, repeats: estimate.repeats.clone() })
    }

    /// Of a metric of a cell.
    pub fn of_metric(cell: &Cell<'_>, metric: &str) -> Option<Self> {
        cell.metrics.get(metric).and_then(Self::new)
    }

    /// Of a figure of each trial, where all have one: the mean.
    pub fn of_trials(cell: &Cell<'_>, of: impl Fn(&Trial) -> Option<f64>) -> Option<Self> {
        let values: Option<Vec<f64>> = cell.trials.iter().map(|trial| of(trial)).collect();
        let values = values.filter(|values| !values.is_empty())?;
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Some(Self { value, repeats: cell.trials.iter().zip(values).map(|(trial, value)| (trial.repeat, Some(value))).collect() })
    }

    /// With the largest of the repeats as its value: of worst cases the mean is none.
    #[must_use]
    pub fn largest(mut self) -> Self {
        self.value = self.repeats.iter().filter_map(|(_, value)| *value).fold(self.value, f64::max);
        self
    }

    /// How it stands to another: clear where the interval of their ratio leaves 1 out.
    pub fn against(&self, other: &Self) -> Order {
        let Some(ratio) = ratios::of_repeats(&self.repeats, &other.repeats) else { return Order::Unclear(Tie::Close) };
        let (low, high) = ratio.interval.unwrap_or((ratio.value / FACTOR_WITHOUT_INTERVAL, ratio.value * FACTOR_WITHOUT_INTERVAL));
        if high < 1.0 {
            Order::Less
        } else if low > 1.0 {
            Order::More
        } else {
            Order::Unclear(ratio.tie())
        }
    }
}

/// How one figure stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Clearly less.
    Less,
    /// Clearly more.
    More,
    /// Within the noise.
    Unclear(Tie),
}

/// Who is compared in a title, and how they stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Contest {
    /// Nobody has a figure.
    Nobody,
    /// Only one contender has a figure.
    One(Side),
    /// Two, the clearly lesser one first.
    Clear(Side, Side),
    /// Two, within the noise of each other: push (or the first) first.
    Unclear(Side, Side, Tie),
    /// One or two, but a figure of theirs cannot be trusted: push (or the first) first.
    Untrusted(Side, Option<Side>),
}

/// A contender in a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its name.
    name: String,
    /// Its load point, where several of its own are compared; else empty.
    place: String,
    /// Its own load point.
    load_point: String,
    /// Whether it asks or is told.
    pub direction: Direction,
    /// Its figure.
    pub figure: f64,
    /// `polling` or `push`, where it stands for several of them, as the best.
    best_of: Option<&'static str>,
    /// Whether it is the best of its direction alone: all others have clearly more, and none of their figures is in doubt.
    alone: bool,
    /// The next figure in its direction.
    next: Option<f64>,
}

impl Contest {
    /// Between the best push and the best pull by a figure of which less is better; where only one direction competes, between its best two.
    pub fn new(cells: &[&Cell<'_>], trusted: impl Fn(&Cell<'_>) -> bool, of: impl Fn(&Cell<'_>) -> Option<Figure>) -> Self {
        let mut known: Vec<(&Cell<'_>, Figure)> = cells.iter().filter_map(|cell| Some((*cell, of(cell)?))).collect();
        // Stable: of equals, the scenario's order decides.
        known.sort_by(|one, two| one.1.value.total_cmp(&two.1.value));
        let of_direction = |direction: Direction| known.iter().filter(move |(cell, _)| cell.direction() == direction);
        let rest = || known.iter().filter(|(cell, _)| cell.direction() != Direction::Control);
        let (first, second) = match (of_direction(Direction::Push).next(), of_direction(Direction::Pull).next()) {
            (Some(push), Some(pull)) => (Some(push), Some(pull)),
            _ => (rest().next(), rest().nth(1)),
        };
        let mixed = first.zip(second).is_some_and(|(one, two)| one.0.direction() != two.0.direction());
        let side = |(cell, figure): &(&Cell<'_>, Figure)| {
            let direction = cell.direction();
            let own = known.iter().filter(|(other, _)| other.contender.name == cell.contender.name).count();
            let rivals = || of_direction(direction).filter(|(other, _)| !std::ptr::eq(*other, *cell));
            Side {
                name: cell.contender.name.clone(),
                place: if own > 1 { swept::brief(cell.load_point) } else { String::new() },
                load_point: cell.load_point.to_owned(),
                direction,
                figure: figure.value,
                best_of: family(direction).filter(|_| mixed && of_direction(direction).count() > 1),
                alone: rivals().all(|(other, more)| trusted(other) && figure.against(more) == Order::Less),
                next: rivals().next().map(|(_, figure)| figure.value),
            }
        };
        match (first.or_else(|| known.first()), second) {
            (None, _) => Self::Nobody,
            (Some(only), None) if !trusted(only.0) => Self::Untrusted(side(only), None),
            (Some(only), None) => Self::One(side(only)),
            (Some(one), Some(two)) if !trusted(one.0) || !trusted(two.0) => Self::Untrusted(side(one), Some(side(two))),
            (Some(one), Some(two)) => match one.1.against(&two.1) {
                Order::Less => Self::Clear(side(one), side(two)),
                Order::More => Self::Clear(side(two), side(one)),
                Order::Unclear(tie) => Self::Unclear(side(one), side(two), tie),
            },
        }
    }
}

/// What those of a direction are called together.
pub fn family(direction: Direction) -> Option<&'static str> {
    match direction {
        Direction::Push => Some("push"),
        Direction::Pull => Some("polling"),
        Direction::Control => None,
    }
}

impl Contest {
    /// Those who are compared.
    pub fn sides(&self) -> Vec<&Side> {
        match self {
            Self::Nobody => Vec::new(),
            Self::One(one) => vec![one],
            Self::Clear(one, two) | Self::Unclear(one, two, _) => vec![one, two],
            Self::Untrusted(one, two) => std::iter::once(one).chain(two).collect(),
        }
    }

    /// As a title can tell it that shows figures in this way: who has the same figure as another, as far as can be read, is neither ahead of it nor
    /// alone. A title that said less and showed the same would only raise doubts.
    #[must_use]
    pub fn as_shown(self, show: impl Fn(f64) -> String) -> Self {
        let seen = |mut side: Side| {
            side.alone &= side.next.is_none_or(|next| show(next) != show(side.figure));
            side
        };
        match self {
            Self::Nobody => Self::Nobody,
            Self::One(one) => Self::One(seen(one)),
            Self::Clear(less, more) if show(less.figure) == show(more.figure) => {
                let (one, two) = if more.direction == Direction::Push && less.direction != Direction::Push { (more, less) } else { (less, more) };
                Self::Unclear(seen(one), seen(two), Tie::Close)
            }
            Self::Clear(less, more) => Self::Clear(seen(less), seen(more)),
            Self::Unclear(one, two, tie) => Self::Unclear(seen(one), seen(two), tie),
            Self::Untrusted(one, two) => Self::Untrusted(seen(one), two.map(seen)),
        }
    }

    /// Whether a cell is one of those who are compared.
    pub fn is_about(&self, cell: &Cell<'_>) -> bool {
        self.sides().into_iter().any(|side| side.cell(&[cell]).is_some())
    }
}

/// At most so many, in their order, and whatever matters among them: what a title tells of must be in the picture.
pub fn foremost<T>(all: Vec<T>, most: usize, matters: impl Fn(&T) -> bool) -> Vec<T> {
    let mut room = most.saturating_sub(all.iter().filter(|one| matters(one)).count());
    let mut fits = |one: &T| {
        let taken = !matters(one);
        let fits = !taken || room > 0;
        room = room.saturating_sub(usize::from(taken));
        fits
    };
    all.into_iter().filter(|one| fits(one)).collect()
}

impl Side {
    /// Its name in a title: not too long, and said to be the best of polling or of push where it stands for several; among the best where
    /// others may be as good. `end` follows what is put in.
    pub fn called(&self, best: &str, end: &str) -> String {
        let name = if self.place.is_empty() { short(&self.name) } else { format!("{} at {}", short(&self.name), short(&self.place)) };
        match self.best_of {
            Some(family) if !best.is_empty() && self.alone => format!("{name}, the {best} {family}{end}"),
            Some(family) if !best.is_empty() => format!("{name}, among the {best} {family}{end}"),
            _ => name,
        }
    }

    /// The cell that it is.
    pub fn cell<'c, 'r>(&self, cells: &[&'c Cell<'r>]) -> Option<&'c Cell<'r>> {
        cells.iter().copied().find(|cell| cell.contender.name == self.name && cell.load_point == self.load_point)
    }

    /// Whether it is the same contender at the same load point.
    pub fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.load_point == other.load_point
    }
}

/// The words of a title, in which names and figures are filled in.
pub struct Words<'w> {
    /// A whole sentence of one contender: name, figure.
    pub say: &'w dyn Fn(&str, &str) -> String,
    /// What follows the other contender's name: figure.
    pub briefly: &'w dyn Fn(&str) -> String,
    /// What there is no clear difference in, or too few repeats to settle.
    pub topic: &'w str,
    /// What the best of several pollers is called.
    pub best: &'w str,
    /// A figure as text.
    pub show: &'w dyn Fn(f64) -> String,
}

impl Words<'_> {
    /// The title; `None` where nobody has a figure.
    pub fn title(&self, contest: &Contest) -> Option<String> {
        let contest = contest.clone().as_shown(self.show);
        let whole = self.sentence(&contest, self.best)?;
        Some(whole_or(whole, || self.sentence(&contest, "").unwrap_or_default()))
    }

    /// `best`: what the best of several is called; empty where names leave no room for that.
    fn sentence(&self, contest: &Contest, best: &str) -> Option<String> {
        let show = |side: &Side| firm((self.show)(side.figure));
        let called = |side: &Side| side.called(best, ",");
        let brief = |side: &Side| format!("{} {}", called(side), (self.briefly)(&show(side)));
        Some(match contest {
            Contest::Nobody => return None,
            Contest::One(only) => (self.say)(&called(only), &show(only)),
            Contest::Clear(less, more) => format!("{}; {}", (self.say)(&called(less), &show(less)), brief(more)),
            Contest::Unclear(one, two, tie) => format!("{}: {}; {}", capital(&tie.about(self.topic)), brief(one), brief(two)),
            Contest::Untrusted(one, None) => format!("Not to be trusted: {}", (self.say)(&called(one), &show(one))),
            Contest::Untrusted(one, Some(two)) => format!("Not to be trusted: {}; {}", (self.say)(&called(one), &show(one)), brief(two)),
        })
    }
}

/// `1 message`, `5.1 messages`.
pub fn count(figure: &str, one: &str) -> String {
    format!("{figure} {one}{}", if figure == "1" { "" } else { "s" })
}

/// With firm spaces, so that no line breaks between a number and its unit.
pub fn firm(text: String) -> String {
    text.replace(' ', "\u{a0}")
}

/// A name that leaves room for the rest of a title.
pub fn short(name: &str) -> String {
    const MOST: usize = 26;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let characters: Vec<char> = name.chars().collect();
    let (head, tail) = (&characters[..MOST - 10], &characters[characters.len() - 9..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64]) -> Figure {
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Figure::new(&Estimate { value: Some(value), repeats: (1..).zip(values.iter().map(|value| Some(*value))).collect() }).unwrap()
    }

    #[test]
    fn only_what_is_beyond_the_noise_is_a_difference() {
        for (one, two, order) in [
            (&[1.0, 1.1][..], &[2.0, 2.1][..], Order::Less),
            (&[2.0, 2.1], &[1.0, 1.1], Order::More),
            (&[1.0, 2.0], &[1.5, 2.5], Order::Unclear(Tie::Close)),
            (&[1.0, 1.1], &[1.1, 1.0], Order::Unclear(Tie::Close)),
            (&[1.0, 4.0], &[4.0, 4.0], Order::Unclear(Tie::Unsettled)),
            (&[1.0], &[1.4], Order::Unclear(Tie::Close)),
            (&[1.0], &[1.6], Order::Less),
            (&[1.0, 1.0], &[f64::INFINITY, f64::INFINITY], Order::Less),
            (&[f64::INFINITY], &[f64::INFINITY], Order::Unclear(Tie::Close)),
            (&[0.0], &[0.0], Order::Unclear(Tie::Close)),
            (&[0.0], &[1.0], Order::Less),
        ] {
            assert_eq!(figure(one).against(&figure(two)), order, "{one:?} {two:?}");
        }
    }

    #[test]
    fn what_a_title_tells_of_is_never_left_out() {
        let all: Vec<u32> = (0..9).collect();
        assert_eq!(foremost(all.clone(), 4, |number| [5, 8].contains(number)), [0, 1, 5, 8]);
        assert_eq!(foremost(all.clone(), 9, |_| false), all);
        assert_eq!(foremost(all, 1, |number| *number > 6), [7, 8]);
    }

    #[test]
    fn of_worst_cases_the_worst_counts() {
        let worst = figure(&[3.0, 50.0]).largest();
        assert_eq!(worst.value, 50.0);
        assert_eq!(worst.against(&figure(&[3.0, 50.0])), Order::Unclear(Tie::Close), "repeats stay as they are");
    }

    #[test]
    fn an_estimate_without_value_has_no_figure() {
        for value in [None, Some(f64::NAN)] {
            assert_eq!(Figure::new(&Estimate { value, repeats: vec![(1, value)] }), None);
        }
    }
}
