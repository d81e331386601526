//! What the page's script reads: lines, ratios of all pairs, intervals, pictures of the load points that are not shown first.
//!
//! It goes into the page packed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::facts::Contender;
use super::pack::pack;
use super::pictures::Picture;
use super::point::Point;
use super::tables::place;
use super::tiles::{COSTS, Kind, MAIN, Said, Stand, rivals};
use super::timeline::{Lines, middles, spectrum, step};
use crate::summary::metrics::Metric;
use crate::summary::{Cell, Summary};

/// What a tile says: factor, stand, interval.
type Pair = (String, Stand, String);

/// All of it.
#[derive(Serialize)]
pub struct Data<'p> {
    compression: f64,
    contenders: &'p [Contender],
    /// The metrics of the first three tiles, and those among which the fourth is found.
    main: [Kind; 3],
    costs: [Kind; 6],
    points: Vec<PointData<'p>>,
    /// Name → picture over a swept value, where it is not in the page already.
    pictures: BTreeMap<&'static str, &'p str>,
}

/// Of a load point.
#[derive(Serialize)]
struct PointData<'p> {
    name: &'p str,
    /// Places of its contenders in `contenders`.
    here: Vec<usize>,
    window: f64,
    /// Seconds that a point of a time-line stands for, and the middles of the points.
    step: usize,
    middles: Vec<Value>,
    lines: Vec<Lines>,
    /// Of latency in measured seconds, and in scenario seconds where time is compressed.
    spectra: Vec<Vec<Value>>,
    scenario_spectra: Vec<Vec<Value>>,
    /// Metric → for each contender here the interval and the doubts of its figure.
    known: BTreeMap<&'static str, Vec<(String, Vec<usize>)>>,
    /// Metric → who is compared unless somebody else is chosen: places in `here`.
    rivals: BTreeMap<&'static str, (usize, usize)>,
    /// Metric → for each contender here as the left one, and each as the right one: factor, stand, interval.
    pairs: BTreeMap<&'static str, Vec<Vec<Option<Pair>>>>,
    /// Name → picture, where they are not in the page already.
    pictures: BTreeMap<&'static str, &'p str>,
}

impl<'p> Data<'p> {
    /// Gathers it; `shown` is the load point whose pictures stand in the page, but for large ones.
    pub fn new(summary: &'p Summary<'_>, contenders: &'p [Contender], points: &'p [Point], shown: usize, common: &'p [Picture]) -> Self {
        let compression = summary.recording.scenario.compression;
        let points = points.iter().enumerate().map(|(place, point)| PointData::new(summary, point, compression > 1.0, place == shown)).collect();
        let pictures = common.iter().filter(|picture| picture.is_large).map(|picture| (picture.name, picture.svg.as_str())).collect();
        Self { compression, contenders, main: MAIN, costs: COSTS, points, pictures }
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

impl<'p> PointData<'p> {
    fn new(summary: &'p Summary<'_>, point: &'p Point, compressed: bool, shown: bool) -> Self {
        let cells: Vec<&Cell<'_>> = summary.at(&point.name).collect();
        let window = cells.iter().map(|cell| cell.workload.window).filter(|window| window.is_finite()).fold(0.0, f64::max);
        let at = |cell: &Cell<'_>| cells.iter().position(|other| std::ptr::eq(*other, cell));
        let kinds = || MAIN.iter().chain(&COSTS);
        let pairs = |kind: &Kind| {
            let metric = Metric::named(kind.metric)?;
            let said = |left: &Cell<'_>, right: &Cell<'_>| {
                let other = !std::ptr::eq(left, right);
                other.then(|| Said::new(summary, metric, left, right)).flatten().map(|said| (said.factor, said.stand, said.interval))
            };
            Some((kind.metric, cells.iter().map(|left| cells.iter().map(|right| said(left, right)).collect()).collect()))
        };
        let rivals = |kind: &Kind| {
            let (left, right) = rivals(summary, &point.name, kind.metric)?;
            Some((kind.metric, (at(left)?, at(right)?)))
        };
        let known = point.numbers.iter().flat_map(|group| &group.lines);
        Self {
            name: &point.name,
            here: cells.iter().map(|cell| place(summary, cell)).collect(),
            window,
            step: step(window),
            middles: middles(window),
            lines: cells.iter().map(|cell| Lines::new(cell.timeline, window)).collect(),
            spectra: cells.iter().map(|cell| spectrum(&cell.times.latency)).collect(),
            scenario_spectra: cells.iter().filter(|_| compressed).map(|cell| spectrum(&cell.times.scenario_latency)).collect(),
            known: known.map(|line| (line.metric, line.figures.iter().map(|figure| (figure.interval.clone(), figure.doubts.clone())).collect())).collect(),
            rivals: kinds().filter_map(rivals).collect(),
            pairs: kinds().filter_map(pairs).collect(),
            pictures: point.pictures.iter().filter(|picture| !shown || picture.is_large).map(|picture| (picture.name, picture.svg.as_str())).collect(),
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
            for tile in &point.tiles {
                let (left, right) = (found["rivals"][tile.metric][0].as_u64().unwrap(), found["rivals"][tile.metric][1].as_u64().unwrap());
                let pair = &found["pairs"][tile.metric][left as usize][right as usize];
                assert_eq!((pair[0].as_str().unwrap(), pair[2].as_str().unwrap()), (tile.factor.as_str(), tile.interval.as_str()), "{}", tile.metric);
                assert_eq!(pair[1], serde_json::to_value(tile.stand).unwrap());
            }
            assert_eq!(found["here"].as_array().unwrap().len(), 4);
            assert_eq!(found["spectra"].as_array().unwrap().len(), 4);
            assert_eq!(found["scenario_spectra"].as_array().unwrap().len(), 4);
            assert_eq!(found["middles"].as_array().unwrap().len(), found["lines"][0]["messages"].as_array().unwrap().len());
            let metrics: usize = point.numbers.iter().map(|group| group.lines.len()).sum();
            assert_eq!(found["known"].as_object().unwrap().len(), metrics);
        }
        let large = page.points[0].pictures.iter().filter(|picture| picture.is_large).count();
        assert_eq!(data["points"][0]["pictures"].as_object().unwrap().len(), large, "the others of the first stand in the page");
        assert_eq!(data["points"][1]["pictures"].as_object().unwrap().len(), page.points[1].pictures.len());
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
