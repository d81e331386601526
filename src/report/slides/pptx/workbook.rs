//! The workbook inside a chart: what its figures are read from when somebody edits them.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::report::slides::chart::{Bars, Chart, Parts, Points};

/// Name of the sheet, as references have it.
pub const SHEET: &str = "figures";

/// A cell.
enum Cell {
    Text(String),
    Number(f64),
    Empty,
}

/// The workbook of a chart.
///
/// # Errors
/// A text is longer than a cell can hold.
pub fn write(chart: &Chart) -> Result<Vec<u8>, String> {
    let rows = match chart {
        Chart::Bars(bars) => of_bars(bars),
        Chart::Parts(parts) => of_parts(parts),
        Chart::Points(points) => of_points(points),
    };
    packed(&rows).map_err(|error| error.to_string())
}

fn packed(rows: &[Vec<Cell>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Of no date: the same recording gives the same bytes.
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(1980, 1, 1)?));
    let sheet = workbook.add_worksheet();
    sheet.set_name(SHEET)?;
    sheet.set_column_width(0, 32)?;
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Number(number) => sheet.write_number(row, column, *number)?,
                Cell::Empty => continue,
            };
        }
    }
    workbook.save_to_buffer()
}

fn text(text: &str) -> Cell {
    /// A cell holds 32,767 characters; no name is as long.
    const MOST: usize = 1_000;
    Cell::Text(text.chars().filter(|character| !character.is_control()).take(MOST).collect())
}

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
}

/// `messages.per_update` or `memory.server.peak, MiB`.
pub fn header(bars: &Bars) -> String {
    if bars.measure.unit.is_empty() { bars.metric.to_owned() } else { format!("{}, {}", bars.metric, bars.measure.unit) }
}

fn of_bars(bars: &Bars) -> Vec<Vec<Cell>> {
    let mut rows = vec![vec![text("contender"), text(&header(bars))]];
    rows.extend(bars.rows.iter().map(|row| vec![text(&row.name), number(row.value)]));
    rows
}

fn of_parts(parts: &Parts) -> Vec<Vec<Cell>> {
    let mut rows = vec![vec![text("contender"), text(&format!("{}, %", parts.first)), text(&format!("{}, %", parts.rest))]];
    rows.extend(parts.rows.iter().map(|row| vec![text(&row.name), number(row.value), number(row.value.map(|value| 100.0 - value))]));
    rows
}

/// A column for each contender, over the places that any of them has, and one for the front.
fn of_points(points: &Points) -> Vec<Vec<Cell>> {
    let mut header = vec![text(points.corner)];
    header.extend(points.series.iter().map(|series| text(&series.name)));
    header.extend((!points.front.is_empty()).then(|| text(FRONT)));
    let row = |(place, figures): (f64, Vec<Option<f64>>)| std::iter::once(Cell::Number(place)).chain(figures.into_iter().map(number)).collect();
    std::iter::once(header).chain(points.table().into_iter().map(row)).collect()
}

/// Name of the dashed line.
pub const FRONT: &str = "front";
