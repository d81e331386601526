//! What every chart has around it: the finding as title, what is shown as subtitle, and the conditions as foot.

use super::canvas::{Align, Canvas, HEIGHT, Hand, WIDTH};
use super::marks::Footnotes;
use super::text::{self, Weight};
use super::view::View;
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// Room at the left and the right of everything, in pixels.
pub const MARGIN: f64 = 64.0;

const TITLE: [f64; 4] = [42.0, 38.0, 34.0, 30.0];
/// Lines of a title.
const LINES: usize = 2;
const SUBTITLE: f64 = 24.0;
const FOOT: f64 = 16.0;

/// The whole title, or, where names are too long for it to fit, what can be said in fewer words.
pub fn whole_or(title: String, shorter: impl FnOnce() -> String) -> String {
    let fits = text::wrap(&text::clean(&title), TITLE[TITLE.len() - 1], Weight::SemiBold, WIDTH - 2.0 * MARGIN, LINES).is_some();
    if fits { title } else { shorter() }
}

/// The words around a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The finding: one sentence.
    pub title: String,
    /// What is shown and how to read it.
    pub subtitle: String,
    /// Of a chart over a swept value, what the foot says instead of one load point.
    pub over: Option<Over>,
    /// The doubts about what it shows.
    pub footnotes: Footnotes,
}

/// The conditions of a chart over several load points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// The swept value's path: its size is not told as one number.
    pub path: String,
    /// What is swept from where to where, and what is held fixed.
    pub words: String,
}

/// The room that is left for the chart, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Frame {
    /// Draws it and says what room is left.
    pub fn draw(&self, canvas: &mut Canvas<'_>, view: &View<'_, '_>) -> Room {
        around(canvas, &self.title, &self.subtitle, &foot(view, self.over.as_ref(), &self.footnotes))
    }
}

/// A line of the foot, cut to its width.
pub(super) struct FootLine {
    pub text: String,
    pub warning: bool,
}

impl FootLine {
    /// A text in one line, or of a warning in two at most.
    pub fn fitting(text: &str, warning: bool) -> Vec<Self> {
        let (weight, lines) = if warning { (Weight::SemiBold, 2) } else { (Weight::Regular, 1) };
        let lines = text::wrap_or_cut(&text::clean(text), FOOT, weight, WIDTH - 2.0 * MARGIN, lines);
        lines.into_iter().map(|text| Self { text, warning }).collect()
    }
}

/// Draws title, subtitle and foot, and says what room is left between them.
pub(super) fn around(canvas: &mut Canvas<'_>, title: &str, subtitle: &str, foot: &[FootLine]) -> Room {
    let palette = canvas.palette();
    let room = WIDTH - 2.0 * MARGIN;
    let hand = |size, weight, colour| Hand { size, weight, colour, align: Align::Left };
    let title = text::clean(title);
    let fitting: Vec<(f64, Vec<String>)> = TITLE.iter().filter_map(|size| Some((*size, text::wrap(&title, *size, Weight::SemiBold, room, LINES)?))).collect();
    // A size smaller, and the first line ends where the first half of the sentence does.
    let is_whole = |lines: &[String]| lines.len() == 1 || lines[0].ends_with([';', ':']);
    let better = fitting.get(1).filter(|(_, lines)| fitting.first().is_some_and(|(_, larger)| !is_whole(larger)) && is_whole(lines));
    let wrapped = better.or(fitting.first()).cloned();
    let smallest = TITLE[TITLE.len() - 1];
    let (size, lines) = wrapped.unwrap_or_else(|| (smallest, text::wrap_or_cut(&title, smallest, Weight::SemiBold, room, LINES)));
    let mut baseline = 84.0 - (TITLE[0] - size) * 0.4;
    for (index, line) in lines.iter().enumerate() {
        baseline += if index > 0 { size * 1.24 } else { 0.0 };
        canvas.text(MARGIN, baseline, line, hand(size, Weight::SemiBold, palette.ink));
    }
    baseline += 12.0;
    for line in text::wrap_or_cut(&text::clean(subtitle), SUBTITLE, Weight::Regular, room, 2) {
        baseline += SUBTITLE * 1.32;
        canvas.text(MARGIN, baseline, &line, hand(SUBTITLE, Weight::Regular, palette.soft));
    }
    let first = HEIGHT - 30.0 - foot.len().saturating_sub(1) as f64 * FOOT * 1.45;
    for (index, line) in foot.iter().enumerate() {
        let (weight, colour) = if line.warning { (Weight::SemiBold, palette.warning) } else { (Weight::Regular, palette.soft) };
        canvas.text(MARGIN, first + index as f64 * FOOT * 1.45, &line.text, hand(FOOT, weight, colour));
    }
    Room { left: MARGIN, top: baseline + 34.0, right: WIDTH - MARGIN, bottom: first - FOOT - 26.0 }
}

/// Title, topology, sizes, time on the first line; machine, tool, run on the second; then notes, and what is not to be trusted.
fn foot(view: &View<'_, '_>, over: Option<&Over>, footnotes: &Footnotes) -> Vec<FootLine> {
    let recording = view.summary.recording;
    let scenario = &recording.scenario;
    let room = WIDTH - 2.0 * MARGIN;
    let mut sizes = vec![text::clean(&scenario.topology)];
    if let Some(workload) = view.cells.first().map(|cell| cell.workload) {
        let many = |count: u64, one: &str| format!("{} {one}{}", show_count(count as i64), if count == 1 { "" } else { "s" });
        let active = if workload.active_topics == workload.topics { String::new() } else { format!(" ({} active)", show_count(workload.active_topics as i64)) };
        let swept = |paths: &[&str]| over.is_some_and(|over| paths.contains(&over.path.as_str()));
        let subscribers = (!swept(&["subscribers.count"])).then(|| many(workload.subscribers, "subscriber"));
        let topics = (!swept(&["workload.topics", "workload.active_topics"])).then(|| format!("{}{active}", many(workload.topics, "topic")));
        sizes.push([subscribers, topics].into_iter().flatten().collect::<Vec<_>>().join(" × "));
        if !swept(&["workload.payload"]) {
            sizes.push(format!("{} payload", show_bytes(workload.payload as f64)));
        }
        sizes.push(time(workload.window, scenario.compression));
    }
    let rest = sizes.join(" · ");
    // The title gives way, the figures do not.
    let left = room - text::width(&format!(" · {rest}"), FOOT, Weight::Regular);
    let title = text::fit(&text::clean(&scenario.title), FOOT, Weight::Regular, left.max(120.0));
    let first = text::fit(&format!("{title} · {rest}"), FOOT, Weight::Regular, room);

    let machine = &recording.machine;
    let cores = if machine.cores == 1 { "1 core".to_owned() } else { format!("{} cores", machine.cores) };
    let repeats = view.cells.iter().map(|cell| cell.trials.len()).min().unwrap_or(0);
    let mut second = vec![cores];
    second.push(if repeats == 1 { "1 repeat".to_owned() } else { format!("{repeats} repeats") });
    match over {
        Some(over) => second.push(text::clean(&over.words)),
        None if view.load_point.is_empty() => {}
        None => second.push(format!("at {}", text::clean(view.load_point).replace(';', ", "))),
    }
    second.push(format!("pushbench {}", text::clean(&recording.tool_version)));
    second.push(format!("run {}", text::clean(&recording.id)));
    let second = text::fit(&second.join(" · "), FOOT, Weight::Regular, room);

    let mut lines = vec![FootLine { text: first, warning: false }, FootLine { text: second, warning: false }];
    if !footnotes.notes.is_empty() {
        lines.push(FootLine { text: text::fit_items(&text::clean(&footnotes.notes), FOOT, Weight::Regular, room), warning: false });
    }
    if !footnotes.untrusted.is_empty() {
        let broken = text::wrap_or_cut(&text::clean(&footnotes.untrusted), FOOT, Weight::SemiBold, room, 2);
        lines.extend(broken.into_iter().map(|text| FootLine { text, warning: true }));
    }
    lines
}

/// Measured time, and the scenario time that it stands for.
fn time(window: f64, compression: f64) -> String {
    let measured = show_seconds(window);
    if compression == 1.0 {
        return format!("{measured} measured");
    }
    format!("{measured} measured for {} of scenario time (compression {})", show_seconds(window * compression), significant(compression, 4))
}
