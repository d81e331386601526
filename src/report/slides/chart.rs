//! Charts that stay charts: figures, axes and colours of which a presentation program makes a picture, and the table behind them.

use plotters::style::RGBColor;

use crate::units::{show_number, significant};

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    /// A bar for each contender.
    Bars(Bars),
    /// Two parts that make up a hundred, for each contender.
    Parts(Parts),
    /// Lines or dots over two axes.
    Points(Points),
}

/// A bar for each contender, the longest on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// What stands above it.
    pub heading: String,
    /// Name of the metric, for the table behind it.
    pub metric: &'static str,
    /// What its values are counted in.
    pub measure: Measure,
    /// Where the bars begin, for a logarithmic axis; a linear one begins at zero.
    pub base: Option<f64>,
    /// The contenders.
    pub rows: Vec<Row>,
}

/// One contender's bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: RGBColor,
    /// In the unit of the measure; `None` where there is none, or none that the axis can show.
    pub value: Option<f64>,
}

/// Exchanges that brought news and that brought none, for each contender.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// What stands above it.
    pub heading: String,
    /// What the first part is.
    pub first: &'static str,
    /// What the rest is.
    pub rest: &'static str,
    /// The contenders; their value is the first part in per cent.
    pub rows: Vec<Row>,
    /// Colour of the rest.
    pub pale: RGBColor,
}

/// Lines or dots over two logarithmic axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Across.
    pub across: Axis,
    /// Up.
    pub up: Axis,
    /// What stands in the corner of the table behind it: what is told across, and what in the columns.
    pub corner: &'static str,
    /// Whether points of a series are joined.
    pub joined: bool,
    /// The contenders.
    pub series: Vec<Series>,
    /// Corners of a dashed line through the best; may be empty.
    pub front: Vec<(f64, f64)>,
}

/// A logarithmic axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is along it, with its unit.
    pub title: String,
    /// From one power of ten to another.
    pub range: (f64, f64),
    /// How its marks are written, as spreadsheets have it.
    pub format: &'static str,
}

/// One contender's points.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// A figure beside the name.
    pub detail: String,
    /// Its colour.
    pub colour: RGBColor,
    /// Whether it is drawn with weight: push.
    pub strong: bool,
    /// Whether its line is dashed: hues came again.
    pub dashed: bool,
    /// Whether its figures can be trusted: else its dot is hollow.
    pub trusted: bool,
    /// Ascending across.
    pub points: Vec<(f64, f64)>,
}

/// What values are counted in: the unit of a metric, and the one that people read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// As it stands behind a figure; empty for a plain number.
    pub unit: &'static str,
    /// From the metric's unit to this one.
    pub factor: f64,
}

impl Measure {
    /// Plain numbers.
    pub const NUMBER: Self = Self { unit: "", factor: 1.0 };

    /// Bytes, KiB or MiB: the largest in which the smallest of these, in bytes, is still 1.
    pub fn of_bytes(values: impl Iterator<Item = f64>) -> Self {
        let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        let known = [Self { unit: "MiB", factor: 1.0 / 1_048_576.0 }, Self { unit: "KiB", factor: 1.0 / 1_024.0 }];
        known.into_iter().find(|measure| least.is_finite() && least * measure.factor >= 1.0).unwrap_or(Self { unit: "B", factor: 1.0 })
    }

    /// Seconds or milliseconds of CPU, of values in seconds.
    pub fn of_cpu(values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(0.0, |most: f64, value| most.max(value.abs()));
        if most >= 10.0 { Self { unit: "CPU-s", factor: 1.0 } } else { Self { unit: "CPU-ms", factor: 1e3 } }
    }

    /// How a spreadsheet writes a value with three digits, as every report does: `#,##0.0" KiB"`; thousands of milliseconds as seconds.
    pub fn format(self, value: f64) -> String {
        let (shown, unit) = self.scaled(value);
        let thousands = if unit == self.unit { "" } else { "," };
        let decimals = significant(shown, 3).split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let decimals = if decimals == 0 { String::new() } else { format!(".{}", "0".repeat(decimals)) };
        let unit = if unit.is_empty() { String::new() } else { format!("\" {unit}\"") };
        format!("#,##0{decimals}{thousands}{unit}")
    }

    /// What that format makes of the value, in about as many letters.
    pub fn show(self, value: f64) -> String {
        let (shown, unit) = self.scaled(value);
        format!("{} {unit}", show_number(shown))
    }

    /// A format can divide by a thousand, and by nothing else.
    fn scaled(self, value: f64) -> (f64, &'static str) {
        if self.unit == "CPU-ms" && value.abs() >= 999.5 { (value / 1e3, "CPU-s") } else { (value, self.unit) }
    }
}

impl Bars {
    /// Values in the metric's unit; what a logarithmic axis cannot show is left out of it. The most comes first; of equals, the scenario's order decides.
    pub fn new(heading: String, metric: &'static str, measure: Measure, base: Option<f64>, values: Vec<(String, RGBColor, Option<f64>)>) -> Self {
        let shown = |value: f64| value.is_finite() && (base.is_none() || value > 0.0);
        let row = |(name, colour, value): (String, RGBColor, Option<f64>)| Row {
            name,
            colour,
            value: value.filter(|value| shown(*value)).map(|value| value * measure.factor),
        };
        let mut rows: Vec<Row> = values.into_iter().map(row).collect();
        let rank = |row: &Row| row.value.unwrap_or(f64::NEG_INFINITY);
        rows.sort_by(|one, other| rank(other).total_cmp(&rank(one)));
        Self { heading, metric, measure, base: base.map(|base| base * measure.factor), rows }
    }

    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| row.value.is_none())
    }

    /// Ends of the axis: of a logarithmic one, the base (or a power of ten of it below the least) and a power of ten of it above the most.
    pub fn range(&self) -> (Option<f64>, Option<f64>) {
        let values = || self.rows.iter().filter_map(|row| row.value);
        let Some(base) = self.base else {
            // A figure below zero is shown as it is; then the program chooses.
            return (values().all(|value| value >= 0.0).then_some(0.0), None);
        };
        let powers = |value: f64| (value / base).log10();
        let below = powers(values().fold(base, f64::min)) + 1e-9;
        let above = powers(values().fold(base, f64::max)) - 1e-9;
        (Some(base * 10_f64.powf(below.floor().min(0.0))), Some(base * 10_f64.powf(above.ceil().max(1.0))))
    }
}

impl Bars {
    /// The place of a value along the axis, 0 to 1; of a linear axis, on which the program chooses the end, at most.
    pub fn place(&self, value: f64) -> f64 {
        match self.range() {
            (Some(low), Some(high)) if low > 0.0 => ((value / low).ln() / (high / low).ln()).clamp(0.0, 1.0),
            _ => 1.0,
        }
    }
}

impl Parts {
    /// How a spreadsheet writes a part, and what it is: `0.0" % brought news"`.
    pub fn format(&self, value: f64, what: &str) -> String {
        // What is not all or nothing must not read as if it were.
        let told = |decimals: &usize| {
            value == 0.0 || value == 100.0 || !["0", "100"].contains(&significant(format!("{value:.decimals$}").parse().unwrap_or(value), 9).as_str())
        };
        let decimals = significant(value, 3).split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let decimals = (decimals..6).find(told).unwrap_or(6);
        format!("0{}\" % {what}\"", if decimals == 0 { String::new() } else { format!(".{}", "0".repeat(decimals)) })
    }
}

impl Points {
    /// The table behind it: rows of a place across and, for each series and at last the front, where there is one, the figure there. All series of a chart have
    /// as many rows, since LibreOffice loses those that have fewer than another.
    pub fn table(&self) -> Vec<(f64, Vec<Option<f64>>)> {
        let places = self.places();
        let columns = self.series.len() + usize::from(!self.front.is_empty());
        let of_series = |place: f64| {
            let mut row: Vec<Option<f64>> = self.series.iter().map(|series| series.at(place)).collect();
            row.resize(columns, None);
            (place, row)
        };
        let of_front = |corner: &(f64, f64)| {
            let mut row = vec![None; columns];
            row[columns - 1] = Some(corner.1);
            (corner.0, row)
        };
        places.into_iter().map(of_series).chain(self.front.iter().map(of_front)).collect()
    }

    /// All places across at which any series has a point, ascending.
    fn places(&self) -> Vec<f64> {
        let mut places: Vec<f64> = self.series.iter().flat_map(|series| &series.points).map(|point| point.0).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }
}

impl Series {
    /// Its figure at a place across.
    pub fn at(&self, place: f64) -> Option<f64> {
        self.points.iter().find(|point| point.0 == place).map(|point| point.1)
    }
}

impl Axis {
    /// From the power of ten below the least of these positive values to the one above the largest.
    pub fn new(title: String, values: impl Iterator<Item = f64>, format: &'static str) -> Self {
        let (least, most) =
            values.filter(|value| *value > 0.0 && value.is_finite()).fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        let power = |value: f64, round: fn(f64) -> f64| 10_f64.powf(round(value.log10()));
        let (least, most) = if least.is_finite() { (least, most) } else { (1.0, 1.0) };
        let (from, to) = (power(least * (1.0 + 1e-9), f64::floor), power(most * (1.0 - 1e-9), f64::ceil));
        Self { title, range: (from, if to > from { to } else { from * 10.0 }), format }
    }

    /// Ends just behind the last value, instead of at the next power of ten: lines end at the edge, and their names begin there. On the edge itself
    /// LibreOffice takes a point for one that is not shown, and leaves out its name.
    #[must_use]
    pub fn ending(mut self, last: f64) -> Self {
        if last.is_finite() && last >= self.range.0 * 2.0 {
            self.range.1 = last * 1.03;
        }
        self
    }

    /// The place of a value, 0 to 1.
    pub fn place(&self, value: f64) -> f64 {
        let (from, to) = self.range;
        ((value / from).ln() / (to / from).ln()).clamp(0.0, 1.0)
    }
}

/// Times in milliseconds, whatever their size: `0.1 ms`, `20 ms`, `5 s`.
pub const MILLISECONDS: &str = "[<1]0.0##\" ms\";[<1000]0\" ms\";#,##0,\" s\"";

/// Places of a percentile, as "one in so many": `1 in 100` is p99.
pub const ONE_IN: &str = "\"1 in \"#,##0";

#[cfg(test)]
mod tests {
    use super::*;

    const INK: RGBColor = RGBColor(0, 0, 0);

    fn bars(base: Option<f64>, values: &[Option<f64>]) -> Bars {
        let named = values.iter().enumerate().map(|(index, value)| (index.to_string(), INK, *value)).collect();
        Bars::new(String::new(), "", Measure::NUMBER, base, named)
    }

    #[test]
    fn axes_of_bars_hold_them_and_begin_where_it_means_something() {
        assert_eq!(bars(Some(1.0), &[Some(1.0), Some(41.0)]).range(), (Some(1.0), Some(100.0)));
        assert_eq!(bars(Some(1.0), &[Some(1.0)]).range(), (Some(1.0), Some(10.0)));
        assert_eq!(bars(Some(1.0), &[Some(0.3), Some(100.0)]).range(), (Some(0.1), Some(100.0)));
        assert_eq!(bars(None, &[Some(3.0)]).range(), (Some(0.0), None));
        assert_eq!(bars(None, &[Some(-3.0)]).range(), (None, None));
        let rows = bars(Some(1.0), &[Some(2.0), None, Some(0.0), Some(f64::INFINITY), Some(5.0)]).rows;
        assert_eq!(rows.iter().map(|row| (row.name.as_str(), row.value)).collect::<Vec<_>>()[..3], [("4", Some(5.0)), ("0", Some(2.0)), ("1", None)]);
        assert!(rows[2..].iter().all(|row| row.value.is_none()));
    }

    #[test]
    fn labels_have_three_digits() {
        let format = |value| Measure { unit: "KiB", factor: 1.0 }.format(value);
        assert_eq!([1.0, 41.02, 0.012_34, 1_234.5].map(format), ["#,##0\" KiB\"", "#,##0\" KiB\"", "#,##0.0000\" KiB\"", "#,##0\" KiB\""]);
        assert_eq!(Measure::NUMBER.format(2.53), "#,##0.00");
        let cpu = Measure { unit: "CPU-ms", factor: 1e3 };
        assert_eq!([cpu.format(382.0), cpu.format(4_756.0)], ["#,##0\" CPU-ms\"", "#,##0.00,\" CPU-s\""]);
        assert_eq!([cpu.show(382.0), cpu.show(4_756.0)], ["382 CPU-ms", "4.76 CPU-s"]);
    }

    #[test]
    fn parts_that_are_not_all_never_read_as_all() {
        let parts = Parts { heading: String::new(), first: "a", rest: "b", rows: Vec::new(), pale: INK };
        let format = |value| parts.format(value, "b");
        assert_eq!([100.0, 97.5, 99.95, 99.9996, 82.93].map(format), ["0\" % b\"", "0.0\" % b\"", "0.00\" % b\"", "0.0000\" % b\"", "0.0\" % b\""]);
    }

    #[test]
    fn tables_of_points_have_a_row_for_each_place_and_each_corner() {
        let series = |name: &str, points: &[(f64, f64)]| Series {
            name: name.to_owned(),
            detail: String::new(),
            colour: INK,
            strong: false,
            dashed: false,
            trusted: true,
            points: points.to_vec(),
        };
        let axis = || Axis::new(String::new(), [1.0, 10.0].into_iter(), "");
        let all = vec![series("a", &[(1.0, 5.0)]), series("b", &[(3.0, 2.0)])];
        let points = Points { across: axis(), up: axis(), corner: "", joined: false, series: all, front: vec![(1.0, 5.0), (3.0, 5.0), (3.0, 2.0)] };
        let row = |place, a, b, front| (place, vec![a, b, front]);
        let (of_a, of_b) = (row(1.0, Some(5.0), None, None), row(3.0, None, Some(2.0), None));
        let front = [(1.0, 5.0), (3.0, 5.0), (3.0, 2.0)].map(|(place, up)| row(place, None, None, Some(up)));
        assert_eq!(points.table(), [vec![of_a, of_b], front.to_vec()].concat());
    }

    #[test]
    fn units_are_those_that_people_read() {
        let unit = |values: &[f64]| Measure::of_bytes(values.iter().copied()).unit;
        assert_eq!([unit(&[500.0, 5e6]), unit(&[1_024.0, 5e6]), unit(&[2e6]), unit(&[])], ["B", "KiB", "MiB", "B"]);
        assert_eq!([Measure::of_cpu([0.2].into_iter()).unit, Measure::of_cpu([24.0, 0.4].into_iter()).unit], ["CPU-ms", "CPU-s"]);
    }

    #[test]
    fn axes_of_points_run_from_power_to_power() {
        let range = |values: &[f64]| Axis::new(String::new(), values.iter().copied(), "").range;
        assert_eq!([range(&[1.0, 1_000.0]), range(&[1.5, 990.0]), range(&[10.0]), range(&[])], [(1.0, 1_000.0), (1.0, 1_000.0), (10.0, 100.0), (1.0, 10.0)]);
        let axis = Axis::new(String::new(), [1.0, 100.0].into_iter(), "");
        assert_eq!([axis.place(0.1), axis.place(10.0), axis.place(1e9)], [0.0, 0.5, 1.0]);
    }
}
