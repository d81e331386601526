//! The slides with charts: percentiles, waste, messages and bytes, resources, freshness against cost. Titles are those of the pictures, which
//! turn with the numbers; where a recording lacks the figures, the slide says what it lacks.

use plotters::style::RGBColor;

use super::Talk;
use super::rivals::shown;
use crate::measure::recording::Direction;
use crate::report::charts::finding::{Contest, Figure as Known, Words, count};
use crate::report::charts::front::{competes, front};
use crate::report::csv::PERCENTILES;
use crate::report::slides::chart::{Axis, Bars, Chart, MILLISECONDS, Measure, ONE_IN, Parts, Points, Row, Series};
use crate::report::slides::deck::{Body, Column, Figure, Slide};
use crate::summary::Cell;
use crate::summary::ratios::Tie;
use crate::summary::verdict::Question;
use crate::units::{capital, show_bytes, show_seconds, significant};

const LATENCY: &str = "latency.p99";
const WASTE: &str = "waste.ratio";
const MESSAGES: &str = "messages.per_update";
const BYTES: &str = "bytes.protocol.per_update";
const CPU: &str = "cpu.total.per_1000_updates";
const MEMORY: &str = "memory.server.peak";
const AGE: &str = "scenario_latency.p99";

impl Talk<'_, '_> {
    pub(super) fn percentiles(&self) -> Slide {
        let series: Vec<Series> = self.cells.iter().filter_map(|cell| self.spectrum(cell)).collect();
        let across = Axis::new("share of updates that take longer →".to_owned(), series.iter().flat_map(|one| &one.points).map(|point| point.0), ONE_IN);
        let last = series.iter().flat_map(|one| &one.points).map(|point| point.0).fold(0.0, f64::max);
        let across = across.ending(last);
        let times = || series.iter().flat_map(|one| &one.points).map(|point| point.1);
        let up = Axis::new("↑ time until seen".to_owned(), times(), MILLISECONDS).ending(times().fold(0.0, f64::max) * 1.2);
        let chart = (!series.is_empty()).then(|| Chart::Points(Points { across, up, corner: "one in | latency, ms", joined: true, series, front: Vec::new() }));
        let words = self.words(&[LATENCY], |cell| format!("{}: 99 % of updates seen within {}", cell.contender.name, shown(LATENCY, cell)));
        let compression = self.summary.recording.scenario.compression;
        let measured = if compression > 1.0 { format!("; time is compressed {} times", significant(compression, 6)) } else { String::new() };
        let subtitle = format!("Delivery latency, from an update’s due time until the subscriber has it{measured}");
        self.charted("latency", self.answer(Question::Freshness), subtitle, chart.into_iter().collect(), words, &[LATENCY, AGE])
    }

    /// The percentiles of `percentiles.csv` that the samples bear out, as "one in so many" against milliseconds.
    fn spectrum(&self, cell: &Cell<'_>) -> Option<Series> {
        let latency = &cell.times.latency;
        let samples = latency.count() as f64;
        let points = PERCENTILES.iter().filter(|percentile| **percentile < 100.0).filter_map(|percentile| {
            // 100 − 99.9 is not quite 0.1 in binary.
            let one_in = (100.0 / (100.0 - percentile) * 1e6).round() / 1e6;
            let seconds = latency.quantile(percentile / 100.0).filter(|seconds| *seconds > 0.0)?;
            (one_in <= samples).then_some((one_in, seconds * 1e3))
        });
        let points: Vec<(f64, f64)> = points.collect();
        let detail = format!("p99 {}", shown(LATENCY, cell));
        (!points.is_empty()).then(|| Series { points, ..self.series(cell, detail) })
    }

    fn series(&self, cell: &Cell<'_>, detail: String) -> Series {
        let look = crate::report::charts::theme::look(self.theme.ground, &self.summary.recording.contenders, &cell.contender.name);
        let strong = cell.direction() == Direction::Push;
        Series { name: named(cell), detail, colour: look.colour, strong, dashed: !look.dash.is_empty(), trusted: true, points: Vec::new() }
    }

    pub(super) fn waste(&self) -> Slide {
        let rows: Vec<Row> = self
            .cells
            .iter()
            .filter_map(|cell| Some(Row { name: named(cell), colour: self.colour(cell), value: Some((1.0 - cell.value(WASTE)?) * 100.0) }))
            .collect();
        let parts = Parts { heading: "Of 100 exchanges".to_owned(), first: "brought news", rest: "brought nothing new", rows, pale: self.theme.palette().grid };
        let chart = (!parts.rows.is_empty()).then_some(Chart::Parts(parts));
        let words = self.words(&[WASTE], |cell| format!("{}: {} of its exchanges brought nothing new", cell.contender.name, shown(WASTE, cell)));
        let subtitle = "An exchange is a request with its response, or one message from the server unasked".to_owned();
        self.charted("waste", self.wasted(), subtitle, chart.into_iter().collect(), words, &[WASTE])
    }

    /// The sentence above it, where there is no picture.
    fn wasted(&self) -> Option<String> {
        let contest = Contest::new(&self.cells, |cell| self.trusts(WASTE, cell), |cell| Known::of_metric(cell, WASTE));
        let words = Words {
            say: &|name, figure| format!("{figure} of 100 exchanges of {name} brought nothing new"),
            briefly: &|figure| figure.to_owned(),
            topic: "exchanges without news, of 100",
            best: "least wasteful",
            show: &|share| significant(share * 100.0, 3),
        };
        words.title(&contest)
    }

    pub(super) fn messages(&self) -> Slide {
        let payload = self.cells.iter().map(|cell| cell.workload.payload).max().unwrap_or(0).max(1) as f64;
        let bytes = Measure::of_bytes(self.values(BYTES).chain([payload]));
        let messages = self.bars("Messages per update (log scale, from one message)".to_owned(), MESSAGES, Measure::NUMBER, Some(1.0));
        let heading = format!("Bytes per update (log scale, from {}: the payload)", show_bytes(payload));
        let bytes = self.bars(heading, BYTES, bytes, Some(payload));
        let told = |cell: &Cell<'_>| format!("{}: {} and {} for one update", cell.contender.name, count(&shown(MESSAGES, cell), "message"), shown(BYTES, cell));
        let words = self.words(&[MESSAGES, BYTES], told);
        let subtitle = "Per delivered update, on the subscribers’ leg, both ways, without TCP/IP headers".to_owned();
        self.charted(
            "per-update",
            self.answer(Question::Volume),
            subtitle,
            present([messages, bytes]),
            words,
            &[MESSAGES, BYTES, "messages.setup", "bytes.setup"],
        )
    }

    pub(super) fn resources(&self) -> Slide {
        let cpu = self.bars("CPU of all sides per 1,000 updates".to_owned(), CPU, Measure::of_cpu(self.values(CPU)), None);
        let memory = self.bars("Memory of the server, peak".to_owned(), MEMORY, Measure::of_bytes(self.values(MEMORY)), None);
        let told = |cell: &Cell<'_>| format!("{}: CPU per 1,000 updates {}, server memory {}", cell.contender.name, shown(CPU, cell), shown(MEMORY, cell));
        let words = self.words(&[CPU, MEMORY], told);
        let subtitle = "CPU less what the harness takes without a contender; memory with the harness’s own part".to_owned();
        let metrics = [CPU, "cpu.server.per_1000_updates", "cpu.subscriber.per_1000_updates", MEMORY, "connections.held"];
        // The picture is of what is used over time, the chart of what it comes to: the title says that, above both.
        let taken: Vec<String> =
            [self.taken(CPU, "CPU", "for 1,000 updates"), self.taken(MEMORY, "server memory", "of server memory")].into_iter().flatten().collect();
        let charts = present([cpu, memory]);
        let mut slide = self.charted("resources", None, subtitle, charts, words, &metrics);
        if !taken.is_empty() {
            slide.title = sentence(&taken);
            if let Body::Figure(figure) = &mut slide.body {
                figure.over_time = "Over the window, all subscribers together; server and subscribers on the same scales";
            }
        }
        slide
    }

    pub(super) fn freshness_cost(&self) -> Slide {
        let competing = self.competing();
        let dot = |cell: &&Cell<'_>| {
            // CPU-seconds for 1,000 updates are as many milliseconds for one.
            let (cost, age) = (cell.value(CPU)?, cell.value(AGE)? * 1e3);
            let fits = [cost, age].iter().all(|value| *value > 0.0 && value.is_finite());
            let detail = format!("{} · {} CPU", shown(AGE, cell), show_seconds(cost / 1e3));
            let several = competing.iter().filter(|other| other.contender.name == cell.contender.name).count() > 1;
            let place = if several { format!(" at {}", cell.load_point.replace(';', ", ")) } else { String::new() };
            let name = format!("{}{place}", named(cell));
            let trusted = [CPU, AGE].iter().all(|metric| self.trusts(metric, cell));
            fits.then(|| Series { name, points: vec![(cost, age)], trusted, ..self.series(cell, detail) })
        };
        let series: Vec<Series> = competing.iter().filter_map(dot).collect();
        // A little beyond the outermost, so that no dot sits on an edge.
        let axis = |title: &str, of: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = series.iter().flat_map(|one| &one.points).map(of).collect();
            let most = values.iter().copied().fold(0.0, f64::max);
            Axis::new(title.to_owned(), values.into_iter().flat_map(|value| [value / 1.3, value * 1.3]), MILLISECONDS).ending(most * 1.5)
        };
        let (across, up) = (axis("CPU per update →", |point| point.0), axis("↑ p99 of latency", |point| point.1));
        let front = front(series.iter().filter(|one| one.trusted).flat_map(|one| one.points.iter().copied()));
        let hollow = if series.iter().all(|one| one.trusted) { "" } else { "; hollow: not to be trusted" };
        let dashed = if front.is_empty() { "" } else { "; dashed: those that no other beats in both" };
        // One dot alone compares nothing.
        let chart =
            (series.len() > 1).then_some(Chart::Points(Points { across, up, corner: "CPU per update, ms | p99 of latency, ms", joined: false, series, front }));
        let scenario_time = if self.summary.recording.scenario.compression > 1.0 { " (scenario time)" } else { "" };
        let told = |cell: &Cell<'_>| format!("{}: p99 of latency {}, CPU per 1,000 updates {}", cell.contender.name, shown(AGE, cell), shown(CPU, cell));
        let words = self.words(&[AGE, CPU], told);
        let subtitle = format!("p99 of latency{scenario_time} against CPU of all sides for one update{dashed}{hollow}");
        let metrics = [AGE, CPU, MEMORY, "messages.setup", "connections.held"];
        let mut slide = self.charted("freshness-cost", self.answer(Question::Cpu), subtitle, chart.into_iter().collect(), words, &metrics);
        let aside = self.what_push_costs();
        let told = |column: &Column| column.items.iter().map(|item| format!("{}: {}", column.heading, item.text)).collect::<Vec<String>>();
        let mut notes: Vec<String> = aside.iter().flat_map(told).collect();
        notes.append(&mut slide.notes);
        slide.notes = notes;
        if let Body::Figure(figure) = &mut slide.body {
            figure.aside = aside;
        }
        slide
    }

    /// All that were run with the workload of the load point.
    fn competing(&self) -> Vec<&Cell<'_>> {
        self.summary.cells.iter().filter(|cell| competes(cell, self.load_point)).collect()
    }

    /// The verdict's sentence on a question, for a chart without a picture.
    fn answer(&self, question: Question) -> Option<String> {
        let statement = self.verdict.statements.iter().find(|statement| statement.question == question)?;
        Some(format!("{}: {}", question.label(), statement.text.trim_end_matches('.')))
    }

    /// A slide around a chart and its picture; `sentence` is its title where there are figures and no picture.
    fn charted(&self, name: &'static str, sentence: Option<String>, subtitle: String, charts: Vec<Chart>, words: Vec<String>, metrics: &[&str]) -> Slide {
        let picture = self.picture(name);
        let title = match (&picture, sentence) {
            (Some(picture), _) => picture.title.clone(),
            (None, Some(sentence)) if !charts.is_empty() => sentence,
            (None, _) => format!("Not in this run, since {}", self.lacks(name)),
        };
        let subtitle = if charts.is_empty() { String::new() } else { subtitle };
        let mut slide = self.slide(name, title, Body::Figure(Box::new(Figure { charts, picture, words, over_time: "", aside: Vec::new() })), metrics);
        slide.subtitle = subtitle;
        slide
    }

    fn bars(&self, heading: String, metric: &'static str, measure: Measure, base: Option<f64>) -> Bars {
        let values: Vec<(String, RGBColor, Option<f64>)> = self.cells.iter().map(|cell| (named(cell), self.colour(cell), cell.value(metric))).collect();
        Bars::new(heading, metric, measure, base, values)
    }

    fn values(&self, metric: &str) -> impl Iterator<Item = f64> {
        self.cells.iter().filter_map(|cell| cell.value(metric)).collect::<Vec<f64>>().into_iter()
    }

    /// A sentence for each contender that has one of these metrics.
    fn words(&self, metrics: &[&str], told: impl Fn(&Cell<'_>) -> String) -> Vec<String> {
        self.cells.iter().filter(|cell| metrics.iter().any(|metric| cell.value(metric).is_some())).map(|cell| told(cell)).collect()
    }
}

/// A contender's name in a chart and its workbook: whole, unless it is longer than any axis is.
fn named(cell: &Cell<'_>) -> String {
    const MOST: usize = 60;
    let letters: Vec<char> = cell.contender.name.chars().collect();
    if letters.len() <= MOST {
        return cell.contender.name.clone();
    }
    let (head, tail) = (&letters[..MOST - 16], &letters[letters.len() - 15..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

/// One sentence of several: what is the same of two is said once. With a capital, unless it begins with a name.
fn sentence(parts: &[String]) -> String {
    let starts = [Tie::Close.about(""), Tie::Unsettled.about(""), "not to be trusted: ".to_owned()];
    let alike = starts.iter().find(|start| parts.iter().all(|part| part.starts_with(*start))).map_or("", String::as_str);
    let text = match parts.split_first() {
        Some((first, others)) if !alike.is_empty() => {
            std::iter::once(first.as_str()).chain(others.iter().map(|other| &other[alike.len()..])).collect::<Vec<&str>>().join(" and ")
        }
        _ => parts.join("; "),
    };
    if starts.iter().any(|start| text.starts_with(start)) { capital(&text) } else { text }
}

fn present<const N: usize>(all: [Bars; N]) -> Vec<Chart> {
    all.into_iter().filter(|bars| !bars.is_empty()).map(Chart::Bars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_of_two_is_said_once() {
        let said = |parts: &[&str]| sentence(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&["no clear difference in CPU", "no clear difference in server memory"]), "No clear difference in CPU and server memory");
        assert_eq!(said(&["not to be trusted: CPU", "a takes 2 times the b of c"]), "Not to be trusted: CPU; a takes 2 times the b of c");
        assert_eq!(said(&["poll takes 2 times the CPU of push"]), "poll takes 2 times the CPU of push");
    }
}
