//! `compare.md`: a judgement for a pull request, or the summary of a job: verdict and what is not equivalent first, the rest folded away.

use super::terminal::by_gravity;
use super::words;
use crate::report::markdown::{escape, fold, put, row, unfold};
use crate::summary::gate::{Judged, Judgement, Verdict};

pub(super) fn page(judgement: &Judgement<'_>) -> String {
    let title = words::first(judgement, false).map_or("", |recording| recording.scenario.title.as_str());
    let mark = match judgement.judged.iter().map(|judged| judged.verdict).min() {
        Some(Verdict::Regressed) => "❌",
        Some(Verdict::Untrusted | Verdict::NoFigure | Verdict::Inconclusive | Verdict::NotComparable) | None => "⚠️",
        Some(Verdict::Improved | Verdict::Equivalent) => "✅",
    };
    let mut page = format!("## {mark} {}\n\n**{}**", escape(title), escape(&words::headline(judgement)));
    put(&mut page, &format!(" {} against {}.\n", escape(&words::side(judgement, false)), escape(&words::side(judgement, true))));
    for warning in words::warnings(judgement) {
        put(&mut page, &format!("\n⚠️ {}\n", escape(&warning)));
    }
    let told = by_gravity(judgement, |verdict| verdict != Verdict::Equivalent);
    if !told.is_empty() {
        put(&mut page, "\n");
        table(&mut page, &told);
    }
    fold(&mut page, "How it was compared, and what differs besides");
    for sentence in words::design(judgement).into_iter().chain([words::reading(judgement)]) {
        put(&mut page, &format!("- {}\n", escape(&sentence)));
    }
    for condition in &judgement.comparison.conditions {
        put(&mut page, &format!("- **{}**: {}. {}\n", condition.what, escape(&condition.values.join(" | ")), escape(condition.words)));
    }
    unfold(&mut page);
    let equivalent = by_gravity(judgement, |verdict| verdict == Verdict::Equivalent);
    if !equivalent.is_empty() {
        let figures = if equivalent.len() == 1 { "figure" } else { "figures" };
        fold(&mut page, &format!("{} equivalent {figures}", equivalent.len()));
        table(&mut page, &equivalent);
        unfold(&mut page);
    }
    runs(&mut page, judgement);
    page
}

fn table(page: &mut String, all: &[&Judged<'_>]) {
    put(page, "| | figure | of | base | new | change | margin | |\n|---|---|---|--:|--:|--:|--:|---|\n");
    for judged in all {
        let [base, new] = words::means(judged);
        let cells = [words::whom(judged), base, new, words::change(judged), words::margin(judged), words::detail(judged)];
        let cells = cells.iter().map(|cell| escape(cell));
        row(page, &format!("**{}**", judged.verdict.name()), std::iter::once(format!("`{}`", judged.subject.name)).chain(cells));
    }
}

fn runs(page: &mut String, judgement: &Judgement<'_>) {
    fold(page, "Recordings");
    put(page, "| side | recording | started | tool | machine |\n|---|---|---|---|---|\n");
    for (side, base) in [("base", true), ("new", false)] {
        for run in judgement.runs(base) {
            let recording = run.summary.recording;
            let machine = format!("{}, {} cores, Linux {}", recording.machine.cpu_model, recording.machine.cores, recording.machine.kernel);
            let cells = [run.name, &recording.started, &format!("pushbench {}", recording.tool_version), &machine].map(escape);
            row(page, side, cells.into_iter());
        }
    }
    unfold(page);
}
