//! What ought to have been delivered by when: so that those who watch a run can be told how far behind it is.

use std::rc::Rc;

use super::record::measured;
use crate::scenario::Scenario;
use crate::trace::{Subscriptions, Trace};

/// Expected deliveries (updates times subscriptions to their topics) that are due until the end of each measured second of the window, counted
/// up. It ends with the second of the last update: what follows adds nothing. Empty without updates.
pub fn by_second(scenario: &Scenario, trace: &Trace) -> Rc<[u64]> {
    if trace.window().is_empty() {
        return Rc::default();
    }
    let wanted = Subscriptions::new(scenario).subscribers_by_topic();
    let mut due: Vec<u64> = Vec::new();
    let mut total = 0;
    for update in trace.window() {
        // The updates of the window are due at 0 or later, in ascending order.
        let second = measured(update.due, scenario.workload.compression).unsigned_abs() / 1_000_000_000;
        let second = usize::try_from(second).unwrap_or(usize::MAX);
        if due.len() <= second {
            due.resize(second.saturating_add(1), total);
        }
        total += u64::from(wanted.get(update.topic as usize).copied().unwrap_or(0));
        if let Some(last) = due.last_mut() {
            *last = total;
        }
    }
    due.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Update;

    #[test]
    fn it_counts_up_second_by_second_to_what_is_expected() {
        let text =
            "topology = \"fan-out\"\ntopics = 2\nupdates_per_active_topic = 40\nspan = \"600s\"\nwarm_up = \"60s\"\ncompression = 60\n[subscribers]\ncount = 3";
        let scenario = crate::scenario::testing::parse(&crate::scenario::testing::workload(text)).unwrap();
        // Sixty scenario seconds are one measured second.
        let updates = [(-5.0, 1), (0.0, 0), (59.9, 1), (60.0, 0), (299.0, 1)];
        let updates = updates.iter().enumerate().map(|(place, (due, topic))| Update { due: (due * 1e9) as i64, topic: *topic, version: place as u32 + 1 });
        let made = Trace { updates: updates.collect(), sha256: String::new() };
        assert_eq!(*by_second(&scenario, &made), [6, 9, 9, 9, 12]);
        assert!(by_second(&scenario, &Trace::none()).is_empty());
        let drawn = Trace::new(&scenario).unwrap();
        let due = by_second(&scenario, &drawn);
        assert!(due.len() <= 10 && due.is_sorted(), "{due:?}");
        assert_eq!(due.last().copied(), Some(drawn.expected(&Subscriptions::new(&scenario))));
    }
}
