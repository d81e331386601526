//! CPU of trials, and what of it is the harness's own: the null trial's, which alone is subtracted.
//!
//! A null trial speaks for all trials with as many processes of each kind. Its CPU a second, times the length of a window, is the
//! harness's in that window: its repeats show how well that is known.

use crate::measure::process::Cpu;
use crate::measure::recording::{Phases, Recording, Role, Trial, TrialKind};

/// The roles, in the order in which sums are taken.
pub const ROLES: [Role; 3] = [Role::Server, Role::Publisher, Role::Subscriber];

/// The null and idle trials of a recording that were run to their end.
pub struct Baseline<'a> {
    nulls: Vec<&'a Trial>,
    idles: Vec<&'a Trial>,
}

/// A figure of each repeat.
pub type Repeats = Vec<(u32, f64)>;

impl<'a> Baseline<'a> {
    /// Those of a recording.
    pub fn new(recording: &'a Recording) -> Self {
        let of = |kind: TrialKind| recording.baselines.iter().filter(move |trial| trial.complete && trial.kind == kind).collect();
        Self { nulls: of(TrialKind::Null), idles: of(TrialKind::Idle) }
    }

    /// CPU-seconds a second of each null trial with as many processes as this one; `role`: of one kind of side, or of all. Empty
    /// where there is none, or it has no CPU of its own.
    pub fn null(&self, trial: &Trial, role: Option<Role>, part: fn(Cpu) -> f64) -> Repeats {
        let alike = self.nulls.iter().filter(|null| processes(null) == processes(trial));
        alike.filter_map(|null| Some((null.repeat, rate(null, role, part)?))).collect()
    }

    /// CPU-seconds a second of the idle trials of this one's contender at its load point, less the null trials'. Empty where
    /// either is missing: an idle contender costs about as much as the harness, so that nothing is said without the difference.
    pub fn idle(&self, trial: &Trial, role: Option<Role>) -> Repeats {
        let Some(null) = mean(&self.null(trial, role, Cpu::total)) else { return Vec::new() };
        self.idle_trials(trial).filter_map(|idle| Some((idle.repeat, rate(idle, role, Cpu::total)? - null))).collect()
    }

    /// The idle trials of this one's contender at its load point.
    pub fn idle_trials(&self, trial: &Trial) -> impl Iterator<Item = &'a Trial> {
        let (contender, load_point) = (trial.contender.clone(), trial.load_point.clone());
        self.idles.iter().copied().filter(move |idle| idle.contender == contender && idle.load_point == load_point)
    }

    /// CPU seconds of a trial's window, less those of the harness where a null trial tells them. May be negative, where a contender
    /// costs less than null trials differ from each other: it is shown as it is.
    pub fn window(&self, trial: &Trial, role: Option<Role>, part: fn(Cpu) -> f64) -> Option<f64> {
        let raw = seconds(trial, role, window, part)?;
        let null = mean(&self.null(trial, role, part)).unwrap_or(0.0);
        Some(raw - null * trial.workload.window)
    }
}

/// The mean of the repeats.
pub fn mean(repeats: &[(u32, f64)]) -> Option<f64> {
    (!repeats.is_empty()).then(|| repeats.iter().map(|(_, value)| value).sum::<f64>() / repeats.len() as f64)
}

/// CPU seconds of one kind of side, or of all; `None` unless every kind asked for is a process of its own: a sum
/// with a part missing would make the contender with the hidden part look cheap.
pub fn seconds(trial: &Trial, role: Option<Role>, phase: fn(&Phases<Cpu>) -> Cpu, part: fn(Cpu) -> f64) -> Option<f64> {
    let roles = role.map_or_else(|| ROLES.to_vec(), |role| vec![role]);
    let mut sum = 0.0;
    for role in roles {
        let mut sides = trial.sides.iter().filter(|side| side.role == role).peekable();
        sides.peek()?;
        for side in sides {
            sum += part(phase(side.cpu.as_ref()?));
        }
    }
    Some(sum)
}

fn rate(trial: &Trial, role: Option<Role>, part: fn(Cpu) -> f64) -> Option<f64> {
    let seconds = seconds(trial, role, window, part)?;
    (trial.workload.window > 0.0).then(|| seconds / trial.workload.window)
}

fn window(phases: &Phases<Cpu>) -> Cpu {
    phases.window
}

/// How many sides of each kind.
fn processes(trial: &Trial) -> [usize; 3] {
    ROLES.map(|role| trial.sides.iter().filter(|side| side.role == role).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Summary;
    use crate::summary::fixture::made_up;

    /// Sets the CPU of a trial's sides within its window: user and system each half of it.
    fn set(trial: &mut Trial, of_roles: [f64; 3]) {
        for (role, seconds) in ROLES.into_iter().zip(of_roles) {
            for cpu in trial.sides.iter_mut().filter(|side| side.role == role).filter_map(|side| side.cpu.as_mut()) {
                cpu.window = Cpu { user: seconds / 2.0, system: seconds / 2.0 };
            }
        }
    }

    /// Windows of 60 s at 3, 1 and 2 CPU-seconds; nulls of 5 s at 5, 10 and 20 ms, then 15, 10 and 20; idle ones of 5 s at 50, 11 and 32 ms.
    fn recording() -> Recording {
        let mut recording = made_up().scale(0.1).build();
        for trial in &mut recording.trials {
            set(trial, [3.0, 1.0, 2.0]);
        }
        for trial in &mut recording.baselines {
            assert_eq!(trial.workload.window, 5.0);
            match trial.kind {
                TrialKind::Null if trial.repeat == 1 => set(trial, [0.005, 0.010, 0.020]),
                TrialKind::Null => set(trial, [0.015, 0.010, 0.020]),
                _ => set(trial, [0.050, 0.011, 0.032]),
            }
        }
        recording
    }

    #[test]
    fn a_known_null_rate_gives_exactly_the_figure_less_it() {
        let recording = recording();
        let summary = Summary::new(&recording);
        let cell = summary.cell("poll-5s", "").unwrap();
        let per_1000 = |seconds: f64| seconds * 1_000.0 / cell.trials[0].deliveries.delivered as f64;
        // A second: server (1 + 3) / 2 = 2 ms, publisher 2 ms, subscriber 4 ms.
        for (metric, expected) in [
            ("cpu.server.per_1000_updates", 3.0 - 60.0 * 0.002),
            ("cpu.publisher.per_1000_updates", 1.0 - 60.0 * 0.002),
            ("cpu.subscriber.per_1000_updates", 2.0 - 60.0 * 0.004),
            ("cpu.total.per_1000_updates", 6.0 - 60.0 * 0.008),
            ("cpu.user.per_1000_updates", 3.0 - 60.0 * 0.004),
            ("cpu.system.per_1000_updates", 3.0 - 60.0 * 0.004),
        ] {
            let found = cell.value(metric).unwrap();
            assert!((found - per_1000(expected)).abs() < 1e-9, "{metric}: {found}, expected {}", per_1000(expected));
        }
        let close = |metric: &str, expected: f64| assert!((cell.value(metric).unwrap() - expected).abs() < 1e-12, "{metric}: {:?}", cell.value(metric));
        close("cpu.idle.server", 0.010 - 0.002);
        close("cpu.idle.subscriber", 0.0064 - 0.004);
        close("cpu.idle.total", 0.0186 - 0.008);
        close("cpu.null.total", 0.008);
        let nulls: Vec<f64> = cell.metrics["cpu.null.total"].repeats.iter().filter_map(|(_, value)| *value).collect();
        assert!(nulls.len() == 2 && (nulls[0] - 0.007).abs() < 1e-12 && (nulls[1] - 0.009).abs() < 1e-12, "the error of the null is in its repeats: {nulls:?}");
        assert_eq!(cell.metrics["cpu.idle.total"].repeats.len(), 1);
    }

    #[test]
    fn what_costs_less_than_the_null_is_shown_as_it_is() {
        let mut recording = recording();
        recording.trials.iter_mut().for_each(|trial| set(trial, [0.06, 0.06, 0.06]));
        let summary = Summary::new(&recording);
        let total = summary.cell("poll-5s", "").unwrap().value("cpu.total.per_1000_updates").unwrap();
        assert!(total < 0.0, "{total}");
        let doubt = summary.doubts.iter().find(|doubt| doubt.cause == "null-share").unwrap();
        assert!(doubt.touches("cpu.total.per_1000_updates"), "{doubt:?}");
    }

    #[test]
    fn without_a_null_of_as_many_processes_nothing_is_subtracted_and_a_note_says_so() {
        for lacking in [true, false] {
            let mut recording = recording();
            if lacking {
                recording.baselines.clear();
            } else {
                for trial in &mut recording.trials {
                    let another = trial.sides[2].clone();
                    trial.sides.push(another);
                }
            }
            let summary = Summary::new(&recording);
            let cell = summary.cell("poll-5s", "").unwrap();
            let expected = if lacking { 6.0 } else { 8.0 } * 1_000.0 / cell.trials[0].deliveries.delivered as f64;
            assert!((cell.value("cpu.total.per_1000_updates").unwrap() - expected).abs() < 1e-9);
            assert!(!cell.metrics.contains_key("cpu.idle.total") && !cell.metrics.contains_key("cpu.null.total"));
            assert!(summary.doubts_on(cell, "cpu.total.per_1000_updates").any(|doubt| doubt.cause == "no-null"));
        }
    }
}
