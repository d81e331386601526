//! What a side uses, phase by phase, and how late its thread gets round to things.

use std::cell::{Cell, RefCell};

use crate::measure::clock::Instant;
use crate::measure::distribution::Distribution;
use crate::measure::memory::{self, Memory, MemoryRecord};
use crate::measure::process::{self, Cpu};
use crate::measure::recording::{Phase, Phases};
use crate::run::message::SideReport;
use crate::run::timetable::Timetable;

/// CPU, memory and faults of this process (nothing where the process is shared), and the lateness of this side's beats.
pub struct Usage {
    own_process: bool,
    at_edge: Cell<Cpu>,
    at_second: Cell<f64>,
    phases: RefCell<Phases<Cpu>>,
    memory: Cell<MemoryRecord>,
    faults_at_edge: Cell<u64>,
    faults: Cell<u64>,
    swapped: Cell<Option<u64>>,
    beat_lag: RefCell<Distribution>,
    edge_lag: Cell<i64>,
}

impl Usage {
    /// From now on: what the process has used so far, to start and to work out the trace, is the harness's own.
    pub fn new(own_process: bool) -> Self {
        Self {
            own_process,
            at_edge: Cell::new(process::cpu()),
            at_second: Cell::new(0.0),
            phases: RefCell::default(),
            memory: Cell::default(),
            faults_at_edge: Cell::new(process::major_faults()),
            faults: Cell::new(0),
            swapped: Cell::new(None),
            beat_lag: RefCell::default(),
            edge_lag: Cell::new(0),
        }
    }

    /// Plan and books are made; what comes now is the contender's.
    pub fn begin(&self) {
        self.note_memory(|memory, now| memory.before = now);
    }

    fn note_memory(&self, note: impl Fn(&mut MemoryRecord, Memory)) {
        if self.own_process {
            let mut memory = self.memory.get();
            note(&mut memory, memory::now());
            self.memory.set(memory);
        }
    }

    /// Notes how late a beat came.
    pub fn beat(&self, times: &Timetable, beat: Instant, now: Instant) {
        let late = now.nanos_since(beat);
        if beat > times.window && beat <= times.drain {
            self.beat_lag.borrow_mut().record(late);
        }
        if beat == times.window || beat == times.drain {
            self.edge_lag.set(self.edge_lag.get().max(late));
        }
    }

    /// Ends a phase.
    pub fn end(&self, phase: Phase) {
        // Looking at memory takes CPU, which is not to be the window's.
        if phase == Phase::WarmUp {
            self.note_memory(|memory, now| memory.window_start = now);
        }
        let now = process::cpu();
        *self.phases.borrow_mut().of_mut(phase) = now - self.at_edge.replace(now);
        let faults = process::major_faults();
        let before = self.faults_at_edge.replace(faults);
        if phase == Phase::Window && self.own_process {
            self.faults.set(faults - before);
            self.swapped.set(process::swapped());
            self.note_memory(|memory, now| memory.window_end = now);
        }
    }

    /// CPU seconds since the last call, and resident memory in bytes.
    pub fn second(&self) -> (f64, u64) {
        if !self.own_process {
            return (0.0, 0);
        }
        let now = process::cpu().total();
        (now - self.at_second.replace(now), process::memory().0)
    }

    /// A report with all of it.
    pub fn finish(&self) -> SideReport {
        let own = |value: u64| self.own_process.then_some(value);
        SideReport {
            cpu: self.own_process.then(|| self.phases.borrow().clone()),
            memory_peak: self.own_process.then(|| process::memory().1),
            memory: self.own_process.then(|| self.memory.get()),
            major_faults: own(self.faults.get()),
            swapped: self.swapped.get(),
            beat_lag: self.beat_lag.borrow().clone(),
            edge_lag: self.edge_lag.get() as f64 / 1e9,
            ..SideReport::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_harness_used_before_is_no_part_of_the_set_up() {
        let before = process::cpu();
        let mut work = 0_u64;
        while (process::cpu() - before).total() < 0.005 {
            work = std::hint::black_box(work.wrapping_add(1));
        }
        let begun = process::cpu();
        let usage = Usage::new(true);
        usage.end(Phase::Setup);
        let most = (process::cpu() - begun).total();
        let used = usage.finish().cpu.unwrap().setup.total();
        assert!(used <= most + 1e-6, "{used} of at most {most}");
    }

    #[test]
    fn beats_of_the_window_are_judged_and_its_edges_apart() {
        let seconds = |seconds: f64| Instant((seconds * 1e9) as i64);
        let times = Timetable { warm_up: seconds(8.0), window: seconds(10.0), drain: seconds(12.0), last_poll: seconds(12.5), end: seconds(13.0) };
        let usage = Usage::new(false);
        for (beat, late) in [(9.0, 0.9), (10.0, 0.004), (11.0, 0.25), (12.0, 0.003), (13.0, 0.8)] {
            usage.beat(&times, seconds(beat), seconds(beat + late));
        }
        let report = usage.finish();
        assert_eq!((report.beat_lag.count(), report.beat_lag.max().map(|max| (max * 100.0).round())), (2, Some(25.0)));
        assert!((report.edge_lag - 0.004).abs() < 1e-6, "{}", report.edge_lag);
    }
}
