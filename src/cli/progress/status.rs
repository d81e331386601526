//! What has been heard of a run, and what of it is shown. Pure: the time is given, in seconds since the run began.

use crate::measure::recording::{PerRole, Role, Trial, TrialKind};
use crate::report::terminal::clean;
use crate::run::campaign::Progress;
use crate::run::message::Passed;
use crate::run::trial::Event;

/// What has been heard of a run.
#[derive(Default)]
pub struct Status {
    /// What each trial is thought to take, in seconds.
    estimates: Vec<f64>,
    /// Which trial, from 1.
    trial: usize,
    trials: usize,
    name: String,
    step: Step,
    /// When the trial began.
    began: f64,
    /// By how much all trials that are over took longer than was thought.
    longer: f64,
    /// Expected deliveries that are due until the end of each second of the window, counted up.
    due: Vec<u64>,
    /// The latest second that all sides have finished, as far as known.
    figures: Option<Figures>,
    /// A second that not all sides have told of.
    open: Option<Passed>,
    before: Option<Outcome>,
    lost: Option<u64>,
    steps: u64,
}

#[derive(Clone, Copy, Default)]
enum Step {
    #[default]
    Starting,
    Preparing(Role),
    Probing,
    Saving,
    Running {
        since: f64,
        warm_up: f64,
        window: f64,
        drain: f64,
    },
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Which trial, from 1; 0 before the first.
    pub trial: usize,
    /// Of how many.
    pub trials: usize,
    /// The trial's name, load point and repeat.
    pub name: String,
    /// Which phase of the trial, and how far into it.
    pub phase: String,
    /// How much of the trial's load is over, 0 to 1.
    pub share: f64,
    /// How much of the run is over, 0 to 1: of its time as it is thought to be.
    pub run_share: f64,
    /// Seconds until the run is thought to be over.
    pub left: f64,
    /// Of the latest second.
    pub figures: Option<Figures>,
    /// What the measured trial before came to.
    pub before: Option<Outcome>,
    /// What this trial has lost; known when it is over.
    pub lost: Option<u64>,
}

/// A second, all sides together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Which, from the start of the window; negative in the warm-up.
    pub second: i64,
    /// Messages on the subscribers' leg, both ways.
    pub messages: u64,
    /// Requests among them.
    pub requests: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Bytes on the subscribers' leg, both ways.
    pub bytes: u64,
    /// Median and p99 of the latency of what was delivered, in seconds; `None` where nothing was.
    pub latency: Option<[f64; 2]>,
    /// Expected deliveries of the window that were due until then.
    pub expected: u64,
    /// Of those, delivered or overtaken by a later version.
    pub settled: u64,
    /// Requests of the trial without a response so far.
    pub failed: u64,
    /// How late the latest planned request left, in seconds.
    pub lag: Option<f64>,
    /// How late the latest update was handed over, in seconds.
    pub publish_lag: Option<f64>,
    /// CPU seconds.
    pub cpu: PerRole<f64>,
    /// Resident memory in bytes.
    pub memory: PerRole<u64>,
    /// Connections of subscribers that are open, by the server's count.
    pub connections: Option<u64>,
}

/// What a trial came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Name, load point and repeat.
    pub name: String,
    /// Expected deliveries of the window.
    pub expected: u64,
    /// Those that never came, nor anything later in their stead.
    pub lost: u64,
    /// p99 of latency, in seconds; `None` where nothing was delivered.
    pub p99: Option<f64>,
}

impl Status {
    /// Of a run whose trials are thought to take so many seconds each.
    pub fn new(estimates: Vec<f64>) -> Self {
        Self { trials: estimates.len(), estimates, ..Self::default() }
    }

    /// Counts steps: whoever reads JSON is told each at once.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Notes what happens; whether it is a step, and no second like others.
    pub fn note(&mut self, progress: &Progress<'_>, now: f64) -> bool {
        match progress {
            Progress::Trial { number, of, planned } => {
                if self.trial > 0 {
                    self.longer += now - self.began - self.estimate(self.trial);
                }
                (self.trial, self.trials, self.name, self.step, self.began) = (*number, *of, clean(&planned.shown()), Step::Starting, now);
                (self.figures, self.open, self.lost) = (None, None, None);
                self.due.clear();
            }
            Progress::Event(Event::Preparing(role)) => self.step = Step::Preparing(*role),
            Progress::Event(Event::Probing) => self.step = Step::Probing,
            Progress::Event(Event::Started { warm_up, window, drain, due }) => {
                self.step = Step::Running { since: now, warm_up: *warm_up, window: *window, drain: *drain };
                self.due = due.to_vec();
            }
            Progress::Saving(trial) => {
                self.step = Step::Saving;
                if let Some(trial) = trial.filter(|trial| trial.kind == TrialKind::Measured && trial.complete) {
                    self.lost = Some(trial.deliveries.lost);
                    self.before = Some(Outcome::new(&self.name, trial));
                }
            }
            Progress::Event(Event::Second(passed)) => {
                self.second(passed);
                return false;
            }
        }
        self.steps += 1;
        true
    }

    /// A second is shown when the next one begins: by then all sides have told of it.
    fn second(&mut self, passed: &Passed) {
        match &mut self.open {
            Some(open) if passed.second.second < open.second.second => {}
            Some(open) if passed.second.second == open.second.second => open.merge(passed),
            open => {
                if let Some(whole) = open.replace(passed.clone()) {
                    self.figures = Some(Figures::new(&whole, &self.due));
                }
            }
        }
    }

    /// What is to be shown.
    pub fn look(&self, now: f64) -> View {
        let left = self.left(now);
        let share = match self.step {
            Step::Running { since, warm_up, window, drain } => ((now - since) / (warm_up + window + drain)).clamp(0.0, 1.0),
            Step::Saving => 1.0,
            _ => 0.0,
        };
        View {
            trial: self.trial,
            trials: self.trials,
            name: self.name.clone(),
            phase: self.phase(now),
            share,
            run_share: if now + left > 0.0 { (now / (now + left)).clamp(0.0, 1.0) } else { 0.0 },
            left,
            figures: self.figures,
            before: self.before.clone(),
            lost: self.lost,
        }
    }

    /// What was thought of a trial, from 1.
    fn estimate(&self, trial: usize) -> f64 {
        trial.checked_sub(1).and_then(|place| self.estimates.get(place)).copied().unwrap_or(0.0)
    }

    /// The rest of this trial, and what all that follow are thought to take: each by so much longer as trials have taken so far. Their load is planned
    /// to the millisecond; it is setting up and winding up that is guessed.
    fn left(&self, now: f64) -> f64 {
        let over = self.trial.saturating_sub(1);
        let longer = if over > 0 { self.longer / over as f64 } else { 0.0 };
        let takes = |trial: usize| (self.estimate(trial) + longer).max(0.0);
        let rest = match self.step {
            _ if self.trial == 0 => 0.0,
            Step::Running { since, warm_up, window, drain } => (since + warm_up + window + drain - now).max(0.0),
            Step::Saving => 0.0,
            Step::Starting | Step::Preparing(_) | Step::Probing => (takes(self.trial) - (now - self.began)).max(0.0),
        };
        rest + (self.trial + 1..=self.trials).map(takes).sum::<f64>()
    }

    /// Which phase, and how far into it.
    fn phase(&self, now: f64) -> String {
        match self.step {
            Step::Starting => "starting".to_owned(),
            Step::Preparing(Role::Server) => "starting the server".to_owned(),
            Step::Preparing(Role::Publisher) => "creating topics".to_owned(),
            Step::Preparing(Role::Subscriber) => "connecting subscribers".to_owned(),
            Step::Probing => "probing".to_owned(),
            Step::Saving => "saving".to_owned(),
            Step::Running { since, warm_up, window, drain } => {
                let passed = (now - since).max(0.0);
                let (name, at, of) = if passed < warm_up {
                    ("warm-up", passed, warm_up)
                } else if passed < warm_up + window {
                    ("window", passed - warm_up, window)
                } else {
                    ("drain", (passed - warm_up - window).min(drain), drain)
                };
                format!("{name} {at:.0} of {of:.0} s")
            }
        }
    }
}

impl Figures {
    fn new(passed: &Passed, due: &[u64]) -> Self {
        let (second, live) = (&passed.second, passed.live);
        let quantile = |quantile: f64| second.latency.as_ref().and_then(|latency| latency.quantile(quantile));
        let all = due.last().copied().unwrap_or(0);
        // What was due before the window does not count, and after its last update nothing more is due.
        let expected = usize::try_from(second.second).map_or(0, |place| due.get(place).copied().unwrap_or(all));
        Self {
            second: second.second,
            messages: second.messages,
            requests: second.requests,
            deliveries: second.deliveries,
            bytes: second.bytes,
            latency: quantile(0.5).zip(quantile(0.99)).map(<[f64; 2]>::from),
            expected,
            settled: live.settled,
            failed: live.failed,
            lag: live.lag,
            publish_lag: live.publish_lag,
            cpu: second.cpu,
            memory: second.memory,
            connections: second.connections,
        }
    }

    /// Due, and neither delivered nor overtaken yet: on its way, waiting to be asked for, or lost; which of them, the drain will tell.
    pub fn outstanding(&self) -> u64 {
        // A side that counts a moment late may have settled what is due a moment later.
        self.expected.saturating_sub(self.settled)
    }
}

impl Outcome {
    fn new(name: &str, trial: &Trial) -> Self {
        Self { name: name.to_owned(), expected: trial.deliveries.expected, lost: trial.deliveries.lost, p99: trial.times.latency.quantile(0.99) }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::measure::distribution::{Distribution, Precision};
    use crate::measure::recording::Second;
    use crate::plan::PlannedTrial;
    use crate::run::message::Live;
    use crate::scenario::LoadPoint;
    use crate::summary::fixture::made_up;

    fn planned(name: &str) -> PlannedTrial {
        PlannedTrial { contender: 0, name: name.to_owned(), kind: TrialKind::Measured, load_point: LoadPoint::default(), repeat: 1, order: 0 }
    }

    /// A server's or a subscriber's word of a second.
    fn passed(second: i64, settled: u64, cpu_of: Role, lag: Option<f64>) -> Progress<'static> {
        let mut latency = Distribution::new(Precision::Coarse);
        latency.record(3_000_000);
        let mut second = Second { second, deliveries: settled, latency: (settled > 0).then_some(latency), ..Second::default() };
        *second.cpu.of_mut(cpu_of) = 0.25;
        Progress::Event(Event::Second(Box::new(Passed { second, live: Live { settled, lag, ..Live::default() } })))
    }

    fn start(status: &mut Status, number: usize, now: f64) {
        status.note(&Progress::Trial { number, of: 2, planned: &planned(if number == 1 { "poll" } else { "push" }) }, now);
        status.note(&Progress::Event(Event::Started { warm_up: 2.0, window: 10.0, drain: 1.0, due: Rc::from([5, 9, 20]) }), now + 1.0);
    }

    #[test]
    fn what_is_due_and_not_there_is_outstanding() {
        let mut status = Status::new(vec![14.0, 14.0]);
        start(&mut status, 1, 0.0);
        assert_eq!(status.look(1.0).figures, None);
        for (second, settled) in [(-1, 0), (0, 4), (1, 10), (2, 18), (3, 19)] {
            assert!(!status.note(&passed(second, 0, Role::Server, None), 5.0), "a second is no step");
            status.note(&passed(second, settled, Role::Subscriber, Some(second as f64 / 1e3)), 5.0);
        }
        // Second 3 is still open; word of an older one comes too late.
        status.note(&passed(0, 700, Role::Server, Some(9.0)), 5.0);
        let figures = status.look(5.0).figures.unwrap();
        assert_eq!((figures.second, figures.expected, figures.settled, figures.outstanding()), (2, 20, 18, 2));
        assert_eq!((figures.cpu.server, figures.cpu.subscriber, figures.lag), (0.25, 0.25, Some(0.002)));
        assert!((figures.latency.unwrap()[1] - 0.003).abs() < 1e-4);
        // After the last update nothing more is due.
        status.note(&passed(7, 20, Role::Subscriber, None), 9.0);
        assert_eq!(status.look(9.0).figures.map(|figures| (figures.expected, figures.outstanding())), Some((20, 1)));
    }

    #[test]
    fn the_time_left_learns_from_trials_that_are_over() {
        let mut status = Status::new(vec![14.0, 14.0]);
        assert_eq!((status.look(0.0).left, status.look(0.0).run_share), (28.0, 0.0));
        start(&mut status, 1, 0.0);
        let view = status.look(4.0);
        assert_eq!((view.left, view.phase.as_str()), (10.0 + 14.0, "window 1 of 10 s"));
        assert!((view.share - 3.0 / 13.0).abs() < 1e-9 && (view.run_share - 4.0 / 28.0).abs() < 1e-9);
        // The trial took 20 s, six more than was thought: so will the next.
        status.note(&Progress::Trial { number: 2, of: 2, planned: &planned("push") }, 20.0);
        assert_eq!((status.look(20.0).left, status.look(21.0).left), (20.0, 19.0));
        status.note(&Progress::Saving(None), 40.0);
        let view = status.look(40.0);
        assert_eq!((view.left, view.share, view.run_share, view.lost), (0.0, 1.0, 1.0, None));
        assert_eq!(status.steps(), 4);
    }

    #[test]
    fn losses_are_told_when_the_trial_is_over() {
        let mut recording = made_up().scale(0.02).build();
        recording.trials[0].deliveries.lost = 3;
        let mut status = Status::new(vec![14.0, 14.0]);
        start(&mut status, 1, 0.0);
        assert_eq!((status.look(1.0).lost, status.look(1.0).before), (None, None));
        status.note(&Progress::Saving(Some(&recording.trials[0])), 14.0);
        assert_eq!(status.look(14.0).lost, Some(3));
        status.note(&Progress::Saving(recording.baselines.first()), 14.0);
        start(&mut status, 2, 15.0);
        let view = status.look(16.0);
        assert_eq!((view.lost, view.name.as_str()), (None, "push, repeat 1"));
        let before = view.before.unwrap();
        assert_eq!((before.name.as_str(), before.lost), ("poll, repeat 1", 3), "and a baseline does not take its place");
        assert!(before.p99.is_some() && before.expected > 0);
    }
}
