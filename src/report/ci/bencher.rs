//! Bencher Metric Format: benchmark → measure → value, with the least and the most of the trials.

use serde_json::{Map, Value, json};

use super::point::Point;

/// The document of these figures.
pub fn document(points: &[Point]) -> Result<Vec<u8>, String> {
    let mut benchmarks: Map<String, Value> = Map::new();
    for point in points {
        let mut metric = json!({ "value": point.value });
        if let Some((least, most)) = point.range {
            // A quantile of all repeats together may lie beyond those of each.
            metric["lower_value"] = json!(least.min(point.value));
            metric["upper_value"] = json!(most.max(point.value));
        }
        let measures = benchmarks.entry(point.benchmark.clone()).or_insert_with(|| json!({}));
        measures[point.metric] = metric;
    }
    serde_json::to_vec_pretty(&benchmarks).map_err(|error| error.to_string())
}
