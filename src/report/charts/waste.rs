//! Of a hundred polls, how many bring news: a square for each, for every contender that asks.
//!
//! A poll is an exchange: a request with its answer. In a chain (a feed, then what it names) each request is one; one that
//! only points at news is not in vain, and an answer that was held until nothing came is.

use super::canvas::{Align, Canvas, Hand};
use super::finding::{Figure, Order, foremost, short};
use super::frame::{Frame, Room};
use super::marks::{self, Footnotes};
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::summary::ratios::Tie;
use crate::units::{capital, show_number, significant};

const METRIC: &str = "waste.ratio";
/// What doubts are looked for on.
const METRICS: &[&str] = &[METRIC];

/// With a firm space, so that no line breaks in it.
const POLLS: &str = "100\u{a0}polls";
/// Squares of a waffle in a row, and its rows.
const SIDE: usize = 10;
/// So many waffles can still be read.
const MOST: usize = 24;

struct Waffle<'c> {
    cell: &'c Cell<'c>,
    /// Share of polls in vain.
    waste: Figure,
    /// Polls of a window, mean of the repeats.
    polls: f64,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let mut waffles: Vec<Waffle<'_>> = Vec::new();
    let mut silent: Vec<(&str, &str)> = Vec::new();
    for cell in view.cells.iter().copied().filter(|cell| cell.direction() == Direction::Pull) {
        let polls = Figure::of_trials(cell, |trial| Some(trial.exchanges as f64)).map_or(0.0, |polls| polls.value);
        match Figure::of_metric(cell, METRIC) {
            Some(waste) => waffles.push(Waffle { cell, waste, polls }),
            None => silent.push((cell.contender.name.as_str(), "no poll sent")),
        }
    }
    let title = title(view, &waffles).ok_or("nobody polls, or no poll was sent: it needs a contender that asks")?;
    // Push is not shown: doubts about it are none about this.
    let footnotes = Footnotes::new(view.summary, &waffles.iter().map(|waffle| waffle.cell).collect::<Vec<_>>(), METRICS).not_drawn(silent);
    let left_out = waffles.len().saturating_sub(MOST);
    let ends = ends(&waffles).map(|(first, last)| [first.cell, last.cell]);
    let waffles = foremost(waffles, MOST, |waffle| ends.iter().flatten().any(|end| std::ptr::eq(*end, waffle.cell)));
    let rest = if left_out > 0 { format!("; {left_out} more are left out") } else { String::new() };
    let failed = waffles.iter().flat_map(|waffle| &waffle.cell.trials).any(|trial| trial.failed_requests > 0);
    let grey = if failed { "there was no news, or the request failed" } else { "there was no news" };
    let frame = Frame { title, subtitle: format!("A square for each of 100 polls: coloured, it brought news; grey, {grey}{rest}"), over: None, footnotes };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &waffles)) })
}

/// Those with the least and the most waste; of equals, the first in the scenario's order and the last.
fn ends<'w, 'c>(waffles: &'w [Waffle<'c>]) -> Option<(&'w Waffle<'c>, &'w Waffle<'c>)> {
    let by_waste = |one: &&Waffle<'_>, two: &&Waffle<'_>| one.waste.value.total_cmp(&two.waste.value);
    Some((waffles.iter().min_by(by_waste)?, waffles.iter().max_by(by_waste)?))
}

/// The thriftiest beside the most wasteful: what polls find depends on how one asks. Whether one alone is so depends on all others.
fn title(view: &View<'_, '_>, waffles: &[Waffle<'_>]) -> Option<String> {
    let (first, last) = ends(waffles)?;
    let name = |waffle: &Waffle<'_>| short(&waffle.cell.contender.name);
    let vain = |waffle: &Waffle<'_>| of_100(waffle.waste.value);
    let are = if vain(first) == "1" { "is" } else { "are" };
    let both = format!("{} {are} in vain with {}, {} with {}", vain(first), name(first), vain(last), name(last));
    let said = if waffles.len() == 1 { format!("{} {are} in vain with {}", vain(first), name(first)) } else { both.clone() };
    if [first, last].iter().any(|waffle| !view.trusts(METRIC, waffle.cell)) {
        return Some(format!("Not to be trusted: of {POLLS}, {said}"));
    }
    // What reads the same is no difference.
    let less = |one: &Waffle<'_>, other: &Waffle<'_>| vain(one) != vain(other) && one.waste.against(&other.waste) == Order::Less;
    let ahead = |one: &Waffle<'_>, other: &Waffle<'_>| [one, other].iter().all(|waffle| view.trusts(METRIC, waffle.cell)) && less(one, other);
    let others = |of: &Waffle<'_>| waffles.iter().filter(move |other| !std::ptr::eq(other.cell, of.cell)).collect::<Vec<_>>();
    let one_of = |is_alone: bool| if is_alone { "the" } else { "among the" };
    if waffles.len() == 1 {
        return Some(format!("Of {POLLS}, {said}"));
    }
    if !less(first, last) {
        let tie = match first.waste.against(&last.waste) {
            Order::Unclear(tie) => tie,
            Order::Less | Order::More => Tie::Close,
        };
        return Some(format!("{}: of {POLLS}, {both}", capital(&tie.about("waste"))));
    }
    let thrifty = format!("{}, {} thriftiest polling", name(first), one_of(others(first).into_iter().all(|other| ahead(first, other))));
    let wasteful = format!("{}, {} most wasteful", name(last), one_of(others(last).into_iter().all(|other| ahead(other, last))));
    Some(format!("Of {POLLS}, {} {are} in vain with {thrifty}; {} with {wasteful}", vain(first), vain(last)))
}

/// A share of a hundred, never rounded to none or to all: `0.23`, `43`, `99.8`.
fn of_100(share: f64) -> String {
    let of_100 = share * 100.0;
    match of_100 {
        0.0 => "none".to_owned(),
        100.0 => "all".to_owned(),
        few if few < 1.0 => significant(few, 2),
        most if most > 99.0 => {
            let rest = 100.0 - most;
            // As many decimals as the rest needs for its first digit.
            let decimals = (-rest.log10().floor()).clamp(1.0, 9.0) as usize;
            format!("{most:.decimals$}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        some => significant(some, 2),
    }
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, waffles: &[Waffle<'_>]) {
    let palette = canvas.palette();
    let (wide, high) = (room.right - room.left, room.bottom - room.top);
    // The number of columns that makes the waffles largest.
    let side = |columns: usize| {
        let rows = waffles.len().div_ceil(columns);
        (wide / columns as f64 - GAP).min(high / rows as f64 - TEXTS).min(LARGEST)
    };
    let columns = (1..=waffles.len()).rev().max_by(|one, two| side(*one).total_cmp(&side(*two))).unwrap_or(1);
    let (side, rows) = (side(columns).max(20.0), waffles.len().div_ceil(columns));
    let panel = (wide / columns as f64).min(side + 180.0);
    let left = room.left + (wide - panel * columns as f64) / 2.0 + (panel - side) / 2.0;
    let top = room.top + (high - (side + TEXTS) * rows as f64).max(0.0) * 0.45;
    let size = (side * 0.11).clamp(14.0, 24.0);
    for (place, waffle) in waffles.iter().enumerate() {
        let colour = view.look(canvas.theme, waffle.cell).colour;
        let (left, top) = (left + panel * (place % columns) as f64, top + (side + TEXTS) * (place / columns) as f64);
        let texts = panel - 16.0;
        let hand = Hand { size, weight: Weight::SemiBold, colour, align: Align::Middle };
        let middle = left + side / 2.0;
        marks::write(canvas, (middle, top + 20.0), &text::clean(&waffle.cell.contender.name), view.mark(waffle.cell, METRICS), texts, hand);
        squares(canvas, Room { left, top: top + 32.0, right: left + side, bottom: top + 32.0 + side }, (1.0 - waffle.waste.value) * 100.0, colour);
        let below = top + 32.0 + side;
        let news = of_100(1.0 - waffle.waste.value);
        let news = format!("{news} {}", if news == "1" { "brings news" } else { "bring news" });
        let news = text::fit(&news, size * 0.85, Weight::SemiBold, texts);
        canvas.text(middle, below + size * 1.2, &news, Hand { size: size * 0.85, colour: palette.ink, ..hand });
        let small = (size * 0.75).max(13.0);
        let polls = text::fit(&format!("{} polls", show_number(waffle.polls)), small, Weight::Regular, texts);
        canvas.text(middle, below + size * 1.2 + small * 1.5, &polls, Hand { size: small, weight: Weight::Regular, colour: palette.soft, ..hand });
    }
}

/// Room between two waffles.
const GAP: f64 = 28.0;
/// Height of the texts above and below a waffle.
const TEXTS: f64 = 100.0;
/// A larger waffle tells no more.
const LARGEST: f64 = 360.0;

/// A hundred squares, so many of them coloured, row by row; the last one as far as it goes.
fn squares(canvas: &mut Canvas<'_>, room: Room, coloured: f64, colour: plotters::style::RGBColor) {
    let palette = canvas.palette();
    let step = (room.right - room.left) / SIDE as f64;
    canvas.rectangle(room.left, room.top, room.right, room.bottom, palette.grid);
    let coloured = coloured.clamp(0.0, (SIDE * SIDE) as f64);
    let (rows, rest) = ((coloured / SIDE as f64).floor(), coloured % SIDE as f64);
    if rows > 0.0 {
        canvas.rectangle(room.left, room.top, room.right, room.top + step * rows, colour);
    }
    if rest > 0.0 {
        canvas.rectangle(room.left, room.top + step * rows, room.left + step * rest, room.top + step * (rows + 1.0), colour);
    }
    // Joints in the colour of the ground: far fewer shapes than a hundred squares.
    let joint = (step * 0.14).max(1.0);
    for place in 1..SIDE {
        let at = step * place as f64;
        canvas.line((room.left + at, room.top - 1.0), (room.left + at, room.bottom + 1.0), joint, palette.ground);
        canvas.line((room.left - 1.0, room.top + at), (room.right + 1.0, room.top + at), joint, palette.ground);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_none_nor_all_is_said_of_what_is_not() {
        for (share, shown) in [
            (0.0, "none"),
            (1.0, "all"),
            (0.426, "43"),
            (0.998, "99.8"),
            (0.990_1, "99"),
            (0.999_66, "99.97"),
            (0.999_999_5, "99.99995"),
            (0.002_3, "0.23"),
            (0.99, "99"),
            (0.01, "1"),
            (0.000_004, "0.0004"),
        ] {
            assert_eq!(of_100(share), shown, "{share}");
        }
    }
}
