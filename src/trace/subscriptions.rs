//! Who wants which topics, from the seed.

use std::collections::BTreeSet;

use super::{order, weight};
use crate::random::{Purpose, Random};
use crate::scenario::{Popularity, Scenario, Topology, Workload};

/// The subscriptions of a scenario.
pub struct Subscriptions {
    subscribers: u32,
    topics: u32,
    seed: u64,
    choice: Choice,
}

enum Choice {
    /// Every subscriber wants every topic.
    All,
    /// Each wants so many, all topics alike.
    Flat(u32),
    /// Each wants so many; topics and their weights.
    Weighted(u32, Vec<(u32, f64)>),
}

impl Subscriptions {
    /// Prepares to draw.
    pub fn new(scenario: &Scenario) -> Self {
        let workload = &scenario.workload;
        Self { subscribers: scenario.subscribers.count, topics: workload.topics, seed: workload.seed, choice: choice(workload) }
    }

    /// Topics of a subscriber, in ascending order. In a mesh drawn by popularity without replacement from a stream of its own.
    pub fn of(&self, subscriber: u32) -> Vec<u32> {
        let mut random = Random::new(self.seed, Purpose::Subscriptions, subscriber);
        match &self.choice {
            Choice::All => (0..self.topics).collect(),
            Choice::Flat(count) => {
                // Floyd's sample: as many draws as are wanted, each subset as likely as any other.
                let mut drawn = BTreeSet::new();
                for last in self.topics - count..self.topics {
                    let topic = random.below(last + 1);
                    drawn.insert(if drawn.contains(&topic) { last } else { topic });
                }
                drawn.into_iter().collect()
            }
            Choice::Weighted(count, weights) => {
                // Efraimidis and Spirakis: the smallest of exponentials with these rates are such a draw.
                let mut keys: Vec<(f64, u32)> = weights.iter().map(|(topic, weight)| (random.exponential() / weight, *topic)).collect();
                let count = *count as usize;
                if count < keys.len() {
                    keys.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    keys.truncate(count);
                }
                let mut topics: Vec<u32> = keys.into_iter().map(|(_, topic)| topic).collect();
                topics.sort_unstable();
                topics
            }
        }
    }

    /// (subscriber, topic) pairs.
    pub fn count(&self) -> u64 {
        let each = match &self.choice {
            Choice::All => self.topics,
            Choice::Flat(count) | Choice::Weighted(count, _) => *count,
        };
        u64::from(self.subscribers) * u64::from(each)
    }

    /// For each topic, how many want it.
    pub fn subscribers_by_topic(&self) -> Vec<u32> {
        if matches!(self.choice, Choice::All) {
            return vec![self.subscribers; self.topics as usize];
        }
        let mut counts = vec![0; self.topics as usize];
        for topic in (0..self.subscribers).flat_map(|subscriber| self.of(subscriber)) {
            if let Some(count) = counts.get_mut(topic as usize) {
                *count += 1;
            }
        }
        counts
    }
}

fn choice(workload: &Workload) -> Choice {
    match (workload.topology, workload.popularity) {
        (Topology::FanIn | Topology::FanOut, _) => Choice::All,
        (Topology::Mesh { topics_per_subscriber }, Popularity::Flat) => Choice::Flat(topics_per_subscriber),
        (Topology::Mesh { topics_per_subscriber }, popularity) => {
            let weighted = order(workload).into_iter().enumerate().map(|(place, topic)| (topic, weight(popularity, place)));
            Choice::Weighted(topics_per_subscriber, weighted.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mesh, scenario};
    use super::super::{Trace, order};
    use super::*;

    #[test]
    fn in_fan_in_and_fan_out_everybody_wants_everything() {
        let scenario = scenario("topics = 4\nupdates_per_active_topic = 50");
        assert_eq!(Subscriptions::new(&scenario).of(0), [0, 1, 2, 3]);
        let all = Subscriptions::new(&scenario);
        assert_eq!(all.count(), 4);
        let trace = Trace::new(&scenario).unwrap();
        assert_eq!(trace.expected(&all), trace.window().len() as u64);
    }

    #[test]
    fn a_flat_mesh_draws_all_topics_alike() {
        let all = Subscriptions::new(&mesh(10_000, 20, 5, "\"flat\""));
        for subscriber in [0, 1, 9_999] {
            let topics = all.of(subscriber);
            assert_eq!(topics, all.of(subscriber));
            assert_eq!(topics.len(), 5);
            assert!(topics.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let counts = all.subscribers_by_topic();
        assert_eq!(counts.iter().map(|count| u64::from(*count)).sum::<u64>(), all.count());
        // Binomial with n = 10,000 and p = 1/4: standard deviation 43.3.
        assert!(counts.iter().all(|count| count.abs_diff(2_500) < 217), "{counts:?}");
    }

    #[test]
    fn a_zipf_mesh_prefers_the_popular_ones() {
        let scenario = mesh(10_000, 20, 1, "{ zipf = 1.0 }");
        let counts = Subscriptions::new(&scenario).subscribers_by_topic();
        // One draw each: shares are 1/k over the harmonic number of 20, 3.598.
        for (place, topic) in order(&scenario.workload).into_iter().enumerate() {
            let share = 1.0 / (place as f64 + 1.0) / 3.597_74;
            let error = (share * (1.0 - share) / 10_000.0).sqrt();
            assert!((f64::from(counts[topic as usize]) / 10_000.0 - share).abs() < 5.0 * error, "{place}: {counts:?}");
        }
        let everything = Subscriptions::new(&mesh(3, 20, 20, "{ zipf = 9.5 }"));
        assert_eq!(everything.of(2), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn expected_deliveries_are_updates_times_their_subscribers() {
        let scenario = mesh(50, 20, 3, "{ zipf = 0.5 }");
        let all = Subscriptions::new(&scenario);
        let trace = Trace::new(&scenario).unwrap();
        let mut expected = 0;
        for subscriber in 0..50 {
            let topics = all.of(subscriber);
            expected += trace.window().iter().filter(|update| topics.contains(&update.topic)).count() as u64;
        }
        assert_eq!(trace.expected(&all), expected);
        assert!(expected > 0);
    }
}
