//! For github-action-benchmark: its tools `customSmallerIsBetter` and `customBiggerIsBetter`, of which a file holds one.

use serde_json::{Value, json};

use super::point::Point;
use crate::summary::metrics::Better;

/// A file for each direction, each with its name; one without figures is an empty list, so that a workflow may name both.
pub fn documents(points: &[Point]) -> [(&'static str, Result<Vec<u8>, String>); 2] {
    let of = |better: Better| {
        let figures: Vec<Value> = points.iter().filter(|point| point.better == better).map(one).collect();
        serde_json::to_vec_pretty(&figures).map_err(|error| error.to_string())
    };
    [("benchmark-smaller.json", of(Better::Lower)), ("benchmark-bigger.json", of(Better::Higher))]
}

fn one(point: &Point) -> Value {
    let mut figure = json!({
        "name": format!("{}, {}", point.benchmark, point.metric), "unit": point.unit.name(), "value": point.value,
        "extra": format!("{} {}", point.trials, if point.trials == 1 { "trial" } else { "trials" }),
    });
    if let Some((least, most)) = point.range {
        figure["range"] = json!(format!("{} to {}", point.unit.show(least), point.unit.show(most)));
    }
    figure
}
