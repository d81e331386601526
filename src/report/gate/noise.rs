//! What a machine's noise is, on a terminal: figure by figure, what was on the machine meanwhile, and a table to paste.

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::words::percent;
use crate::measure::recording::{Pressure, Recording, Trial};
use crate::report::figures;
use crate::report::terminal::{Page, Style, clean, new_table, visible};
use crate::summary::gate::noise::{Noise, WANTED, suggested};
use crate::summary::gate::{Judgement, Verdict};

/// The whole report; `pairs` of a comparison to come.
pub fn report(judgement: &Judgement<'_>, noise: &[Noise], pairs: usize, style: Style) -> String {
    let mut page = Page::new(style);
    page.heading("Noise: this machine and scenario against themselves");
    page.blank();
    page.line(&table(noise, pairs, page.style()));
    let alarms = judgement.count(Verdict::Regressed) + judgement.count(Verdict::Improved);
    let told = match alarms {
        0 => "Nothing was taken for a change that was none.".to_owned(),
        some => format!(
            "{some} of {} figures were taken for a change that was none: such a thing happens in one of twenty comparisons; where it happens again, something drifts with the turns.",
            judgement.judged.len()
        ),
    };
    page.paragraph("", "", &told);
    for line in surroundings(judgement) {
        page.paragraph("", "", &line);
    }
    page.blank();
    page.heading(&format!("For {pairs} pairs, to be pasted into the scenario"));
    page.line(suggested(noise).trim_end());
    page.text
}

fn table(noise: &[Noise], pairs: usize, style: Style) -> String {
    let right = |text: &str| TableCell::new(clean(text)).set_alignment(CellAlignment::Right);
    let rows = |whom: bool| {
        let mut table: Table = new_table(style);
        let mut header = vec![TableCell::new("figure")];
        if whom {
            header.push(TableCell::new("varies most of"));
        }
        header.extend(
            ["a trial varies by".to_owned(), format!("seen with {pairs} pairs"), format!("pairs for {}", percent(WANTED)), "margin".to_owned()]
                .iter()
                .map(|text| right(text)),
        );
        table.set_header(header);
        for one in noise {
            let mut row = vec![TableCell::new(one.subject.name)];
            if whom {
                row.push(TableCell::new(clean(&figures::whom(Some(&one.of.0), Some(&one.of.1)))));
            }
            let needed = one.needed.map_or_else(|| "> 10,000".to_owned(), |needed| needed.max(one.subject.nature.fewest_trials()).to_string());
            let margin = one.margin.map_or_else(|| "no gate".to_owned(), percent);
            row.extend([percent(one.trial), percent(one.detectable), needed, margin].iter().map(|text| right(text)));
            table.add_row(row);
        }
        table
    };
    let fits = |table: &Table| table.lines().all(|line| visible(&line) <= style.width);
    let [whole, mut last] = [rows(true), rows(false)];
    if fits(&whole) {
        return whole.to_string();
    }
    if !fits(&last) {
        last.set_width(u16::try_from(style.width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    }
    last.to_string()
}

/// What else was on the machine, over all trials: time that the hypervisor took, waiting for CPU and memory, load of others.
fn surroundings(judgement: &Judgement<'_>) -> Vec<String> {
    let recordings = judgement.comparison.runs.iter().map(|run| run.summary.recording);
    let trials: Vec<&Trial> = recordings.flat_map(|recording: &Recording| recording.trials.iter().filter(|trial| trial.complete)).collect();
    let shares = |of: &dyn Fn(&Trial) -> Option<f64>| {
        let shares: Vec<f64> = trials.iter().filter_map(|trial| of(trial)).collect();
        let most = shares.iter().copied().fold(0.0, f64::max);
        (!shares.is_empty()).then(|| format!("{} on average, {} at most", percent(shares.iter().sum::<f64>() / shares.len() as f64), percent(most)))
    };
    let steal = shares(&|trial| {
        let surroundings = trial.surroundings.as_ref()?;
        let whole = surroundings.elapsed * surroundings.cores.len() as f64;
        (whole > 0.0).then(|| surroundings.cores.iter().map(|core| core.steal).sum::<f64>() / whole)
    });
    let busy = shares(&|trial| {
        let surroundings = trial.surroundings.as_ref()?;
        let whole = surroundings.elapsed * surroundings.cores.len() as f64;
        (whole > 0.0).then(|| surroundings.cores.iter().map(|core| core.busy).sum::<f64>() / whole)
    });
    let pressure = |of: fn(&Pressure) -> f64| {
        shares(&|trial| {
            let surroundings = trial.surroundings.as_ref()?;
            (surroundings.elapsed > 0.0).then(|| surroundings.pressure.as_ref().map(|pressure| of(pressure) / surroundings.elapsed))?
        })
    };
    let told = [
        ("Time that the hypervisor took from a trial", steal),
        ("Cores in use, the sides' own work included", busy),
        ("Time in which some task waited for a core", pressure(|pressure| pressure.cpu)),
        ("Time in which some task waited for memory", pressure(|pressure| pressure.memory)),
    ];
    told.into_iter().filter_map(|(what, shares)| Some(format!("{what}: {}.", shares?))).collect()
}
