//! What is measured and how it is kept: the clock, stamps, traffic, distributions, process counters
//! and the recording they end in. Knows no protocol and no scenario.

pub mod cgroup;
pub mod clock;
pub mod distribution;
pub mod facts;
pub mod handicap;
pub mod kernel;
pub mod ledger;
pub mod machine;
pub mod memory;
pub mod process;
pub mod recording;
pub mod stamp;
pub mod surroundings;
pub mod tcp_info;
pub mod text_file;
pub mod traffic;
pub mod virtual_clock;
