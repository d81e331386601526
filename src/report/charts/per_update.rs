//! Messages and bytes for one delivered update: two panels of logarithmic bars that share their rows.
//!
//! Bars begin at one message for each update, and at its payload; those of whoever puts several into a message go the other way. The publishers'
//! leg and the set-up are told in columns of their own: what is paid per update and what is paid once must not be added up unseen.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{self, Figure, Words};
use super::frame::{Frame, Room};
use super::marks::{self, Mark};
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::{Direction, Trial};
use crate::summary::Cell;
use crate::units::{show_bytes, show_number};

/// What doubts are looked for on.
const METRICS: &[&str] = &["messages.per_update", "bytes.protocol.per_update", "messages.publish", "messages.setup", "bytes.setup"];

/// What stands in place of a bar.
const NONE: &str = "nothing delivered";
/// The same, where nobody counted: bytes are counted by servers of ours.
const NOT_COUNTED: &str = "not counted";

/// Height of the headings of a panel.
const HEADER: f64 = 62.0;

struct Panel {
    heading: &'static str,
    base: f64,
    base_note: String,
    show: fn(f64) -> String,
    /// Value, publishers' leg, set-up: for each contender of the view.
    rows: Vec<[Option<f64>; 3]>,
    /// For each, what stands in place of a bar.
    without: Vec<&'static str>,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let words = Words {
        say: &|name, figure| format!("{name} takes {} for one update", finding::count(figure, "message")),
        briefly: &|figure| figure.to_owned(),
        topic: "messages per update",
        best: "leanest",
        show: &show_number,
    };
    let messages = |cell: &Cell<'_>| Figure::of_metric(cell, "messages.per_update");
    let title = words.title(&view.contest("messages.per_update", messages)).ok_or("nothing was delivered: it needs one delivery at least")?;
    let payload = view.cells.iter().map(|cell| cell.workload.payload).max().unwrap_or(0).max(1) as f64;
    let panels = [
        Panel {
            heading: "Messages per update",
            base: 1.0,
            base_note: "1 = a message for each update".to_owned(),
            show: show_number,
            rows: rows(view, "messages.per_update", "messages.setup", |trial| Some(trial.publisher_traffic.window.messages())),
            without: without(view, "messages.per_update"),
        },
        Panel {
            heading: "Bytes per update",
            base: payload,
            base_note: format!("{} = the payload alone", show_bytes(payload)),
            show: show_bytes,
            rows: rows(view, "bytes.protocol.per_update", "bytes.setup", |trial| {
                trial.publisher_traffic_by_server.as_ref().map(|traffic| traffic.window.bytes())
            }),
            without: without(view, "bytes.protocol.per_update"),
        },
    ];
    let frame = Frame {
        title,
        subtitle:
            "Per delivered update, on the subscribers’ leg, both ways, without TCP/IP headers (log scale); the publishers’ leg and the set-up stand apart"
                .to_owned(),
        over: None,
        footnotes: view.footnotes(METRICS),
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &panels)) })
}

fn rows(view: &View<'_, '_>, per_update: &str, setup: &str, publishing: impl Fn(&Trial) -> Option<u64>) -> Vec<[Option<f64>; 3]> {
    let published = |cell: &Cell<'_>| {
        let per_update =
            Figure::of_trials(cell, |trial| (trial.deliveries.delivered > 0).then_some(publishing(trial)? as f64 / trial.deliveries.delivered as f64));
        per_update.map(|figure| figure.value)
    };
    view.cells.iter().map(|cell| [cell.value(per_update), published(cell), cell.value(setup)]).collect()
}

/// Why there is no bar: what does not apply is not there, what has no value had nothing to be divided by.
fn without(view: &View<'_, '_>, per_update: &str) -> Vec<&'static str> {
    view.cells.iter().map(|cell| if cell.metrics.contains_key(per_update) { NONE } else { NOT_COUNTED }).collect()
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, panels: &[Panel; 2]) {
    let palette = canvas.palette();
    let header = HEADER;
    let bottom = room.bottom - 34.0;
    let rows = view.cells.len() as f64;
    let pitch = ((bottom - room.top - header) / rows).min(92.0);
    // A few rows hang a little above the middle of their room.
    let room = Room { top: room.top + (bottom - room.top - header - pitch * rows) * 0.3, ..room };
    let end = room.top + header + pitch * rows;
    let order = order(&panels[0]);
    let size = (pitch * 0.52).clamp(9.0, 24.0);
    let signs: Vec<Mark> = view.cells.iter().map(|cell| view.mark(cell, METRICS)).collect();
    let names = view.cells.iter().zip(&signs).map(|(cell, sign)| sign.behind(&text::clean(&cell.contender.name)));
    let name_room = names.map(|name| text::width(&name, size, Weight::SemiBold)).fold(0.0, f64::max).min(270.0);
    for (index, place) in order.iter().enumerate() {
        let cell = view.cells[*place];
        let look = view.look(canvas.theme, cell);
        let middle = room.top + header + pitch * (index as f64 + 0.5);
        let (weight, colour) = if cell.direction() == Direction::Push { (Weight::SemiBold, look.colour) } else { (Weight::Regular, palette.ink) };
        let (name, hand) = (text::clean(&cell.contender.name), Hand { size, weight, colour, align: Align::Right });
        marks::write(canvas, (room.left + name_room, middle + size * 0.36), &name, signs[*place], name_room + 1.0, hand);
    }
    let between = 56.0;
    let first = room.left + name_room + 22.0;
    let width = (room.right - first - between) / 2.0;
    for (index, panel) in panels.iter().enumerate() {
        let left = first + index as f64 * (width + between);
        panel.draw(canvas, Room { left, top: room.top, right: left + width, bottom: end }, view, &order, size);
    }
}

/// The rows by what they take, most first; those that have nothing last; of equals, the scenario's order.
fn order(panel: &Panel) -> Vec<usize> {
    let mut order: Vec<usize> = (0..panel.rows.len()).collect();
    let value = |row: &usize| panel.rows[*row][0].unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|one, two| value(two).total_cmp(&value(one)));
    order
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, order: &[usize], size: f64) {
        let palette = canvas.palette();
        let (header, column) = (HEADER, 104.0);
        let texts: Vec<String> = self.rows.iter().zip(&self.without).map(|(row, without)| row[0].map_or_else(|| (*without).to_owned(), self.show)).collect();
        let value_room = self.rows.iter().zip(&texts).filter(|(row, _)| row[0].is_some()).map(|(_, text)| text::width(text, size, Weight::SemiBold));
        let right = room.right - 2.0 * column - value_room.fold(0.0, f64::max) - 22.0;
        let scale = self.scale();
        let place = |value: f64| room.left + (right - room.left) * scale.place(value);
        let base = place(self.base);
        let soft = |align| Hand { size: 16.0, weight: Weight::Regular, colour: palette.soft, align };
        canvas.text(room.left, room.top + 18.0, self.heading, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
        canvas.text(base, room.top + 45.0, &text::fit(&self.base_note, 16.0, Weight::Regular, room.right - 2.0 * column - base - 4.0), soft(Align::Left));
        for (place, lines) in [(room.right - column, ["publishers’", "leg"]), (room.right, ["set-up,", "once"])] {
            canvas.text(place, room.top + 25.0, lines[0], soft(Align::Right));
            canvas.text(place, room.top + 45.0, lines[1], soft(Align::Right));
        }
        let mut free = f64::NEG_INFINITY;
        for tick in self.ticks(scale) {
            let x = place(tick);
            canvas.line((x, room.top + header - 6.0), (x, room.bottom + 6.0), 1.25, palette.grid);
            let text = (self.show)(tick);
            let half = text::width(&text, 18.0, Weight::Regular) / 2.0;
            if x - half >= free {
                canvas.text(x, room.bottom + 28.0, &text, Hand { size: 18.0, ..soft(Align::Middle) });
                free = x + half + 12.0;
            }
        }
        let pitch = (room.bottom - room.top - header) / self.rows.len() as f64;
        for (index, which) in order.iter().enumerate() {
            let (row, text, cell) = (&self.rows[*which], &texts[*which], view.cells[*which]);
            let look = view.look(canvas.theme, cell);
            let middle = room.top + header + pitch * (index as f64 + 0.5);
            let baseline = middle + size * 0.36;
            let half = (pitch * 0.34).min(28.0);
            match row[0] {
                Some(value) => {
                    let tip = place(value);
                    // What costs no more than the least there can be is still to be seen.
                    let shown = if (tip - base).abs() < 4.0 { base + 4.0 } else { tip };
                    canvas.bar(base, shown, middle - half, middle + half, look.colour);
                    let colour = if cell.direction() == Direction::Push { look.colour } else { palette.ink };
                    let hand = Hand { size, weight: Weight::SemiBold, colour, align: Align::Left };
                    canvas.text(shown.max(base) + 10.0, baseline, text, hand);
                }
                None => canvas.text(base + 10.0, baseline, text, Hand { size: size.min(18.0), ..soft(Align::Left) }),
            }
            let small = Hand { size: size.min(18.0), ..soft(Align::Right) };
            let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), self.show);
            canvas.text(room.right - column, baseline, &text::fit(&show(row[1]), small.size, Weight::Regular, column - 6.0), small);
            canvas.text(room.right, baseline, &text::fit(&show(row[2]), small.size, Weight::Regular, column - 6.0), small);
        }
        canvas.line((base, room.top + header - 8.0), (base, room.bottom + 6.0), 2.5, palette.ink);
    }

    /// In multiples of the base: from it, or from below it where a value is, to beyond the largest.
    fn scale(&self) -> Scale {
        let values = || self.rows.iter().filter_map(|row| row[0]).filter(|value| value.is_finite() && *value > 0.0);
        let most = values().fold(self.base * 2.0, f64::max);
        let least = values().fold(self.base, f64::min);
        // A value of exactly the base must not stretch the axis downwards.
        let from = if least < self.base * 0.999 { self.base * 10_f64.powf((least / self.base).log10().floor()) } else { self.base };
        Scale::Log(from, most)
    }

    fn ticks(&self, scale: Scale) -> Vec<f64> {
        let Scale::Log(from, to) = scale else { return Vec::new() };
        Scale::Log(from / self.base, to / self.base).ticks().into_iter().map(|tick| tick * self.base).collect()
    }
}
