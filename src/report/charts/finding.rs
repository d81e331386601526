//! What a title may say: who has less of something, and whether that is more than noise.
//!
//! Push is compared with the *best* of polling, never with the worst. Where the repeats of two contenders overlap, or the
//! difference is within what repeats commonly scatter by, the title says so. Where the run cannot be trusted, no title tells of a winner.

use crate::measure::recording::{Direction, Trial};
use crate::summary::{Cell, Estimate};

/// Differences of less than this share are taken for noise even where the repeats happen to agree: two repeats agree by
/// chance more often than not, and repeats of an embedded server on one machine commonly scatter by some per cent.
const NOISE: f64 = 0.05;

/// A figure with the range of its repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Over all repeats; may be infinite.
    pub value: f64,
    least: f64,
    most: f64,
}

impl Figure {
    /// Of an estimate; `None` where it has no value.
    pub fn new(estimate: &Estimate) -> Option<Self> {
        let value = estimate.value?;
        let repeats = || estimate.repeats.iter().filter_map(|(_, value)| *value);
        Some(Self { value, least: repeats().fold(value, f64::min), most: repeats().fold(value, f64::max) })
    }

    /// Of a figure of each trial, where there is one: the mean, and the range.
    pub fn of_trials(cell: &Cell<'_>, of: impl Fn(&Trial) -> Option<f64>) -> Option<Self> {
        let values: Option<Vec<f64>> = cell.trials.iter().map(|trial| of(trial)).collect();
        let values = values.filter(|values| !values.is_empty())?;
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Some(Self { value, least: values.iter().copied().fold(value, f64::min), most: values.iter().copied().fold(value, f64::max) })
    }

    /// How it stands to another.
    pub fn against(self, other: Self) -> Order {
        let clear = |less: Self, more: Self| less.most < more.least && (more.value.is_infinite() || less.value < more.value * (1.0 - NOISE));
        if clear(self, other) {
            Order::Less
        } else if clear(other, self) {
            Order::More
        } else {
            Order::Unclear
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
    Unclear,
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
    Unclear(Side, Side),
    /// Two, but the run cannot be trusted: push (or the first) first.
    Untrusted(Side, Side),
}

/// A contender in a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its name, not too long for a title.
    pub name: String,
    /// Its figure.
    pub figure: f64,
    /// Whether it stands for several of its direction, as the best of them.
    pub best_of_polling: bool,
}

impl Contest {
    /// Between the best push and the best pull by a figure of which less is better; where only one direction competes, between its best two.
    pub fn new(cells: &[&Cell<'_>], trusted: bool, of: impl Fn(&Cell<'_>) -> Option<Figure>) -> Self {
        let mut known: Vec<(&Cell<'_>, Figure)> = cells.iter().filter_map(|cell| Some((*cell, of(cell)?))).collect();
        let pollers = known.iter().filter(|(cell, _)| cell.direction() == Direction::Pull).count();
        // Stable: of equals, the scenario's order decides.
        known.sort_by(|one, two| one.1.value.total_cmp(&two.1.value));
        let best = |direction: Direction| known.iter().find(|(cell, _)| cell.direction() == direction).copied();
        let rest = || known.iter().copied().filter(|(cell, _)| cell.direction() != Direction::Control);
        let (first, second) = match (best(Direction::Push), best(Direction::Pull)) {
            (Some(push), Some(pull)) => (Some(push), Some(pull)),
            _ => (rest().next(), rest().nth(1)),
        };
        let mixed = first.zip(second).is_some_and(|(one, two)| one.0.direction() != two.0.direction());
        let side = |(cell, figure): (&Cell<'_>, Figure)| Side {
            name: short(&cell.contender.name),
            figure: figure.value,
            best_of_polling: mixed && pollers > 1 && cell.direction() == Direction::Pull,
        };
        match (first.or_else(|| known.first().copied()), second) {
            (None, _) => Self::Nobody,
            (Some(only), None) => Self::One(side(only)),
            (Some(one), Some(two)) if !trusted => Self::Untrusted(side(one), side(two)),
            (Some(one), Some(two)) => match one.1.against(two.1) {
                Order::Less => Self::Clear(side(one), side(two)),
                Order::More => Self::Clear(side(two), side(one)),
                Order::Unclear => Self::Unclear(side(one), side(two)),
            },
        }
    }
}

/// The words of a title, in which names and figures are filled in.
pub struct Words<'w> {
    /// A whole sentence of one contender: name, figure.
    pub say: &'w dyn Fn(&str, &str) -> String,
    /// What follows the other contender's name: figure.
    pub briefly: &'w dyn Fn(&str) -> String,
    /// What there is no clear difference in.
    pub topic: &'w str,
    /// What the best of several pollers is called.
    pub best: &'w str,
    /// A figure as text.
    pub show: &'w dyn Fn(f64) -> String,
}

impl Words<'_> {
    /// The title; `None` where nobody has a figure.
    pub fn title(&self, contest: &Contest) -> Option<String> {
        let show = |side: &Side| firm((self.show)(side.figure));
        let brief = |side: &Side| format!("{} {}", self.called(side), (self.briefly)(&show(side)));
        Some(match contest {
            Contest::Nobody => return None,
            Contest::One(only) => (self.say)(&only.name, &show(only)),
            Contest::Clear(less, more) => format!("{}; {}", (self.say)(&self.called(less), &show(less)), brief(more)),
            Contest::Unclear(one, two) => format!("No clear difference in {}: {}; {}", self.topic, brief(one), brief(two)),
            Contest::Untrusted(one, two) => format!("Not to be trusted: {}; {}", (self.say)(&self.called(one), &show(one)), brief(two)),
        })
    }

    fn called(&self, side: &Side) -> String {
        if side.best_of_polling { format!("{}, the {} polling,", side.name, self.best) } else { side.name.clone() }
    }
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
    let head: String = name.chars().take(MOST - 1).collect();
    format!("{}…", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64]) -> Figure {
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Figure::new(&Estimate { value: Some(value), repeats: values.iter().map(|value| (1, Some(*value))).collect() }).unwrap()
    }

    #[test]
    fn only_what_is_beyond_the_noise_is_a_difference() {
        for (one, two, order) in [
            (&[1.0, 1.1][..], &[2.0, 2.1][..], Order::Less),
            (&[2.0, 2.1], &[1.0, 1.1], Order::More),
            (&[1.0, 2.0], &[1.5, 2.5], Order::Unclear),
            (&[1.00, 1.00], &[1.03, 1.03], Order::Unclear),
            (&[1.0, 1.0], &[f64::INFINITY, f64::INFINITY], Order::Less),
            (&[f64::INFINITY], &[f64::INFINITY], Order::Unclear),
            (&[0.0], &[0.0], Order::Unclear),
            (&[0.0], &[1.0], Order::Less),
            (&[f64::NAN], &[1.0], Order::Unclear),
        ] {
            assert_eq!(figure(one).against(figure(two)), order, "{one:?} {two:?}");
        }
    }

    #[test]
    fn an_estimate_without_value_has_no_figure() {
        assert_eq!(Figure::new(&Estimate { value: None, repeats: vec![(1, None)] }), None);
    }
}
