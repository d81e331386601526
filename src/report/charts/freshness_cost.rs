//! Freshness against cost: a dot for each contender and load point; below and left of it is better. The front joins those that no other
//! beats in both.
//!
//! Only dots of the same workload compete: those of others are pale. Settings of a contender are choices, and compete.

use super::axis::Scale;
use super::beside::{Name, Taken, along, extent, square};
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Contest, Figure, Order, Side, family, firm};
use super::frame::{Frame, Room, whole_or};
use super::front::{competes, front};
use super::marks::{Footnotes, Mark};
use super::picture::Chart;
use super::swept;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::ratios::Tie;
use crate::summary::{Cell, Estimate};
use crate::units::{capital, show_seconds};

const COST: &str = "cpu.total.per_1000_updates";
const AGE: &str = "scenario_latency.p99";
/// What doubts are looked for on.
const METRICS: &[&str] = &[COST, AGE];

struct Dot<'c> {
    cell: &'c Cell<'c>,
    /// CPU of all sides for one update, in seconds.
    cost: f64,
    /// p99 of delivery latency in scenario time, in seconds.
    age: f64,
    /// Whether its workload is that of the load point that is shown.
    competes: bool,
    /// Whether it is the one that carries its contender's name.
    named: bool,
    /// Its swept values that are not those of the named one.
    apart: Vec<&'c str>,
    mark: Mark,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let mut dots: Vec<Dot<'_>> = Vec::new();
    let mut missing: Vec<(&Cell<'_>, &'static str)> = Vec::new();
    for cell in &view.summary.cells {
        match Dot::new(view, cell) {
            Ok(dot) => dots.push(dot),
            Err(reason) => missing.push((cell, reason)),
        }
    }
    name_all(&mut dots);
    // Of values that differ in two ways at once there would be too many, and none has a place in a line.
    dots.retain(|dot| dot.competes || dot.apart.len() < 2);
    let competing: Vec<&Cell<'_>> = dots.iter().filter(|dot| dot.competes).map(|dot| dot.cell).collect();
    if competing.len() < 2 {
        return Err("fewer than two contenders have both CPU and latency: it needs sides with processes of their own, and deliveries");
    }
    let swept = swept::only_path(dots.iter().map(|dot| dot.cell.load_point));
    let load_points = match swept {
        _ if dots.iter().all(|dot| dot.named) => String::new(),
        Some(path) => format!("; a dot for each load point ({})", text::clean(path)),
        None => "; a dot for each load point that differs in one value from that of the foot".to_owned(),
    };
    let pale = if dots.len() > competing.len() { ", those of other workloads pale and without part in the front" } else { "" };
    // Who has other dots is missing at a load point only.
    let whom = |cell: &Cell<'_>| {
        let elsewhere = dots.iter().any(|dot| dot.cell.contender.name == cell.contender.name);
        if elsewhere { format!("{} at {}", cell.contender.name, swept::brief(cell.load_point)) } else { cell.contender.name.clone() }
    };
    let not_drawn: Vec<(String, &str)> = missing.iter().map(|(cell, reason)| (whom(cell), *reason)).collect();
    let footnotes = Footnotes::new(view.summary, &dots.iter().map(|dot| dot.cell).collect::<Vec<_>>(), METRICS);
    let frame = Frame {
        title: title(view, &competing).ok_or("no contender has CPU figures of all its sides")?,
        subtitle: format!("99th percentile of delivery latency in scenario time, against CPU of all sides per delivered update (log axes){load_points}{pale}"),
        over: None,
        footnotes: footnotes.not_drawn(not_drawn.iter().map(|(name, reason)| (name.as_str(), *reason))),
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &dots, swept.is_some())) })
}

impl<'c> Dot<'c> {
    /// Where one of the two figures is missing, or has no place on a logarithmic axis: why.
    fn new(view: &View<'_, '_>, cell: &'c Cell<'c>) -> Result<Self, &'static str> {
        if !cell.metrics.contains_key(COST) {
            return Err("no CPU of its own");
        }
        let (Some(cost), Some(age)) = (cost(cell), cell.value(AGE)) else { return Err("nothing delivered") };
        let (cost, fits) = (cost.value, |figure: f64| figure > 0.0 && figure.is_finite());
        if cost <= 0.0 {
            return Err("CPU not above that of the harness alone");
        }
        if !fits(cost) || !fits(age) {
            return Err("no place on a logarithmic axis");
        }
        Ok(Self {
            cell,
            cost,
            age,
            competes: competes(cell, view.load_point),
            named: view.cells.iter().any(|shown| std::ptr::eq(*shown, cell)),
            mark: view.mark(cell, METRICS),
            apart: Vec::new(),
        })
    }
}

/// Who has no figures at the load point that is shown has its name at the first of its others.
fn name_all(dots: &mut [Dot<'_>]) {
    for place in 0..dots.len() {
        let own = |dot: &Dot<'_>| dot.cell.contender.name == dots[place].cell.contender.name;
        let named = dots.iter().position(|dot| dot.named && own(dot)).unwrap_or(place);
        dots[named].named = true;
        let here = dots[named].cell.load_point;
        let apart = dots[place].cell.load_point.split(';').filter(|part| !part.is_empty() && !here.split(';').any(|other| other == *part));
        dots[place].apart = apart.collect();
    }
}

/// Places of a contender's dots that differ in one value, the named one among them, in the order of that value: a line for each value.
fn lines(dots: &[Dot<'_>], name: &str) -> Vec<Vec<usize>> {
    let own: Vec<usize> = (0..dots.len()).filter(|place| dots[*place].cell.contender.name == name).collect();
    let path = |place: &usize| match dots[*place].apart.as_slice() {
        [only] => only.split_once('=').map(|(path, _)| path),
        _ => None,
    };
    let mut paths: Vec<&str> = own.iter().filter_map(path).collect();
    paths.sort_unstable();
    paths.dedup();
    let of = |wanted: &str| own.iter().copied().filter(|place| dots[*place].named || path(place) == Some(wanted)).collect();
    paths.into_iter().map(of).collect()
}

fn cost(cell: &Cell<'_>) -> Option<Figure> {
    let estimate = cell.metrics.get(COST)?;
    let each = |value: Option<f64>| value.map(|value| value / 1_000.0);
    let repeats = estimate.repeats.iter().map(|(repeat, value)| (*repeat, each(*value))).collect();
    Figure::new(&Estimate { value: each(estimate.value), repeats })
}

fn age(cell: &Cell<'_>) -> Option<Figure> {
    Figure::of_metric(cell, AGE)
}

/// Who is cheapest and who is freshest: the ends of the front, and whether they are one. The two contests may be of different pairs: each
/// figure stands beside the name of whose it is.
fn title(view: &View<'_, '_>, cells: &[&Cell<'_>]) -> Option<String> {
    let cheapest = Contest::new(cells, |cell| view.trusts(COST, cell), cost).as_shown(show_seconds);
    let freshest = Contest::new(cells, |cell| view.trusts(AGE, cell), age).as_shown(show_seconds);
    let show = |figure: Option<Figure>| figure.map_or_else(|| "?".to_owned(), |figure| firm(show_seconds(figure.value)));
    let cpu = |side: &Side| show(side.cell(cells).and_then(cost));
    let seen = |side: &Side| show(side.cell(cells).and_then(age));
    let name = |side: &Side| side.called("", "");
    let whole = |side: &Side| format!("{} takes {} of CPU for one update, seen within {}", name(side), cpu(side), seen(side));
    let brief = |side: &Side| format!("{} {}, within {}", name(side), cpu(side), seen(side));
    let among = |is_alone: bool| if is_alone { "" } else { "among the " };
    Some(match (&cheapest, &freshest) {
        (Contest::Nobody, _) | (_, Contest::Nobody) => return None,
        (Contest::Untrusted(one, two), _) | (_, Contest::Untrusted(one, two)) => {
            let two = two.as_ref().map_or_else(String::new, |two| format!("; {}", brief(two)));
            format!("Not to be trusted: {}{two}", whole(one))
        }
        (Contest::One(only), _) | (_, Contest::One(only)) => whole(only),
        (Contest::Clear(cheap, dear), Contest::Clear(fresh, stale)) if cheap.is(fresh) => {
            let figures = format!("seen within {} for {} of CPU", seen(cheap), cpu(cheap));
            let rivals = rivals(view, cells, cheap, Some(dear.direction));
            if let [Some(_)] = rivals.as_slice() {
                return Some(format!("{} is both fresher and cheaper than {}: {figures} instead of {} for {}", name(cheap), name(dear), seen(dear), cpu(dear)));
            }
            let every = rivals.iter().all(|rival| rival.is_some_and(|rival| leads(view, cells, cheap, rival, Cost) && leads(view, cells, cheap, rival, Age)));
            let than = match (every, family(dear.direction).filter(|_| cheap.direction != dear.direction)) {
                (true, None) => "all others".to_owned(),
                (true, Some(family)) => format!("all {family}"),
                (false, None) => "the best of the others".to_owned(),
                (false, Some(family)) => format!("the best {family}"),
            };
            let best = if stale.is(dear) {
                format!("{}, next in both, takes {} and {}", name(dear), seen(dear), cpu(dear))
            } else {
                format!("{} takes {}, {} {}", stale.called("freshest", ","), seen(stale), dear.called("cheapest", ","), cpu(dear))
            };
            let said = format!("{} is both fresher and cheaper than {than}: {figures}", name(cheap));
            whole_or(format!("{said}; {best}"), || format!("{said}; the freshest of the others takes {}, the cheapest {}", seen(stale), cpu(dear)))
        }
        // Two of one side beat the other, each in one thing: neither need do so in both.
        (Contest::Clear(cheap, dear), Contest::Clear(fresh, stale)) if cheap.direction == fresh.direction && cheap.direction != dear.direction => {
            let (winner, loser) = if dear.direction == Direction::Push { ("polling", "Push") } else { ("push", "Polling") };
            let fresher = format!("{} is seen within {}, {} within {}", name(fresh), seen(fresh), name(stale), seen(stale));
            let said = format!("{loser} is neither freshest nor cheapest: ");
            whole_or(format!("{said}{fresher}; {} takes {} of CPU, {} {}", name(cheap), cpu(cheap), name(dear), cpu(dear)), || {
                let fresher = format!("{winner} is seen within {} instead of {}", seen(fresh), seen(stale));
                format!("{said}{fresher}, or takes {} of CPU instead of {}", cpu(cheap), cpu(dear))
            })
        }
        (Contest::Clear(cheap, _), Contest::Clear(fresh, _)) => {
            let alone =
                |side: &Side, what: What| rivals(view, cells, side, None).iter().all(|rival| rival.is_some_and(|rival| leads(view, cells, side, rival, what)));
            let (cheap_is, fresh_is) = (among(alone(cheap, Cost)), among(alone(fresh, Age)));
            let figures = format!("{} of CPU for one update, seen within {}", cpu(cheap), seen(cheap));
            format!(
                "{} is {cheap_is}cheapest: {figures}; {} is {fresh_is}freshest: within {}, for {} of CPU",
                name(cheap),
                name(fresh),
                seen(fresh),
                cpu(fresh)
            )
        }
        (Contest::Clear(cheap, dear), Contest::Unclear(one, two, tie)) if pair(one, two, cheap, dear) => {
            let (cheaper, dearer) = (cheap.called("cheapest", ","), dear.called("cheapest", ""));
            let figures = format!("{} of CPU for one update instead of {}", cpu(cheap), cpu(dear));
            format!("{cheaper} is cheaper than {dearer}: {figures}; {}", tie.about("freshness"))
        }
        (Contest::Clear(cheap, dear), Contest::Unclear(one, two, tie)) => {
            let figures = format!("{} takes {} of CPU for one update, {} {}", name(cheap), cpu(cheap), name(dear), cpu(dear));
            let other = format!("{} within {}, {} {}", name(one), seen(one), name(two), seen(two));
            let said = format!("{} is cheaper: {figures}; {}", party(cheap, dear), tie.about("freshness"));
            whole_or(format!("{said}: {other}"), || said.clone())
        }
        (Contest::Unclear(one, two, tie), Contest::Clear(fresh, stale)) if pair(one, two, fresh, stale) => {
            let (fresher, staler) = (fresh.called("freshest", ","), stale.called("freshest", ""));
            format!("{fresher} is fresher than {staler}: seen within {} instead of {}; {}", seen(fresh), seen(stale), tie.about("CPU"))
        }
        (Contest::Unclear(one, two, tie), Contest::Clear(fresh, stale)) => {
            let figures = format!("{} is seen within {}, {} within {}", name(fresh), seen(fresh), name(stale), seen(stale));
            let other = format!("{} {} for one update, {} {}", name(one), cpu(one), name(two), cpu(two));
            let said = format!("{} is fresher: {figures}; {}", party(fresh, stale), tie.about("CPU"));
            whole_or(format!("{said}: {other}"), || said.clone())
        }
        (Contest::Unclear(one, two, cost), Contest::Unclear(first, second, age)) if pair(one, two, first, second) => {
            format!("{}: {}; {}", neither(*cost, *age), whole(one), brief(two))
        }
        (Contest::Unclear(one, two, cost), Contest::Unclear(first, second, age)) => {
            let said = neither(*cost, *age);
            let costs = format!("{} takes {} of CPU for one update, {} {}", name(one), cpu(one), name(two), cpu(two));
            let ages = format!("{} is seen within {}, {} within {}", name(first), seen(first), name(second), seen(second));
            whole_or(format!("{said}: {costs}; {ages}"), || format!("{said}: {costs}"))
        }
    })
}

/// Nobody leads in either.
fn neither(cost: Tie, age: Tie) -> String {
    let said = if cost == age { cost.about("CPU and freshness") } else { format!("{}, {}", cost.about("CPU"), age.about("freshness")) };
    capital(&said)
}

/// One of the two axes.
#[derive(Clone, Copy)]
enum What {
    Cost,
    Age,
}
use What::{Age, Cost};

impl What {
    fn metric(self) -> &'static str {
        match self {
            Cost => COST,
            Age => AGE,
        }
    }

    fn of(self, cell: &Cell<'_>) -> Option<Figure> {
        match self {
            Cost => cost(cell),
            Age => age(cell),
        }
    }
}

/// Those whom a sentence about all others of a direction, or about all others, speaks of; `None` for one without figures at this load point.
fn rivals<'c, 'r>(view: &View<'_, '_>, cells: &[&'c Cell<'r>], side: &Side, direction: Option<Direction>) -> Vec<Option<&'c Cell<'r>>> {
    let meant = |cell: &Cell<'_>| {
        let direct = direction.map_or(cell.direction() != Direction::Control, |direction| cell.direction() == direction);
        direct && !is(side, cell)
    };
    let has_dot = |cell: &Cell<'_>| cells.iter().any(|other| other.contender.name == cell.contender.name);
    let unknown = view.cells.iter().filter(|cell| meant(cell) && !has_dot(cell)).count();
    cells.iter().copied().filter(|cell| meant(cell)).map(Some).chain(std::iter::repeat_n(None, unknown)).collect()
}

/// Whether a side has clearly less than a rival, and neither figure is in doubt.
fn leads(view: &View<'_, '_>, cells: &[&Cell<'_>], side: &Side, rival: &Cell<'_>, what: What) -> bool {
    let own = side.cell(cells).filter(|cell| view.trusts(what.metric(), cell)).and_then(|cell| what.of(cell));
    let others = what.of(rival).filter(|_| view.trusts(what.metric(), rival));
    own.zip(others).is_some_and(|(own, other)| own.against(&other) == Order::Less && show_seconds(own.value) != show_seconds(other.value))
}

/// Who wins a contest of the best of both sides, at the beginning of a sentence; of one side, by name.
fn party(winner: &Side, loser: &Side) -> String {
    match family(winner.direction).filter(|_| winner.direction != loser.direction) {
        Some("push") => "Push".to_owned(),
        Some(_) => "Polling".to_owned(),
        None => winner.called("", ""),
    }
}

/// Whether two contests are of the same two.
fn pair(one: &Side, two: &Side, first: &Side, second: &Side) -> bool {
    (one.is(first) && two.is(second)) || (one.is(second) && two.is(first))
}

fn is(side: &Side, cell: &Cell<'_>) -> bool {
    side.cell(&[cell]).is_some()
}

/// `one_path`: whether a value alone says which load point is meant.
fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, dots: &[Dot<'_>], one_path: bool) {
    let palette = canvas.palette();
    let plot = Room { left: room.left + 86.0, top: room.top + 16.0, right: room.right - 8.0, bottom: room.bottom - 36.0 };
    // A tenth of a decade around the outermost dots, so that none sits on an edge.
    let widened = |values: Vec<f64>| values.into_iter().flat_map(|value| [value / 1.3, value * 1.3]).collect::<Vec<f64>>();
    let across = Scale::times(widened(dots.iter().map(|dot| dot.cost).collect()).into_iter());
    let up = Scale::times(widened(dots.iter().map(|dot| dot.age).collect()).into_iter());
    let x = |cost: f64| plot.left + (plot.right - plot.left) * across.place(cost);
    let y = |age: f64| plot.bottom - (plot.bottom - plot.top) * up.place(age);
    let at = |dot: &Dot<'_>| (x(dot.cost), y(dot.age));
    let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
    for (cost, name) in across.time_ticks() {
        canvas.line((x(cost), plot.top), (x(cost), plot.bottom), 1.25, palette.grid);
        let align = if x(cost) > plot.right - 20.0 { Align::Right } else { Align::Middle };
        canvas.text(x(cost), plot.bottom + 32.0, name, soft(align));
    }
    for (age, name) in up.time_ticks() {
        canvas.line((plot.left, y(age)), (plot.right, y(age)), 1.25, palette.grid);
        canvas.text(plot.left - 16.0, y(age) + 7.0, name, soft(Align::Right));
    }
    let in_it = dots.iter().filter(|dot| dot.competes && dot.mark != Mark::Untrusted);
    let front: Vec<(f64, f64)> = front(in_it.map(|dot| (dot.cost, dot.age))).into_iter().map(|(cost, age)| (x(cost), y(age))).collect();
    canvas.path(&front, 2.0, palette.soft, &[6.0, 6.0]);
    let mut taken = Taken { shapes: dots.iter().map(|dot| square(x(dot.cost), y(dot.age), 14.0)).collect(), words: Vec::new() };
    taken.shapes.extend(front.windows(2).map(|pair| Room {
        left: pair[0].0.min(pair[1].0),
        top: pair[0].1.min(pair[1].1),
        right: pair[0].0.max(pair[1].0),
        bottom: pair[0].1.max(pair[1].1),
    }));
    corners(canvas, plot, &mut taken);
    // A contender's dots are joined in the order of its load points, along each swept value.
    for cell in &view.cells {
        for line in lines(dots, &cell.contender.name) {
            let line: Vec<(f64, f64)> = line.into_iter().map(|place| at(&dots[place])).collect();
            canvas.path(&line, 1.25, view.look(canvas.theme, cell).colour, &[]);
            taken.shapes.extend(line.windows(2).flat_map(|pair| along(pair[0], pair[1], 16.0)));
        }
    }
    let order = view.drawing_order(dots.iter().map(|dot| dot.cell));
    for index in &order {
        let dot = &dots[*index];
        let (push, colour) = (dot.cell.direction() == Direction::Push, view.look(canvas.theme, dot.cell).colour);
        // On the ground, so that no line shows through what is pale.
        let radius = if push { 13.0 } else { 10.0 };
        if push && dot.competes {
            canvas.circle(at(dot), 20.0, colour, 0.25);
        }
        canvas.circle(at(dot), radius, palette.ground, 1.0);
        canvas.circle(at(dot), radius, colour, if dot.competes { 1.0 } else { 0.35 });
        if dot.mark == Mark::Untrusted {
            canvas.circle(at(dot), radius - 4.0, palette.ground, 1.0);
        }
    }
    let size = if view.cells.len() <= 6 { 24.0 } else { 18.0 };
    // Push is drawn last, so that it lies on top, and named first, so that it gets the best place.
    for index in order.iter().rev().filter(|index| dots[**index].named) {
        let dot = &dots[*index];
        let name = Name {
            text: text::fit_name(&text::clean(&dot.cell.contender.name), size, Weight::SemiBold, 300.0),
            detail: format!("{} · {} CPU", show_seconds(dot.age), show_seconds(dot.cost)),
            colour: view.look(canvas.theme, dot.cell).colour,
            size,
            mark: dot.mark,
        };
        name.write(canvas, at(dot), plot, &mut taken);
    }
    for dot in dots.iter().filter(|dot| !dot.named) {
        let whole = swept::brief(&dot.apart.join(";"));
        let value = whole.split_once(" = ").filter(|_| one_path).map_or(whole.as_str(), |(_, value)| value);
        place_name(canvas, value, at(dot), plot, &mut taken);
    }
}

/// What the corners mean, where no dot is in the way.
fn corners(canvas: &mut Canvas<'_>, plot: Room, taken: &mut Taken) {
    let palette = canvas.palette();
    let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
    let bold = Hand { size: 20.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left };
    for (text, hand, corner) in [
        ("↙ fresher and cheaper", bold, (plot.left + 16.0, plot.bottom - 18.0)),
        ("↑ p99 of latency", soft(Align::Left), (plot.left + 16.0, plot.top + 24.0)),
        ("CPU per update →", soft(Align::Right), (plot.right - 12.0, plot.bottom - 18.0)),
    ] {
        let written = extent(text, hand, corner);
        if taken.leaves(written) {
            canvas.text(corner.0, corner.1, text, hand);
            taken.words.push(written);
        }
    }
}

/// The swept values of another load point, small, beside its dot, where there is room: the line tells whose it is.
fn place_name(canvas: &mut Canvas<'_>, text: &str, (x, y): (f64, f64), plot: Room, taken: &mut Taken) {
    let colour = canvas.palette().soft;
    let half = text::width(text, 14.0, Weight::Regular) / 2.0;
    let places =
        [((x + 16.0, y + 5.0), Align::Left), ((x - 16.0, y + 5.0), Align::Right), ((x - half, y - 18.0), Align::Left), ((x - half, y + 27.0), Align::Left)];
    for (at, align) in places {
        let hand = Hand { size: 14.0, weight: Weight::Regular, colour, align };
        let written = extent(text, hand, at);
        let inside = written.left > plot.left && written.right < plot.right && written.top > plot.top && written.bottom < plot.bottom;
        if inside && taken.leaves(written) {
            canvas.text(at.0, at.1, text, hand);
            taken.words.push(written);
            return;
        }
    }
}
