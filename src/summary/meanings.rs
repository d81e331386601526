//! What metrics mean, where several share a meaning or it takes more than a line.

pub const LATENCY: &str = "Delivery latency, measured time: from an update's due time until the subscriber had it or a later version; delivered and coalesced.";
pub const WAIT: &str =
    "The part of delivery latency before the first request of the chain that carried the update was to be sent: the price of not being told. 0 for push.";
pub const TRANSIT: &str = "Delivery latency less wait: everything else, every lag of the harness included.";
pub const SCENARIO: &str = "Delivery latency, scenario time: wait × compression + transit, recorded sample by sample.";
pub const EXPECTED: &str = "Delivery latency of all expected deliveries, measured time; a loss counts as infinite.";
pub const STALENESS_MEAN: &str = "Staleness of a view, measured time: time since the due time of the first update that it lacks, 0 while it lacks none; mean over the time of the window and over active subscriptions (those to topics with updates in the trace). A lost update counts to the end of the window.";
pub const STALENESS: &str =
    "Staleness that views did not exceed for this share of the time, over active subscriptions, measured time; 0 where they were current for longer.";
pub const STALENESS_MAX: &str = "Largest staleness of any view within the window, measured time.";
pub const FIDELITY_ACTIVE: &str = "Share of the time in which views were current (staleness 0), over active subscriptions; measured time.";
pub const FIDELITY_ALL: &str = "Share of the time in which views were current, over all subscriptions: what never changes is always current.";
pub const CPU_TOTAL: &str =
    "CPU of all sides together per 1,000 updates, less the null trial's: the headline of cost. Shown as it is where the difference is negative.";
pub const CPU_IDLE: &str = "CPU a second of this kind of side in the contender's idle trial, less the null trial's.";
pub const CPU_SPLIT: &str = "CPU of this kind of side per 1,000 updates, less the null trial's. On loopback the kernel bills the receiver's TCP work to the sender: the sum is sound, the split is biased.";
pub const CPU_SETUP: &str = "CPU of this kind of side before the warm-up.";
pub const MEMORY: &str = "Largest resident memory of this kind of side over the trial, its processes added up; the harness's own part is included.";
pub const CURRENT: &str = "From a subscriber's first step to a first value of each of its topics: connect, log in, subscribe, fetch. At most 32 subscribers of a process connect at the same time; a subscriber's time begins with its turn.";
pub const LAG: &str = "Requests: from the intended instant until sent: how well the harness kept its own plan.";
