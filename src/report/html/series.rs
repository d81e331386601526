//! What the page's script reads: lines, tiles of all pairs, intervals, pictures of the load points that are not shown first.
//!
//! It goes into the page packed. What is alike stands together (a metric of all load points, a chart of all load points): deflating finds
//! what comes again only within 32 kB.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::facts::Contender;
use super::pack::pack;
use super::pictures::Picture;
use super::point::{Point, colour_of};
use super::tables::place;
use super::tiles::{self, Tile};
use super::timeline::{Lines, points, spectrum, step};
use crate::report::figures;
use crate::summary::metrics::Metric;
use crate::summary::{Cell, Summary};

/// A tile: metric, left and right one (places in `here`), topic, factor, words, interval, colour, whether it is that of a cost.
type Told = (&'static str, usize, usize, String, String, String, String, String, bool);

/// For each load point, for each contender there.
type Column<T> = Vec<Vec<T>>;

/// All of it.
#[derive(Serialize)]
pub struct Data<'p> {
    compression: f64,
    contenders: &'p [Contender],
    points: Vec<PointData<'p>>,
    /// Metric → interval, and place in `doubts` of those that touch the figure.
    known: BTreeMap<&'static str, Column<(&'p str, usize)>>,
    /// Sets of doubts: places in the page's list.
    doubts: Vec<&'p [usize]>,
    series: Series,
    /// Name → picture at each load point, where it is not in the page already.
    pictures: BTreeMap<&'static str, Vec<Option<&'p str>>>,
    /// Name → picture over a swept value, where it is not in the page already.
    common: BTreeMap<&'static str, &'p str>,
}

/// Of a load point.
#[derive(Serialize)]
struct PointData<'p> {
    name: &'p str,
    /// Places of its contenders in `contenders`.
    here: Vec<usize>,
    window: f64,
    /// Seconds that a point of a time-line stands for, and how many points there are.
    step: usize,
    count: usize,
    /// Metric of a tile → figure of each contender here.
    figures: BTreeMap<&'static str, Vec<String>>,
    /// Those that stand in the page.
    tiles: Vec<Told>,
    /// For each contender here as the left one, and each as the right one.
    pairs: Vec<Vec<Vec<Told>>>,
}

/// What the page draws itself.
#[derive(Serialize)]
struct Series {
    /// Of latency in measured seconds, and in scenario seconds where time is compressed.
    spectra: Column<Vec<Value>>,
    scenario_spectra: Column<Vec<Value>>,
    messages: Column<Vec<Value>>,
    bytes: Column<Vec<Value>>,
    latency: Column<Vec<Value>>,
    /// Server, subscribers, publishers.
    cpu: Column<[Vec<Value>; 3]>,
    memory: Column<[Vec<Value>; 3]>,
}

impl<'p> Data<'p> {
    /// Gathers it; `shown` is the load point whose pictures stand in the page, but for large ones.
    pub fn new(summary: &'p Summary<'_>, contenders: &'p [Contender], points: &'p [Point], shown: usize, common: &'p [Picture]) -> Self {
        let compression = summary.recording.scenario.compression;
        let mut pictures: BTreeMap<&'static str, Vec<Option<&'p str>>> = BTreeMap::new();
        for (place, point) in points.iter().enumerate() {
            for picture in point.pictures.iter().filter(|picture| place != shown || picture.is_large) {
                let of_chart = pictures.entry(picture.name).or_insert_with(|| vec![None; points.len()]);
                of_chart[place] = Some(&picture.svg);
            }
        }
        let (known, doubts) = known(points);
        Self {
            compression,
            contenders,
            points: points.iter().map(|point| PointData::new(summary, point, contenders)).collect(),
            known,
            doubts,
            series: Series::new(summary, points),
            pictures,
            common: common.iter().filter(|picture| picture.is_large).map(|picture| (picture.name, picture.svg.as_str())).collect(),
        }
    }

    /// As it stands in the page.
    ///
    /// # Errors
    /// None that memory could raise.
    pub fn packed(&self) -> Result<String, String> {
        let json = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        pack(&json).map_err(|error| error.to_string())
    }
}

type Known<'p> = (BTreeMap<&'static str, Column<(&'p str, usize)>>, Vec<&'p [usize]>);

/// Intervals and doubts of every figure.
fn known(points: &[Point]) -> Known<'_> {
    let mut known: BTreeMap<&'static str, Column<(&str, usize)>> = BTreeMap::new();
    let mut sets: Vec<&[usize]> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        for line in point.numbers.iter().flat_map(|group| &group.lines) {
            let column = known.entry(line.metric).or_insert_with(|| vec![Vec::new(); points.len()]);
            for figure in &line.figures {
                let set = sets.iter().position(|set| *set == figure.doubts.as_slice()).unwrap_or_else(|| {
                    sets.push(&figure.doubts);
                    sets.len() - 1
                });
                column[place].push((&figure.interval, set));
            }
        }
    }
    (known, sets)
}

impl<'p> PointData<'p> {
    fn new(summary: &Summary<'_>, point: &'p Point, contenders: &[Contender]) -> Self {
        let cells: Vec<&Cell<'_>> = summary.at(&point.name).collect();
        let window = window(&cells);
        let at = |name: &str| cells.iter().position(|cell| cell.contender.name == name).unwrap_or(0);
        let told = |tile: Tile| {
            let (left, right) = (at(&tile.left), at(&tile.right));
            (tile.metric, left, right, tile.topic, tile.factor, tile.words, tile.interval, tile.colour, tile.is_cost)
        };
        let pair = |left: &Cell<'_>, right: &Cell<'_>| {
            if std::ptr::eq(left, right) {
                return Vec::new();
            }
            tiles::of_pair(summary, left, right, |name| colour_of(contenders, name)).into_iter().map(told).collect()
        };
        let figure = |metric: &'static str| {
            let metric = Metric::named(metric)?;
            Some((metric.name, cells.iter().map(|cell| figures::figure(summary, cell, metric)).collect()))
        };
        Self {
            name: &point.name,
            here: cells.iter().map(|cell| place(summary, cell)).collect(),
            window,
            step: step(window),
            count: points(window),
            figures: tiles::MAIN.iter().chain(&tiles::COSTS).filter_map(|kind| figure(kind.metric)).collect(),
            tiles: point.tiles.iter().cloned().map(told).collect(),
            pairs: cells.iter().map(|left| cells.iter().map(|right| pair(left, right)).collect()).collect(),
        }
    }
}

/// The longest of those at a load point.
fn window(cells: &[&Cell<'_>]) -> f64 {
    cells.iter().map(|cell| cell.workload.window).filter(|window| window.is_finite()).fold(0.0, f64::max)
}

impl Series {
    fn new(summary: &Summary<'_>, points: &[Point]) -> Self {
        let cells: Column<&Cell<'_>> = points.iter().map(|point| summary.at(&point.name).collect()).collect();
        let lines: Column<Lines> = cells.iter().map(|here| here.iter().map(|cell| Lines::new(cell.timeline, window(here))).collect()).collect();
        let compressed = summary.recording.scenario.compression > 1.0;
        let spectra = |of: fn(&Cell<'_>) -> Vec<Value>| -> Column<Vec<Value>> { cells.iter().map(|here| here.iter().map(|cell| of(cell)).collect()).collect() };
        fn column<T>(lines: &Column<Lines>, of: impl Fn(&Lines) -> T) -> Column<T> {
            lines.iter().map(|here| here.iter().map(&of).collect()).collect()
        }
        Self {
            spectra: spectra(|cell| spectrum(&cell.times.latency)),
            scenario_spectra: if compressed { spectra(|cell| spectrum(&cell.times.scenario_latency)) } else { Vec::new() },
            messages: column(&lines, |lines| lines.messages.clone()),
            bytes: column(&lines, |lines| lines.bytes.clone()),
            latency: column(&lines, |lines| lines.latency.clone()),
            cpu: column(&lines, |lines| lines.cpu.clone()),
            memory: column(&lines, |lines| lines.memory.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::page::Page;
    use super::*;
    use crate::summary::fixture::made_up;

    /// What the script of a page sees.
    fn unpacked(page: &Page) -> Value {
        let deflated = STANDARD.decode(&page.data).unwrap();
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(deflated.as_slice()).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_script_gets_what_the_page_says() {
        let recording = made_up().scale(0.05).sweep(&[0.5, 1.0]).compression(10.0).build();
        let summary = Summary::new(&recording);
        let page = Page::new(&summary).unwrap();
        let data = unpacked(&page);
        for (place, point) in page.points.iter().enumerate() {
            let found = &data["points"][place];
            let names: Vec<&str> = point.here.iter().map(|place| page.contenders[*place].name.as_str()).collect();
            assert_eq!(found["tiles"].as_array().unwrap().len(), point.tiles.len());
            for (told, tile) in found["tiles"].as_array().unwrap().iter().zip(&point.tiles) {
                let (left, right) = (told[1].as_u64().unwrap() as usize, told[2].as_u64().unwrap() as usize);
                assert_eq!((names[left], names[right]), (tile.left.as_str(), tile.right.as_str()));
                let words = [3, 4, 5, 6, 7].map(|part| told[part].as_str().unwrap());
                assert_eq!(words, [&tile.topic, &tile.factor, &tile.words, &tile.interval, &tile.colour].map(String::as_str));
                let figures = &found["figures"][tile.metric];
                assert_eq!((figures[left].as_str().unwrap(), figures[right].as_str().unwrap()), (tile.left_figure.as_str(), tile.right_figure.as_str()));
                // Whoever chooses these two reads the same of that metric.
                let chosen = found["pairs"][left][right].as_array().unwrap();
                assert!(tile.is_cost || chosen.contains(told), "{tile:?}");
            }
            for one in 0..names.len() {
                assert_eq!(found["pairs"][one][one], serde_json::json!([]), "nobody is compared with itself");
            }
            let series = |name: &str| data["series"][name][place].as_array().unwrap();
            for name in ["spectra", "scenario_spectra", "messages", "bytes", "latency", "cpu", "memory"] {
                assert_eq!(series(name).len(), names.len(), "{name}");
            }
            assert_eq!(found["count"].as_u64().unwrap() as usize, series("messages")[0].as_array().unwrap().len());
            for line in point.numbers.iter().flat_map(|group| &group.lines) {
                for (contender, figure) in line.figures.iter().enumerate() {
                    let known = &data["known"][line.metric][place][contender];
                    assert_eq!(known[0].as_str().unwrap(), figure.interval);
                    assert_eq!(data["doubts"][known[1].as_u64().unwrap() as usize], serde_json::to_value(&figure.doubts).unwrap());
                }
            }
            for picture in &point.pictures {
                let there = &data["pictures"][picture.name][place];
                assert_eq!(there.is_string(), place != page.shown || picture.is_large, "{}: the others of the first stand in the page", picture.name);
            }
        }
    }

    #[test]
    fn it_is_small_and_closes_no_tag() {
        let mut recording = made_up().scale(0.05).build();
        recording.contenders[0].name = "</script><img src=x onerror=alert(1)>".to_owned();
        let summary = Summary::new(&recording);
        let page = Page::new(&summary).unwrap();
        assert!(page.data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
        assert!(page.data.len() < 40_000, "{}", page.data.len());
    }
}
