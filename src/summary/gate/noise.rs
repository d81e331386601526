//! What a comparison of something with itself teaches: how much each figure varies, and what that allows to be asked of it.

use super::{Effect, Judgement, Scale, Subject};

/// Margins that people use.
const MARGINS: [f64; 9] = [0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5];
/// A figure that must change by more than this to be seen is no gate.
const WIDEST: f64 = 0.3;
/// What most people want to see.
pub const WANTED: f64 = 0.05;

/// How much a figure varies on this machine: over all contenders and load points, that of the one that varies most.
#[derive(Clone, Debug)]
pub struct Noise {
    /// The figure.
    pub subject: Subject,
    /// Whose varies most: contender and load point.
    pub of: (String, String),
    /// Standard deviation of a trial, as a share of the figure.
    pub trial: f64,
    /// The smallest change that so many pairs see eight times of ten, as a share.
    pub detectable: f64,
    /// Pairs in which a change of [`WANTED`] is seen eight times of ten; `None`: more than 10,000.
    pub needed: Option<usize>,
    /// The margin to set: the first of those that people use which is not below what can be seen; `None`: this figure is no gate here.
    pub margin: Option<f64>,
}

/// That of each judged figure that has a ratio in all cells, in the order of the subjects; of so many pairs in a comparison to come.
pub fn noise(judgement: &Judgement<'_>, pairs: usize) -> Vec<Noise> {
    let mut all: Vec<Noise> = Vec::new();
    for subject in Subject::all() {
        let cells: Vec<_> = judgement.judged.iter().filter(|judged| judged.subject.name == subject.name).collect();
        let effects: Vec<(&Effect, _)> =
            cells.iter().filter_map(|judged| Some((judged.effect.as_ref().filter(|effect| effect.scale == Scale::Ratio)?, judged))).collect();
        let detectable = |effect: &Effect| effect.detectable_with(pairs);
        let worst = effects.iter().max_by(|(one, _), (other, _)| detectable(one).unwrap_or(0.0).total_cmp(&detectable(other).unwrap_or(0.0)));
        let Some((effect, judged)) = worst else { continue };
        let Some(detectable) = detectable(effect) else { continue };
        let detectable = detectable.exp_m1();
        let least = subject.margin().max(detectable);
        let margin = MARGINS.into_iter().find(|margin| *margin >= least).filter(|margin| *margin <= WIDEST);
        all.push(Noise {
            subject,
            of: (judged.contender.to_owned(), judged.load_point.clone()),
            trial: effect.spread().unwrap_or(0.0),
            detectable,
            needed: effect.trials_needed(effect.limit(WANTED)),
            // What was never 0 in all cells may be compared by its ratio; what sometimes is has no margin.
            margin: margin.filter(|_| effects.len() == cells.len()),
        });
    }
    all
}

/// A `[compare]` table that gates on what can be seen here, with margins that noise alone does not pass.
pub fn suggested(noise: &[Noise]) -> String {
    let gated: Vec<&Noise> = noise.iter().filter(|noise| noise.margin.is_some()).collect();
    let names: Vec<String> = gated.iter().map(|noise| format!("    {:?},\n", noise.subject.name)).collect();
    let own = gated.iter().filter_map(|noise| Some((noise.subject, noise.margin?))).filter(|(subject, margin)| *margin > subject.margin());
    let margins: String = own.map(|(subject, margin)| format!("{:?} = {margin}\n", subject.name)).collect();
    let head = if margins.is_empty() { "" } else { "\n[compare.margin]\n" };
    format!("[compare]\ngate = [\n{}]\n{head}{margins}", names.concat())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{calm, in_turn, judged};
    use super::*;
    use crate::summary::gate::Rules;

    #[test]
    fn what_varies_gets_a_margin_that_noise_does_not_pass() {
        let sides = in_turn(calm().noise(0.05), 8);
        judged(&sides[..1], &sides[1..], &Rules::default(), |judgement| {
            let found = noise(judgement, 10);
            let of = |name: &str| found.iter().find(|noise| noise.subject.name == name).unwrap();
            let (counts, cpu) = (of("messages.per_update"), of("cpu.total.per_1000_updates"));
            assert_eq!((counts.trial, counts.detectable, counts.needed, counts.margin), (0.0, 0.0, Some(2), Some(0.01)));
            // The made-up wobble is spread evenly over 5 % to either side, a deviation of 5 % ÷ √3. This is the one that varies most of four contenders, each seen
            // in eight pairs, and of what is left without the null trial's.
            assert!((0.7..2.0).contains(&(cpu.trial / (0.05 / 3.0_f64.sqrt()))), "{cpu:?}");
            assert!(cpu.margin.is_some_and(|margin| margin >= cpu.detectable && margin < 2.0 * cpu.detectable.max(0.05)), "{cpu:?}");
            assert!(cpu.needed.is_some_and(|needed| needed > 5), "{cpu:?}");
            let table = suggested(&found);
            assert!(table.starts_with("[compare]\ngate = [\n    \"requests.per_update\",\n") && table.contains("[compare.margin]\n"), "{table}");
            assert!(!table.contains("\"lost\""), "what is 0 has no margin");
        });
        // Half of everything is noise: no gate for times, and counts as they were.
        let wild = in_turn(calm().noise(0.9), 6);
        judged(&wild[..1], &wild[1..], &Rules::default(), |judgement| {
            let table = suggested(&noise(judgement, 6));
            assert!(table.contains("messages.per_update") && !table.contains("cpu.total"), "{table}");
        });
    }
}
