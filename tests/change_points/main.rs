//! Change points, held to those of Apache Otava on the same series.
//!
//! Otava gives its t-test the standard deviation of the values themselves (`numpy.std`), where the test asks for the estimate from a sample; and where it
//! drops a weak point, it looks anew at the points behind it and leaves the one before as it was. It is therefore asked twice: as it is, with which clear
//! changes must agree, and mended in both, with which everything must, to the last place and probability. It needs a Python that has it, as
//! `tests/ci_outputs` does: else the test says `SKIPPED`, or fails with the environment variable `CI`.

#[path = "../support/served.rs"]
mod served;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pushbench::summary::fixture::levels;
use pushbench::summary::history::{ChangePoint, Strictness, change_points};
use serde_json::{Value, json};

/// A series, and how it is asked.
struct Case {
    what: String,
    series: Vec<f64>,
    strictness: Strictness,
    /// Whether nobody could miss what changed.
    is_clear: bool,
}

fn case(what: &str, series: Vec<f64>, strictness: Strictness, is_clear: bool) -> Case {
    Case { what: what.to_owned(), series, strictness, is_clear }
}

/// Seed, levels with their lengths, noise.
type Written = (u64, &'static [(f64, usize)], f64);

fn cases() -> Vec<Case> {
    let usual = Strictness::default();
    let mut all = Vec::new();
    // Those of the unit test, whose answers are written down there.
    let written: [Written; 6] = [
        (1, &[(100.0, 30), (110.0, 30)], 0.02),
        (2, &[(100.0, 60)], 0.02),
        (4, &[(100.0, 30), (130.0, 1), (100.0, 30)], 0.01),
        (5, &[(50.0, 57), (60.0, 3)], 0.02),
        (6, &[(100.0, 40), (101.0, 40)], 0.004),
        (7, &[(100.0, 120), (97.0, 60), (103.0, 20)], 0.01),
    ];
    for (seed, parts, noise) in written {
        for magnitude in [0.0, 0.02] {
            all.push(case("written down", levels(seed, parts, noise), Strictness { magnitude, ..usual }, true));
        }
    }
    for seed in 0..40 {
        let length = 5 + (seed as usize * 37) % 120;
        all.push(case("noise", levels(seed, &[(100.0, length)], 0.02), usual, false));
        let steps = [(100.0, 8 + length % 20), (108.0, 15), (96.0, 9 + length % 11), (104.0, 30)];
        all.push(case("steps of four deviations and more", levels(seed, &steps, 0.01), usual, true));
        all.push(case("steps of two deviations", levels(seed, &steps, 0.03), usual, false));
        all.push(case("a ramp", levels(seed, &[(100.0, 10), (101.0, 10), (102.0, 10), (103.0, 10), (104.0, 10)], 0.01), usual, false));
        all.push(case("short", levels(seed, &[(100.0, 3), (110.0, 2 + seed as usize % 4)], 0.02), usual, false));
        // Counts that vary by one or two now and then, and a step.
        let counts = levels(seed, &[(20.0, 25), (23.0, 25)], 0.02).into_iter().map(f64::round).collect();
        all.push(case("counts", counts, usual, false));
        let strictness = Strictness { window: 10 + seed as usize, error: [0.05, 0.01, 1e-6, 0.6][seed as usize % 4], magnitude: 0.01 };
        all.push(case("other windows and errors", levels(seed, &steps, 0.02), strictness, false));
    }
    let constant = |parts: &[(f64, usize)]| levels(0, parts, 0.0);
    all.push(case("the same", constant(&[(5.0, 30)]), usual, true));
    all.push(case("nothing, then something", constant(&[(0.0, 12), (3.0, 5)]), usual, true));
    all.push(case("counts without noise", constant(&[(17.8, 12), (18.2, 9), (17.8, 4)]), usual, true));
    all.push(case("one value", vec![1.0], usual, true));
    all.push(case("two values", vec![1.0, 2.0], usual, true));
    all.push(case("none", vec![], usual, true));
    all
}

/// What Otava says of each: as it is, and mended; `None` where it is not installed.
fn otava(cases: &[Case]) -> Option<Vec<Value>> {
    let python = served::python("otava.analysis")?;
    let asked = |case: &Case| {
        let Strictness { window, error, magnitude } = case.strictness;
        json!({ "series": case.series, "window": window, "error": error, "magnitude": magnitude })
    };
    let asked = Value::from(cases.iter().map(asked).collect::<Vec<_>>()).to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/change_points/reference.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It reads all before it writes.
    child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "reference.py fails");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn places(found: &Value) -> Vec<u64> {
    found.as_array().unwrap().iter().map(|point| point[0].as_u64().unwrap()).collect()
}

fn own_places(found: &[ChangePoint]) -> Vec<u64> {
    found.iter().map(|point| point.place as u64).collect()
}

/// To so much of itself; what is next to nothing is nothing.
fn near(one: f64, other: f64, share: f64) -> bool {
    (one - other).abs() <= share * other.abs() + 1e-15
}

#[test]
fn changes_are_those_that_otava_finds() {
    let cases = cases();
    let Some(answers) = otava(&cases) else { return };
    assert_eq!(answers.len(), cases.len());
    let (mut changes, mut alarms, mut clear, mut agreed) = (0, [0, 0], 0, 0);
    for (Case { what, series, strictness, is_clear }, answer) in cases.iter().zip(&answers) {
        let found = change_points(series, *strictness);
        let mended = &answer["mended"];
        assert_eq!(own_places(&found), places(mended), "{what}: {series:?}");
        for (own, other) in found.iter().zip(mended.as_array().unwrap()) {
            let [probability, before, after] = [1, 2, 3].map(|figure| other[figure].as_f64().unwrap());
            let same = near(own.probability, probability, 1e-6) && near(own.before, before, 1e-12) && near(own.after, after, 1e-12);
            assert!(same, "{what}: {own:?} {other}");
        }
        if *is_clear {
            // Its deviation is that of a whole population, and sees a change more now and then; never one less.
            let own = places(&answer["own"]);
            agreed += usize::from(own == own_places(&found));
            clear += 1;
            assert!(own_places(&found).iter().all(|place| own.contains(place)), "{what}: {found:?} {own:?} {series:?}");
        }
        changes += found.len();
        if what == "noise" {
            alarms[0] += usize::from(!found.is_empty());
            alarms[1] += usize::from(!places(&answer["own"]).is_empty());
        }
    }
    assert!(clear > 50 && agreed * 10 >= clear * 9, "{agreed} of {clear}");
    assert!(changes > 200, "there must be something to be found: {changes}");
    assert!(alarms[0] <= alarms[1], "the sample's deviation raises no more false alarms: {alarms:?}");
}
