//! What of a recording is kept: every figure that a comparison can be decided by, of every trial, and what it hangs on.

use sha2::{Digest as _, Sha256};

use crate::history::{Contender, Entry, Figure, SCHEMA};
use crate::measure::machine::Machine;
use crate::summary::fits::{Fit, of_repeats};
use crate::summary::gate::{Source, Subject};
use crate::summary::{Cell, Grade, Summary};

/// The run of a recording, with what it was of where somebody says so.
pub fn entry(summary: &Summary<'_>, label: Option<&str>) -> Entry {
    let recording = summary.recording;
    let digest = Sha256::digest(recording.scenario.text.as_bytes());
    let contenders = recording.contenders.iter().map(|contender| Contender { name: contender.name.clone(), direction: contender.direction });
    Entry {
        schema: SCHEMA,
        recording: recording.id.clone(),
        started: recording.started.clone(),
        scenario: recording.scenario.name.clone(),
        scenario_digest: digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
        tool_version: recording.tool_version.clone(),
        label: label.map(str::to_owned),
        machine: machine(&recording.machine),
        contenders: contenders.collect(),
        figures: Subject::all().flat_map(|subject| figures(summary, &subject)).collect(),
    }
}

/// Of a subject: of each contender and load point that has a trial with a finite figure.
fn figures(summary: &Summary<'_>, subject: &Subject) -> Vec<Figure> {
    let figure = |contender: &str, load_point: &str, trials: Vec<f64>, untrusted: bool| {
        let trials: Vec<f64> = trials.into_iter().filter(|value| value.is_finite()).collect();
        let figure = Figure { contender: contender.to_owned(), load_point: load_point.to_owned(), metric: subject.name.to_owned(), trials, untrusted };
        (!figure.trials.is_empty()).then_some(figure)
    };
    match subject.source {
        Source::Metric(_) => {
            let of_cell = |cell: &Cell<'_>| {
                let trials = cell.metrics.get(subject.name)?.repeats.iter().filter_map(|(_, value)| *value).collect();
                let doubted = summary.doubts_on(cell, subject.name).any(|doubt| doubt.grade == Grade::Untrusted);
                figure(&cell.contender.name, cell.load_point, trials, doubted)
            };
            summary.cells.iter().filter_map(of_cell).collect()
        }
        Source::Slope(quantity) => {
            let of_fit = |fit: &Fit<'_>| {
                let slopes = of_repeats(fit, &summary.cells).into_iter().map(|(.., slope)| slope).collect();
                let doubted = summary.doubts_on_fit(fit).any(|doubt| doubt.grade == Grade::Untrusted);
                figure(fit.contender, &fit.elsewhere, slopes, doubted)
            };
            summary.fits.iter().filter(|fit| fit.quantity.name == quantity.name).filter_map(of_fit).collect()
        }
    }
}

/// What times, CPU and memory hang on, in words. Memory to the whole GiB: kernels keep some of it for themselves, one more than another.
fn machine(machine: &Machine) -> String {
    let memory = (machine.memory as f64 / (1_u64 << 30) as f64).round();
    let cores = if machine.cores == 1 { "1 core".to_owned() } else { format!("{} cores", machine.cores) };
    format!("{}, {cores}, {memory} GiB, Linux {}", machine.cpu_model, machine.kernel)
}
