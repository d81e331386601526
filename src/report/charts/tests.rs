//! All charts over made-up recordings.

use std::path::Path;

use super::*;
use crate::measure::recording::{Direction, Recording};
use crate::summary::Summary;
use crate::summary::fixture::made_up;

/// Renamed copies of the made-up contenders, so many in all.
fn crowd(count: usize) -> Recording {
    let mut recording = made_up().build();
    let (contenders, trials) = (recording.contenders.clone(), recording.trials.clone());
    recording.contenders.clear();
    recording.trials.clear();
    for index in 0..count {
        // Push is among the first two.
        let original = &contenders[[0, 3, 1, 2][index % 4]];
        let mut copy = original.clone();
        copy.name = format!("{}{}", original.name, if index < 4 { String::new() } else { format!("-with-a-long-name-{index}") });
        for trial in trials.iter().filter(|trial| trial.contender == original.name) {
            let mut trial = trial.clone();
            trial.contender.clone_from(&copy.name);
            recording.trials.push(trial);
        }
        recording.contenders.push(copy);
    }
    recording
}

/// `CHARTS_FOLDER=/somewhere cargo test --lib charts::tests::look`: pictures to look at.
#[test]
fn look() {
    let Some(folder) = std::env::var_os("CHARTS_FOLDER") else { return };
    let compressed = made_up().compression(144.0).build();
    for (name, recording) in [
        ("2", crowd(2)),
        ("4", crowd(4)),
        ("12", crowd(12)),
        ("compressed", compressed),
        ("loses", made_up().push_loses().build()),
        ("one", made_up().only(Direction::Push).build()),
    ] {
        let summary = Summary::new(&recording);
        for theme in Theme::ALL {
            let drawn = draw(&summary, "", theme);
            for left_out in drawn.left_out {
                eprintln!("{name}: {} is left out: {}", left_out.name, left_out.reason);
            }
            for picture in drawn.pictures {
                let file = Path::new(&folder).join(format!("{name}-{}-{}", picture.name, theme.name()));
                std::fs::write(file.with_extension("svg"), picture.file()).unwrap();
                std::fs::write(file.with_extension("png"), png(&picture.svg, 1_600).unwrap()).unwrap();
            }
        }
    }
}
